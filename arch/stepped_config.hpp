// A chip that runs networks of neurons step by step (docs/snn.md): what its cores have besides
// CoreConfig, how many share a tile, and what a step costs.
//
// Times are in cycles of the cores' clock.
#pragma once

#include <cstdint>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::arch {

/// dense: a row holds a weight for every neuron of the core, as a crossbar does. sparse: a row
/// holds an address, a delay and a weight for each synapse.
enum class RowFormat { dense, sparse };

struct SteppedConfig {
    std::uint32_t cores_per_tile = 1;  // share a router
    std::uint32_t neurons = 1024;      // of a core
    std::uint32_t packet_bits = 32;    // of a spike

    RowFormat rows = RowFormat::sparse;
    std::uint32_t weight_bits = 8;  // two's complement; 1: {0, 1}
    std::uint32_t address_bits = 10;
    std::uint32_t delay_bits = 6;  // the longest delay is 2^delay_bits - 1 steps; 0: all are 1
    std::uint32_t accumulator_bits = 32;  // a step's sums saturate there when the neurons take them
    std::uint32_t synapse_cycles = 1;     // of the lanes, a group of synapses

    std::uint32_t idle_update_cycles = 1;    // a neuron without input that does not fire
    std::uint32_t active_update_cycles = 1;  // any other
    std::uint32_t spike_cycles = 0;          // more for a neuron that fires
    std::uint32_t axon_out_cycles = 1;       // a packet written
    std::uint32_t local_cycles = 1;          // a spike's way to another core of its tile

    std::uint64_t barrier_cycles = 10;  // from the end of the last core's step to the next step
    std::uint64_t step_cycles = 0;      // a step takes no less; 0: it ends when it is done

    std::uint32_t longest_delay() const {
        return delay_bits == 0 ? 1 : (std::uint32_t{1} << delay_bits) - 1;
    }
    /// The largest weight a synapse may have, in units; the least is -largest - 1, or 0 of 1 bit.
    std::int32_t largest_weight() const {
        return weight_bits == 1 ? 1 : (std::int32_t{1} << (weight_bits - 1)) - 1;
    }
    /// Bits of a row with so many synapses.
    std::uint64_t row_bits(std::uint64_t synapses) const {
        return rows == RowFormat::dense ? std::uint64_t{neurons} * weight_bits
                                        : synapses * (weight_bits + address_bits + delay_bits);
    }
};

/// The keys, for base/schema.hpp.
void describe(schema::Walk& walk, SteppedConfig& stepped);

}  // namespace spikeloom::arch
