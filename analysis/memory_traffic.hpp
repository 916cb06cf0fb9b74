// What a phase took from the memory tiles, and what waiting for it cost.
#pragma once

#include "analysis/run.hpp"

#include <cstdint>
#include <optional>

namespace spikeloom::analysis {

struct MemoryTraffic {
    double bytes_per_token = 0.0;  // that the memories delivered, in whole bursts or words
    double bytes_per_second = 0.0;
    double share_of_peak = 0.0;  // of what all memories together deliver at most
    /// Bursts that met their row open, of all; none without a DRAM that was read.
    std::optional<double> row_hit_rate;
    std::uint64_t rows = 0;        // fetched
    std::uint64_t rows_ahead = 0;  // of them, before an event asked
    std::uint64_t requests = 0;
    /// Of all cores: the synapse pipeline had nothing to do but to wait for a row.
    std::uint64_t wait_cycles = 0;
};

/// None for a chip without memory tiles.
std::optional<MemoryTraffic> memory_traffic(const Phase& phase, const Chip& chip);

}  // namespace spikeloom::analysis
