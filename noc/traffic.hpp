// What synthetic traffic is: where packets go and how often they are created.
#pragma once

#include "base/random.hpp"
#include "noc/config.hpp"

#include <cstdint>
#include <string>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::noc {

/// Destinations of a packet from node (x, y), number n, of W x H nodes, N in all. The patterns are
/// Dally and Towles' ("Principles and Practices of Interconnection Networks", 2004, table 3.1),
/// each dimension of a mesh for itself; for powers of two they are the same nodes as BookSim2's.
enum class Pattern {
    uniform,         // any node with the same probability
    transpose,       // (y, x); the mesh must be square
    hotspot,         // one node with a given probability, else uniform
    bit_complement,  // N - 1 - n
    bit_reversal,    // the bits of n in reverse order; N must be a power of two
    shuffle,         // the bits of n rotated left by one; N must be a power of two
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
    double burst_cycles = 0.0;          // mean length of a burst; 0: no bursts
    double burst_rate = 1.0;            // flits a node a cycle within a burst
    std::uint32_t window = 0;           // packets a node may have on their way; 0: any number
    double multicast_fraction = 0.0;    // packets that go to the node's group
    std::uint32_t multicast_nodes = 8;  // nodes of a group
    std::string trace;                  // the file, where the pattern is trace
    bool infer_causes = false;          // of a trace: noc/trace_causes.hpp
};

void describe(schema::Walk& walk, TrafficConfig& config);

/// The nodes as the patterns see them: rows and columns of a mesh or torus, else one row.
struct NodeGrid {
    NodeId width;
    NodeId height;

    NodeId nodes() const { return width * height; }
};

NodeGrid node_grid(const NetworkConfig& network, std::uint32_t nodes);

/// Throws InputError where the pattern does not fit the network.
void validate(const TrafficConfig& config, const NodeGrid& grid);

/// The destination of a packet under a pattern.
class Destinations {
  public:
    Destinations(const TrafficConfig& config, const NodeGrid& grid);
    NodeId choose(NodeId source, Random& random) const;

  private:
    NodeId uniform(NodeId source, Random& random) const;
    NodeId permuted(NodeId source) const;

    TrafficConfig config_;
    NodeGrid grid_;
};

/// The cycles in which one node creates packets. Without bursts a packet is created in every cycle
/// with the same probability. With bursts the node is on or off: it leaves either state in every
/// cycle with a fixed probability, so that bursts last `burst_cycles` on average and the mean load
/// is `rate`, and creates packets at `burst_rate` while on. Times are drawn as gaps, so that a
/// cycle without packets costs nothing.
class CreationTimes {
  public:
    CreationTimes(const TrafficConfig& config, Random& random);

    /// The next creation.
    Cycle next() const { return next_; }
    void advance(Random& random) { draw(next_ + 1, random); }

  private:
    /// Cycles before the first success of trials with probability p, given 1 / ln(1 - p).
    static Cycle gap(double scale, Random& random);
    void draw(Cycle from, Random& random);

    double create_scale_;
    double leave_on_scale_;
    double leave_off_scale_;
    bool bursts_;
    bool silent_;
    bool on_ = false;
    Cycle state_ends_ = 0;  // the cycle in which the node changes between on and off
    Cycle next_ = 0;
};

}  // namespace spikeloom::noc
