#include "noc/meter.hpp"

#include <algorithm>

namespace spikeloom::noc {

namespace {
constexpr Cycle kLongLatency = Cycle{1} << 20;
}

void Meter::record(Cycle cycle, std::span<const Delivery> deliveries) {
    if (cycle >= from_ && cycle < until_) {
        flits_ += deliveries.size();
    }
    for (const Delivery& delivery : deliveries) {
        const Cycle created = delivery.tag;
        if (delivery.tail && created >= from_ && created < until_) {
            record_packet(cycle - created, network_.hops(delivery.source, delivery.node));
        }
    }
}

void Meter::record_packet(Cycle latency, int hops) {
    if (latency >= kLongLatency) {
        ++long_latencies_[latency];
    } else {
        if (latency >= histogram_.size()) {
            histogram_.resize(latency + 1);
        }
        ++histogram_[latency];
    }
    ++packets_;
    latency_sum_ += latency;
    hops_sum_ += static_cast<std::uint64_t>(hops);
}

void Meter::summarise(Cycle cycles, ExperimentResult& result) const {
    result.packets = packets_;
    const Cycle measured = std::min(cycles, until_) - std::min(cycles, from_);
    if (measured != 0) {
        result.throughput =
            static_cast<double>(flits_) / static_cast<double>(measured) / network_.nodes();
    }
    if (packets_ == 0) {
        return;
    }
    result.latency_average = static_cast<double>(latency_sum_) / static_cast<double>(packets_);
    result.hops_average = static_cast<double>(hops_sum_) / static_cast<double>(packets_);
    // ceil(0.99 n), without rounding: the packets that must not exceed the percentile.
    const std::uint64_t rank = packets_ - packets_ / 100;
    std::uint64_t below = 0;
    const auto visit = [&](Cycle latency, std::uint64_t count) {
        if (count != 0) {
            if (below < rank && below + count >= rank) {
                result.latency_p99 = latency;
            }
            below += count;
            result.latency_max = latency;
        }
    };
    for (Cycle latency = 0; latency < histogram_.size(); ++latency) {
        visit(latency, histogram_[latency]);
    }
    for (const auto& [latency, count] : long_latencies_) {
        visit(latency, count);
    }
}

}  // namespace spikeloom::noc
