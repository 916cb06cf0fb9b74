// What the network's parts share: the flits in their buffers, what is under way, the packets.
#pragma once

#include "noc/bit_sets.hpp"
#include "noc/network.hpp"

#include <algorithm>
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
    Flit(PacketId packet, NodeId destination, int index, bool tail)
        : packet_(packet),
          destination_(static_cast<std::uint16_t>(destination)),
          position_(static_cast<std::uint16_t>(index | (tail ? kTail : 0))) {}

    PacketId packet() const { return packet_; }
    NodeId destination() const { return destination_; }
    int index() const { return position_ & ~kTail; }
    bool tail() const { return (position_ & kTail) != 0; }

  private:
    static constexpr int kTail = kLongestPacket + 1;

    PacketId packet_ = 0;
    std::uint16_t destination_ = 0;
    std::uint16_t position_ = 0;  // index, and the tail's mark above it
};

/// Besides its ports a node has the interface's side of the local port.
inline constexpr int kInterface = kPorts;
inline constexpr int kBuffersPerNode = kPorts + 1;

/// One virtual channel of one port of one node, in a word.
class Place {
  public:
    Place() = default;
    Place(NodeId node, int port, int vc)
        : bits_(node << 8 | static_cast<std::uint32_t>(VcSet::number(port, vc))) {}

    NodeId node() const { return bits_ >> 8; }
    /// Port and channel as a member of a VcSet.
    int number() const { return static_cast<int>(bits_ & 255); }
    int port() const { return VcSet::port(number()); }
    int vc() const { return VcSet::vc(number()); }

  private:
    std::uint32_t bits_;
};

/// Places to which something happens a bounded number of cycles ahead: a ring of lists, a list a
/// cycle, each with room for the most that can happen in a cycle.
class Wheel {
  public:
    Wheel(int longest_delay, std::size_t most_a_cycle)
        : mask_(std::bit_ceil(static_cast<std::size_t>(longest_delay) + 1) - 1),
          most_(most_a_cycle),
          counts_(mask_ + 1),
          places_(std::make_unique_for_overwrite<Place[]>((mask_ + 1) * most_)) {}

    void add(Cycle due, Place place) {
        const std::size_t slot = due & mask_;
        places_[slot * most_ + counts_[slot]++] = place;
    }

    /// Calls `happens(place)` for all that is due in the cycle `now`. It may add to later cycles.
    template <class Happens>
    void turn(Cycle now, Happens&& happens) {
        const std::size_t slot = now & mask_;
        const Place* const first = &places_[slot * most_];
        for (const Place* place = first; place != first + counts_[slot]; ++place) {
            happens(*place);
        }
        counts_[slot] = 0;
    }

    /// The first cycle from `now` on in which something happens.
    Cycle next(Cycle now) const {
        for (Cycle cycle = now; cycle <= now + mask_; ++cycle) {
            if (counts_[cycle & mask_] != 0) {
                return cycle;
            }
        }
        return kNever;
    }

  private:
    std::size_t mask_;
    std::size_t most_;
    std::vector<std::size_t> counts_;
    std::unique_ptr<Place[]>
        places_;  // written before it is read: memory that is never used is free
};

/// What is known of each packet between send() and the delivery of its tail.
class PacketTable {
  public:
    struct Record {
        std::uint64_t tag;
        Cycle ready;
        NodeId source;
        PacketId next;  // behind it in the source queue, or in the list of unused records
        std::uint16_t destination;
        std::uint16_t flits;
        std::uint8_t message_class;
    };
    static constexpr PacketId kNone = ~PacketId{0};

    PacketId add(const Packet& packet) {
        PacketId id = unused_;
        if (id == kNone) {
            id = static_cast<PacketId>(records_.size());
            records_.emplace_back();
        } else {
            unused_ = records_[id].next;
        }
        records_[id] = {packet.tag,
                        packet.ready,
                        packet.source,
                        kNone,
                        static_cast<std::uint16_t>(packet.destination),
                        packet.flits,
                        packet.message_class};
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
          vcs(static_cast<std::size_t>(chosen.vcs)),
          buffer(static_cast<std::size_t>(chosen.buffer)),
          flits(static_cast<std::size_t>(chosen.nodes()) * kBuffersPerNode * vcs * buffer),
          // In a cycle a node's router sends a flit by each port and its source another; its router
          // returns a credit for each of those, its interface another.
          arrivals(std::max(chosen.forward_delay, chosen.injection_delay),
                   static_cast<std::size_t>(chosen.nodes()) * (kPorts + 1)),
          credits(chosen.credit_delay, static_cast<std::size_t>(chosen.nodes()) * (kPorts + 1)) {}

    /// The ring of a virtual channel of a port, or of the interface.
    Flit* ring(NodeId node, int port, int vc) {
        const std::size_t number =
            (static_cast<std::size_t>(node) * kBuffersPerNode + static_cast<std::size_t>(port)) *
                vcs +
            static_cast<std::size_t>(vc);
        return &flits[number * buffer];
    }

    NetworkConfig config;
    std::size_t vcs;
    std::size_t buffer;

    /// Ring buffers, one a virtual channel of every input port and interface. The only sender
    /// writes a flit where it will be found, when it sends it; `arrivals` says when it is seen
    /// there. Credits keep the ring from being overrun.
    std::vector<Flit> flits;
    Wheel arrivals;  // a flit becomes visible in the buffer of (node, input port or kInterface, vc)
    Wheel credits;  // a credit becomes usable at (node, output port, vc); kInterface: at the source

    PacketTable packets;
    Cycle now = 0;
    Cycle last_movement = 0;
};

/// The reading end of a ring of `capacity` flits.
struct RingReader {
    std::uint16_t head = 0;
    std::uint16_t visible = 0;  // flits that have arrived and were not taken

    /// Takes the first flit's slot.
    std::size_t take(std::size_t capacity) {
        const std::size_t slot = head;
        head = static_cast<std::uint16_t>(slot + 1 == capacity ? 0 : slot + 1);
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
        tail = static_cast<std::uint16_t>(slot + 1 == capacity ? 0 : slot + 1);
        --credits;
        return slot;
    }
};

}  // namespace spikeloom::noc
