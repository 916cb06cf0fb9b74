// What a network is: its shape, its router's pipeline and buffers, its links and clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::noc {

/// A cycle of the network's clock, counted from 0.
using Cycle = std::uint64_t;
inline constexpr Cycle kNever = ~Cycle{0};

/// Node y * width + x has its router at column x, row y.
using NodeId = std::uint32_t;

enum class Topology { mesh };

/// Dimension order: xy corrects the column first, yx the row.
enum class Routing { xy, yx };

/// dynamic: a packet takes whatever virtual channel of its class is free, anew at every router.
/// per_flow: its channel is a fixed function of (source, destination), so packets of a flow, a
/// (source, destination, class), can never overtake each other.
enum class VcChoice { dynamic, per_flow };

/// The defaults are BookSim2's four-stage router; docs/noc.md defines every delay by the cycle in
/// which its effect is seen.
struct NetworkConfig {
    Topology topology = Topology::mesh;
    int width = 8;
    int height = 8;
    Routing routing = Routing::xy;

    int vcs = 2;     // virtual channels of every port
    int buffer = 4;  // flits an input buffers for each of its virtual channels
    int flit_bits = 32;

    int routing_delay = 0;        // cycles before a head may ask for a virtual channel: 0 or 1
    int vc_allocation_delay = 1;  // cycles from winning a virtual channel to asking for the switch
    int forward_delay = 3;        // cycles from winning the switch to being seen by the next router
    int credit_delay = 2;     // cycles from leaving a buffer to the credit being usable upstream
    int injection_delay = 2;  // cycles from leaving the source to being seen by its router

    double link_length_mm = 1.0;
    double clock_hz = 1e9;

    /// Virtual channels of each message class, in order; empty: one class that has them all.
    std::vector<int> message_classes;
    VcChoice vc_choice = VcChoice::dynamic;

    int nodes() const { return width * height; }
    int classes() const {
        return message_classes.empty() ? 1 : static_cast<int>(message_classes.size());
    }
    /// Links a packet crosses from source to destination; its flits cross one router more.
    int hops(NodeId source, NodeId destination) const;
};

/// The keys, for base/schema.hpp.
void describe(schema::Walk& walk, NetworkConfig& config);

/// Throws InputError, naming the key, where a value or a combination of values is not allowed.
/// Reading YAML has checked this already; a configuration made in code is checked when a network is
/// built.
void validate(const NetworkConfig& config);

}  // namespace spikeloom::noc
