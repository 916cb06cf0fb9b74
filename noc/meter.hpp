// What an experiment notes of the flits that leave the network.
#pragma once

#include "noc/experiment.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace spikeloom::noc {

class Meter {
  public:
    /// Measures packets created, and flits consumed, in the cycles [from, until).
    Meter(const NetworkConfig& network, Cycle from, Cycle until)
        : network_(network), from_(from), until_(until) {}

    void record(Cycle cycle, std::span<const Delivery> deliveries);
    /// The statistics; `cycles` in all, the measured ones are those of them in [from, until).
    void summarise(Cycle cycles, ExperimentResult& result) const;

  private:
    void record_packet(Cycle latency, int hops);

    const NetworkConfig& network_;
    Cycle from_;
    Cycle until_;
    std::vector<std::uint64_t> histogram_;           // packets by latency
    std::map<Cycle, std::uint64_t> long_latencies_;  // those that would make the histogram large
    std::uint64_t packets_ = 0;
    std::uint64_t latency_sum_ = 0;
    std::uint64_t hops_sum_ = 0;
    std::uint64_t flits_ = 0;
};

}  // namespace spikeloom::noc
