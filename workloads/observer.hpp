// Watches what the sub-blocks of a SpikeGPT send into the residual stream while a chip runs it.
#pragma once

#include "arch/probe.hpp"
#include "arch/program.hpp"
#include "models/config.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace spikeloom::workloads {

/// Sub-block 2 l is the time-mix of layer l, 2 l + 1 its channel-mix.
std::string sub_block_name(std::size_t sub_block);  // "layer0.att", "layer0.ffn", ...

/// A neuron whose membrane is followed.
struct NeuronId {
    std::size_t sub_block = 0;
    std::uint32_t channel = 0;
};

class SubBlockObserver final : public arch::Probe {
  public:
    /// Finds the outputs "layerL.att.spikes" and "layerL.ffn.spikes" (dense variant: ".values");
    /// the parts of one are in the order of their stages. Throws InputError where they are not
    /// there for every channel of every sub-block: such a Program is none of this model.
    SubBlockObserver(const arch::Program& program, const models::ModelConfig& model);

    void program_ended(const arch::ProgramRun& run) override;

    /// All sub-blocks' outputs of a step, [2 layers, C]. To be called once a step, in the order of
    /// steps, when its result has reached the host: then all of them have been seen. CheckFailed
    /// where that does not hold.
    std::vector<std::int32_t> take(std::uint64_t step);

    /// Follows a neuron's membrane: its value when it is compared with the threshold, before a
    /// reset, Q.16, by step. To be called before the run; traces keep the order of the calls.
    /// Throws InputError for a neuron that does not exist or whose stage has no registers "drive"
    /// and "membrane".
    void follow(NeuronId neuron);
    struct MembraneTrace {
        NeuronId neuron;
        std::int32_t threshold = 0;
        std::vector<std::int32_t> values;
    };
    const std::vector<MembraneTrace>& membranes() const { return traces_; }

  private:
    /// One part of one sub-block's output.
    struct Source {
        arch::Operand at;
        std::uint32_t length = 0;
        std::size_t first = 0;  // of its elements in [2 layers, C]
    };
    struct Follower {
        std::size_t trace = 0;
        std::uint32_t element = 0;  // in the registers
        models::fixed::Lif neuron;
        std::int32_t membrane = 0;  // after the step before
    };
    struct Step {
        std::vector<std::int32_t> values;
        std::size_t filled = 0;
    };

    const arch::Program& program_;
    std::size_t channels_;
    std::size_t width_;                          // 2 layers x C
    std::vector<std::vector<Source>> sources_;   // by stage
    std::vector<std::vector<Follower>> follow_;  // by stage
    std::deque<Step> steps_;                     // from `first_step_` on
    std::uint64_t first_step_ = 0;
    std::vector<MembraneTrace> traces_;
};

}  // namespace spikeloom::workloads
