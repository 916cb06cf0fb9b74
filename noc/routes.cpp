#include "noc/routes.hpp"

#include "base/error.hpp"
#include "noc/network.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace spikeloom::noc {

namespace {

constexpr std::uint32_t bit(int port) {
    return std::uint32_t{1} << port;
}

}  // namespace

Routes::Routes(const Graph& graph, const VirtualChannels& channels, const NetworkConfig& config)
    : graph_(graph),
      channels_(channels),
      routing_(config.routing),
      kind_(!config.is_grid() ? Kind::table
            : config.wraps()  ? Kind::torus
                              : Kind::mesh),
      chooses_(config.chooses_paths()),
      dateline_(config.wraps()),
      links_alike_(graph.links_alike()),
      width_(config.width),
      height_(config.topology == Topology::ring ? 1 : config.height),
      nodes_(graph.nodes()) {
    if (kind_ != Kind::table) {
        fill_grid(config);
        return;
    }
    if (graph.demanded_routes().empty()) {
        fill_table(config.routing == Routing::up_down);
    } else {
        take_table(graph.demanded_routes());
    }
    check_reachable();
}

void Routes::fill_grid(const NetworkConfig& config) {
    for (RouterId router = 0; router < graph_.routers(); ++router) {
        const auto width = static_cast<RouterId>(width_);
        position_.push_back(
            {static_cast<std::uint8_t>(router % width), static_cast<std::uint8_t>(router / width)});
    }
    for (NodeId node = 0; node < nodes_; ++node) {
        const Attachment& at = graph_.attachment(node);
        const auto [x, y] = position_[at.router];
        targets_.push_back({x, y, static_cast<std::uint8_t>(at.port)});
    }
    column_way_ = ways(width_, 0);
    row_way_ = ways(height_, 2);
    for (unsigned way = 1; way < 16; ++way) {
        const auto which = [&](unsigned down_bit, int down, int up) {
            return (way & down_bit) != 0 ? down : (way & down_bit << 1) != 0 ? up : int{kHere};
        };
        const int column = which(1, kWest, kEast);
        const int row = which(4, kSouth, kNorth);
        const auto first_of = [](int a, int b) {
            return static_cast<std::uint8_t>(a != kHere ? a : b);
        };
        const bool column_first = config.routing != Routing::yx;
        port_towards_[0][way] = column_first ? first_of(column, row) : first_of(row, column);
        port_towards_[1][way] = column_first ? first_of(row, column) : first_of(column, row);
    }
    for (int vc = 0; config.routing == Routing::o1turn && vc < config.vcs; ++vc) {
        order_of_vc_[static_cast<std::size_t>(vc)] = channels_.second(vc) ? 1 : 0;
    }
}

/// The direction from each place of a row or column to each other, its two bits at `shift`.
std::vector<std::uint8_t> Routes::ways(int size, int shift) const {
    std::vector<std::uint8_t> result;
    for (int at = 0; at < size; ++at) {
        for (int to = 0; to < size; ++to) {
            const unsigned straight = to == at ? 0U : to < at ? 1U : 2U;
            const unsigned way = kind_ == Kind::torus ? shorter_way(at, to, size) : straight;
            result.push_back(static_cast<std::uint8_t>(way << shift));
        }
    }
    return result;
}

/// A packet that goes round a ring takes channels of the first half up to the ring's last link,
/// which closes it, and of the second half on that link and behind it: so the channels of a ring
/// wait for one another in a line (Dally and Seitz, IEEE Trans. Computers C-36(5), 1987).
std::uint32_t Routes::dateline_vcs(RouterId at, int input, int vc, int output) const {
    if (output >= kLocal) {
        return channels_.of_part(vc, channels_.second(vc));
    }
    const auto [x, y] = position_[at];
    const bool closes = (output == kEast && x + 1 == width_) || (output == kWest && x == 0) ||
                        (output == kNorth && y + 1 == height_) || (output == kSouth && y == 0);
    const bool straight_on = input < kLocal && (input >> 1) == (output >> 1);
    return channels_.of_part(vc, closes || (straight_on && channels_.second(vc)));
}

