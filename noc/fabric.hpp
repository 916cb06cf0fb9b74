// What the network's parts share: the flits in their buffers, what is under way, the packets.
#pragma once

#include "noc/graph.hpp"
#include "noc/multicast.hpp"
#include "noc/network.hpp"
#include "noc/routes.hpp"
#include "noc/virtual_channels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace spikeloom::noc {

/// A flit as a buffer holds it. Only what routing needs travels with it; the rest is in its
/// packet's record.
class Flit {
  public:
    Flit() = default;
    Flit(PacketId packet, NodeId destination, int index, bool tail, bool multicast)
        : packet_(packet),
          destination_(static_cast<std::uint16_t>(destination)),
          position_(static_cast<std::uint16_t>(index | (tail ? kTail : 0) |
                                               (multicast ? kMulticast : 0))) {}

    PacketId packet() const { return packet_; }
    /// The node; of a multicast packet the place in its tree.
    NodeId destination() const { return destination_; }
    int index() const { return position_ & kLongestPacket; }
    bool tail() const { return (position_ & kTail) != 0; }
    bool multicast() const { return (position_ & kMulticast) != 0; }

    /// The copy of a multicast flit for another place in its tree.
    Flit copy_for(NodeId place) const {
        Flit copy = *this;
        copy.destination_ = static_cast<std::uint16_t>(place);
        return copy;
    }

  private:
    static constexpr int kTail = kLongestPacket + 1;
    static constexpr int kMulticast = 2 * kTail;

    PacketId packet_ = 0;
    std::uint16_t destination_ = 0;
    std::uint16_t position_ = 0;  // index, and above it the marks of tail and multicast
};

/// One virtual channel of one port of a router, or of a node's interface, in a word. `number` is as
/// in a VcSet; an interface has one port.
class Place {
  public:
    Place() = default;
    Place(std::uint32_t unit, int number)
        : bits_(unit << kNumberBits | static_cast<std::uint32_t>(number)) {}

    std::uint32_t unit() const { return bits_ >> kNumberBits; }
    int number() const { return static_cast<int>(bits_ & ((1U << kNumberBits) - 1)); }
    /// The channel `vc` of the port whose channel 0 this is.
    Place channel(int vc) const {
        Place result = *this;
        result.bits_ += static_cast<std::uint32_t>(vc);
        return result;
    }

  private:
    static constexpr int kNumberBits = 10;  // 64 ports of 16 channels

    std::uint32_t bits_;
};

/// What a link or a credit wire leads to.
enum End : std::uint8_t { kRouter = 0, kNode = 1 };

/// What is under way, until the cycle in which it is seen: a ring of lists of places, for each
/// cycle of the longest way one of each kind, with room for the most that can happen in a cycle.
class Wires {
  public:
    /// A flit becomes visible at (router, input port and channel) or (node, channel), a credit
    /// usable at (router, output port and channel) or (node, channel).
    enum Kind : std::uint8_t { kFlits = 0, kCredits = 2 };

    /// `most` of a kind may arrive at routers, and at nodes, in a cycle.
    Wires(Cycle longest_way, std::size_t most_at_routers, std::size_t most_at_nodes)
        : mask_(std::bit_ceil(static_cast<std::size_t>(longest_way) + 1) - 1),
          most_{most_at_routers, most_at_nodes, most_at_routers, most_at_nodes},
          counts_(mask_ + 1) {
        for (std::size_t list = 0; list < kLists; ++list) {
            places_[list] = std::make_unique_for_overwrite<Place[]>((mask_ + 1) * most_[list]);
        }
    }

    void add(Kind kind, End end, Cycle due, Place place) {
        const std::size_t list = std::size_t{kind} + end;
        const std::size_t slot = due & mask_;
        filled_ |= std::uint64_t{1} << slot % kBits;
        places_[list][slot * most_[list] + counts_[slot][list]++] = place;
    }

    /// Calls `happens(place)` for all of a kind that is due in the cycle `now`. It may add to later
    /// cycles.
    template <class Happens>
    void turn(Kind kind, End end, Cycle now, Happens&& happens) {
        const std::size_t list = std::size_t{kind} + end;
        const std::size_t slot = now & mask_;
        const Place* const first = &places_[list][slot * most_[list]];
        const Place* const last = first + counts_[slot][list];
        counts_[slot][list] = 0;
        for (const Place* place = first; place != last; ++place) {
            happens(*place);
        }
    }
    /// All that is due in the cycle `now` has been seen to.
    void close(Cycle now) {
        if (mask_ < kBits) {
            filled_ &= ~(std::uint64_t{1} << (now & mask_));
        }
    }

    /// The first cycle from `now` on in which something happens.
    Cycle next(Cycle now) const {
        if (filled_ == 0) {
            return kNever;
        }
        if (mask_ < kBits) {
            // The slots in the order of their cycles; what is shifted beyond the last is behind it.
            const std::size_t slot = now & mask_;
            const std::uint64_t wrapped = slot == 0 ? 0 : filled_ << (mask_ + 1 - slot);
            return now + static_cast<Cycle>(std::countr_zero(filled_ >> slot | wrapped));
        }
        for (Cycle cycle = now; cycle <= now + mask_; ++cycle) {
            if (counts_[cycle & mask_] != Counts{}) {
                return cycle;
            }
        }
        return kNever;
    }

