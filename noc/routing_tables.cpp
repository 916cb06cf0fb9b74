// The tables of Routes: shortest paths, up*/down*, or as a file demands.
#include "base/error.hpp"
#include "noc/routes.hpp"

#include <deque>
#include <functional>
#include <queue>
#include <utility>

namespace spikeloom::noc {

namespace {

constexpr std::uint32_t kFar = ~std::uint32_t{0};

/// Distances from a router over links as they lead.
std::vector<std::uint32_t> distances_from(const Graph& graph, RouterId start) {
    std::vector<std::uint32_t> distance(graph.routers(), kFar);
    std::deque<RouterId> queue = {start};
    distance[start] = 0;
    for (; !queue.empty(); queue.pop_front()) {
        const RouterId at = queue.front();
        for (int port = 0; port < graph.ports_of(at); ++port) {
            const PortId to = graph.link(graph.port(at, port)).to;
            if (to != kNone && distance[graph.router_of(to)] == kFar) {
                distance[graph.router_of(to)] = distance[at] + 1;
                queue.push_back(graph.router_of(to));
            }
        }
    }
    return distance;
}

/// Distances to the routers that have one already, for all others, over the links that `counts`
/// lets through (Dijkstra, every link a step).
template <class Counts>
void extend_to(const Graph& graph, std::vector<std::uint32_t>& distance, Counts&& counts) {
    using Entry = std::pair<std::uint32_t, RouterId>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    for (RouterId router = 0; router < graph.routers(); ++router) {
        if (distance[router] != kFar) {
            queue.emplace(distance[router], router);
        }
    }
    for (; !queue.empty();) {
        const RouterId at = queue.top().second;
        queue.pop();
        for (int port = 0; port < graph.ports_of(at); ++port) {
            const PortId from = graph.source_of(graph.port(at, port));
            if (from == kNone) {
                continue;
            }
            const RouterId before = graph.router_of(from);
            if (distance[before] == kFar && counts(before, at)) {
                distance[before] = distance[at] + 1;
                queue.emplace(distance[before], before);
            }
        }
    }
}

}  // namespace

void Routes::fill_table(bool up_down) {
    const std::size_t routers = graph_.routers();
    table_.assign(routers * nodes_, kHere);
    std::vector<std::vector<NodeId>> nodes_of(routers);
    for (NodeId node = 0; node < nodes_; ++node) {
        nodes_of[graph_.attachment(node).router].push_back(node);
    }
    // Up is towards router 0: nearer to it, or as near with a lower number.
    const std::vector<std::uint32_t> depth = distances_from(graph_, 0);
    const auto leads_down = [&](RouterId from, RouterId to) {
        return depth[from] != depth[to] ? depth[from] < depth[to] : from < to;
    };
    for (RouterId end = 0; end < routers; ++end) {
        std::vector<std::uint32_t> distance(routers, kFar);
        distance[end] = 0;
        // Where one may go down all the way one does; others go up until they may. So no packet
        // goes up again, whatever came before.
        std::vector<std::uint32_t> down = distance;
        if (up_down) {
            extend_to(graph_, down, leads_down);
            distance = down;
        }
        extend_to(graph_, distance,
                  [&](RouterId from, RouterId to) { return !up_down || !leads_down(from, to); });
        for (RouterId at = 0; at < routers; ++at) {
            if (at == end || distance[at] == kFar) {
                continue;
            }
            const bool descends = up_down && down[at] != kFar;
            for (int port = graph_.ports_of(at) - 1; port >= 0; --port) {
                const PortId to = graph_.link(graph_.port(at, port)).to;
                if (to == kNone) {
                    continue;
                }
                const RouterId next = graph_.router_of(to);
                const bool nearer =
                    (descends ? down : distance)[next] + 1 == (descends ? down : distance)[at];
                if (nearer && (!up_down || leads_down(at, next) == descends)) {
                    for (const NodeId node : nodes_of[end]) {
                        table_[std::size_t{at} * nodes_ + node] = static_cast<std::uint8_t>(port);
                    }
                }
            }
        }
    }
    for (NodeId node = 0; node < nodes_; ++node) {
        const Attachment& at = graph_.attachment(node);
        table_[std::size_t{at.router} * nodes_ + node] = static_cast<std::uint8_t>(at.port);
    }
}

void Routes::take_table(std::span<const RouterId> next) {
    table_.assign(std::size_t{graph_.routers()} * nodes_, kHere);
    for (RouterId at = 0; at < graph_.routers(); ++at) {
        for (NodeId node = 0; node < nodes_; ++node) {
            const std::size_t entry = std::size_t{at} * nodes_ + node;
            const Attachment& end = graph_.attachment(node);
            if (end.router == at) {
                table_[entry] = static_cast<std::uint8_t>(end.port);
                continue;
            }
            for (int port = graph_.ports_of(at) - 1; port >= 0 && next[entry] != kNone; --port) {
                const PortId to = graph_.link(graph_.port(at, port)).to;
                if (to != kNone && graph_.router_of(to) == next[entry]) {
                    table_[entry] = static_cast<std::uint8_t>(port);
                }
            }
            if (next[entry] != kNone && table_[entry] == kHere) {
                throw InputError("graph: routes: at router " + std::to_string(at) + " to node " +
                                 std::to_string(node) + ": found router " +
                                 std::to_string(next[entry]) +
                                 ", to which no link leads; allowed is a neighbour");
            }
        }
    }
}

}  // namespace spikeloom::noc
