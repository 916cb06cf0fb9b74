// A cycle-accurate network-on-chip: a mesh of input-queued wormhole routers with virtual channels,
// credits and separable iSLIP allocators, and a network interface at every node.
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

namespace spikeloom::noc {

/// Names a packet from send() until its tail is delivered; then the number is used again.
using PacketId = std::uint32_t;

/// Ports of a router. An input port is named by where its link comes from, an output by where it
/// goes.
enum Port : int { kEast = 0, kWest = 1, kNorth = 2, kSouth = 3, kLocal = 4 };
inline constexpr int kPorts = 5;  // east: x + 1; north: y + 1

inline constexpr int kLongestPacket = 32767;  // flits

struct Packet {
    NodeId source = 0;
    NodeId destination = 0;
    std::uint16_t flits = 1;  // 1 to kLongestPacket
    std::uint8_t message_class = 0;
    Cycle ready = 0;        // it is not injected before this cycle
    std::uint64_t tag = 0;  // the sender's, handed to the receiver with every flit
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
    NodeId node;
    std::string
        what;  // "router 5 (1, 0), input west, virtual channel 1: waits for a credit of ..."
};

class Network {
  public:
    /// Throws InputError where the configuration is not allowed.
    explicit Network(const NetworkConfig& config);
    ~Network();
    Network(Network&&) noexcept;
    Network& operator=(Network&&) noexcept;

    const NetworkConfig& config() const;

    /// Appends a packet to the unbounded queue of (source, message class). A queue is first in,
    /// first out: a packet that is not ready holds up those behind it. InputError for a node, class
    /// or length that does not exist.
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

    /// Counts since the start; InputError for a node that does not exist. A flit's passage through
    /// one router's switch is a flit hop.
    RouterCounters router_counters(NodeId node) const;
    RouterCounters total_counters() const;
    /// Flits that left a router by a port; kLocal is the way to its interface.
    std::uint64_t link_flits(NodeId node, int port) const;
    std::uint64_t injected_flits(NodeId node) const;
    std::uint64_t ejected_flits(NodeId node) const;
    std::uint64_t flit_hops() const;

    /// The cycle of the last step in which a flit was injected, went through a switch or was
    /// consumed; 0 before the first.
    Cycle last_movement() const;
    /// A flit that waits, the first in the order of routers, interfaces and sources; none where
    /// nothing waits that is ready.
    std::optional<Blockage> find_blockage() const;

  private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace spikeloom::noc
