#include "noc/experiment.hpp"

#include "base/error.hpp"
#include "base/schema.hpp"
#include "noc/experiment_hosts.hpp"
#include "noc/graph.hpp"
#include "noc/meter.hpp"
#include "noc/packet_log.hpp"
#include "noc/packet_streams.hpp"
#include "noc/trace_causes.hpp"
#include "noc/watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>

namespace spikeloom::noc {

namespace {

constexpr std::int64_t kMostCycles = 1'000'000'000'000;
constexpr Cycle kShortestStretch = 64;
constexpr std::chrono::milliseconds kShortWhile{25};

}  // namespace

void describe(schema::Walk& walk, ExperimentConfig& config) {
    walk.section("network", "the network", [&] { describe(walk, config.network); });
    walk.section("traffic", "what is sent", [&] { describe(walk, config.traffic); });
    walk.section("energy", "energy of its events", [&] { describe(walk, config.energy); });
    walk.integer("warmup", config.warmup, {0, kMostCycles}, "cycles before the measured ones");
    walk.integer("cycles", config.measure, {1, kMostCycles}, "cycles whose packets are measured");
    walk.integer("drain_limit", config.drain_limit, {0, kMostCycles},
                 "cycles to wait for packets after the last is created; a trace has no limit");
    walk.integer("stall_limit", config.stall_limit, {1, kMostCycles},
                 "cycles without any movement after which the run fails");
    walk.integer("sample_cycles", config.sample_cycles, {0, kMostCycles},
                 "length of the samples over time, cycles; 0: none");
    walk.number("convergence", config.convergence, {0.0, 1.0},
                "half width of the mean latency's 95 % interval, relative to it, that counts as "
                "converged");
    walk.integer("seed", config.seed, {0, std::numeric_limits<std::int64_t>::max()},
                 "seed of the traffic");
}

namespace {

/// Executes cycles until `created` and then until the network has drained or `limit` is reached.
/// Returns the cycle that would be next.
Cycle run(ExperimentHost& machine, Meter& meter, Cycle created, Cycle limit,
          const ExperimentConfig& config, const Observer& observer) {
    using Clock = std::chrono::steady_clock;
    Cycle now = 0;
    Cycle stretch = std::min(kShortestStretch, config.stall_limit);
    Cycle sampled = config.sample_cycles == 0 ? kNever : config.sample_cycles;
    while (now < created || (now < limit && !machine.network().drained())) {
        const Clock::time_point begun = Clock::now();
        now = std::min({now + stretch, now < created ? created : limit, sampled});
        machine.run_until(now);
        check_progress(machine.network(), now, config.stall_limit);
        if (now == sampled) {
            meter.sample(machine.network(), now);
            sampled += config.sample_cycles;
        }
        if (observer) {
            observer(now, created);
        }
        // As long as it can be without letting the observer wait; what is computed is the same.
        stretch = Clock::now() - begun < kShortWhile ? std::min(stretch * 2, config.stall_limit)
                                                     : std::max(stretch / 2, Cycle{1});
    }
    return now;
}

/// Where the packets of an experiment come from, and for how long.
struct Load {
    std::vector<TraceRow> trace;     // in the file's order
    std::vector<std::size_t> order;  // of creation
    std::vector<TraceRow> rows;      // the trace in that order
    std::unique_ptr<Traffic> traffic;
    Cycle created = 0;      // no packet from this cycle on
    bool traced = false;    // recorded packets
    bool recorded = false;  // with the cycles in which they retired

    /// Synthetic packets.
    explicit Load(const ExperimentConfig& config) : created(config.warmup + config.measure) {
        const TrafficConfig& wanted = config.traffic;
        const NodeGrid grid = node_grid(config.network, Graph(config.network).nodes());
        const int classes = config.network.classes();
        if (wanted.window == 0) {
            traffic =
                std::make_unique<SyntheticTraffic>(wanted, grid, classes, created, config.seed);
        } else {
            traffic =
                std::make_unique<WindowedTraffic>(wanted, grid, classes, created, config.seed);
        }
    }

    /// Recorded ones.
    Load(const ExperimentConfig& config, std::vector<TraceRow> packets)
        : trace(std::move(packets)), traced(true) {
        if (config.traffic.infer_causes) {
            infer_causes(trace);
        }
        order = creation_order(trace);
        for (const std::size_t place : order) {
            rows.push_back(trace[place]);
        }
        created = rows.empty() ? 0 : rows.back().created + 1;
        recorded = !trace.empty() &&
                   std::all_of(trace.begin(), trace.end(),
                               [](const TraceRow& row) { return row.retired != kNever; });
        traffic = std::make_unique<TraceTraffic>(rows, config.traffic.packet_flits);
    }

