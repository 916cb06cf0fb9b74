#include "arch/axon_table.hpp"

#include <algorithm>

namespace spikeloom::arch {

namespace {

std::uint32_t divide_up(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint32_t>((a + b - 1) / b);
}

}  // namespace

void AxonTable::add(const AxonBlock& axons, const CoreConfig& config,
                    std::span<const std::uint8_t> synapse_memory) {
    const std::size_t end = std::size_t{axons.first_axon} + axons.axons;
    entries_.resize(std::max(entries_.size(), end));
    std::fill(entries_.begin() + axons.first_axon,
              entries_.begin() + static_cast<std::ptrdiff_t>(end),
              static_cast<std::uint16_t>(blocks_.size()));

    Block& block = blocks_.emplace_back();
    block.axons = axons;
    if (axons.kind == AxonBlock::Kind::direct) {
        return;
    }
    const bool resident = axons.kind == AxonBlock::Kind::sram;
    remote_ = remote_ || !resident;
    const RowShape shape = shape_of(axons);
    const std::vector<RowPlace> places = row_places(axons);
    if (resident) {
        block.weights = WeightRows(synapse_memory, shape, places);
    }
    const Lanes lanes{config.lanes, config.accumulator_banks};
    const std::uint32_t port = config.synapse_port_bits;
    for (std::uint32_t i = 0; i < axons.axons; ++i) {
        Row& row = block.rows.emplace_back();
        row.address = places[i].address;
        row.synapses = places[i].synapses;
        // A row that was fetched lies at the beginning of its buffer.
        const std::uint64_t first_bit = resident ? row.address * 8 : 0;
        row.first_word = static_cast<std::uint32_t>(first_bit / port);
        row.words =
            row.synapses == 0 ? 0 : divide_up(first_bit % port + shape.bits(row.synapses), port);
        if (resident) {
            row.set_lane_cycles(block.weights.cycles(i, lanes), lanes);
        }
    }
}

}  // namespace spikeloom::arch
