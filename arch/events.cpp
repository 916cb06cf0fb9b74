#include "arch/events.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace spikeloom::arch {

namespace {

constexpr std::string_view kMacPrefix = "mac_";

constexpr std::array<std::string_view, static_cast<std::size_t>(Event::count)> kNames = {
    "event_queue_writes",
    "event_queue_reads",
    "axon_lookups",
    "synapse_reads",
    "synapse_read_bits",
    "synapse_indices",
    "accumulates",
    "direct_accumulates",
    "accumulator_writes",
    "accumulator_reads",
    "vector_instructions",
    "vector_simple",
    "vector_multiply",
    "vector_exponential",
    "vector_sigmoid",
    "vector_divide",
    "vector_lif",
    "vector_normalise",
    "vector_interpolations",
    "vector_newton_steps",
    "state_read_bits",
    "state_write_bits",
    "neuron_updates_idle",
    "neuron_updates_active",
    "neuron_spikes",
    "random_draws",
    "barriers",
    "accumulator_saturations",
    "narrow_saturations",
    "encoder_truncations",
    "encoder_scans",
    "encoder_events",
    "packets_events",
    "packets_within_tile",
    "packets_markers",
    "packets_credits",
    "packets_requests",
    "packets_responses",
    "output_flits",
    "programs",
    "dma_rows",
    "dma_bytes",
    "dma_rows_ahead",
    "dram_activates",
    "dram_precharges",
    "dram_read_bursts",
    "dram_write_bursts",
    "dram_refreshes",
    "dram_bank_refreshes",
    "dram_active_cycles",
    "dram_precharged_cycles",
    "dram_active_power_down_cycles",
    "dram_precharged_power_down_cycles",
    "dram_self_refresh_cycles",
    "memory_sram_read_bits",
    "memory_sram_write_bits",
    "memory_requests",
    "noc_buffer_write_bits",
    "noc_buffer_read_bits",
    "noc_crossbar_bits",
    "noc_arbitrations",
    "noc_routes",
    "noc_link_bits",
    "noc_link_bit_mm",
    "noc_flits_east_west",
    "noc_flits_north_south",
    "noc_interface_bits",
    "accumulator_waits",
    "pipeline_busy_cycles",
    "vector_busy_cycles",
    "encoder_busy_cycles",
    "memory_waits",
    "vector_waits",
    "encoder_waits",
    "gate_closed_cycles",
};

}  // namespace

std::string_view name_of(Event event) {
    return kNames[static_cast<std::size_t>(event)];
}

std::string mac_name(std::uint32_t weight_bits, std::uint32_t value_bits) {
    return std::string(kMacPrefix) + std::to_string(weight_bits) + "x" + std::to_string(value_bits);
}

Counts::Counts(const std::vector<std::string>& mac_names, std::size_t tiles)
    : names_(kNames.begin(), kNames.end()), tiles_(tiles) {
    names_.insert(names_.end(), mac_names.begin(), mac_names.end());
    values_.resize(tiles_ * names_.size());
}

std::size_t Counts::index_of(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
        throw std::out_of_range("Counts: there is no event " + std::string(name));
    }
    return static_cast<std::size_t>(found - names_.begin());
}

std::span<const std::uint64_t> Counts::of_tile(TileId tile) const {
    return std::span(values_).subspan(tile * names_.size(), names_.size());
}

std::uint64_t Counts::at(TileId tile, Event event) const {
    return of_tile(tile)[static_cast<std::size_t>(event)];
}

std::uint64_t Counts::at(TileId tile, std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    return found == names_.end() ? 0
                                 : of_tile(tile)[static_cast<std::size_t>(found - names_.begin())];
}

std::uint64_t Counts::total(Event event) const {
    std::uint64_t sum = 0;
    for (TileId tile = 0; tile < tiles_; ++tile) {
        sum += at(tile, event);
    }
    return sum;
}

std::uint64_t Counts::total(std::string_view name) const {
    std::uint64_t sum = 0;
    for (TileId tile = 0; tile < tiles_; ++tile) {
        sum += at(tile, name);
    }
    return sum;
}

std::uint64_t Counts::total_macs() const {
    std::uint64_t sum = 0;
    for (const std::string& name : names_) {
        if (name.starts_with(kMacPrefix)) {
            sum += total(name);
        }
    }
    return sum;
}

Counts Counts::operator-(const Counts& before) const {
    if (names_ != before.names_ || tiles_ != before.tiles_) {
        throw std::logic_error("Counts: a difference of snapshots of different chips");
    }
    Counts result = *this;
    for (std::size_t i = 0; i < values_.size(); ++i) {
        result.values_[i] -= before.values_[i];
    }
    for (std::size_t i = 0; i < before.link_flits.size(); ++i) {
        result.link_flits[i] -= before.link_flits[i];
    }
    result.cycles -= before.cycles;
    result.seconds -= before.seconds;
    return result;
}

}  // namespace spikeloom::arch
