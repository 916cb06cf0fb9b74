// A network under synthetic or recorded traffic, measured.
//
// Packets are created in the cycles [0, warmup + measure); those of [warmup, warmup + measure) are
// measured. Then no more are created and the network drains. A trace is measured whole.
#pragma once

#include "noc/network.hpp"
#include "noc/traffic.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace spikeloom::noc {

struct ExperimentConfig {
    NetworkConfig network;
    TrafficConfig traffic;
    Cycle warmup = 1000;
    Cycle measure = 10000;
    Cycle drain_limit = 1'000'000;  // cycles after the last creation; a trace has no limit
    Cycle stall_limit = 100'000;    // cycles without any movement after which the run fails
    std::uint64_t seed = 1;
};

void describe(schema::Walk& walk, ExperimentConfig& config);

/// A latency is the number of the cycle in which a packet's tail is consumed minus that of the
/// cycle in which the packet was created: waiting in the source queue counts.
struct ExperimentResult {
    std::uint64_t packets = 0;  // measured and delivered
    std::optional<double> latency_average;
    std::optional<Cycle> latency_p99;  // the least latency that 99 % of the packets do not exceed
    std::optional<Cycle> latency_max;
    std::optional<double> hops_average;  // links between source and destination
    double throughput = 0.0;             // flits consumed a node a cycle, over the measured cycles
    std::uint64_t flit_hops = 0;
    Cycle cycles = 0;      // until the end of creation, or the last movement if that is later
    bool drained = false;  // every packet was delivered
    double wall_seconds = 0.0;
    double energy_j = 0.0;
    std::optional<std::uint64_t>
        as_recorded;             // retired in the cycle their trace records, if it does
    std::vector<TraceRow> rows;  // every packet, where asked for, in the order of creation or trace
};

/// What executes the cycles. The results are the same.
enum class Host { systemc, plain };

/// Told from time to time how many cycles are done of how many that are known to come.
using Observer = std::function<void(Cycle done, Cycle known)>;

/// Throws InputError for a bad configuration or trace, CheckFailed where the network stalls.
/// Host::systemc elaborates and starts the simulation, so it can be done once in a SystemC context.
ExperimentResult run_experiment(const ExperimentConfig& config, Host host, bool keep_rows,
                                const Observer& observer = {});

}  // namespace spikeloom::noc
