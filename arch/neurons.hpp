// The neurons of a chip that steps: their state in flat arrays, and what a step does to them.
//
// In step n a neuron sees what its accumulators have gathered for that step. With x the sums of its
// receptors times the weight of a unit, in this order (docs/snn.md):
//     delta        v <- rest + (v - rest) keep + gain bias, then v <- v + x_exc + x_inh
//     current      i <- i keep_input + x by receptor; v <- rest + (v - rest) keep + gain (bias + i)
//     conductance  g <- g keep_input + x by receptor; with G = 1 + g_exc + g_inh
//                  v <- w + (v - w) exp(-leak G), w = (rest + bias + g_exc E_exc + g_inh E_inh) / G
// It fires where v >= threshold + a, with a the adaptation, and then v <- reset (or v <- v -
// threshold - a + reset), a <- a + adaptation; a decays first. For `refractory` steps after a spike
// v stays at reset.
#pragma once

#include "arch/spike_network.hpp"
#include "base/random.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::arch {

/// What a neuron's update was, for time and energy.
enum class Update : std::uint8_t { idle, active, fired };

class Neurons {
  public:
    Neurons(const SpikeNetwork& network, std::uint64_t seed);

    /// Runs step `step` of the neurons of a core. `sums` are its accumulators for the step: of the
    /// excitatory receptor, then of the inhibitory one, if there are any. `updates` gets what
    /// happened to each. Returns the random numbers drawn.
    std::uint64_t run(std::size_t core, std::uint64_t step, std::span<const std::int32_t> sums,
                      std::span<Update> updates);

    float membrane(NeuronId neuron) const { return membranes_[neuron]; }
    /// Words of 32 bits that a neuron of the model reads and writes in a step.
    static std::uint32_t state_words(const NeuronModel& model);

  private:
    struct Range {
        NeuronId first;
        std::uint32_t neurons;
        const std::int32_t* sums[2];  // inhibitory: nullptr where the core has none
        Update* updates;
    };

    template <SynapseKind kKind>
    void update(const NeuronModel& model, const Range& range);
    void add_noise(const NeuronModel& model, const Range& range, Random& random);
    static void fire_at_random(const NeuronModel& model, const Range& range, Random& random);
    static void fire_regularly(const NeuronModel& model, const Range& range, std::uint64_t step);

    const SpikeNetwork& network_;
    std::vector<float> membranes_;
    std::vector<float> inputs_[2];  // current or conductance
    std::vector<float> adaptations_;
    std::vector<std::uint16_t> refractory_;  // steps left
    std::vector<float> noise_;               // of the present step
    std::vector<Random> random_;             // by model: what is drawn does not depend on cores
};

}  // namespace spikeloom::arch
