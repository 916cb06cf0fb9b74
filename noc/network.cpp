#include "noc/network.hpp"

#include "base/error.hpp"
#include "noc/dependencies.hpp"
#include "noc/fabric.hpp"
#include "noc/interfaces.hpp"
#include "noc/packet_log.hpp"
#include "noc/routers.hpp"
#include "noc/sources.hpp"
#include "noc/standstill.hpp"
#include "noc/watch.hpp"

#include <algorithm>
#include <stdexcept>

namespace spikeloom::noc {

struct Network::Machine {
    explicit Machine(const NetworkConfig& config)
        : fabric(config), routers(make_routers(fabric)), interfaces(fabric), sources(fabric) {
        if (config.topology == Topology::graph && config.deadlock_check) {
            refuse_circles(fabric.routes);
        }
    }

    Fabric fabric;
    std::unique_ptr<Routers> routers;
    Interfaces interfaces;
    Sources sources;
    std::unique_ptr<PacketLog> log;
    std::optional<Cycle> activity;  // what next_activity() has found, until something changes

    Cycle find_activity() const;
};

namespace {

const NetworkConfig& checked(const NetworkConfig& config) {
    validate(config);
    return config;
}

void check_number(const char* what, const char* unit, std::uint32_t found, std::uint32_t count) {
    if (found >= count) {
        throw InputError("network: " + std::string(what) + ": found " + unit + " " +
                         std::to_string(found) + "; allowed is 0 to " + std::to_string(count - 1));
    }
}
void check_node(const Graph& graph, const char* what, NodeId node) {
    check_number(what, "node", node, graph.nodes());
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
    Fabric& fabric = machine_->fabric;
    check_node(fabric.graph, "source", packet.source);
    check_class(config(), packet.message_class);
    const bool whole =
        packet.multicast || config().flow_control == FlowControl::virtual_cut_through;
    const int longest = whole ? std::min(kLongestPacket, config().buffer) : kLongestPacket;
    if (packet.flits < 1 || packet.flits > longest) {
        throw InputError("network: found a packet of " + std::to_string(packet.flits) +
                         " flits; allowed are 1 to " + std::to_string(longest) +
                         (whole ? ", for it must fit a buffer" : ""));
    }
    std::span<const NodeId> destinations(&packet.destination, 1);
    NodeId towards = packet.destination;
    if (packet.multicast) {
        check_number("destination", "group", packet.destination,
                     static_cast<std::uint32_t>(fabric.multicast.groups()));
        destinations = fabric.multicast.nodes_of(packet.destination);
        towards = fabric.multicast.tree(packet.source, packet.destination);
    } else {
        check_node(fabric.graph, "destination", packet.destination);
    }
    const PacketId id =
        fabric.packets.add(packet, towards, static_cast<std::uint32_t>(destinations.size()));
    if (machine_->log) {
        machine_->log->admitted(id, packet, destinations);
    }
    return id;
}

GroupId Network::add_group(std::span<const NodeId> nodes) {
    return machine_->fabric.multicast.add_group(nodes);
}

void Network::enqueue(PacketId packet) {
    machine_->sources.enqueue(packet);
    machine_->activity.reset();
}

void Network::step() {
    // 1. What was under way becomes visible.
    machine_->routers->receive();
    machine_->interfaces.receive();
    machine_->sources.receive();
    machine_->fabric.wires.close(machine_->fabric.now);
    // 2. to 4. Every node acts on what it sees.
    machine_->interfaces.execute();
    machine_->sources.execute();
    machine_->routers->execute();
    if (machine_->log) {
        machine_->log->delivered(machine_->fabric.now, machine_->interfaces.deliveries());
    }
    ++machine_->fabric.now;
    machine_->activity.reset();
}

Cycle Network::now() const {
    return machine_->fabric.now;
}

std::span<const Delivery> Network::deliveries() const {
    return machine_->interfaces.deliveries();
}

void Network::close_gate(NodeId node, int message_class, Cycle until) {
    check_node(graph(), "gate", node);
    check_class(config(), message_class);
    machine_->interfaces.close_gate(node, message_class, until);
    machine_->activity.reset();
}

void Network::open_gate(NodeId node, int message_class) {
    check_node(graph(), "gate", node);
    check_class(config(), message_class);
    machine_->interfaces.open_gate(node, message_class);
    machine_->activity.reset();
}

void Network::watch_source(NodeId node, int message_class, std::uint32_t flits) {
    check_node(graph(), "source", node);
    check_class(config(), message_class);
    machine_->sources.watch(node, message_class, flits);
    machine_->activity.reset();
}

std::span<const SourceReport> Network::source_reports() const {
    return machine_->sources.reports();
}

std::uint32_t Network::source_flits(NodeId node, int message_class) const {
    check_node(graph(), "source", node);
    check_class(config(), message_class);
    return machine_->sources.waiting_flits(node, message_class);
}

Cycle Network::Machine::find_activity() const {
    if (!routers->idle()) {
        return fabric.now;
    }
    const Cycle nodes = std::min(interfaces.next_activity(), sources.next_activity());
    return nodes <= fabric.now ? fabric.now : std::min(nodes, fabric.wires.next(fabric.now));
}

Cycle Network::next_activity() const {
    if (!machine_->activity) {
        machine_->activity = machine_->find_activity();
    }
    return *machine_->activity;
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

const Graph& Network::graph() const {
    return machine_->fabric.graph;
}

Path Network::path(NodeId source, NodeId destination) const {
    check_node(graph(), "source", source);
    check_node(graph(), "destination", destination);
    const WayOfLinks way = machine_->fabric.routes.way(source, destination);
    const NetworkConfig& network = config();
    const int router = network.routing_delay + network.vc_allocation_delay + network.forward_delay;
    return {
        way.links,
        static_cast<Cycle>(network.injection_delay + (way.links + 1) * router) + way.further_cycles,
        way.slowest_period};
}

const PacketLog& Network::keep_log() {
    if (!machine_->log) {
        machine_->log = std::make_unique<PacketLog>();
    }
    return *machine_->log;
}

std::vector<std::string> Network::whereabouts(PacketId packet) const {
    return noc::whereabouts(machine_->fabric, *machine_->routers, machine_->interfaces,
                            machine_->sources, packet);
}

RouterCounters Network::router_counters(RouterId router) const {
    check_number("router", "router", router, graph().routers());
    return machine_->routers->counters(router);
}

RouterCounters Network::total_counters() const {
    RouterCounters total;
    for (RouterId router = 0; router < graph().routers(); ++router) {
        total += router_counters(router);
    }
    return total;
}

namespace {

PortId checked_port(const Graph& graph, RouterId router, int port) {
    check_number("router", "router", router, graph.routers());
    check_number("port", "port", static_cast<std::uint32_t>(port),
                 static_cast<std::uint32_t>(graph.ports_of(router)));
    return graph.port(router, port);
}

}  // namespace

std::uint64_t Network::link_flits(RouterId router, int port) const {
    return machine_->routers->sent(checked_port(graph(), router, port));
}

std::uint64_t Network::buffer_flit_cycles(RouterId router, int port) const {
    return machine_->routers->flit_cycles(checked_port(graph(), router, port));
}

unsigned Network::buffered_flits(RouterId router, int port) const {
    return machine_->routers->buffered(checked_port(graph(), router, port));
}

std::uint64_t Network::injected_flits(NodeId node) const {
    check_node(graph(), "source", node);
    return machine_->sources.injected_flits(node);
}

std::uint64_t Network::ejected_flits(NodeId node) const {
    check_node(graph(), "interface", node);
    return machine_->interfaces.ejected_flits(node);
}

std::uint64_t Network::flit_hops() const {
    std::uint64_t sum = 0;
    for (PortId port = 0; port < graph().ports(); ++port) {
        sum += machine_->routers->sent(port);
    }
    return sum;
}

Cycle Network::last_movement() const {
    return machine_->fabric.last_movement;
}

std::optional<Blockage> Network::find_blockage() const {
    return noc::find_blockage(machine_->fabric, *machine_->routers, machine_->interfaces,
                              machine_->sources);
}

std::vector<std::string> Network::find_wait_circle() const {
    return noc::find_wait_circle(machine_->fabric, *machine_->routers);
}

}  // namespace spikeloom::noc
