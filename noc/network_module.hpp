// The network as one SystemC module: one process that sleeps while nothing can happen.
//
// Cycle c is executed at time c * period(). What is called in the instant or the span
// [c * period(), (c + 1) * period()) acts between the cycles c and c + 1, whichever process of that
// instant the kernel happens to run first. Hence the rule for callers: a packet's `ready` is
// greater than current_cycle(); gates and watches take effect from current_cycle() + 1. Before the
// simulation starts no cycle is under way and `ready` may be 0.
#pragma once

#include "noc/network.hpp"

#include <cstdint>
#include <span>
#include <vector>

#include <systemc>

namespace spikeloom::noc {

/// Who receives what leaves the network. Called at most once a cycle each, and only where there is
/// something to tell; all of the module's calls are allowed from within.
class DeliverySink {
  public:
    virtual ~DeliverySink() = default;
    virtual void deliver(Cycle cycle, std::span<const Delivery> deliveries) = 0;
    virtual void sources_drained(Cycle cycle, std::span<const SourceReport> reports) = 0;
};

class NetworkModule : public sc_core::sc_module {
  public:
    /// Throws InputError where the configuration is not allowed. The sink must outlive the module.
    NetworkModule(const sc_core::sc_module_name& name, const NetworkConfig& config,
                  DeliverySink& sink);

    /// As Network's calls, under the rule above; they wake the module where it has to act.
    PacketId send(const Packet& packet);
    void close_gate(NodeId node, int message_class, Cycle until);
    void open_gate(NodeId node, int message_class);
    void watch_source(NodeId node, int message_class, std::uint32_t flits);

    /// The cycle whose span holds the present time.
    Cycle current_cycle() const;
    /// 1 / clock_hz, rounded to the kernel's time resolution.
    sc_core::sc_time period() const { return period_; }
    /// When a cycle is executed. InputError beyond the kernel's 64-bit time.
    sc_core::sc_time time_of(Cycle cycle) const;

    /// For statistics, groups and logs. While the module sleeps, now() may lag behind
    /// current_cycle(). What sends, opens, closes or executes goes through the module.
    Network& network() { return network_; }
    const Network& network() const { return network_; }

  protected:
    void start_of_simulation() override;

  private:
    /// A call of the present instant that came before the process executed the cycle.
    struct Waiting {
        enum class Kind { enqueue, close_gate, open_gate, watch_source } kind;
        NodeId node;
        int message_class;
        std::uint64_t value;  // packet, until, flits
    };

    void execute();
    void apply(const Waiting& call);
    void submit(const Waiting& call);
    void schedule();

    Network network_;
    DeliverySink& sink_;
    sc_core::sc_time period_;
    sc_core::sc_event due_;  // the timer: the kernel keeps the earliest of its notifications
    std::vector<Waiting> waiting_;
    bool started_ = false;
    bool executing_ = false;
};

}  // namespace spikeloom::noc
