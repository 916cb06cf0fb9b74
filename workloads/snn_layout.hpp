// Lays a spiking network out on a chip that steps: neurons on cores, weights in units that the
// synapses' bits can count, connections drawn and packed into rows.
#pragma once

#include "arch/config.hpp"
#include "arch/spike_network.hpp"
#include "workloads/snn_network.hpp"

#include <cstdint>
#include <vector>

namespace spikeloom::workloads {

struct SnnLayout {
    arch::SpikeNetwork network;
    /// By population and neuron, its place on the chip; and by place, its population.
    std::vector<std::vector<arch::NeuronId>> places;
    std::vector<std::uint16_t> population_of;
};

/// InputError, with its place in the file, for what the chip cannot hold: more neurons than it has,
/// delays or weights that do not fit their bits. The rows' memories are checked by
/// arch::SteppedChip.
SnnLayout lay_out(const SnnNetwork& network, const arch::ChipConfig& chip);

/// Neurons without a core of their own are spread evenly: so many a core.
std::uint32_t even_share(const SnnNetwork& network, std::uint32_t cores);

}  // namespace spikeloom::workloads
