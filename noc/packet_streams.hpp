// Where packets come from when no machine sends them: synthetic, with or without a window, or
// recorded.
#pragma once

#include "noc/network.hpp"
#include "noc/trace.hpp"
#include "noc/traffic.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace spikeloom::noc {

/// Makes a group of nodes in the network to be used; returns its number.
using MakeGroup = std::function<GroupId(std::span<const NodeId>)>;

/// Packets, a span of cycles at a time, those of a node in the order of their creation. A packet's
/// tag is the cycle of its creation.
class Traffic {
  public:
    virtual ~Traffic() = default;
    /// Called once, before the first packet.
    virtual void make_groups(const MakeGroup&) {}
    /// Appends the packets of the next span. Returns the end of that span: every packet created
    /// before that cycle has been handed out (kNever: all but those that wait for a delivery).
    virtual Cycle extend(std::vector<Packet>& packets) = 0;
    /// Whether deliveries make new packets.
    virtual bool reacts() const { return false; }
    /// A packet is delivered in a cycle, to all its destinations: appends those that this sets
    /// free, ready in the next cycle at the earliest. `number` counts packets as they were handed
    /// out.
    virtual void react(const Delivery&, std::size_t /*number*/, Cycle, std::vector<Packet>&) {}
};

/// Every node creates packets in the cycles before `end`, each node from its own stream of `seed`.
/// Packets of a node take the message classes in turn.
class SyntheticTraffic : public Traffic {
  public:
    SyntheticTraffic(const TrafficConfig& config, const NodeGrid& grid, int classes, Cycle end,
                     std::uint64_t seed);
    void make_groups(const MakeGroup& make) override;
    Cycle extend(std::vector<Packet>& packets) override;

  protected:
    struct Node {
        Random random;
        CreationTimes times;
        int message_class = 0;
        GroupId group = 0;
    };
    /// The next packet of a node, created and ready at its time; draws the one behind it.
    Packet take(NodeId source);

    Cycle end_;
    std::vector<Node> nodes_;

  private:
    TrafficConfig config_;
    NodeGrid grid_;
    std::uint64_t seed_;
    Destinations destinations_;
    int classes_;
    Cycle span_;
    Cycle covered_ = 0;
};

/// The same packets, but a node has `window` of them on their way at most: the next waits at the
/// node.
class WindowedTraffic final : public SyntheticTraffic {
  public:
    WindowedTraffic(const TrafficConfig& config, const NodeGrid& grid, int classes, Cycle end,
                    std::uint64_t seed)
        : SyntheticTraffic(config, grid, classes, end, seed), window_(config.window) {}
    Cycle extend(std::vector<Packet>& packets) override;
    bool reacts() const override { return true; }
    void react(const Delivery& delivery, std::size_t number, Cycle cycle,
               std::vector<Packet>& packets) override;

  private:
    std::uint32_t window_;
};

/// The packets of a trace, which must be in the order of their creation and outlive this. Rows
/// without a length have `packet_flits`, rows without a class class 0. A row with predecessors is
/// created, and its `created` set, when they are done.
class TraceTraffic final : public Traffic {
  public:
    TraceTraffic(std::vector<TraceRow>& rows, int packet_flits);
    void make_groups(const MakeGroup& make) override;
    Cycle extend(std::vector<Packet>& packets) override;
    bool reacts() const override { return !waiting_for_.empty(); }
    void react(const Delivery& delivery, std::size_t number, Cycle cycle,
               std::vector<Packet>& packets) override;
    /// The row of a packet by the number in which it was handed out.
    std::size_t row_of(std::size_t number) const { return handed_out_[number]; }

  private:
    Packet packet_of(std::size_t row);

    std::vector<TraceRow>& rows_;
    std::uint16_t packet_flits_;
    std::vector<GroupId> group_of_row_;     // where some row has several destinations
    std::vector<std::size_t> handed_out_;   // rows
    std::vector<std::size_t> waiting_for_;  // by row: predecessors that are not done; empty: none
    std::vector<std::vector<std::size_t>> successors_;
};

}  // namespace spikeloom::noc
