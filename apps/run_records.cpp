#include "apps/run_records.hpp"

#include "analysis/pricing.hpp"
#include "noc/graph.hpp"

namespace spikeloom::apps {

namespace {

constexpr std::uint64_t kAxonEntryBytes = 8;
constexpr std::uint64_t kBitsPerByte = 8;

/// Tiles in a row of a drawing: of a grid its routers' nodes, else about the square root.
int columns_of(const noc::NetworkConfig& network) {
    switch (network.topology) {
        case noc::Topology::mesh:
        case noc::Topology::torus:
        case noc::Topology::ring:
            return network.width;
        case noc::Topology::cmesh:
            return network.width * network.concentration;
        case noc::Topology::tree:
        case noc::Topology::graph:
            break;
    }
    int columns = 1;
    while (columns * columns < network.nodes() || network.nodes() % columns != 0) {
        ++columns;
    }
    return columns;
}

/// Chips that a grid of routers is cut into.
std::uint64_t chips_of(const noc::NetworkConfig& network) {
    const auto along = [](int routers, int of_chip) {
        return static_cast<std::uint64_t>(of_chip == 0 ? 1 : routers / of_chip);
    };
    return along(network.width, network.chips.width) * along(network.height, network.chips.height);
}

/// Whether every tile has a router of its own in a grid, so that its links can be drawn.
bool has_drawable_links(const noc::NetworkConfig& network) {
    return network.topology == noc::Topology::mesh || network.topology == noc::Topology::torus ||
           network.topology == noc::Topology::ring;
}

analysis::Chip fabric_record(const arch::ChipConfig& chip) {
    analysis::Chip record;
    record.name = chip.name;
    const int tiles = static_cast<int>(chip.tiles());
    record.width = columns_of(chip.network);
    record.height = tiles / record.width;
    record.core_hertz = chip.core_clock_hz;
    record.network_hertz = chip.network.clock_hz;
    const noc::Graph graph(chip.network);
    record.units.routers = graph.routers();
    for (noc::PortId port = 0; port < graph.ports(); ++port) {
        record.units.links += graph.link(port).to != noc::kNone ? 1 : 0;
    }
    record.units.chips = chips_of(chip.network);
    record.units.buffer_bits = std::uint64_t{graph.ports()} *
                               static_cast<std::uint64_t>(chip.network.vcs) *
                               static_cast<std::uint64_t>(chip.network.buffer) *
                               static_cast<std::uint64_t>(chip.network.flit_bits);
    record.units.flit_bits = static_cast<std::uint64_t>(chip.network.flit_bits);
    return record;
}

void add_cores(const arch::ChipConfig& chip, std::uint64_t cores, std::uint64_t idle,
               std::uint64_t accumulator_bits, analysis::Units& units) {
    units.cores = cores;
    units.idle_cores = idle;
    units.gated_cores = chip.gate_idle_cores ? idle : 0;
    units.sram_bytes = cores * (chip.core.synapse_bytes + chip.core.state_bytes +
                                kAxonEntryBytes * chip.core.axon_entries +
                                accumulator_bits * chip.core.accumulators *
                                    chip.core.accumulator_slots / kBitsPerByte);
}

}  // namespace

analysis::Chip chip_record(const arch::ChipConfig& chip, std::uint64_t idle_cores) {
    analysis::Chip record = fabric_record(chip);
    for (arch::TileId tile = 0; tile < chip.tiles(); ++tile) {
        record.tiles.push_back(chip.is_memory(tile)     ? analysis::TileKind::memory
                               : tile == chip.host_tile ? analysis::TileKind::host
                                                        : analysis::TileKind::core);
    }
    add_cores(chip, chip.cores(), idle_cores, chip.core.accumulator_bits, record.units);
    const std::uint64_t memories = chip.memory_tiles.size();
    if (chip.memory.kind == arch::MemoryKind::dram) {
        record.units.memory_tiles = memories;
        record.memory_burst_bytes = chip.memory.dram.burst_bytes();
        record.memory_bytes_per_second =
            static_cast<double>(memories) * chip.memory.dram.peak_bandwidth();
    } else {
        record.units.memory_sram_bytes = memories * chip.memory.sram.bytes;
        record.memory_bytes_per_second = static_cast<double>(memories) * chip.core_clock_hz *
                                         chip.memory.sram.port_bits /
                                         (kBitsPerByte * chip.memory.sram.interval);
    }
    return record;
}

analysis::Chip stepped_chip_record(const arch::ChipConfig& chip, std::uint64_t idle_cores) {
    analysis::Chip record = fabric_record(chip);
    record.tiles.assign(chip.tiles(), analysis::TileKind::core);
    add_cores(chip, std::uint64_t{chip.tiles()} * chip.stepped.cores_per_tile, idle_cores,
              chip.stepped.accumulator_bits, record.units);
    return record;
}

analysis::TileCounts tile_counts(const arch::Counts& counts) {
    analysis::TileCounts record;
    const std::vector<std::string>& names = counts.names();
    for (arch::TileId tile = 0; tile < counts.tiles(); ++tile) {
        const auto of_tile = counts.of_tile(tile);
        for (std::size_t event = 0; event < names.size(); ++event) {
            if (of_tile[event] != 0) {
                record[tile][names[event]] = of_tile[event];
            }
        }
    }
    return record;
}

analysis::Phase phase_record(const std::string& name, std::uint64_t tokens,
                             const arch::ChipConfig& chip, const arch::Counts& counts) {
    analysis::Phase record;
    record.name = name;
    record.tokens = tokens;
    record.cycles = counts.cycles;
    record.seconds = counts.seconds;
    record.counts = tile_counts(counts);
    if (!has_drawable_links(chip.network)) {
        return record;
    }
    for (arch::TileId tile = 0; tile < counts.tiles(); ++tile) {
        for (int port = 0; port < analysis::kPorts; ++port) {
            const std::size_t place =
                static_cast<std::size_t>(tile) * analysis::kPorts + static_cast<std::size_t>(port);
            if (counts.link_flits[place] != 0) {
                record.links.push_back({tile, port, counts.link_flits[place]});
            }
        }
    }
    return record;
}

std::string warnings_of(const analysis::Run& run) {
    std::string text;
    for (const analysis::EnergyTable& table : run.energy_tables) {
        analysis::EventCounts unpriced;
        for (const analysis::Phase& phase : run.phases) {
            for (const auto& [event, count] :
                 analysis::price(phase.counts, table, phase.seconds, run.chip.units).unpriced) {
                unpriced[event] += count;
            }
        }
        for (const auto& [event, count] : unpriced) {
            text += "warning: " + std::to_string(count) + " " + event +
                    " have no price in the energy table " + table.name + "\n";
        }
    }
    return text;
}

}  // namespace spikeloom::apps
