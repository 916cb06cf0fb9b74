// A network under synthetic or recorded traffic, measured.
//
// Packets are created in the cycles [0, warmup + measure); those of [warmup, warmup + measure) are
// measured. Then no more are created and the network drains. A trace is measured whole.
#pragma once

#include "noc/energy.hpp"
#include "noc/network.hpp"
#include "noc/statistics.hpp"
#include "noc/trace.hpp"
#include "noc/traffic.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spikeloom::noc {

struct ExperimentConfig {
    NetworkConfig network;
    TrafficConfig traffic;
    EnergyTable energy;
    Cycle warmup = 1000;
    Cycle measure = 10000;
    Cycle drain_limit = 1'000'000;  // cycles after the last creation; a trace has no limit
    Cycle stall_limit = 100'000;    // cycles without any movement after which the run fails
    Cycle sample_cycles = 0;        // length of the samples over time; 0: none
    double convergence = 0.05;  // relative width of the mean's interval that counts as converged
    std::uint64_t seed = 1;
};

void describe(schema::Walk& walk, ExperimentConfig& config);

struct ExperimentResult {
    std::uint64_t packets = 0;              // measured and delivered; each destination counts
    std::optional<LatencySummary> latency;  // none without packets
    std::vector<std::optional<LatencySummary>> by_class;  // of more than one class
    std::vector<std::pair<Cycle, std::uint64_t>> histogram;
    std::optional<double> hops_average;  // links between source and destination
    /// Half the width of the mean latency's 95 % interval, from ten batches; none where one is
    /// empty.
    std::optional<double> confidence;
    bool converged = false;   // drained, and that is no more than asked for
    double throughput = 0.0;  // flits consumed a node a cycle, over the measured cycles
    std::uint64_t flit_hops = 0;
    Cycle cycles = 0;      // until the end of creation, or the last movement if that is later
    bool drained = false;  // every packet was delivered
    double wall_seconds = 0.0;
    NetworkEnergy energy;
    std::optional<std::uint64_t>
        as_recorded;             // retired in the cycle their trace records, if it does
    std::vector<TraceRow> rows;  // every packet, where asked for, in the order of creation or trace
    std::vector<Sample> samples;
    std::vector<PairSummary> pairs;      // with Keep::tables
    std::vector<LinkSummary> links;      // with Keep::tables
    std::vector<RouterSummary> routers;  // with Keep::tables
    std::vector<std::string> watched;    // the way of Keep::watch
};

/// What executes the cycles. The results are the same.
enum class Host { systemc, plain };

/// What is kept beside the figures that every run gives.
struct Keep {
    bool rows = false;
    bool tables = false;
    std::optional<std::uint64_t> watch{};  // a packet by its id in the rows; Host::plain only
};

/// Told from time to time how many cycles are done of how many that are known to come.
using Observer = std::function<void(Cycle done, Cycle known)>;

/// Throws InputError for a bad configuration or trace, CheckFailed where the network stalls.
/// Host::systemc elaborates and starts the simulation, so it can be done once in a SystemC context.
ExperimentResult run_experiment(const ExperimentConfig& config, Host host, const Keep& keep = {},
                                const Observer& observer = {});

/// The same for recorded packets at hand, whatever the pattern and its file are. The nodes of the
/// rows lie in the network, their ids differ; classes and lengths are checked.
ExperimentResult replay(const ExperimentConfig& config, std::vector<TraceRow> trace, Host host,
                        const Keep& keep = {}, const Observer& observer = {});

}  // namespace spikeloom::noc
