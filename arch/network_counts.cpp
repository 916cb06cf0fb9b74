#include "arch/network_counts.hpp"

#include "noc/graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace spikeloom::arch {

namespace {

constexpr TileId kNoTile = std::numeric_limits<TileId>::max();

/// The tile that a router's counts are booked at: the first of its own, or where it has none
/// (within a tree, or a graph) the first of its neighbours'. A router that no way leads to has
/// nothing to book.
std::vector<TileId> tile_of_routers(const noc::Graph& graph) {
    std::vector<TileId> tiles(graph.routers(), kNoTile);
    for (TileId node = graph.nodes(); node-- > 0;) {
        tiles[graph.attachment(node).router] = node;
    }
    std::vector<TileId> before;
    while (before != tiles) {
        before = tiles;
        for (noc::RouterId router = 0; router < graph.routers(); ++router) {
            for (int port = 0; before[router] == kNoTile && port < graph.ports_of(router); ++port) {
                const noc::PortId to = graph.link(graph.port(router, port)).to;
                if (to != noc::kNone) {
                    tiles[router] = std::min(tiles[router], before[graph.router_of(to)]);
                }
            }
        }
    }
    std::replace(tiles.begin(), tiles.end(), kNoTile, TileId{0});
    return tiles;
}

/// What leaves a tile's routers.
struct Leaving {
    noc::RouterCounters events;
    std::uint64_t flits = 0;
    std::uint64_t east_west = 0;
    std::uint64_t north_south = 0;
    double flit_mm = 0.0;
};

}  // namespace

void count_network(const noc::Network& network, Counts& into) {
    const noc::NetworkConfig& config = network.config();
    const noc::Graph& graph = network.graph();
    const auto bits = static_cast<std::uint64_t>(config.flit_bits);
    const std::vector<TileId> tiles = tile_of_routers(graph);
    std::vector<Leaving> leaving(into.tiles());
    into.link_flits.clear();
    for (noc::RouterId router = 0; router < graph.routers(); ++router) {
        Leaving& sum = leaving[tiles[router]];
        sum.events += network.router_counters(router);
        for (int port = 0; port < graph.ports_of(router); ++port) {
            const std::uint64_t flits = network.link_flits(router, port);
            into.link_flits.push_back(flits);
            const noc::Link& link = graph.link(graph.port(router, port));
            if (link.to != noc::kNone) {
                sum.flits += flits;
                sum.flit_mm += static_cast<double>(flits) * double{link.length_mm};
                if (config.is_grid()) {
                    (port <= noc::kWest ? sum.east_west : sum.north_south) += flits;
                }
            }
        }
    }
    for (TileId tile = 0; tile < into.tiles(); ++tile) {
        const Leaving& sum = leaving[tile];
        into.set(tile, Event::noc_buffer_write_bits, sum.events.buffer_writes * bits);
        into.set(tile, Event::noc_buffer_read_bits, sum.events.buffer_reads * bits);
        into.set(tile, Event::noc_crossbar_bits, sum.events.crossbar_flits * bits);
        into.set(tile, Event::noc_arbitrations,
                 sum.events.vc_allocations + sum.events.switch_allocations);
        into.set(tile, Event::noc_routes, sum.events.routes);
        into.set(tile, Event::noc_link_bits, sum.flits * bits);
        into.set(tile, Event::noc_link_bit_mm,
                 static_cast<std::uint64_t>(std::llround(sum.flit_mm * static_cast<double>(bits))));
        into.set(tile, Event::noc_flits_east_west, sum.east_west);
        into.set(tile, Event::noc_flits_north_south, sum.north_south);
        into.set(tile, Event::noc_interface_bits,
                 (network.injected_flits(tile) + network.ejected_flits(tile)) * bits);
    }
}

}  // namespace spikeloom::arch
