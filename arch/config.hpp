// What a chip is: a mesh of spiking cores, memory tiles and one host tile, its clocks and its
// network. docs/core.md specifies the machine that these numbers parametrise.
//
// Latencies and intervals are in cycles of the cores' clock.
#pragma once

#include "arch/clock.hpp"
#include "arch/dram_config.hpp"
#include "arch/program.hpp"
#include "arch/sram_config.hpp"
#include "arch/stepped_config.hpp"
#include "noc/config.hpp"
#include "noc/packet_format.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::arch {

/// The message classes of the network, by their place in NetworkConfig::message_classes. Four, so
/// that no message ever waits behind one that can only move after it (docs/core.md, "Deadlock").
enum MessageClass : std::uint8_t {
    kEventClass = 0,     // events and end-of-step markers, core to core
    kControlClass = 1,   // step credits, core to core
    kRequestClass = 2,   // core to memory tile
    kResponseClass = 3,  // memory tile to core
};
inline constexpr int kMessageClasses = 4;

/// What the vector unit distinguishes: instructions of a class share a functional unit.
enum class OpClass {
    simple,       // add, subtract, narrow, shift_left, maximum, rectify, copy
    multiply,     // multiply, interpolate
    exponential,  // exponential
    sigmoid,      // sigmoid
    divide,       // divide
    lif,          // lif
    normalise,    // layer_norm
};
inline constexpr int kOpClasses = 7;
OpClass class_of(Opcode op);
/// The name in configurations and event counts.
const char* name_of(OpClass op_class);

/// A functional unit takes `lanes` elements (a group) every `interval` cycles; a group's results
/// are there `latency` cycles after it was taken.
struct FunctionalUnit {
    std::uint32_t interval = 1;
    std::uint32_t latency = 1;
};

struct VectorUnitConfig {
    std::uint32_t lanes = 8;  // elements a group
    std::uint32_t issue = 1;  // cycles an instruction takes before its first group
    std::array<FunctionalUnit, kOpClasses> units = {{
        {1, 2},   // simple
        {1, 4},   // multiply
        {1, 6},   // exponential
        {1, 6},   // sigmoid
        {2, 12},  // divide
        {1, 5},   // lif
        {1, 16},  // normalise
    }};
    models::fixed::Functions functions;  // how the units that are not exact make theirs

    const FunctionalUnit& unit(OpClass op_class) const {
        return units[static_cast<std::size_t>(op_class)];
    }
};

/// Bits of the tables that the functions are made of.
std::uint64_t function_table_bits(const models::fixed::Functions& functions);

struct CoreConfig {
    std::uint32_t event_queue = 64;  // events
    std::uint32_t axon_entries = 4096;
    std::uint32_t axon_latency = 1;
    std::uint32_t synapse_bytes = 65536;
    std::uint32_t synapse_port_bits = 64;
    std::uint32_t synapse_latency = 1;
    std::uint32_t synapse_banks = 1;
    std::uint32_t synapse_bank_cycles = 1;  // that a bank takes for a read
    std::uint32_t sparse_index_bits = 0;    // of a synapse in a sparse row; 0: rows are dense
    std::uint32_t lanes = 8;                // synapses that are added at once
    std::uint32_t accumulators = 2048;
    std::uint32_t accumulator_bits = 32;
    std::uint32_t accumulator_banks = 0;  // 0: every accumulator can be reached in every cycle
    std::uint32_t accumulator_slots = 2;  // steps that may be in accumulation at once: 1 or 2
    std::uint32_t state_bytes = 65536;
    VectorUnitConfig vector;
    std::uint32_t scan_width = 16;      // elements the encoder examines a cycle
    std::uint32_t output_queue = 64;    // flits, in the network interface
    std::uint32_t output_credits = 16;  // flits after which the interface returns room
    std::uint32_t dma_queue = 8;        // rows to be requested
    std::uint32_t dma_outstanding = 4;  // rows requested and not yet accumulated
    std::uint32_t dma_prefetch = 0;     // rows fetched before an event asks for them
    std::uint32_t dma_burst_rows = 1;   // adjacent rows that one request may ask for
    std::uint32_t dma_row_bytes =
        2048;  // the longest row; a buffer each, outstanding or prefetched
};

/// What answers behind a memory tile.
enum class MemoryKind { dram, sram };

struct MemoryConfig {
    std::uint32_t request_queue = 16;  // requests
    std::uint32_t controller_latency = 4;
    std::uint32_t output_queue = 64;  // flits
    std::uint32_t output_credits = 16;
    MemoryKind kind = MemoryKind::dram;
    DramConfig dram;
    SramConfig sram;

    std::uint64_t bytes() const { return kind == MemoryKind::dram ? dram.bytes() : sram.bytes; }
};

struct HostConfig {
    std::uint32_t result_slots = 2;  // steps whose results may be on their way to the host
    std::uint32_t latency = 100;     // from a result to a token that depends on it
};

struct ChipConfig {
    std::string name = "chip";
    double core_clock_hz = 1e9;
    noc::NetworkConfig network;  // with its own clock
    std::uint32_t header_bits = 64;
    std::uint32_t max_packet_flits = 16;
    TileId host_tile = 0;
    std::vector<TileId> memory_tiles;  // all others are spiking cores
    CoreConfig core;
    MemoryConfig memory;
    HostConfig host;
    SteppedConfig stepped;                 // where it runs a network step by step
    bool gate_idle_cores = false;          // cores without work in a run are switched off
    std::uint64_t stall_cycles = 1000000;  // without any progress: the run is given up

    ChipConfig();  // a network with the four message classes

    std::uint32_t tiles() const { return static_cast<std::uint32_t>(network.nodes()); }
    bool is_memory(TileId tile) const;
    bool is_core(TileId tile) const {
        return tile < tiles() && tile != host_tile && !is_memory(tile);
    }
    std::uint32_t cores() const;
    Clocks clocks() const;
    noc::PacketFormat packet_format() const;
};

/// The keys, for base/schema.hpp.
void describe(schema::Walk& walk, ChipConfig& config);

/// Throws InputError where values do not go together. Done by the reader, and by Chip for a
/// configuration made in code.
void validate(const ChipConfig& config);

}  // namespace spikeloom::arch
