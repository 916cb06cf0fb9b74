// Which way packets go: routing functions of grids, routing tables of trees and graphs.
//
// Dimension order, O1TURN (Seo et al., "Near-optimal worst-case throughput routing for
// two-dimensional mesh networks", ISCA 2005), west-first (Glass and Ni, "The turn model for
// adaptive routing", ISCA 1992), odd-even (Chiu, "The odd-even turn model for adaptive routing",
// IEEE Trans. Parallel and Distributed Systems 11(7), 2000), minimal adaptive with an escape
// channel (Duato, "A new theory of deadlock-free adaptive routing in wormhole networks", IEEE TPDS
// 4(12), 1993), and for tables shortest paths or up*/down* (Schroeder et al., "Autonet", IEEE JSAC
// 9(8), 1991). All paths are shortest, but those of up*/down*.
#pragma once

#include "noc/graph.hpp"
#include "noc/virtual_channels.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace spikeloom::noc {

/// Links that follow one another.
struct WayOfLinks {
    int links = 0;
    Cycle further_cycles = 0;  // that they take beyond the one that forward_delay counts
    Cycle slowest_period = 1;  // cycles a flit occupies the slowest
};

class Routes {
  public:
    /// `graph` and `channels` must outlive this. InputError where a node cannot be reached.
    Routes(const Graph& graph, const VirtualChannels& channels, const NetworkConfig& config);

    /// Whether ports() may have several members, of which the router chooses.
    bool chooses() const { return chooses_; }
    /// Whether channels are in two parts of which the second holds the adaptive ones.
    bool escapes() const { return routing_ == Routing::adaptive; }

    /// The port towards a node for a packet that sits in channel `vc`, where there is no choice; of
    /// adaptive, the escape channel's.
    int port(RouterId at, int vc, NodeId destination) const {
        if (kind_ == Kind::table) {
            return table_[std::size_t{at} * nodes_ + destination];
        }
        const Target& target = targets_[destination];
        const unsigned way = direction(at, target);
        return port_towards_[order_of_vc_[static_cast<std::size_t>(vc)]][way] |
               (target.port & arrived_[way]);
    }

    /// The channels that a packet which came in by `input`, channel `vc`, may take at `output`; of
    /// adaptive, those of the part `second`.
    std::uint32_t vcs(RouterId at, int input, int vc, int output) const {
        return dateline_ ? dateline_vcs(at, input, vc, output) : channels_.onward(vc);
    }

    /// The ports, a bit each, that a packet from `source` to `destination` may take where there is
    /// a choice.
    std::uint32_t ports(RouterId at, NodeId source, NodeId destination) const;

    /// The port of a copy of a packet for several nodes.
    int branch_port(RouterId at, NodeId source, NodeId destination) const;
    /// Whether a packet enters by the first part of its class: all of a torus, and the copies of
    /// o1turn, which go by xy.
    bool enters_by_first_part(bool multicast) const {
        return dateline_ || (multicast && routing_ == Routing::o1turn);
    }

    /// The links from source to destination; of up_down those of its path, where there is a choice
    /// those of the dimension order.
    WayOfLinks way(NodeId source, NodeId destination) const;

    const Graph& graph() const { return graph_; }
    const VirtualChannels& channels() const { return channels_; }

  private:
    enum class Kind { mesh, torus, table };
    static constexpr std::uint8_t kHere = 255;

    /// A node as routing in a grid sees it.
    struct Target {
        std::uint8_t x;
        std::uint8_t y;
        std::uint8_t port;
    };

    /// Bits west, east, south, north; none where it is. By tables, for branches would be
    /// unpredictable.
    unsigned direction(RouterId at, const Target& target) const {
        const auto [x, y] = position_[at];
        return column_way_[static_cast<std::size_t>(x) * static_cast<std::size_t>(width_) +
                           target.x] |
               row_way_[static_cast<std::size_t>(y) * static_cast<std::size_t>(height_) + target.y];
    }
    /// Bits down, up. Where both ways are as long, up from even places, down from odd ones.
    static unsigned shorter_way(int at, int to, int size) {
        const int up = to >= at ? to - at : to - at + size;
        const int twice = 2 * up;
        const bool rises = twice < size || (twice == size && (at & 1) == 0);
        return up == 0 ? 0U : rises ? 2U : 1U;
    }

    std::uint32_t dateline_vcs(RouterId at, int input, int vc, int output) const;
    void fill_grid(const NetworkConfig& config);
    std::vector<std::uint8_t> ways(int size, int shift) const;
    void fill_table(bool up_down);
    void take_table(std::span<const RouterId> next);
    void check_reachable() const;

    const Graph& graph_;
    const VirtualChannels& channels_;
    Routing routing_;
    Kind kind_;
    bool chooses_;
    bool dateline_;
    bool links_alike_;  // all take one cycle and pass a flit a cycle
    int width_;
    int height_;
    std::uint32_t nodes_;
    std::vector<std::array<std::uint8_t, 2>> position_;           // by router: column and row
    std::vector<Target> targets_;                                 // by node
    std::vector<std::uint8_t> column_way_;                        // by both columns: direction
    std::vector<std::uint8_t> row_way_;                           // by both rows
    std::array<std::array<std::uint8_t, 16>, 2> port_towards_{};  // by order and direction; 0: none
    std::array<std::uint8_t, 16> arrived_{255};                   // by direction: all bits, or none
    std::array<std::uint8_t, 16> order_of_vc_{};                  // 0: first dimension first
    std::vector<std::uint8_t> table_;                             // by router and node: the port
};

}  // namespace spikeloom::noc
