#include "noc/meter.hpp"

#include "noc/graph.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::noc {

void Meter::Sum::add(Cycle cycles) {
    ++packets;
    latency += cycles;
    longest = std::max(longest, cycles);
}

Meter::Meter(Cycle from, Cycle until, int classes, bool pairs)
    : from_(from),
      until_(until),
      pairs_(pairs),
      by_class_(static_cast<std::size_t>(classes)),
      batches_(until == kNever ? 0 : kBatches) {}

void Meter::record(const Network& network, Cycle cycle, std::span<const Delivery> deliveries) {
    if (cycle >= from_ && cycle < until_) {
        flits_ += deliveries.size();
    }
    open_sample_.flits += deliveries.size();
    for (const Delivery& delivery : deliveries) {
        if (!delivery.tail) {
            continue;
        }
        const Cycle created = delivery.tag;
        ++open_sample_.packets;
        open_latency_ += cycle - created;
        if (created >= from_ && created < until_) {
            record_packet(network, delivery, cycle - created);
        }
    }
}

void Meter::record_packet(const Network& network, const Delivery& delivery, Cycle latency) {
    const Path path = network.path(delivery.source, delivery.node);
    const PacketTimes times{latency, delivery.injected - delivery.tag, path.head_cycles,
                            delivery.flit * path.flit_cycles};
    all_.add(times);
    if (by_class_.size() > 1) {
        by_class_[delivery.message_class].add(times);
    }
    hops_sum_ += static_cast<std::uint64_t>(path.links);
    if (!batches_.empty()) {
        const Cycle length = std::max<Cycle>(1, (until_ - from_) / kBatches);
        batches_[std::min<std::size_t>((delivery.tag - from_) / length, kBatches - 1)].add(latency);
    }
    if (pairs_) {
        by_pair_[std::uint64_t{delivery.source} << 32 | delivery.node].add(latency);
    }
}

void Meter::sample(const Network& network, Cycle end) {
    open_sample_.end = end;
    if (open_sample_.packets != 0) {
        open_sample_.latency =
            static_cast<double>(open_latency_) / static_cast<double>(open_sample_.packets);
    }
    const Graph& graph = network.graph();
    for (PortId port = 0; port < graph.ports(); ++port) {
        open_sample_.buffered +=
            network.buffered_flits(graph.router_of(port), graph.number_of(port));
    }
    samples_.push_back(open_sample_);
    open_sample_ = {};
    open_latency_ = 0;
}

/// Half the width of the interval that holds the mean latency with 95 %, from the means of the
/// batches by Student's t with 9 degrees of freedom.
std::optional<double> Meter::confidence() const {
    constexpr double kStudent = 2.262;
    double sum = 0.0;
    double squares = 0.0;
    for (const Sum& batch : batches_) {
        if (batch.packets == 0) {
            return std::nullopt;
        }
        const double mean = static_cast<double>(batch.latency) / static_cast<double>(batch.packets);
        sum += mean;
        squares += mean * mean;
    }
    if (batches_.empty()) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(kBatches);
    const double variance = std::max(0.0, (squares - sum * sum / n) / (n - 1.0));
    return kStudent * std::sqrt(variance / n);
}

void Meter::summarise(const Network& network, Cycle cycles, ExperimentResult& result) const {
    const Cycle measured = std::min(cycles, until_) - std::min(cycles, from_);
    if (measured != 0) {
        result.throughput =
            static_cast<double>(flits_) / static_cast<double>(measured) / network.graph().nodes();
    }
    result.samples = samples_;
    result.histogram = all_.histogram();
    result.latency = all_.summary();
    result.packets = all_.packets();
    if (!result.latency) {
        return;
    }
    result.hops_average =
        static_cast<double>(hops_sum_) / static_cast<double>(result.latency->packets);
    result.confidence = confidence();
    if (by_class_.size() > 1) {
        for (const LatencyMeter& meter : by_class_) {
            result.by_class.push_back(meter.summary());
        }
    }
    for (const auto& [pair, sum] : by_pair_) {
        result.pairs.push_back(
            {static_cast<NodeId>(pair >> 32), static_cast<NodeId>(pair), sum.packets,
             static_cast<double>(sum.latency) / static_cast<double>(sum.packets), sum.longest});
    }
    std::sort(result.pairs.begin(), result.pairs.end(),
              [](const PairSummary& a, const PairSummary& b) {
                  return std::pair(a.source, a.destination) < std::pair(b.source, b.destination);
              });
}

}  // namespace spikeloom::noc
