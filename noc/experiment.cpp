#include "noc/experiment.hpp"

#include "base/schema.hpp"
#include "noc/energy.hpp"
#include "noc/experiment_hosts.hpp"
#include "noc/meter.hpp"
#include "noc/watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

namespace spikeloom::noc {

namespace {

constexpr std::int64_t kMostCycles = 1'000'000'000'000;
constexpr Cycle kShortestStretch = 64;
constexpr std::chrono::milliseconds kShortWhile{25};

}  // namespace

void describe(schema::Walk& walk, ExperimentConfig& config) {
    walk.section("network", "the network", [&] { describe(walk, config.network); });
    walk.section("traffic", "what is sent", [&] { describe(walk, config.traffic); });
    walk.integer("warmup", config.warmup, {0, kMostCycles}, "cycles before the measured ones");
    walk.integer("cycles", config.measure, {1, kMostCycles}, "cycles whose packets are measured");
    walk.integer("drain_limit", config.drain_limit, {0, kMostCycles},
                 "cycles to wait for packets after the last is created; a trace has no limit");
    walk.integer("stall_limit", config.stall_limit, {1, kMostCycles},
                 "cycles without any movement after which the run fails");
    walk.integer("seed", config.seed, {0, std::numeric_limits<std::int64_t>::max()},
                 "seed of the traffic");
}

namespace {

/// Executes cycles until `created` and then until the network has drained or `limit` is reached.
/// Returns the cycle that would be next.
Cycle run(ExperimentHost& machine, Cycle created, Cycle limit, Cycle stall_limit,
          const Observer& observer) {
    using Clock = std::chrono::steady_clock;
    Cycle now = 0;
    Cycle stretch = std::min(kShortestStretch, stall_limit);
    while (now < created || (now < limit && !machine.network().drained())) {
        const Clock::time_point begun = Clock::now();
        now = std::min(now + stretch, now < created ? created : limit);
        machine.run_until(now);
        check_progress(machine.network(), now, stall_limit);
        if (observer) {
            observer(now, created);
        }
        // As long as it can be without letting the observer wait; what is computed is the same.
        stretch = Clock::now() - begun < kShortWhile ? std::min(stretch * 2, stall_limit)
                                                     : std::max(stretch / 2, Cycle{1});
    }
    return now;
}

}  // namespace

ExperimentResult run_experiment(const ExperimentConfig& config, Host host, bool keep_rows,
                                const Observer& observer) {
    validate(config.network);
    validate(config.traffic, config.network);
    const bool traced = config.traffic.pattern == Pattern::trace;
    const std::vector<TraceRow> trace =
        traced ? read_trace(config.traffic.trace, config.network) : std::vector<TraceRow>{};
    const std::vector<std::size_t> order = creation_order(trace);
    std::vector<TraceRow> rows;  // in the order of creation
    for (const std::size_t place : order) {
        rows.push_back(trace[place]);
        rows.back().retired = kNever;
    }
    Cycle created = config.warmup + config.measure;  // no packet from this cycle on
    std::unique_ptr<Traffic> traffic;
    if (traced) {
        created = rows.empty() ? 0 : rows.back().created + 1;
        traffic = std::make_unique<TraceTraffic>(rows, config.traffic.packet_flits);
    } else {
        traffic = std::make_unique<SyntheticTraffic>(config.traffic, config.network, created,
                                                     config.seed);
    }
    const bool recorded = !trace.empty() && trace.front().retired != kNever;
    Meter meter(config.network, traced ? 0 : config.warmup, traced ? kNever : created);
    Recorder recorder(*traffic, meter, keep_rows || recorded ? &rows : nullptr);
    const std::unique_ptr<ExperimentHost> machine = make_host(host, config.network, recorder);
    const Network& network = machine->network();

    const auto start = std::chrono::steady_clock::now();
    const Cycle end = run(*machine, created, traced ? kNever : created + config.drain_limit,
                          config.stall_limit, observer);
    ExperimentResult result;
    result.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.drained = network.drained();
    result.flit_hops = network.flit_hops();
    const Cycle moved = result.flit_hops == 0 ? 0 : network.last_movement() + 1;
    result.cycles = result.drained ? std::max(created, moved) : end;
    result.energy_j = dynamic_energy_j(network);
    meter.summarise(result.cycles, result);

    result.rows = rows;
    for (std::size_t i = 0; i < order.size(); ++i) {
        result.rows[order[i]] = rows[i];
    }
    if (recorded) {
        result.as_recorded = 0;
        for (std::size_t i = 0; i < trace.size(); ++i) {
            *result.as_recorded += result.rows[i].retired == trace[i].retired ? 1 : 0;
        }
    }
    return result;
}

}  // namespace spikeloom::noc
