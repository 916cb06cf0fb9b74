#include "noc/statistics.hpp"

#include "noc/graph.hpp"

#include <sstream>

namespace spikeloom::noc {

namespace {

constexpr Cycle kLongLatency = Cycle{1} << 20;

double mean(std::uint64_t sum, std::uint64_t count) {
    return static_cast<double>(sum) / static_cast<double>(count);
}

}  // namespace

void LatencyMeter::add(const PacketTimes& times) {
    if (times.latency >= kLongLatency) {
        ++long_[times.latency];
    } else {
        if (times.latency >= counts_.size()) {
            counts_.resize(times.latency + 1);
        }
        ++counts_[times.latency];
    }
    ++packets_;
    latency_ += times.latency;
    source_queue_ += times.source_queue;
    pipeline_ += times.pipeline;
    serialisation_ += times.serialisation;
}

std::vector<std::pair<Cycle, std::uint64_t>> LatencyMeter::histogram() const {
    std::vector<std::pair<Cycle, std::uint64_t>> result;
    for (Cycle latency = 0; latency < counts_.size(); ++latency) {
        if (counts_[latency] != 0) {
            result.emplace_back(latency, counts_[latency]);
        }
    }
    result.insert(result.end(), long_.begin(), long_.end());
    return result;
}

std::optional<LatencySummary> LatencyMeter::summary() const {
    if (packets_ == 0) {
        return std::nullopt;
    }
    const auto histogram = this->histogram();
    LatencySummary result;
    result.packets = packets_;
    result.average = mean(latency_, packets_);
    const auto percentile = [&](std::uint64_t thousandths) {
        // The packets that must not exceed it: n less a whole number of those that may.
        std::uint64_t left = packets_ - packets_ / 1000 * (1000 - thousandths) -
                             packets_ % 1000 * (1000 - thousandths) / 1000;
        for (const auto& [latency, count] : histogram) {
            if (left <= count) {
                return latency;
            }
            left -= count;
        }
        return histogram.back().first;
    };
    result.p50 = percentile(500);
    result.p90 = percentile(900);
    result.p95 = percentile(950);
    result.p99 = percentile(990);
    result.p999 = percentile(999);
    result.max = histogram.back().first;
    result.parts.source_queue = mean(source_queue_, packets_);
    result.parts.pipeline = mean(pipeline_, packets_);
    result.parts.serialisation = mean(serialisation_, packets_);
    result.parts.blocking = mean(latency_ - source_queue_ - pipeline_ - serialisation_, packets_);
    return result;
}

std::vector<LinkSummary> link_summaries(const Network& network, Cycle cycles) {
    const Graph& graph = network.graph();
    std::vector<LinkSummary> result;
    for (PortId port = 0; port < graph.ports(); ++port) {
        const Link& link = graph.link(port);
        if (link.to == kNone) {
            continue;
        }
        const RouterId from = graph.router_of(port);
        const std::uint64_t flits = network.link_flits(from, graph.number_of(port));
        result.push_back(
            {graph.name_of_router(from) + " " + graph.name_of_port(from, graph.number_of(port)),
             graph.name_of_router(graph.router_of(link.to)), flits,
             cycles == 0 ? 0.0 : mean(flits * link.period, cycles),
             static_cast<double>(link.length_mm)});
    }
    return result;
}

std::vector<RouterSummary> router_summaries(const Network& network, Cycle cycles) {
    const Graph& graph = network.graph();
    std::vector<RouterSummary> result;
    for (RouterId router = 0; router < graph.routers(); ++router) {
        std::uint64_t flit_cycles = 0;
        for (int port = 0; port < graph.ports_of(router); ++port) {
            flit_cycles += network.buffer_flit_cycles(router, port);
        }
        result.push_back({graph.name_of_router(router), network.router_counters(router),
                          cycles == 0 ? 0.0 : mean(flit_cycles, cycles)});
    }
    return result;
}

std::string to_csv(const std::vector<LinkSummary>& links) {
    std::ostringstream text;
    text << "from,to,flits,utilisation,length_mm\n";
    for (const LinkSummary& link : links) {
        text << '"' << link.from << "\",\"" << link.to << "\"," << link.flits << ','
             << link.utilisation << ',' << link.length_mm << '\n';
    }
    return text.str();
}

std::string to_csv(const std::vector<RouterSummary>& routers) {
    std::ostringstream text;
    text << "router,buffer_writes,buffer_reads,routes,vc_allocations,switch_allocations,"
            "crossbar_flits,flits_buffered\n";
    for (const RouterSummary& router : routers) {
        const RouterCounters& counts = router.counters;
        text << '"' << router.name << "\"," << counts.buffer_writes << ',' << counts.buffer_reads
             << ',' << counts.routes << ',' << counts.vc_allocations << ','
             << counts.switch_allocations << ',' << counts.crossbar_flits << ',' << router.buffered
             << '\n';
    }
    return text.str();
}

std::string to_csv(const std::vector<PairSummary>& pairs) {
    std::ostringstream text;
    text << "source,destination,packets,latency_average,latency_max\n";
    for (const PairSummary& pair : pairs) {
        text << pair.source << ',' << pair.destination << ',' << pair.packets << ',' << pair.latency
             << ',' << pair.longest << '\n';
    }
    return text.str();
}

std::string to_csv(const std::vector<Sample>& samples) {
    std::ostringstream text;
    text << "end_cycle,flits,packets,latency_average,flits_buffered\n";
    for (const Sample& sample : samples) {
        text << sample.end << ',' << sample.flits << ',' << sample.packets << ',' << sample.latency
             << ',' << sample.buffered << '\n';
    }
    return text.str();
}

std::string to_csv(const std::vector<std::pair<Cycle, std::uint64_t>>& histogram) {
    std::ostringstream text;
    text << "latency,packets\n";
    for (const auto& [latency, packets] : histogram) {
        text << latency << ',' << packets << '\n';
    }
    return text.str();
}

}  // namespace spikeloom::noc
