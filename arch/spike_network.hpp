// A spiking network as it lies on a chip that steps: which neurons are on which core, what they
// are, and the rows of synapses that a spike meets. workloads/ makes it from a user's description;
// SteppedChip runs it. docs/snn.md has the equations.
#pragma once

#include "arch/synapse_rows.hpp"

#include <cstdint>
#include <vector>

namespace spikeloom::arch {

/// A neuron or source, by its place on the chip: core after core, on a core group after group.
using NeuronId = std::uint32_t;

/// leaky also serves adaptive neurons (`adaptation` above 0) and such that do not leak (`keep` 1).
enum class NeuronKind { leaky, poisson, regular };

/// What a synapse's weight is added to: the membrane; a current that decays; a conductance that
/// decays.
enum class SynapseKind { delta, current, conductance };

/// What the neurons of a population have in common, with constants a step.
struct NeuronModel {
    NeuronKind kind = NeuronKind::leaky;
    SynapseKind synapse = SynapseKind::delta;

    float keep = 1.0F;  // of the membrane's distance from rest: exp(-dt / tau)
    float gain = 1.0F;  // of bias and current: 1 - keep, or 1 where it does not leak
    float leak = 0.0F;  // dt / tau, for conductances
    float rest = 0.0F;
    float reset = 0.0F;
    float threshold = 1.0F;
    float bias = 0.0F;
    bool subtract = false;         // a spike lowers the membrane by threshold - reset
    std::uint16_t refractory = 0;  // steps
    float adaptation = 0.0F;       // the threshold's growth with every spike ...
    float keep_adaptation = 0.0F;  // ... and what is left of it a step later

    /// By receptor, excitatory and inhibitory: what is left of current or conductance after a step,
    /// the potential a conductance drives to, and the weight that a unit of the synapses stands
    /// for.
    float keep_input[2] = {0.0F, 0.0F};
    float reversal[2] = {0.0F, 0.0F};
    float unit[2] = {1.0F, 1.0F};

    /// Events of an own Poisson source a step, and what each adds to the excitatory receptor.
    double noise_events = 0.0;
    float noise_weight = 0.0F;

    double probability = 0.0;  // poisson: of firing in a step
    std::uint32_t start = 0;   // regular: the first step in which it fires ...
    std::uint32_t period = 1;  // ... and the steps from one to the next
};

/// Neurons of one model, neighbours on a core.
struct NeuronGroup {
    std::uint32_t model = 0;
    std::uint32_t neurons = 0;
};

struct CoreNeurons {
    NeuronId first = 0;
    std::uint32_t neurons = 0;
    std::vector<NeuronGroup> groups;
};

struct SpikeNetwork {
    std::vector<NeuronModel> models;
    std::vector<CoreNeurons> cores;    // as many as the chip has
    std::vector<float> membranes;      // by NeuronId, before the first step
    std::vector<std::uint32_t> axons;  // by NeuronId: its first row; one more at the end
    std::uint32_t longest_delay = 1;   // steps
    SynapseRows rows;                  // of a neuron one after another, each on a core of its own

    std::uint32_t neurons() const { return static_cast<std::uint32_t>(membranes.size()); }
};

}  // namespace spikeloom::arch