std::uint32_t Routes::ports(RouterId at, NodeId source, NodeId destination) const {
    const Target& target = targets_[destination];
    const unsigned way = direction(at, target);
    if (way == 0) {
        return bit(target.port);
    }
    const std::uint32_t column = (way & 1) != 0 ? bit(kWest) : (way & 2) != 0 ? bit(kEast) : 0;
    const std::uint32_t row = (way & 4) != 0 ? bit(kSouth) : (way & 8) != 0 ? bit(kNorth) : 0;
    if (column == 0 || row == 0 || routing_ == Routing::adaptive) {
        return column | row;
    }
    const bool west = (way & 1) != 0;
    if (routing_ == Routing::west_first) {
        return west ? column : column | row;
    }
    const int x = position_[at][0];
    const bool odd_column = (x & 1) != 0;
    if (west) {
        return odd_column ? column : column | row;
    }
    const bool may_leave_row = odd_column || x == targets_[source].x;
    const bool may_go_east = (target.x & 1) != 0 || target.x != x + 1;
    return (may_leave_row ? row : 0) | (may_go_east ? column : 0);
}

int Routes::branch_port(RouterId at, NodeId source, NodeId destination) const {
    const bool turns = routing_ == Routing::west_first || routing_ == Routing::odd_even;
    return turns ? std::countr_zero(ports(at, source, destination)) : port(at, 0, destination);
}

WayOfLinks Routes::way(NodeId source, NodeId destination) const {
    WayOfLinks way;
    if (kind_ != Kind::table && links_alike_) {
        const Target& from = targets_[source];
        const Target& to = targets_[destination];
        const auto distance = [&](int a, int b, int size) {
            const int straight = std::abs(a - b);
            return kind_ == Kind::torus ? std::min(straight, size - straight) : straight;
        };
        way.links = distance(from.x, to.x, width_) + distance(from.y, to.y, height_);
        return way;
    }
    const RouterId end = graph_.attachment(destination).router;
    for (RouterId at = graph_.attachment(source).router; at != end;) {
        const Link& link = graph_.link(graph_.port(at, port(at, 0, destination)));
        ++way.links;
        way.further_cycles += static_cast<Cycle>(link.delay) - 1 + link.period - 1;
        way.slowest_period = std::max<Cycle>(way.slowest_period, link.period);
        at = graph_.router_of(link.to);
    }
    return way;
}

void Routes::check_reachable() const {
    std::vector<std::uint8_t> seen(graph_.routers());
    for (NodeId node = 0; node < nodes_; ++node) {
        const RouterId end = graph_.attachment(node).router;
        // 0: not known; 1: on the present walk; 2: leads to the node.
        std::fill(seen.begin(), seen.end(), std::uint8_t{0});
        seen[end] = 2;
        std::vector<RouterId> walk;
        for (NodeId from = 0; from < nodes_; ++from) {
            const RouterId start = graph_.attachment(from).router;
            RouterId at = start;
            walk.clear();
            while (seen[at] == 0) {
                seen[at] = 1;
                walk.push_back(at);
                const int port = table_[std::size_t{at} * nodes_ + node];
                if (port == kHere) {
                    throw InputError("graph: node " + std::to_string(node) +
                                     " cannot be reached from router " + std::to_string(at) +
                                     "; allowed is a way from every node to every other");
                }
                at = graph_.router_of(graph_.link(graph_.port(at, port)).to);
            }
            if (seen[at] == 1) {
                throw InputError("graph: routes: packets for node " + std::to_string(node) +
                                 " go round in a circle by router " + std::to_string(at) +
                                 "; allowed are routes that end at their node");
            }
            for (const RouterId router : walk) {
                seen[router] = 2;
            }
        }
    }
}

}  // namespace spikeloom::noc
