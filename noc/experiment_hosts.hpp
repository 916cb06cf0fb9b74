// What executes an experiment's cycles: plain steps, or a SystemC simulation.
#pragma once

#include "noc/experiment.hpp"
#include "noc/meter.hpp"
#include "noc/packet_log.hpp"
#include "noc/packet_streams.hpp"
#include "noc/watch.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::noc {

/// Hands packets to the host, notes what comes back.
class Recorder {
  public:
    /// With `logged` every packet is written down.
    Recorder(Traffic& traffic, Meter& meter, bool logged)
        : traffic_(traffic), meter_(meter), logged_(logged || traffic.reacts()) {}
    /// Follows the packet that is handed over as the `number`th, or of a trace that of a row.
    void watch(std::size_t number) { watch_.emplace(number); }
    void watch_row(std::size_t row, const TraceTraffic& trace) {
        watch_.emplace(row);
        trace_ = &trace;
    }

    /// Before the first packet.
    void begin(Network& network);
    /// Sends the packets of the next span by `send(packet)`; returns the span's end.
    template <class Send>
    Cycle create(Send&& send) {
        packets_.clear();
        const Cycle covered = traffic_.extend(packets_);
        if (logged_) {
            std::stable_sort(packets_.begin(), packets_.end(),
                             [](const Packet& a, const Packet& b) { return a.ready < b.ready; });
        }
        hand_over(send);
        return covered;
    }
    /// After a cycle in which something was delivered.
    template <class Send>
    void record(const Network& network, Cycle cycle, std::span<const Delivery> deliveries,
                Send&& send) {
        meter_.record(network, cycle, deliveries);
        if (traffic_.reacts()) {
            packets_.clear();
            for (const Delivery& delivery : deliveries) {
                if (delivery.done) {
                    traffic_.react(delivery, log_->number_of(delivery.packet), cycle, packets_);
                }
            }
            hand_over(send);
        }
    }
    /// After every cycle, where a packet is followed.
    bool follows() const { return watch_ && watch_->following(); }
    void follow(const Network& network, Cycle cycle) {
        watch_->look(network, cycle, network.deliveries());
    }

    const PacketLog& log() const { return *log_; }
    std::vector<std::string> watched() const {
        return watch_ ? watch_->lines() : std::vector<std::string>();
    }

  private:
    template <class Send>
    void hand_over(Send&& send) {
        for (const Packet& packet : packets_) {
            const PacketId id = send(packet);
            if (watch_) {
                // Rows that wait for others are not handed over in the order of the trace.
                watch_->admitted(trace_ != nullptr ? trace_->row_of(handed_over_) : handed_over_,
                                 id);
            }
            ++handed_over_;
        }
    }

    Traffic& traffic_;
    Meter& meter_;
    bool logged_;
    const PacketLog* log_ = nullptr;
    std::optional<Watch> watch_;
    const TraceTraffic* trace_ = nullptr;  // where a row of it is watched
    std::size_t handed_over_ = 0;
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
