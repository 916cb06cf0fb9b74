// Watches what the neurons of a SpikeGPT fire, and what its sub-blocks send into the residual
// stream, while a chip runs it.
#pragma once

#include "arch/probe.hpp"
#include "arch/program.hpp"
#include "models/config.hpp"
#include "workloads/watched_outputs.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace spikeloom::workloads {

/// A neuron whose membrane is followed: of an output, by its place in `watched_outputs`.
struct NeuronId {
    std::size_t output = 0;
    std::uint32_t channel = 0;
};

class OutputObserver final : public arch::Probe {
  public:
    /// Finds the watched outputs by their names; the parts of one are in the order of their stages.
    /// Throws InputError where they are not there for every channel: such a Program is none of this
    /// model.
    OutputObserver(const arch::Program& program, const models::ModelConfig& model);

    const std::vector<WatchedOutput>& watched() const { return watched_; }

    void program_ended(const arch::ProgramRun& run) override;

    /// All watched outputs of a step, one behind the other. To be called once a step, in the order
    /// of steps, when its result has reached the host: then all of them have been seen.
    /// CheckFailed where that does not hold.
    std::vector<std::int32_t> take(std::uint64_t step);

    /// Follows a neuron's membrane: its value when it is compared with the threshold, before a
    /// reset, Q.16, by step. To be called before the run; traces keep the order of the calls.
    /// Throws InputError for a neuron that does not exist or whose output is not made by `lif`.
    void follow(NeuronId neuron);
    struct MembraneTrace {
        NeuronId neuron;
        std::int32_t threshold = 0;
        std::vector<std::int32_t> values;
    };
    const std::vector<MembraneTrace>& membranes() const { return traces_; }

  private:
    /// One part of one output.
    struct Source {
        arch::Operand at;
        std::uint32_t length = 0;
        std::size_t first = 0;  // of its elements in all outputs
    };
    struct Follower {
        std::size_t trace = 0;
        arch::Operand drive;  // the neuron's elements of the registers
        arch::Operand membrane;
        models::fixed::Lif neuron;
        std::int32_t before = 0;  // its membrane after the step before
    };
    struct Step {
        std::vector<std::int32_t> values;
        std::size_t filled = 0;
    };

    const arch::Program& program_;
    std::vector<WatchedOutput> watched_;
    std::size_t width_;                          // of all of them
    std::vector<std::vector<Source>> sources_;   // by stage
    std::vector<std::vector<Follower>> follow_;  // by stage
    std::deque<Step> steps_;                     // from `first_step_` on
    std::uint64_t first_step_ = 0;
    std::vector<MembraneTrace> traces_;
};

}  // namespace spikeloom::workloads
