// What a network is: its shape, its router's pipeline and buffers, its links and clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::noc {

/// A cycle of the network's clock, counted from 0.
using Cycle = std::uint64_t;
inline constexpr Cycle kNever = ~Cycle{0};

/// Where packets come from and go to. In a mesh node y * width + x is at column x, row y.
using NodeId = std::uint32_t;
using RouterId = std::uint32_t;

/// Routers and what joins them; docs/noc.md draws each.
enum class Topology {
    mesh,   // width x height routers, a node at each
    torus,  // a mesh whose rows and columns close to rings
    cmesh,  // a mesh with `concentration` nodes at each router
    ring,   // `width` routers in a ring
    tree,  // `levels` levels of routers with `arity` children each; the leaves have that many nodes
    graph,  // as a file says
};

/// The name in configurations.
const char* name_of(Topology topology);

/// xy and yx are dimension orders (in a torus the shorter way round each ring); o1turn is both,
/// each in its half of the virtual channels; west_first and odd_even are turn models, adaptive is
/// minimal with an escape channel: these three choose among shortest paths by what is free.
/// shortest and up_down are tables for trees and graphs.
enum class Routing { xy, yx, o1turn, west_first, odd_even, adaptive, shortest, up_down };

/// wormhole: a packet may advance where there is room for a flit; virtual_cut_through: only where
/// there is room for all of it.
enum class FlowControl { wormhole, virtual_cut_through };

/// Who wins where several ask: the first at or after a pointer (round_robin, iSLIP's), who was
/// served longest ago (matrix, what a matrix arbiter does), the oldest packet (age), or always the
/// first (fixed: a round robin whose pointers do not move; it starves).
enum class ArbiterKind { round_robin, matrix, age, fixed };

/// dynamic: a packet takes whatever virtual channel of its class is free, anew at every router.
/// per_flow: its channel is a fixed function of (source, destination), so packets of a flow, a
/// (source, destination, class), can never overtake each other.
enum class VcChoice { dynamic, per_flow };

/// A grid of routers may be cut into chips of `width` x `height` routers; 0: one chip in that
/// direction. A link between chips takes `link_delay` cycles where forward_delay counts one, and
/// carries `link_bits` a cycle (0: a flit).
struct ChipGrid {
    int width = 0;
    int height = 0;
    int link_delay = 8;
    int link_bits = 0;
    double link_length_mm = 10.0;
};

/// The defaults are BookSim2's four-stage router; docs/noc.md defines every delay by the cycle in
/// which its effect is seen.
struct NetworkConfig {
    Topology topology = Topology::mesh;
    int width = 8;
    int height = 8;
    int concentration = 4;  // nodes at a router of a cmesh
    int arity = 4;          // of a tree
    int levels = 3;
    std::string graph;    // the file of a graph
    int graph_nodes = 0;  // as that file says; no key: reading a configuration finds it
    Routing routing = Routing::xy;
    bool deadlock_check = true;  // refuse routes whose channel dependencies have a cycle

    int vcs = 2;     // virtual channels of every port
    int buffer = 4;  // flits an input buffers for each of its virtual channels
    int flit_bits = 32;
    FlowControl flow_control = FlowControl::wormhole;
    ArbiterKind arbiter = ArbiterKind::round_robin;

    int routing_delay = 0;        // cycles before a head may ask for a virtual channel: 0 or 1
    int vc_allocation_delay = 1;  // cycles from winning a virtual channel to asking for the switch
    bool speculative = false;     // a head asks for both at once; the switch won alone is lost
    int forward_delay = 3;        // cycles from winning the switch to being seen by the next router
    int credit_delay = 2;     // cycles from leaving a buffer to the credit being usable upstream
    int injection_delay = 2;  // cycles from leaving the source to being seen by its router

    double link_length_mm = 1.0;
    double clock_hz = 1e9;
    ChipGrid chips;

    /// Virtual channels of each message class, in order; empty: one class that has them all.
    std::vector<int> message_classes;
    VcChoice vc_choice = VcChoice::dynamic;

    /// Of a graph only in a configuration that was read (noc/graph.hpp knows it always).
    int nodes() const;
    bool is_grid() const { return topology != Topology::tree && topology != Topology::graph; }
    bool wraps() const { return topology == Topology::torus || topology == Topology::ring; }
    int classes() const {
        return message_classes.empty() ? 1 : static_cast<int>(message_classes.size());
    }
    /// Whether packets of a flow may take different paths.
    bool chooses_paths() const {
        return routing == Routing::west_first || routing == Routing::odd_even ||
               routing == Routing::adaptive;
    }
    /// Virtual channels a class must be able to split: 2 where the routing needs two kinds.
    int kinds_of_vcs() const {
        return wraps() || routing == Routing::o1turn || routing == Routing::adaptive ? 2 : 1;
    }
};

/// The keys, for base/schema.hpp.
void describe(schema::Walk& walk, NetworkConfig& config);

/// Throws InputError, naming the key, where a value or a combination of values is not allowed.
/// Reading YAML has checked this already; a configuration made in code is checked when a network is
/// built.
void validate(const NetworkConfig& config);

}  // namespace spikeloom::noc
