// A cycle-accurate network-on-chip: input-queued routers with virtual channels, credits and
// separable allocators in a mesh, torus, ring, tree or any graph, and a network interface at every
// node.
//
// One step() is one cycle of the synchronous machine that docs/noc.md specifies register by
// register. Within a cycle, in this order:
//   1. flits and credits whose delay has run out become visible; gates due to open open;
//   2. every network interface consumes at most one flit (round robin over virtual channels);
//   3. every source injects at most one flit (round robin over message classes);
//   4. every router allocates virtual channels, then its switch, and sends the winners on.
// All that crosses from one node to another takes at least one cycle, so the order of nodes means
// nothing. Host time follows activity: a router, source or interface that can do nothing costs
// nothing.
#pragma once

#include "noc/config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::noc {

/// Names a packet from send() until its tail is delivered; then the number is used again.
using PacketId = std::uint32_t;

/// Ports of a router of a mesh, torus or ring; a cmesh has more local ones behind kLocal, of trees
/// and graphs noc/graph.hpp tells. An input port is named by where its link comes from, an output
/// by where it goes.
enum Port : int { kEast = 0, kWest = 1, kNorth = 2, kSouth = 3, kLocal = 4 };
inline constexpr int kPorts = 5;  // east: x + 1; north: y + 1

inline constexpr int kLongestPacket = 16383;  // flits

/// A set of nodes that packets may be sent to together.
using GroupId = std::uint32_t;

struct Packet {
    NodeId source = 0;
    NodeId destination = 0;   // with `multicast` a GroupId
    std::uint16_t flits = 1;  // 1 to kLongestPacket
    std::uint8_t message_class = 0;
    Cycle ready = 0;        // it is not injected before this cycle
    std::uint64_t tag = 0;  // the sender's, handed to the receiver with every flit
    bool multicast = false;
};

/// A flit that left the network: its network interface consumed it.
struct Delivery {
    PacketId packet;
    std::uint64_t tag;
    NodeId node;
    NodeId source;
    std::uint16_t flit;  // its place in the packet, from 0
    bool tail;
    std::uint8_t message_class;
    Cycle injected;  // when the packet's head left its source
    bool done;       // the tail, and no other copy of the packet is on its way
};

/// What a packet meets that is alone in the network.
struct Path {
    int links;          // its flits cross one router more
    Cycle head_cycles;  // from the injection of its head to the head's consumption
    Cycle flit_cycles;  // that each further flit takes behind it: those of the slowest link
};

/// A watched source queue has run low.
struct SourceReport {
    NodeId node;
    std::uint8_t message_class;
    std::uint32_t flits;  // still waiting to be injected
};

/// What a router has done since the start, each a physical event that costs energy.
struct RouterCounters {
    std::uint64_t buffer_writes = 0;
    std::uint64_t buffer_reads = 0;
    std::uint64_t routes = 0;              // head flits whose output port was computed
    std::uint64_t vc_allocations = 0;      // virtual channels won
    std::uint64_t switch_allocations = 0;  // crossbar passages won
    std::uint64_t crossbar_flits = 0;

    RouterCounters& operator+=(const RouterCounters& other);
};

/// A flit that waits and cannot move.
struct Blockage {
    std::uint32_t unit;  // router or node
    std::string
        what;  // "router 5 (1, 0), input west, virtual channel 1: waits for a credit of ..."
};

class Graph;
class PacketLog;

class Network {
  public:
    /// Throws InputError where the configuration is not allowed.
    explicit Network(const NetworkConfig& config);
    ~Network();
    Network(Network&&) noexcept;
    Network& operator=(Network&&) noexcept;

    const NetworkConfig& config() const;
    const Graph& graph() const;
    /// The way from one node to another.
    Path path(NodeId source, NodeId destination) const;

    /// Makes a group of nodes that packets can be sent to together. A node that is named twice
    /// counts once. InputError where there is none, or one does not exist.
    GroupId add_group(std::span<const NodeId> nodes);

    /// Appends a packet to the unbounded queue of (source, message class). A queue is first in,
    /// first out: a packet that is not ready holds up those behind it. InputError for a node,
    /// group, class or length that does not exist.
    PacketId send(const Packet& packet);
    /// The halves of send(), for a host that knows a packet before the cycle in which it may act.
    PacketId admit(const Packet& packet);
    void enqueue(PacketId packet);

    /// Executes the cycle now(); afterwards now() is one more.
    void step();
    /// The next cycle to be executed.
    Cycle now() const;

    /// The flits consumed in the last step, in the order of their nodes. Valid until the next step.
    std::span<const Delivery> deliveries() const;

    /// From cycle now() until before `until`, the interface of `node` consumes no flit of the class
    /// (kNever: until open_gate). Flits wait in its buffer, then in the network. Replaces what an
    /// earlier call said.
    void close_gate(NodeId node, int message_class, Cycle until);
    /// From cycle now() on the class is consumed again.
    void open_gate(NodeId node, int message_class);

    /// Asks for one report when the queue of (node, class) holds at most `flits` flits that are not
    /// injected; where it does already, the next step reports. Replaces an earlier request.
    void watch_source(NodeId node, int message_class, std::uint32_t flits);
    /// The reports of the last step. Valid until the next step.
    std::span<const SourceReport> source_reports() const;
    /// Flits of (node, class) that wait to be injected.
    std::uint32_t source_flits(NodeId node, int message_class) const;

    /// The earliest cycle, from now() on, in which step() may change anything; kNever where only a
    /// call from outside can bring that about.
    Cycle next_activity() const;
    /// Passes over cycles in which nothing happens: now() becomes `cycle`, which must lie between
    /// now() and next_activity().
    void skip_to(Cycle cycle);
    /// No packet is queued, none is in flight.
    bool drained() const;

    /// From now on every packet is written down. The log lives as long as the network.
    const PacketLog& keep_log();
    /// Where each flit of a packet that is not delivered is, and what it waits for: text a flit,
    /// empty for those that were consumed.
    std::vector<std::string> whereabouts(PacketId packet) const;

    /// Counts since the start; InputError for a router, port or node that does not exist. A flit's
    /// passage through one router's switch is a flit hop; of a multicast packet every copy makes
    /// one.
    RouterCounters router_counters(RouterId router) const;
    RouterCounters total_counters() const;
    /// Flits that left a router by a port; kLocal is the way to its interface.
    std::uint64_t link_flits(RouterId router, int port) const;
    /// Sum over the cycles so far of the flits in the buffers of an input port; those there now.
    std::uint64_t buffer_flit_cycles(RouterId router, int port) const;
    unsigned buffered_flits(RouterId router, int port) const;
    std::uint64_t injected_flits(NodeId node) const;
    std::uint64_t ejected_flits(NodeId node) const;
    std::uint64_t flit_hops() const;

    /// The cycle of the last step in which a flit was injected, went through a switch or was
    /// consumed; 0 before the first.
    Cycle last_movement() const;
    /// A flit that waits, the first in the order of routers, interfaces and sources; none where
    /// nothing waits that is ready.
    std::optional<Blockage> find_blockage() const;
    /// Input channels each of which waits for the next, the last for the first, a line for each;
    /// empty where there is no such circle.
    std::vector<std::string> find_wait_circle() const;

  private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace spikeloom::noc
