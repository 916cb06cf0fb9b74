// The network as a graph: routers, their ports, the links between them, the nodes at them.
//
// Ports of a router are numbered from 0: first those of links, then one for each node at it. In a
// grid (mesh, cmesh, torus, ring) the first four are always east, west, north and south, whether a
// link is there or not. A link is one direction of a wire; it joins an output port to an input
// port.
#pragma once

#include "noc/config.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::noc {

/// Names a port among all of the network: the ports of router 0, then those of router 1, ...
using PortId = std::uint32_t;

inline constexpr int kMostPorts = 64;  // of a router
inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

struct Link {
    PortId to = kNone;         // the input port it ends at; kNone: no link at this port
    std::uint16_t delay = 1;   // cycles on the way, of which forward_delay counts one
    std::uint16_t period = 1;  // cycles a flit occupies it
    float length_mm = 0.0F;
};

/// Where a node is.
struct Attachment {
    RouterId router;
    int port;
};

class Graph {
  public:
    /// Throws InputError where the file of a graph is missing or not right.
    explicit Graph(const NetworkConfig& config);

    std::uint32_t routers() const { return static_cast<std::uint32_t>(first_port_.size()) - 1; }
    std::uint32_t nodes() const { return static_cast<std::uint32_t>(nodes_.size()); }
    std::uint32_t ports() const { return first_port_.back(); }
    int ports_of(RouterId router) const {
        return static_cast<int>(first_port_[router + 1] - first_port_[router]);
    }
    int most_ports() const;
    /// Whether every link takes one cycle and passes a flit a cycle.
    bool links_alike() const;

    PortId port(RouterId router, int port) const {
        return first_port_[router] + static_cast<PortId>(port);
    }
    RouterId router_of(PortId port) const { return router_of_[port]; }
    int number_of(PortId port) const {
        return static_cast<int>(port - first_port_[router_of_[port]]);
    }
    /// The link that leaves by a port; local ports and unused ones of a grid have none.
    const Link& link(PortId port) const { return links_[port]; }
    /// The output port of the link that comes in by a port; kNone without one.
    PortId source_of(PortId port) const { return source_of_[port]; }
    /// The node at a port, or kNone.
    NodeId node_at(PortId port) const { return node_at_[port]; }
    const Attachment& attachment(NodeId node) const { return nodes_[node]; }

    /// Next routers a file demands: [router * nodes + node] the next router, kNone for none.
    std::span<const RouterId> demanded_routes() const { return demanded_routes_; }

    /// "router 5 (1, 0)", with the place where there is one.
    std::string name_of_router(RouterId router) const;
    /// "east", "local", "to router 7".
    std::string name_of_port(RouterId router, int port) const;

  private:
    friend class GraphBuilder;

    bool grid_;
    RouterId width_;
    std::vector<PortId> first_port_;  // by router, and the end
    std::vector<RouterId> router_of_;
    std::vector<Link> links_;
    std::vector<PortId> source_of_;
    std::vector<NodeId> node_at_;
    std::vector<Attachment> nodes_;
    std::vector<RouterId> demanded_routes_;
};

}  // namespace spikeloom::noc