    const TraceTraffic& replayed() const { return static_cast<const TraceTraffic&>(*traffic); }

    /// What the log of the run says, as rows of the trace, or as they are.
    std::vector<TraceRow> rows_of(const PacketLog& log, int packet_flits) const {
        if (trace.empty()) {
            std::vector<TraceRow> result = log.rows();
            for (TraceRow& row : result) {
                row.flits = row.flits == packet_flits ? std::uint16_t{0} : row.flits;
            }
            return result;
        }
        std::vector<TraceRow> result = trace;
        for (TraceRow& row : result) {
            row.retired = kNever;
        }
        for (std::size_t number = 0; number < log.rows().size(); ++number) {
            const std::size_t row = replayed().row_of(number);
            result[order[row]].created = rows[row].created;
            result[order[row]].retired = log.rows()[number].retired;
        }
        return result;
    }
};

ExperimentResult run_load(const ExperimentConfig& config, Load& load, Host host, const Keep& keep,
                          const Observer& observer) {
    const bool traced = load.traced;
    Meter meter(traced ? 0 : config.warmup, traced ? kNever : load.created,
                config.network.classes(), keep.tables);
    const bool logged = keep.rows || load.recorded || keep.watch.has_value();
    Recorder recorder(*load.traffic, meter, logged);
    if (keep.watch && !traced) {
        recorder.watch(*keep.watch);
    } else if (keep.watch) {
        const auto found = std::find_if(load.rows.begin(), load.rows.end(),
                                        [&](const TraceRow& row) { return row.id == *keep.watch; });
        if (found == load.rows.end()) {
            throw InputError("watch: found packet " + std::to_string(*keep.watch) +
                             "; allowed is an id of the trace");
        }
        recorder.watch_row(static_cast<std::size_t>(found - load.rows.begin()), load.replayed());
    }
    const std::unique_ptr<ExperimentHost> machine = make_host(host, config.network, recorder);
    const Network& network = machine->network();

    const auto start = std::chrono::steady_clock::now();
    const Cycle end = run(*machine, meter, load.created,
                          traced ? kNever : load.created + config.drain_limit, config, observer);
    ExperimentResult result;
    result.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.drained = network.drained();
    result.flit_hops = network.flit_hops();
    const Cycle moved = result.flit_hops == 0 ? 0 : network.last_movement() + 1;
    result.cycles = result.drained ? std::max(load.created, moved) : end;
    result.energy = energy_of(network, result.cycles, config.energy);
    meter.summarise(network, result.cycles, result);
    result.converged = result.drained && result.confidence &&
                       *result.confidence <= config.convergence * result.latency->average;
    if (keep.tables) {
        result.links = link_summaries(network, result.cycles);
        result.routers = router_summaries(network, result.cycles);
    }
    if (logged) {
        result.rows = load.rows_of(recorder.log(), config.traffic.packet_flits);
    }
    if (keep.watch && !traced && *keep.watch >= result.rows.size()) {
        throw InputError("watch: found packet " + std::to_string(*keep.watch) +
                         "; allowed is an id below the number of packets, " +
                         std::to_string(result.rows.size()));
    }
    if (load.recorded) {
        result.as_recorded = 0;
        for (std::size_t i = 0; i < load.trace.size(); ++i) {
            *result.as_recorded += result.rows[i].retired == load.trace[i].retired ? 1 : 0;
        }
    }
    result.watched = recorder.watched();
    return result;
}

}  // namespace

ExperimentResult run_experiment(const ExperimentConfig& config, Host host, const Keep& keep,
                                const Observer& observer) {
    validate(config.network);
    const std::uint32_t nodes = Graph(config.network).nodes();
    validate(config.traffic, node_grid(config.network, nodes));
    if (config.traffic.pattern == Pattern::trace) {
        return replay(config, read_trace(config.traffic.trace, nodes), host, keep, observer);
    }
    Load load(config);
    return run_load(config, load, host, keep, observer);
}

ExperimentResult replay(const ExperimentConfig& config, std::vector<TraceRow> trace, Host host,
                        const Keep& keep, const Observer& observer) {
    validate(config.network);
    Load load(config, std::move(trace));
    return run_load(config, load, host, keep, observer);
}

}  // namespace spikeloom::noc