  private:
    static constexpr std::size_t kBits = 64;
    static constexpr std::size_t kLists = 4;  // kinds and ends
    using Counts = std::array<std::uint32_t, kLists>;

    std::size_t mask_;
    std::array<std::size_t, kLists> most_;
    std::uint64_t filled_ = 0;  // slots that hold something; of more than 64 never empty again once
                                // it was not
    std::vector<Counts> counts_;
    // Written before it is read: memory that is never used is free.
    std::array<std::unique_ptr<Place[]>, kLists> places_;
};

/// What is known of each packet between send() and the delivery of its tail.
class PacketTable {
  public:
    struct Record {
        std::uint64_t tag;
        Cycle ready;
        Cycle injected;  // when its head left the source
        NodeId source;
        PacketId next;         // behind it in the source queue, or in the list of unused records
        NodeId destination;    // of a multicast packet: its tree
        std::uint32_t copies;  // tails that are still to be consumed
        std::uint16_t flits;
        std::uint8_t message_class;
        bool multicast;
    };

    /// Of a multicast packet, `destination` is the tree.
    PacketId add(const Packet& packet, NodeId destination, std::uint32_t copies) {
        PacketId id = unused_;
        if (id == kNone) {
            id = static_cast<PacketId>(records_.size());
            records_.emplace_back();
        } else {
            unused_ = records_[id].next;
        }
        records_[id] = {
            packet.tag,  packet.ready, kNever,       packet.source,        kNone,
            destination, copies,       packet.flits, packet.message_class, packet.multicast};
        ++live_;
        return id;
    }

    void remove(PacketId id) {
        records_[id].next = unused_;
        unused_ = id;
        --live_;
    }

    Record& operator[](PacketId id) { return records_[id]; }
    const Record& operator[](PacketId id) const { return records_[id]; }
    std::size_t live() const { return live_; }

  private:
    std::vector<Record> records_;
    PacketId unused_ = kNone;
    std::size_t live_ = 0;
};

struct Fabric {
    explicit Fabric(const NetworkConfig& chosen)
        : config(chosen),
          graph(chosen),
          channels(chosen),
          routes(graph, channels, chosen),
          multicast(routes),
          vcs(static_cast<std::size_t>(chosen.vcs)),
          buffer(static_cast<std::size_t>(chosen.buffer)),
          shift(std::bit_width(static_cast<unsigned>(chosen.vcs) - 1)),
          flits((std::size_t{graph.ports()} + graph.nodes()) * vcs * buffer),
          // In a cycle a link and a source deliver one flit each, and a port returns one credit.
          wires(longest_way(), graph.ports() + graph.nodes(), graph.nodes()) {}

    /// The first slot of the ring of a virtual channel of an input port.
    std::uint32_t ring(PortId port, int vc) const {
        return static_cast<std::uint32_t>((port * vcs + static_cast<std::size_t>(vc)) * buffer);
    }
    /// The same of a node's interface.
    std::uint32_t ring_of_node(NodeId node, int vc) const { return ring(graph.ports() + node, vc); }
    Cycle longest_way() const;

    NetworkConfig config;
    Graph graph;
    VirtualChannels channels;
    Routes routes;
    Multicast multicast;
    std::size_t vcs;
    std::size_t buffer;
    int shift;  // of a VcSet's numbers

    /// Ring buffers, one a virtual channel of every input port, then of every interface. The only
    /// sender writes a flit where it will be found, when it sends it; a wheel says when it is seen
    /// there. Credits keep the ring from being overrun.
    std::vector<Flit> flits;
    Wires wires;

    PacketTable packets;
    Cycle now = 0;
    Cycle last_movement = 0;
};

/// The longest time that a flit or a credit is under way.
inline Cycle Fabric::longest_way() const {
    Cycle longest = static_cast<Cycle>(std::max(config.injection_delay, config.credit_delay));
    for (PortId port = 0; port < graph.ports(); ++port) {
        const Link& link = graph.link(port);
        const Cycle link_cycles = static_cast<Cycle>(link.delay) + link.period;
        longest = std::max(longest, link_cycles + static_cast<Cycle>(std::max(
                                                      config.forward_delay, config.credit_delay)));
    }
    return longest;
}

/// The slot behind one of a ring. Without a branch: when a ring wraps cannot be predicted.
inline std::uint16_t next_slot(std::size_t slot, std::size_t capacity) {
    const std::size_t next = slot + 1;
    return static_cast<std::uint16_t>(next & -static_cast<std::size_t>(next != capacity));
}

/// The reading end of a ring of `capacity` flits.
struct RingReader {
    std::uint16_t head = 0;
    std::uint16_t visible = 0;  // flits that have arrived and were not taken

    /// Takes the first flit's slot.
    std::size_t take(std::size_t capacity) {
        const std::size_t slot = head;
        head = next_slot(slot, capacity);
        --visible;
        return slot;
    }
};

/// The writing end, with the credits that say how many slots are free.
struct RingWriter {
    std::uint16_t credits;
    std::uint16_t tail = 0;

    /// The slot for the next flit; spends a credit.
    std::size_t put(std::size_t capacity) {
        const std::size_t slot = tail;
        tail = next_slot(slot, capacity);
        --credits;
        return slot;
    }
};

}  // namespace spikeloom::noc
