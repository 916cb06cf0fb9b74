// Where packets come from when no machine sends them: synthetic patterns and recorded traces.
#pragma once

#include "base/random.hpp"
#include "noc/network.hpp"
#include "noc/trace.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::noc {

/// Destinations of a packet from node (x, y), number n, in a mesh of W x H routers, N nodes. The
/// patterns are Dally and Towles' ("Principles and Practices of Interconnection Networks", 2004,
/// table 3.1), each dimension of a mesh for itself; for powers of two they are the same nodes as
/// BookSim2's.
enum class Pattern {
    uniform,         // any node with the same probability
    transpose,       // (y, x); the mesh must be square
    hotspot,         // one node with a given probability, else uniform
    bit_complement,  // N - 1 - n
    neighbour,       // ((x + 1) mod W, (y + 1) mod H)
    tornado,         // ((x + ceil(W / 2) - 1) mod W, (y + ceil(H / 2) - 1) mod H)
    trace,           // as recorded in a file
};

struct TrafficConfig {
    Pattern pattern = Pattern::uniform;
    double rate = 0.1;  // flits created a node a cycle
    int packet_flits = 1;
    bool include_self = true;  // whether uniform choice may choose the source
    std::uint32_t hotspot_node = 0;
    double hotspot_fraction = 0.2;
    std::string trace;  // the file, where the pattern is trace
};

void describe(schema::Walk& walk, TrafficConfig& config);

/// Throws InputError where the pattern does not fit the network.
void validate(const TrafficConfig& config, const NetworkConfig& network);

/// The destination of a packet under a pattern.
class Destinations {
  public:
    Destinations(const TrafficConfig& config, const NetworkConfig& network);
    NodeId choose(NodeId source, Random& random) const;

  private:
    NodeId uniform(NodeId source, Random& random) const;

    TrafficConfig config_;
    NodeId width_;
    NodeId height_;
};

/// Packets, a span of cycles at a time, those of a node in the order of their creation. A packet is
/// `ready` in the cycle of its creation, which is its tag too.
class Traffic {
  public:
    virtual ~Traffic() = default;
    /// Appends the packets of the next span. Returns the end of that span: every packet created
    /// before that cycle has been handed out (kNever: all).
    virtual Cycle extend(std::vector<Packet>& packets) = 0;
};

/// Every node creates a packet with probability rate / packet_flits in every cycle before `end`,
/// drawn as gaps between packets, so that a cycle without packets costs nothing. A node has its own
/// stream of `seed`. Packets of a node take the message classes in turn.
class SyntheticTraffic final : public Traffic {
  public:
    SyntheticTraffic(const TrafficConfig& config, const NetworkConfig& network, Cycle end,
                     std::uint64_t seed);
    Cycle extend(std::vector<Packet>& packets) override;

  private:
    struct Node {
        Random random;
        Cycle next;  // creation of its next packet
        int message_class = 0;
    };

    Cycle after_gap(Cycle from, Random& random) const;

    Destinations destinations_;
    std::uint16_t packet_flits_;
    int classes_;
    Cycle end_;
    double gap_scale_;  // 1 / ln(1 - p)
    bool silent_;
    Cycle span_;
    Cycle covered_ = 0;
    std::vector<Node> nodes_;
};

/// The packets of a trace, all of one length and of class 0.
class TraceTraffic final : public Traffic {
  public:
    /// The rows must be in the order of their creation and outlive this.
    TraceTraffic(const std::vector<TraceRow>& rows, int packet_flits);
    Cycle extend(std::vector<Packet>& packets) override;

  private:
    const std::vector<TraceRow>& rows_;
    std::uint16_t packet_flits_;
};

}  // namespace spikeloom::noc
