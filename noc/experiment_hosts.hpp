// What executes an experiment's cycles: plain steps, or a SystemC simulation.
#pragma once

#include "noc/experiment.hpp"
#include "noc/meter.hpp"
#include "noc/traffic.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace spikeloom::noc {

/// Hands packets to the host, notes what comes back.
class Recorder {
  public:
    /// `rows`, if not null, gets a row a packet, or has them already in the order of creation.
    Recorder(Traffic& traffic, Meter& meter, std::vector<TraceRow>* rows)
        : traffic_(traffic), meter_(meter), rows_(rows) {}

    /// Sends the packets of the next span by `send(packet)`; returns the span's end.
    template <class Send>
    Cycle create(Send&& send) {
        packets_.clear();
        const Cycle covered = traffic_.extend(packets_);
        if (rows_ != nullptr) {
            std::stable_sort(packets_.begin(), packets_.end(),
                             [](const Packet& a, const Packet& b) { return a.ready < b.ready; });
        }
        for (const Packet& packet : packets_) {
            note(packet, send(packet));
        }
        return covered;
    }
    void record(Cycle cycle, std::span<const Delivery> deliveries);

  private:
    void note(const Packet& packet, PacketId id);

    Traffic& traffic_;
    Meter& meter_;
    std::vector<TraceRow>* rows_;
    std::vector<std::size_t> row_of_packet_;
    std::size_t created_ = 0;
    std::vector<Packet> packets_;
};

class ExperimentHost {
  public:
    virtual ~ExperimentHost() = default;
    virtual const Network& network() const = 0;
    /// Executes the cycles before `end`, in each all that the recorder's packets and the network
    /// do.
    virtual void run_until(Cycle end) = 0;
};

std::unique_ptr<ExperimentHost> make_host(Host host, const NetworkConfig& config,
                                          Recorder& recorder);

}  // namespace spikeloom::noc
