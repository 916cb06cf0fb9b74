#include "analysis/memory_traffic.hpp"

#include <algorithm>

namespace spikeloom::analysis {

std::optional<MemoryTraffic> memory_traffic(const Phase& phase, const Chip& chip) {
    if (chip.memory_bytes_per_second <= 0.0) {
        return std::nullopt;
    }
    const EventCounts events = total(phase.counts);
    const auto count = [&](const char* event) {
        const auto found = events.find(event);
        return found == events.end() ? std::uint64_t{0} : found->second;
    };
    constexpr double kByteBits = 8.0;
    const std::uint64_t bursts = count("dram_read_bursts");
    const double bytes =
        static_cast<double>(bursts) * static_cast<double>(chip.memory_burst_bytes) +
        static_cast<double>(count("memory_sram_read_bits")) / kByteBits;

    MemoryTraffic traffic;
    traffic.bytes_per_token = bytes / static_cast<double>(std::max<std::uint64_t>(phase.tokens, 1));
    traffic.bytes_per_second = phase.seconds > 0.0 ? bytes / phase.seconds : 0.0;
    traffic.share_of_peak = traffic.bytes_per_second / chip.memory_bytes_per_second;
    if (bursts > 0) {
        // Every row that is opened is missed by one burst. A refresh closes rows, too.
        const double misses = static_cast<double>(std::min(count("dram_activates"), bursts));
        traffic.row_hit_rate = 1.0 - misses / static_cast<double>(bursts);
    }
    traffic.rows = count("dma_rows");
    traffic.rows_ahead = count("dma_rows_ahead");
    traffic.requests = count("memory_requests");
    traffic.wait_cycles = count("memory_waits");
    return traffic;
}

}  // namespace spikeloom::analysis
