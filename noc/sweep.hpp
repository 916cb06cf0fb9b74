// Latency and accepted load against offered load, up to saturation.
#pragma once

#include "noc/experiment.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spikeloom::noc {

struct SweepPoint {
    double offered = 0.0;   // flits created a node a cycle, as asked for
    double accepted = 0.0;  // flits consumed a node a cycle
    std::optional<LatencySummary> latency;
    std::optional<double> confidence;  // of the mean latency, half width
    bool converged = false;
    bool saturated = false;
};

struct Sweep {
    std::vector<SweepPoint> points;      // rising; the last is saturated, or offers a flit a cycle
    double saturation_throughput = 0.0;  // accepted when every node offers a flit a cycle
};

/// Runs a configuration at the loads step, 2 step, 3 step, ... until one is saturated: the network
/// accepts less than 95 % of the load, or a packet takes more than ten times as long as one alone
/// in the network, on average. A point whose mean has not converged is measured again for twice as
/// long, up to eight times. Points run on `threads` threads (0: all); the result does not depend on
/// that. InputError for the traffic of a trace.
Sweep sweep(const ExperimentConfig& config, double step, int threads,
            const std::function<void(const SweepPoint&)>& observer = {});

std::string to_csv(const Sweep& sweep);

}  // namespace spikeloom::noc
