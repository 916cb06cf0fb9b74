#include "arch/config.hpp"

#include "base/error.hpp"
#include "base/schema.hpp"
#include "models/fixed_point_tables.hpp"
#include "noc/network.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

namespace spikeloom::arch {

namespace {

constexpr std::int64_t kMostCycles = 65536;
constexpr std::int64_t kMostEntries = std::int64_t{1} << 20;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;
constexpr std::int64_t kMostWidth = 65536;
constexpr std::int64_t kMostRowBuffers = 256;  // a request names one in 8 bits
constexpr double kSlowestClock = 1e3;
constexpr double kFastestClock = 1e11;
constexpr double kPicoseconds = 1e12;

void describe(schema::Walk& walk, models::fixed::FunctionTable& function, std::int64_t finest,
              const char* segments) {
    using models::fixed::Method;
    walk.choice("method", function.method,
                {{"table", Method::table}, {"piecewise_linear", Method::piecewise_linear}},
                "table: the nearest entry; piecewise_linear: a straight line between two");
    walk.integer("segments", function.segments, {1, finest}, segments);
    if (!std::has_single_bit(static_cast<unsigned>(function.segments))) {
        walk.fail("segments", "found " + std::to_string(function.segments) +
                                  "; allowed are powers of two from 1 to " +
                                  std::to_string(finest));
    }
}

/// What a functional unit has besides its times.
void describe(schema::Walk& walk, OpClass op_class, models::fixed::Functions& functions) {
    using namespace models::fixed::tables;
    const char* const steps =
        "steps of Newton's iteration, from a table of seeds good to 2^-8.9; each squares the error";
    if (op_class == OpClass::exponential) {
        describe(walk, functions.exponential, kPowerSegments,
                 "of an octave, a power of two; the table has one entry more");
    } else if (op_class == OpClass::sigmoid) {
        describe(walk, functions.sigmoid, std::int64_t{1} << (16 - kSigmoidStepBits),
                 "of a unit of the argument, a power of two; the table reaches from 0 to 12");
    } else if (op_class == OpClass::divide) {
        walk.integer("newton_steps", functions.divide_steps, {0, 2}, steps);
    } else if (op_class == OpClass::normalise) {
        walk.integer("newton_steps", functions.normalise_steps, {0, 2}, steps);
    }
}

void describe(schema::Walk& walk, VectorUnitConfig& vector) {
    walk.integer("lanes", vector.lanes, {1, kMostWidth}, "elements a group");
    walk.integer("issue", vector.issue, {0, kMostCycles},
                 "cycles an instruction takes before its first group");
    for (int i = 0; i < kOpClasses; ++i) {
        FunctionalUnit& unit = vector.units[static_cast<std::size_t>(i)];
        walk.section(name_of(static_cast<OpClass>(i)), "functional unit of these operations", [&] {
            walk.integer("interval", unit.interval, {1, kMostCycles}, "cycles between groups");
            walk.integer("latency", unit.latency, {1, kMostCycles},
                         "cycles from a group to its results");
            if (unit.latency < unit.interval) {
                walk.fail("latency", "is below the interval; allowed is at least the interval");
            }
            describe(walk, static_cast<OpClass>(i), vector.functions);
        });
    }
}

void describe(schema::Walk& walk, CoreConfig& core) {
    walk.integer("event_queue", core.event_queue, {1, kMostEntries}, "places, events");
    walk.integer("axon_entries", core.axon_entries, {1, kMostEntries}, "entries, axons");
    walk.integer("axon_latency", core.axon_latency, {1, 64}, "cycles of a lookup, pipelined");
    walk.integer("synapse_bytes", core.synapse_bytes, {1, kMostBytes}, "synapse memory, bytes");
    walk.integer("synapse_port_bits", core.synapse_port_bits, {1, kMostWidth},
                 "bits the synapse memory delivers a cycle");
    walk.integer("synapse_latency", core.synapse_latency, {0, kMostCycles},
                 "cycles from a read to its word");
    walk.integer("synapse_banks", core.synapse_banks, {1, 1024},
                 "banks of the synapse memory; word w lies in bank w mod banks");
    walk.integer("synapse_bank_cycles", core.synapse_bank_cycles, {1, kMostCycles},
                 "cycles a bank takes for a read; the next read of it waits");
    walk.integer("sparse_index_bits", core.sparse_index_bits, {0, 16},
                 "bits of a synapse's index in a sparse row, accumulators passed over; 0: rows are "
                 "dense");
    walk.integer("lanes", core.lanes, {1, kMostWidth}, "synapses that are added at once");
    walk.integer("accumulators", core.accumulators, {1, kMostEntries}, "accumulators of a slot");
    walk.integer("accumulator_bits", core.accumulator_bits, {2, kWordBits},
                 "width to which a step's sums saturate when the vector unit takes them");
    walk.integer("accumulator_banks", core.accumulator_banks, {0, kMostWidth},
                 "banks of the accumulators, each updates one a cycle; accumulator i lies in bank "
                 "i mod banks; 0: every accumulator is a bank");
    walk.integer("accumulator_slots", core.accumulator_slots, {1, 2},
                 "steps that may be accumulated at once; 2: double buffering");
    walk.integer("state_bytes", core.state_bytes, {4, kMostBytes}, "memory of the registers");
    walk.section("vector", "vector unit", [&] { describe(walk, core.vector); });
    walk.integer("scan_width", core.scan_width, {1, kMostWidth},
                 "elements the encoder examines a cycle for binary and graded events");
    walk.integer("output_queue", core.output_queue, {1, kMostEntries},
                 "places of the network interface's queue of events, flits");
    walk.integer("output_credits", core.output_credits, {1, kMostEntries},
                 "flits after which the interface returns their places");
    walk.integer("dma_queue", core.dma_queue, {1, kMostEntries},
                 "remote rows waiting to be requested");
    walk.integer("dma_outstanding", core.dma_outstanding, {1, kMostRowBuffers},
                 "remote rows requested and not yet accumulated");
    walk.integer("dma_prefetch", core.dma_prefetch, {0, kMostRowBuffers},
                 "remote rows of axons with dense events that are fetched ahead; 0: none");
    walk.integer("dma_burst_rows", core.dma_burst_rows, {1, kMostRowBuffers},
                 "adjacent remote rows that one request may ask for");
    walk.integer("dma_row_bytes", core.dma_row_bytes, {1, 65535},
                 "buffer of a remote row, the longest that can be fetched, bytes");
}

void describe(schema::Walk& walk, MemoryConfig& memory) {
    walk.integer("request_queue", memory.request_queue, {1, kMostEntries}, "places, requests");
    walk.integer("controller_latency", memory.controller_latency, {1, kMostCycles},
                 "cycles from a request to the memory");
    walk.integer("output_queue", memory.output_queue, {1, kMostEntries},
                 "places of the network interface's queue of responses, flits");
    walk.integer("output_credits", memory.output_credits, {1, kMostEntries},
                 "flits after which the interface returns their places");
    walk.choice("kind", memory.kind, {{"dram", MemoryKind::dram}, {"sram", MemoryKind::sram}},
                "what answers the requests");
    walk.section("dram", "DRAM channel and its controller, times in cycles of its command clock",
                 [&] { describe(walk, memory.dram); });
    walk.section("sram", "SRAM, times in cycles of the cores' clock",
                 [&] { describe(walk, memory.sram); });
}

void describe(schema::Walk& walk, HostConfig& host) {
    walk.integer("result_slots", host.result_slots, {1, 2},
                 "steps whose results may be on their way to the host");
    walk.integer("latency", host.latency, {1, std::int64_t{1} << 40},
                 "cycles from a result to an input that depends on it");
}

/// A queue whose credits come back in batches must still hold the longest packet.
void check_queue(schema::Walk& walk, const char* section, std::uint32_t places, std::uint32_t batch,
                 std::uint32_t longest) {
    if (places < longest + batch - 1) {
        walk.fail(section, "output_queue has " + std::to_string(places) +
                               " places; allowed are at least max_packet_flits + "
                               "output_credits - 1, " +
                               std::to_string(longest + batch - 1));
    }
}

void check_tiles(schema::Walk& walk, const ChipConfig& config) {
    const std::string range = "allowed are 0 to " + std::to_string(config.tiles() - 1);
    if (config.host_tile >= config.tiles()) {
        walk.fail("host_tile", std::to_string(config.host_tile) + " is no tile; " + range);
    }
    std::set<TileId> seen = {config.host_tile};
    for (const TileId tile : config.memory_tiles) {
        if (tile >= config.tiles()) {
            walk.fail("memory_tiles", std::to_string(tile) + " is no tile; " + range);
        } else if (!seen.insert(tile).second) {
            walk.fail("memory_tiles", "tile " + std::to_string(tile) +
                                          " is named twice or is the host's; allowed is one "
                                          "purpose a tile");
        }
    }
}

void check_network(schema::Walk& walk, const noc::NetworkConfig& network,
                   std::uint32_t longest_packet) {
    if (network.flow_control == noc::FlowControl::virtual_cut_through &&
        longest_packet > static_cast<std::uint32_t>(network.buffer)) {
        walk.fail("max_packet_flits", "the longest packet has " + std::to_string(longest_packet) +
                                          " flits; allowed with virtual_cut_through are those of "
                                          "a buffer, " +
                                          std::to_string(network.buffer));
    }
}

void check_packets(schema::Walk& walk, const ChipConfig& config) {
    if (config.network.classes() != kMessageClasses) {
        walk.fail("network", "message_classes has " + std::to_string(config.network.classes()) +
                                 " entries; allowed are 4: events, control, requests, responses");
    }
    const noc::PacketFormat format = config.packet_format();
    // A request carries 64 bits, an event up to 48, besides the header.
    const std::int64_t needed = format.header_bits + 64;
    if (std::int64_t{format.flit_bits} * format.max_packet_flits < needed) {
        walk.fail("max_packet_flits",
                  "the longest packet has " +
                      std::to_string(std::int64_t{format.flit_bits} * format.max_packet_flits) +
                      " bits; allowed are at least header_bits + 64, " + std::to_string(needed));
    }
}

}  // namespace

std::uint64_t function_table_bits(const models::fixed::Functions& functions) {
    namespace tables = models::fixed::tables;
    // Entries up to 2^30 and seeds up to 2^16, both included.
    constexpr std::uint64_t kEntryBits = 31;
    constexpr std::uint64_t kSeedBits = 17;
    constexpr std::uint64_t kSigmoidUnits = tables::kSigmoidEnd >> models::fixed::kFraction;
    const auto exponentials = static_cast<std::uint64_t>(functions.exponential.segments) + 1;
    const auto sigmoids =
        kSigmoidUnits * static_cast<std::uint64_t>(functions.sigmoid.segments) + 1;
    return kEntryBits * (exponentials + sigmoids) +
           kSeedBits * (tables::kReciprocalSeeds.size() + tables::kRootSeeds.size());
}

OpClass class_of(Opcode op) {
    switch (op) {
        case Opcode::multiply:
        case Opcode::interpolate:
            return OpClass::multiply;
        case Opcode::exponential:
            return OpClass::exponential;
        case Opcode::sigmoid:
            return OpClass::sigmoid;
        case Opcode::divide:
            return OpClass::divide;
        case Opcode::lif:
            return OpClass::lif;
        case Opcode::layer_norm:
            return OpClass::normalise;
        case Opcode::add:
        case Opcode::subtract:
        case Opcode::narrow:
        case Opcode::shift_left:
        case Opcode::maximum:
        case Opcode::rectify:
        case Opcode::copy:
            break;
    }
    return OpClass::simple;
}

const char* name_of(OpClass op_class) {
    constexpr std::array<const char*, kOpClasses> names = {
        "simple", "multiply", "exponential", "sigmoid", "divide", "lif", "normalise"};
    return names[static_cast<std::size_t>(op_class)];
}

ChipConfig::ChipConfig() {
    network.width = 5;
    network.height = 4;
    network.flit_bits = 64;
    network.vcs = 5;
    network.message_classes = {2, 1, 1, 1};
}

bool ChipConfig::is_memory(TileId tile) const {
    return std::find(memory_tiles.begin(), memory_tiles.end(), tile) != memory_tiles.end();
}

std::uint32_t ChipConfig::cores() const {
    return tiles() - 1 - static_cast<std::uint32_t>(memory_tiles.size());
}

Clocks ChipConfig::clocks() const {
    return {static_cast<std::uint64_t>(std::llround(kPicoseconds / core_clock_hz)),
            static_cast<std::uint64_t>(std::llround(kPicoseconds / network.clock_hz))};
}

noc::PacketFormat ChipConfig::packet_format() const {
    return {network.flit_bits, static_cast<int>(header_bits), static_cast<int>(max_packet_flits)};
}

void describe(schema::Walk& walk, ChipConfig& config) {
    walk.text("name", config.name, "what reports call the chip");
    walk.number("core_clock_hz", config.core_clock_hz, {kSlowestClock, kFastestClock},
                "clock of cores, memory controllers and host, Hz; the period is rounded to 1 ps");
    walk.integer("header_bits", config.header_bits, {64, 4096},
                 "header of a packet; its fields take 64");
    walk.integer("max_packet_flits", config.max_packet_flits, {1, noc::kLongestPacket},
                 "longest packet, header included");
    walk.integer("host_tile", config.host_tile, {0, 65535}, "tile of the host");
    walk.integers("memory_tiles", config.memory_tiles, {0, 65535},
                  "memory tiles; all tiles but these and the host's are spiking cores");
    walk.flag("gate_idle_cores", config.gate_idle_cores,
              "switch off the cores that a run gives nothing to do; they draw their gated share");
    walk.integer("stall_cycles", config.stall_cycles, {1000, std::int64_t{1} << 40},
                 "cycles without any progress after which a run is given up");
    walk.section("network", "network on chip", [&] { describe(walk, config.network); });
    walk.section("core", "spiking core", [&] { describe(walk, config.core); });
    walk.section("memory", "memory tile", [&] { describe(walk, config.memory); });
    walk.section("host", "host tile", [&] { describe(walk, config.host); });
    walk.section("stepped", "where it runs a spiking network step by step (`snn`)",
                 [&] { describe(walk, config.stepped); });

    check_network(walk, config.network, config.max_packet_flits);
    check_tiles(walk, config);
    if (config.core.dma_outstanding + config.core.dma_prefetch > kMostRowBuffers) {
        walk.fail("core",
                  "dma_outstanding and dma_prefetch are " +
                      std::to_string(config.core.dma_outstanding + config.core.dma_prefetch) +
                      " row buffers together; allowed are at most " +
                      std::to_string(kMostRowBuffers));
    }
    check_packets(walk, config);
    check_queue(walk, "core", config.core.output_queue, config.core.output_credits,
                config.max_packet_flits);
    check_queue(walk, "memory", config.memory.output_queue, config.memory.output_credits,
                config.max_packet_flits);
    if (config.network.clock_hz > kFastestClock || config.network.clock_hz < kSlowestClock) {
        walk.fail("network", "clock_hz is " + std::to_string(config.network.clock_hz) +
                                 "; allowed on a chip are 1e3 to 1e11");
    }
}

void validate(const ChipConfig& config) {
    // Written and read again it passes the same checks as a file does.
    schema::read_string<ChipConfig>(schema::write(config), "chip configuration");
}

}  // namespace spikeloom::arch
