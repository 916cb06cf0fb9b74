#include "noc/network_module.hpp"

#include "base/error.hpp"

#include <limits>
#include <stdexcept>

namespace spikeloom::noc {

NetworkModule::NetworkModule(const sc_core::sc_module_name& name, const NetworkConfig& config,
                             DeliverySink& sink)
    : sc_module(name),
      network_(config),
      sink_(sink),
      period_(1.0 / config.clock_hz, sc_core::SC_SEC) {
    SC_HAS_PROCESS(NetworkModule);
    SC_METHOD(execute);
    sensitive << due_;
    dont_initialize();
}

Cycle NetworkModule::current_cycle() const {
    return sc_core::sc_time_stamp().value() / period_.value();
}

sc_core::sc_time NetworkModule::time_of(Cycle cycle) const {
    if (cycle > std::numeric_limits<sc_core::sc_time::value_type>::max() / period_.value()) {
        throw InputError("network: cycle " + std::to_string(cycle) + " at a period of " +
                         period_.to_string() + " lies beyond the simulated time SystemC can count");
    }
    return sc_core::sc_time::from_value(cycle * period_.value());
}

void NetworkModule::start_of_simulation() {
    started_ = true;
    schedule();
}

PacketId NetworkModule::send(const Packet& packet) {
    if (started_ && packet.ready <= current_cycle()) {
        throw std::logic_error(
            "noc::NetworkModule::send: a packet is ready in a later cycle than the "
            "present one at the earliest");
    }
    const PacketId id = network_.admit(packet);
    submit({Waiting::Kind::enqueue, packet.source, packet.message_class, id});
    return id;
}

void NetworkModule::close_gate(NodeId node, int message_class, Cycle until) {
    submit({Waiting::Kind::close_gate, node, message_class, until});
}

void NetworkModule::open_gate(NodeId node, int message_class) {
    submit({Waiting::Kind::open_gate, node, message_class, 0});
}

void NetworkModule::watch_source(NodeId node, int message_class, std::uint32_t flits) {
    submit({Waiting::Kind::watch_source, node, message_class, flits});
}

/// A call of the present cycle c acts once cycle c is executed. Where nothing happens in c, the
/// network is taken past it here; otherwise the process is about to run in this instant, and the
/// call waits.
void NetworkModule::submit(const Waiting& call) {
    if (!started_ || executing_) {
        apply(call);
        return;
    }
    const Cycle after = current_cycle() + 1;
    if (network_.now() < after) {
        if (network_.next_activity() < after) {
            waiting_.push_back(call);
            return;
        }
        network_.skip_to(after);
    }
    apply(call);
    schedule();
}

void NetworkModule::apply(const Waiting& call) {
    switch (call.kind) {
        case Waiting::Kind::enqueue:
            network_.enqueue(static_cast<PacketId>(call.value));
            break;
        case Waiting::Kind::close_gate:
            network_.close_gate(call.node, call.message_class, call.value);
            break;
        case Waiting::Kind::open_gate:
            network_.open_gate(call.node, call.message_class);
            break;
        case Waiting::Kind::watch_source:
            network_.watch_source(call.node, call.message_class,
                                  static_cast<std::uint32_t>(call.value));
            break;
    }
}

void NetworkModule::execute() {
    const Cycle cycle = current_cycle();
    network_.skip_to(cycle);
    network_.step();
    for (const Waiting& call : waiting_) {
        apply(call);
    }
    waiting_.clear();

    executing_ = true;
    if (const auto deliveries = network_.deliveries(); !deliveries.empty()) {
        sink_.deliver(cycle, deliveries);
    }
    if (const auto reports = network_.source_reports(); !reports.empty()) {
        sink_.sources_drained(cycle, reports);
    }
    executing_ = false;
    schedule();
}

/// Sets the timer to the next cycle in which something happens. A notification that is pending for
/// an earlier one stays: the kernel keeps the earliest.
void NetworkModule::schedule() {
    const Cycle next = network_.next_activity();
    if (next != kNever) {
        due_.notify(time_of(next) - sc_core::sc_time_stamp());
    }
}

}  // namespace spikeloom::noc
