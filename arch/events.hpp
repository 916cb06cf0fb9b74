// What the chip counts: physical events by name and tile. Energy is these counts times a table, and
// is worked out afterwards by analysis/; docs/core.md says of each event when it is counted.
#pragma once

#include "arch/clock.hpp"
#include "arch/program.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::arch {

/// The events every chip has. Multiply-accumulates come on top, one event a pair of widths that the
/// Program uses: "mac_<weight bits>x<value bits>".
enum class Event : std::uint32_t {
    event_queue_writes,  // events accepted from the network
    event_queue_reads,   // events popped
    axon_lookups,
    synapse_reads,       // words of the synapse memory's port width
    synapse_read_bits,   // the same, in bits
    synapse_indices,     // of sparse rows: decoded, and added to find the accumulator
    accumulates,         // adds of a weight to an accumulator: binary events
    direct_accumulates,  // adds (or multiply-adds) of events without a row
    accumulator_writes,
    accumulator_reads,  // by the vector unit
    vector_instructions,
    vector_simple,  // element operations by class of the vector unit ...
    vector_multiply,
    vector_exponential,
    vector_sigmoid,
    vector_divide,
    vector_lif,
    vector_normalise,
    vector_interpolations,  // of those, straight lines between two table entries ...
    vector_newton_steps,    // ... and steps of Newton's iteration for quotients
    state_read_bits,        // registers other than accumulators
    state_write_bits,
    neuron_updates_idle,    // of a network that steps: neurons without input that do not fire ...
    neuron_updates_active,  // ... all others ...
    neuron_spikes,          // ... of them, those that fire
    random_draws,
    barriers,                 // steps released
    accumulator_saturations,  // an alarm: sums that did not fit
    narrow_saturations,       // an alarm of the numerics, no energy: elements that narrow clipped
    encoder_truncations,      // another: elements sent that did not fit their value_bits
    encoder_scans,            // groups of elements examined
    encoder_events,           // events written into packets
    packets_events,           // packets sent, by kind ...
    packets_within_tile,  // of a network that steps: to another core of the same tile, of the above
    packets_markers,
    packets_credits,
    packets_requests,
    packets_responses,
    output_flits,  // flits written into the network interface's queue
    programs,      // stage programs run
    dma_rows,      // rows fetched from memory tiles
    dma_bytes,
    dma_rows_ahead,  // rows requested before an event asked for them
    dram_activates,
    dram_precharges,
    dram_read_bursts,
    dram_write_bursts,
    dram_refreshes,
    dram_bank_refreshes,
    dram_active_cycles,  // of its command clock, by the state its standby current depends on ...
    dram_precharged_cycles,
    dram_active_power_down_cycles,
    dram_precharged_power_down_cycles,
    dram_self_refresh_cycles,
    memory_sram_read_bits,  // of a memory tile's SRAM, in words of its port
    memory_sram_write_bits,
    memory_requests,  // requests a memory tile has served
    noc_buffer_write_bits,
    noc_buffer_read_bits,
    noc_crossbar_bits,
    noc_arbitrations,     // virtual channels and switch passages won
    noc_routes,           // head flits routed
    noc_link_bits,        // between routers
    noc_link_bit_mm,      // the same times the links' length, rounded
    noc_flits_east_west,  // flits over links, by direction ...
    noc_flits_north_south,
    noc_interface_bits,    // between a router and its tile, both ways
    accumulator_waits,     // no energy: cycles rows waited for accumulators of one bank
    pipeline_busy_cycles,  // cycles in which a unit works ...
    vector_busy_cycles,
    encoder_busy_cycles,
    memory_waits,        // cycles the memory stage stood idle for a remote row
    vector_waits,        // cycles a finished program waited for the encoder
    encoder_waits,       // cycles the encoder waited for room in the output queue
    gate_closed_cycles,  // of the network: its interface held events back, the queue being full
    count,
};

std::string_view name_of(Event event);
/// The event of a multiply-accumulate, "mac_8x16".
std::string mac_name(std::uint32_t weight_bits, std::uint32_t value_bits);

/// Counts at a moment, or between two: tiles x events.
class Counts {
  public:
    /// All zero. `mac_names` are the multiply-accumulates of the Program.
    Counts(const std::vector<std::string>& mac_names, std::size_t tiles);

    /// Those of Event in its order, then the multiply-accumulates.
    const std::vector<std::string>& names() const { return names_; }
    std::size_t tiles() const { return tiles_; }

    /// The place of a name; out_of_range where there is none.
    std::size_t index_of(std::string_view name) const;

    void add(TileId tile, std::size_t event, std::uint64_t count) {
        values_[tile * names_.size() + event] += count;
    }
    void add(TileId tile, Event event, std::uint64_t count) {
        add(tile, static_cast<std::size_t>(event), count);
    }
    void set(TileId tile, Event event, std::uint64_t count) {
        values_[tile * names_.size() + static_cast<std::size_t>(event)] = count;
    }

    std::span<const std::uint64_t> of_tile(TileId tile) const;
    std::uint64_t at(TileId tile, Event event) const;
    std::uint64_t at(TileId tile, std::string_view name) const;  // 0 for a name that is not there
    std::uint64_t total(Event event) const;
    std::uint64_t total(std::string_view name) const;
    /// All multiply-accumulates, whatever their widths.
    std::uint64_t total_macs() const;

    /// What happened since `before`, a snapshot of the same chip.
    Counts operator-(const Counts& before) const;
    bool operator==(const Counts& other) const = default;

    Cycle cycles = 0;      // of the cores' clock
    double seconds = 0.0;  // simulated
    /// [noc::PortId] flits that left a router by a port; noc_link_bits sums up those of links.
    std::vector<std::uint64_t> link_flits;

  private:
    std::vector<std::string> names_;
    std::size_t tiles_;
    std::vector<std::uint64_t> values_;  // [tiles, events]
};

}  // namespace spikeloom::arch
