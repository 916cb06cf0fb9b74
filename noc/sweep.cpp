#include "noc/sweep.hpp"

#include "base/error.hpp"
#include "base/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace spikeloom::noc {

namespace {

constexpr double kAcceptedShare = 0.95;
constexpr double kLatencyFactor = 10.0;
constexpr Cycle kLongest = 8;  // times the cycles asked for

SweepPoint measure(ExperimentConfig config, double load) {
    config.traffic.rate = load;
    // A saturated network need not drain: that its sources overflow is known by then.
    config.drain_limit = std::min(config.drain_limit, config.warmup + config.measure);
    SweepPoint point;
    point.offered = load;
    const Cycle most = kLongest * config.measure;
    for (; config.measure <= most; config.measure *= 2) {
        const ExperimentResult result = run_experiment(config, Host::plain);
        point.accepted = result.throughput;
        point.latency = result.latency;
        point.confidence = result.confidence;
        point.converged = result.converged;
        const bool slow =
            point.latency &&
            point.latency->average > kLatencyFactor * (point.latency->parts.pipeline +
                                                       point.latency->parts.serialisation);
        point.saturated = point.accepted < kAcceptedShare * load || slow || !result.drained;
        if (point.converged || point.saturated) {
            break;
        }
    }
    return point;
}

}  // namespace

Sweep sweep(const ExperimentConfig& config, double step, int threads,
            const std::function<void(const SweepPoint&)>& observer) {
    if (config.traffic.pattern == Pattern::trace) {
        throw InputError("sweep: found the pattern trace; allowed is a pattern with a rate");
    }
    Workers workers(threads);
    const auto loads = static_cast<std::size_t>(std::floor(1.0 / step + 1e-9));
    Sweep result;
    ExperimentConfig full = config;
    full.traffic.rate = 1.0;
    full.drain_limit = 0;
    result.saturation_throughput = run_experiment(full, Host::plain).throughput;
    // As many points at once as there are threads; those behind the first saturated one are
    // dropped, so that the threads do not show.
    for (std::size_t next = 0; next < loads;) {
        const std::size_t batch =
            std::min<std::size_t>(static_cast<std::size_t>(workers.threads()), loads - next);
        std::vector<SweepPoint> points(batch);
        workers.run(batch, [&](std::size_t i) {
            points[i] = measure(config, step * static_cast<double>(next + i + 1));
        });
        next += batch;
        for (const SweepPoint& point : points) {
            result.points.push_back(point);
            if (observer) {
                observer(point);
            }
            if (point.saturated) {
                return result;
            }
        }
    }
    return result;
}

std::string to_csv(const Sweep& sweep) {
    std::ostringstream text;
    text << "offered,accepted,latency_average,latency_p99,source_queue,blocking,pipeline,"
            "serialisation,confidence,converged,saturated\n";
    for (const SweepPoint& point : sweep.points) {
        text << point.offered << ',' << point.accepted << ',';
        if (point.latency) {
            const LatencyParts& parts = point.latency->parts;
            text << point.latency->average << ',' << point.latency->p99 << ',' << parts.source_queue
                 << ',' << parts.blocking << ',' << parts.pipeline << ',' << parts.serialisation;
        } else {
            text << ",,,,,";
        }
        text << ',';
        if (point.confidence) {
            text << *point.confidence;
        }
        text << ',' << point.converged << ',' << point.saturated << '\n';
    }
    return text.str();
}

}  // namespace spikeloom::noc
