#include "noc/network.hpp"

#include "base/error.hpp"
#include "noc/fabric.hpp"
#include "noc/interfaces.hpp"
#include "noc/routers.hpp"
#include "noc/sources.hpp"
#include "noc/virtual_channels.hpp"

#include <cstdlib>
#include <stdexcept>

namespace spikeloom::noc {

struct Network::Machine {
    explicit Machine(const NetworkConfig& config)
        : fabric(config),
          channels(config),
          routers(fabric, channels),
          interfaces(fabric, channels),
          sources(fabric, channels) {}

    Fabric fabric;
    VirtualChannels channels;
    Routers routers;
    Interfaces interfaces;
    Sources sources;
};

namespace {

const NetworkConfig& checked(const NetworkConfig& config) {
    validate(config);
    return config;
}

void check_node(const NetworkConfig& config, const char* what, NodeId node) {
    if (node >= static_cast<NodeId>(config.nodes())) {
        throw InputError("network: " + std::string(what) + ": found node " + std::to_string(node) +
                         "; allowed is 0 to " + std::to_string(config.nodes() - 1));
    }
}

void check_class(const NetworkConfig& config, int message_class) {
    if (message_class < 0 || message_class >= config.classes()) {
        throw InputError("network: found message class " + std::to_string(message_class) +
                         "; allowed is 0 to " + std::to_string(config.classes() - 1));
    }
}

}  // namespace

RouterCounters& RouterCounters::operator+=(const RouterCounters& other) {
    buffer_writes += other.buffer_writes;
    buffer_reads += other.buffer_reads;
    routes += other.routes;
    vc_allocations += other.vc_allocations;
    switch_allocations += other.switch_allocations;
    crossbar_flits += other.crossbar_flits;
    return *this;
}

Network::Network(const NetworkConfig& config)
    : machine_(std::make_unique<Machine>(checked(config))) {}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

const NetworkConfig& Network::config() const {
    return machine_->fabric.config;
}

PacketId Network::send(const Packet& packet) {
    const PacketId id = admit(packet);
    enqueue(id);
    return id;
}

PacketId Network::admit(const Packet& packet) {
    check_node(config(), "source", packet.source);
    check_node(config(), "destination", packet.destination);
    check_class(config(), packet.message_class);
    if (packet.flits < 1 || packet.flits > kLongestPacket) {
        throw InputError("network: found a packet of " + std::to_string(packet.flits) +
                         " flits; allowed are 1 to " + std::to_string(kLongestPacket));
    }
    return machine_->fabric.packets.add(packet);
}

void Network::enqueue(PacketId packet) {
    machine_->sources.enqueue(packet);
}

void Network::step() {
    Fabric& fabric = machine_->fabric;
    Routers& routers = machine_->routers;
    Interfaces& interfaces = machine_->interfaces;
    Sources& sources = machine_->sources;

    // 1. What was under way becomes visible.
    fabric.arrivals.turn(fabric.now, [&](Place place) {
        if (place.port() == kInterface) {
            interfaces.arrive(place);
        } else {
            routers.arrive(place);
        }
    });
    fabric.credits.turn(fabric.now, [&](Place place) {
        if (place.port() == kInterface) {
            sources.credit(place);
        } else {
            routers.credit(place);
        }
    });
    // 2. to 4. Every node acts on what it sees.
    interfaces.execute();
    sources.execute();
    routers.execute();
    ++fabric.now;
}

Cycle Network::now() const {
    return machine_->fabric.now;
}

std::span<const Delivery> Network::deliveries() const {
    return machine_->interfaces.deliveries();
}

void Network::close_gate(NodeId node, int message_class, Cycle until) {
    check_node(config(), "gate", node);
    check_class(config(), message_class);
    machine_->interfaces.close_gate(node, message_class, until);
}

void Network::open_gate(NodeId node, int message_class) {
    check_node(config(), "gate", node);
    check_class(config(), message_class);
    machine_->interfaces.open_gate(node, message_class);
}

void Network::watch_source(NodeId node, int message_class, std::uint32_t flits) {
    check_node(config(), "source", node);
    check_class(config(), message_class);
    machine_->sources.watch(node, message_class, flits);
}

std::span<const SourceReport> Network::source_reports() const {
    return machine_->sources.reports();
}

std::uint32_t Network::source_flits(NodeId node, int message_class) const {
    check_node(config(), "source", node);
    check_class(config(), message_class);
    return machine_->sources.waiting_flits(node, message_class);
}

Cycle Network::next_activity() const {
    const Fabric& fabric = machine_->fabric;
    if (!machine_->routers.idle()) {
        return fabric.now;
    }
    const Cycle nodes =
        std::min(machine_->interfaces.next_activity(), machine_->sources.next_activity());
    if (nodes <= fabric.now) {
        return fabric.now;
    }
    return std::min({nodes, fabric.arrivals.next(fabric.now), fabric.credits.next(fabric.now)});
}

void Network::skip_to(Cycle cycle) {
    if (cycle < now() || cycle > next_activity()) {
        throw std::logic_error("noc::Network::skip_to: something happens before that cycle");
    }
    machine_->fabric.now = cycle;
}

bool Network::drained() const {
    return machine_->fabric.packets.live() == 0;
}

RouterCounters Network::router_counters(NodeId node) const {
    check_node(config(), "router", node);
    return machine_->routers.counters(node);
}

RouterCounters Network::total_counters() const {
    RouterCounters total;
    for (NodeId node = 0; node < static_cast<NodeId>(config().nodes()); ++node) {
        total += router_counters(node);
    }
    return total;
}

std::uint64_t Network::link_flits(NodeId node, int port) const {
    check_node(config(), "router", node);
    if (port < 0 || port >= kPorts) {
        throw InputError("network: found port " + std::to_string(port) + "; allowed is 0 to " +
                         std::to_string(kPorts - 1));
    }
    return machine_->routers.link_flits(node, port);
}

std::uint64_t Network::injected_flits(NodeId node) const {
    check_node(config(), "source", node);
    return machine_->sources.injected_flits(node);
}

std::uint64_t Network::ejected_flits(NodeId node) const {
    check_node(config(), "interface", node);
    return machine_->interfaces.ejected_flits(node);
}

std::uint64_t Network::flit_hops() const {
    return total_counters().crossbar_flits;
}

Cycle Network::last_movement() const {
    return machine_->fabric.last_movement;
}

std::optional<Blockage> Network::find_blockage() const {
    const auto nodes = static_cast<NodeId>(config().nodes());
    const auto first = [&](const auto& part, const char* name) -> std::optional<Blockage> {
        for (NodeId node = 0; node < nodes; ++node) {
            if (const std::optional<std::string> what = part.blockage(node)) {
                const auto width = static_cast<NodeId>(config().width);
                return Blockage{node, name + std::to_string(node) + " (" +
                                          std::to_string(node % width) + ", " +
                                          std::to_string(node / width) + "), " + *what};
            }
        }
        return std::nullopt;
    };
    if (auto found = first(machine_->routers, "router ")) {
        return found;
    }
    if (auto found = first(machine_->interfaces, "node ")) {
        return found;
    }
    return first(machine_->sources, "node ");
}

}  // namespace spikeloom::noc
