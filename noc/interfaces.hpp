// The receiving side of the network interfaces: an ejection buffer a node, and its gates.
#pragma once

#include "noc/bit_sets.hpp"
#include "noc/fabric.hpp"
#include "noc/virtual_channels.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::noc {

/// An interface takes one flit a cycle out of its buffer, `buffer` flits for each virtual channel,
/// round robin over the channels that hold flits and whose class's gate is open, and returns the
/// credit. A flit that finds nothing before it is consumed in the cycle in which it arrives.
class Interfaces {
  public:
    explicit Interfaces(Fabric& fabric);

    /// Takes in what becomes visible in the present cycle.
    void receive();
    /// Executes the present cycle: opens the gates that are due, then consumes.
    void execute();
    std::span<const Delivery> deliveries() const { return deliveries_; }

    void close_gate(NodeId node, int message_class, Cycle until);
    void open_gate(NodeId node, int message_class);
    /// The earliest cycle from now on in which a flit may be consumed or a gate opens.
    Cycle next_activity() const;

    std::uint64_t ejected_flits(NodeId node) const { return ejected_[node]; }
    /// The channels that hold flits behind a closed gate.
    std::uint32_t shut(NodeId node) const {
        return interfaces_[node].occupied & ~std::uint32_t{interfaces_[node].open};
    }
    RingReader ring(NodeId node, int vc) const {
        return rings_[node * fabric_.vcs + static_cast<std::size_t>(vc)];
    }

  private:
    struct Interface {
        std::uint16_t occupied = 0;  // virtual channels that hold a flit
        std::uint16_t open = 0;      // virtual channels of classes whose gate is open
        std::uint8_t next = 0;       // the round robin pointer
    };
    struct Opening {
        Cycle cycle;
        std::uint32_t gate;
        friend bool operator>(const Opening& a, const Opening& b) { return a.cycle > b.cycle; }
    };

    std::uint32_t gate(NodeId node, int message_class) const;
    bool consume(NodeId node);

    Fabric& fabric_;
    const VirtualChannels& channels_;
    std::vector<Place> refunds_;  // by node: where the credit of channel 0 goes
    std::vector<Interface> interfaces_;
    std::vector<RingReader> rings_;  // (node, vc)
    std::vector<std::uint64_t> ejected_;
    std::vector<Cycle> closed_until_;  // by gate; 0 while open
    std::vector<Opening>
        openings_;  // a heap, the earliest first; stale where closed_until_ differs
    std::vector<Delivery> deliveries_;
    NodeSet active_;
};

}  // namespace spikeloom::noc
