// The sending side of the network interfaces: a queue of packets for each node and message class.
#pragma once

#include "noc/bit_sets.hpp"
#include "noc/fabric.hpp"
#include "noc/virtual_channels.hpp"
#include "noc/wakes.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace spikeloom::noc {

/// A source injects one flit a cycle, round robin over the classes that can. A head takes the first
/// virtual channel of its class with a credit, after the one its class used last (the first ever:
/// the class's first), or its flow's; the rest of the packet follows through the same.
class Sources {
  public:
    explicit Sources(Fabric& fabric);

    void enqueue(PacketId packet);
    /// Takes in the credits that become usable in the present cycle.
    void receive();
    /// Executes the present cycle: injects, then makes the reports.
    void execute();

    void watch(NodeId node, int message_class, std::uint32_t flits);
    std::span<const SourceReport> reports() const { return reports_; }

    std::uint32_t waiting_flits(NodeId node, int message_class) const {
        return queues_[queue_index(node, message_class)].flits;
    }
    std::uint64_t injected_flits(NodeId node) const { return injected_[node]; }
    /// The earliest cycle from now on in which a flit may be injected or a report made.
    Cycle next_activity() const;
    /// Flits of a packet that are injected, of those that are not delivered.
    unsigned injected_of(PacketId packet) const;
    /// A class whose first packet is ready and cannot be injected; none where none waits.
    std::optional<int> blocked_class(NodeId node) const;

  private:
    static constexpr std::int64_t kUnwatched = -1;

    struct Queue {
        PacketId first = kNone;
        PacketId last = kNone;
        std::uint32_t flits = 0;          // not injected yet
        std::uint16_t sent = 0;           // flits of the first packet that are
        std::uint8_t vc = 0;              // the channel of the first packet, once its head is sent
        std::uint8_t next_vc = 0;         // where the search for the next packet's begins
        std::int64_t watch = kUnwatched;  // report at so many flits
    };
    struct Source {
        std::uint16_t ready = 0;     // classes whose first packet is ready
        std::uint16_t credited = 0;  // virtual channels with a credit
        std::uint8_t next_class = 0;
    };

    std::size_t queue_index(NodeId node, int message_class) const {
        return static_cast<std::size_t>(node) * classes_ + static_cast<std::size_t>(message_class);
    }
    std::uint32_t usable(NodeId node, const Queue& queue) const;
    bool inject(NodeId node);
    void send_flit(NodeId node, int message_class, int vc);
    bool first_is_ready(std::size_t queue);
    void report(std::size_t queue);

    /// Where a node's flits enter its router.
    struct Entry {
        Place arrival;       // of a flit in channel 0
        std::uint32_t ring;  // the first slot of channel 0
    };

    Fabric& fabric_;
    const VirtualChannels& channels_;
    std::size_t classes_;
    bool cut_through_;
    std::vector<Entry> entries_;  // by node
    std::vector<Queue> queues_;   // (node, class)
    std::vector<Source> sources_;
    std::vector<RingWriter> rings_;  // (node, vc)
    std::vector<std::uint64_t> injected_;
    Wakes wakes_;                     // queues whose first packet is not ready
    std::vector<std::uint32_t> low_;  // watched queues that are low already
    std::vector<SourceReport> reports_;
    NodeSet active_;
};

}  // namespace spikeloom::noc
