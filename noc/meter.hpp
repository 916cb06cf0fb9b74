// What an experiment notes of the flits that leave the network.
#pragma once

#include "noc/experiment.hpp"
#include "noc/statistics.hpp"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace spikeloom::noc {

class Meter {
  public:
    /// Measures packets created, and flits consumed, in the cycles [from, until), pair by pair
    /// where `pairs` is set.
    Meter(Cycle from, Cycle until, int classes, bool pairs);

    void record(const Network& network, Cycle cycle, std::span<const Delivery> deliveries);
    /// The cycles since the last sample, up to `end`, are a sample.
    void sample(const Network& network, Cycle end);
    /// The statistics; `cycles` in all, the measured ones are those of them in [from, until).
    void summarise(const Network& network, Cycle cycles, ExperimentResult& result) const;

  private:
    /// The measured cycles are divided into so many batches, whose means tell how sure the mean is.
    static constexpr std::size_t kBatches = 10;

    struct Sum {
        std::uint64_t packets = 0;
        std::uint64_t latency = 0;
        Cycle longest = 0;

        void add(Cycle cycles);
    };

    void record_packet(const Network& network, const Delivery& delivery, Cycle latency);
    std::optional<double> confidence() const;

    Cycle from_;
    Cycle until_;
    bool pairs_;
    LatencyMeter all_;
    std::vector<LatencyMeter> by_class_;
    std::vector<Sum> batches_;  // by creation
    std::unordered_map<std::uint64_t, Sum> by_pair_;
    std::uint64_t hops_sum_ = 0;
    std::uint64_t flits_ = 0;
    std::vector<Sample> samples_;
    Sample open_sample_{};
    std::uint64_t open_latency_ = 0;
};

}  // namespace spikeloom::noc
