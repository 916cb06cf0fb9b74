#include "noc/graph.hpp"

#include "noc/graph_file.hpp"
#include "noc/network.hpp"

#include <algorithm>
#include <array>

namespace spikeloom::noc {

namespace {

constexpr int kGridLinks = 4;
constexpr std::array<const char*, kGridLinks> kDirections = {"east", "west", "north", "south"};

/// Cycles a flit occupies a link that carries `bits` a cycle; 0: all of it.
std::uint16_t period_of(int flit_bits, int bits) {
    return static_cast<std::uint16_t>(bits == 0 ? 1 : (flit_bits + bits - 1) / bits);
}

}  // namespace

/// Adds ports and links to a graph that begins empty.
class GraphBuilder {
  public:
    GraphBuilder(Graph& graph, const NetworkConfig& config) : graph_(graph), config_(config) {}

    void grid();
    void tree();
    void file();

  private:
    /// The ports of all routers: `links` of each for links, then those of its nodes.
    void lay_ports(const std::vector<int>& links, const std::vector<RouterId>& router_of_node);
    void join(RouterId from, int out, RouterId to, int in, const Link& kind);
    Link between(int x, int y, int to_x, int to_y) const;

    Graph& graph_;
    const NetworkConfig& config_;
};

void GraphBuilder::lay_ports(const std::vector<int>& links,
                             const std::vector<RouterId>& router_of_node) {
    std::vector<int> ports = links;
    for (const RouterId router : router_of_node) {
        graph_.nodes_.push_back({router, ports[router]++});
    }
    graph_.first_port_ = {0};
    for (RouterId router = 0; router < ports.size(); ++router) {
        const auto count = static_cast<PortId>(ports[router]);
        graph_.first_port_.push_back(graph_.first_port_.back() + count);
        graph_.router_of_.insert(graph_.router_of_.end(), count, router);
    }
    graph_.links_.resize(graph_.ports());
    graph_.source_of_.resize(graph_.ports(), kNone);
    graph_.node_at_.resize(graph_.ports(), kNone);
    for (NodeId node = 0; node < graph_.nodes(); ++node) {
        const Attachment& at = graph_.nodes_[node];
        graph_.node_at_[graph_.port(at.router, at.port)] = node;
    }
}

void GraphBuilder::join(RouterId from, int out, RouterId to, int in, const Link& kind) {
    const PortId output = graph_.port(from, out);
    Link& link = graph_.links_[output];
    link = kind;
    link.to = graph_.port(to, in);
    graph_.source_of_[link.to] = output;
}

/// The kind of link between neighbours of a grid: within a chip, or from one to another.
Link GraphBuilder::between(int x, int y, int to_x, int to_y) const {
    const ChipGrid& chips = config_.chips;
    const bool leaves = (chips.width != 0 && x / chips.width != to_x / chips.width) ||
                        (chips.height != 0 && y / chips.height != to_y / chips.height);
    Link link;
    link.length_mm = static_cast<float>(config_.link_length_mm);
    if (leaves) {
        link.delay = static_cast<std::uint16_t>(chips.link_delay);
        link.period = period_of(config_.flit_bits, chips.link_bits);
        link.length_mm = static_cast<float>(chips.link_length_mm);
    }
    return link;
}

void GraphBuilder::grid() {
    const int width = config_.width;
    const int height = config_.topology == Topology::ring ? 1 : config_.height;
    const int nodes = config_.topology == Topology::cmesh ? config_.concentration : 1;
    std::vector<RouterId> router_of_node;
    for (int router = 0; router < width * height; ++router) {
        router_of_node.insert(router_of_node.end(), static_cast<std::size_t>(nodes),
                              static_cast<RouterId>(router));
    }
    lay_ports(std::vector<int>(static_cast<std::size_t>(width * height), kGridLinks),
              router_of_node);
    const auto number = [&](int x, int y) { return static_cast<RouterId>(y * width + x); };
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            if (x + 1 < width || (config_.wraps() && width > 1)) {
                const int next = (x + 1) % width;
                join(number(x, y), kEast, number(next, y), kWest, between(x, y, next, y));
                join(number(next, y), kWest, number(x, y), kEast, between(next, y, x, y));
            }
            if (y + 1 < height || (config_.wraps() && height > 1)) {
                const int next = (y + 1) % height;
                join(number(x, y), kNorth, number(x, next), kSouth, between(x, y, x, next));
                join(number(x, next), kSouth, number(x, y), kNorth, between(x, next, x, y));
            }
        }
    }
}

/// Routers are numbered level by level from the root; port 0 leads to the parent (the root has
/// none), the next to the children.
void GraphBuilder::tree() {
    const int arity = config_.arity;
    const int leaves = config_.nodes() / arity;
    int inner = 0;  // routers above the leaves
    for (int count = 1; count < leaves; count *= arity) {
        inner += count;
    }
    std::vector<int> links(static_cast<std::size_t>(inner + leaves), 1);
    std::fill_n(links.begin(), inner, arity + 1);
    links[0] -= 1;
    std::vector<RouterId> router_of_node;
    for (int node = 0; node < config_.nodes(); ++node) {
        router_of_node.push_back(static_cast<RouterId>(inner + node / arity));
    }
    lay_ports(links, router_of_node);
    Link kind;
    kind.length_mm = static_cast<float>(config_.link_length_mm);
    for (int child = 1; child < inner + leaves; ++child) {
        const auto parent = static_cast<RouterId>((child - 1) / arity);
        const int down = (child - 1) % arity + (parent == 0 ? 0 : 1);
        join(parent, down, static_cast<RouterId>(child), 0, kind);
        join(static_cast<RouterId>(child), 0, parent, down, kind);
    }
}

void GraphBuilder::file() {
    const GraphFile file = read_graph(config_.graph);
    const auto routers = static_cast<std::size_t>(file.routers);
    std::vector<RouterId> router_of_node = file.nodes;
    for (RouterId router = 0; file.nodes.empty() && router < routers; ++router) {
        router_of_node.push_back(router);
    }
    std::vector<int> links(routers, 0);
    for (const GraphEdge& edge : file.links) {
        ++links[edge.from];
        ++links[edge.to];
    }
    lay_ports(links, router_of_node);
    std::vector<int> used(routers, 0);
    for (const GraphEdge& edge : file.links) {
        Link kind;
        kind.delay = static_cast<std::uint16_t>(edge.delay);
        kind.period = period_of(config_.flit_bits, edge.bits);
        kind.length_mm = static_cast<float>(edge.length_mm);
        const int out = used[edge.from]++;
        const int in = used[edge.to]++;
        join(edge.from, out, edge.to, in, kind);
        if (!edge.one_way) {
            join(edge.to, in, edge.from, out, kind);
        }
    }
    if (!file.routes.empty()) {
        graph_.demanded_routes_.assign(routers * graph_.nodes(), kNone);
        for (const GraphRoute& route : file.routes) {
            graph_.demanded_routes_[std::size_t{route.at} * graph_.nodes() + route.to] = route.by;
        }
    }
}

Graph::Graph(const NetworkConfig& config)
    : grid_(config.is_grid()), width_(static_cast<RouterId>(config.width)) {
    GraphBuilder builder(*this, config);
    if (config.topology == Topology::tree) {
        builder.tree();
    } else if (config.topology == Topology::graph) {
        builder.file();
    } else {
        builder.grid();
    }
}

int Graph::most_ports() const {
    int most = 0;
    for (RouterId router = 0; router < routers(); ++router) {
        most = std::max(most, ports_of(router));
    }
    return most;
}

bool Graph::links_alike() const {
    return std::all_of(links_.begin(), links_.end(),
                       [](const Link& link) { return link.delay == 1 && link.period == 1; });
}

std::string Graph::name_of_router(RouterId router) const {
    const std::string name = "router " + std::to_string(router);
    return grid_ ? name + " (" + std::to_string(router % width_) + ", " +
                       std::to_string(router / width_) + ")"
                 : name;
}

std::string Graph::name_of_port(RouterId router, int port) const {
    const PortId id = this->port(router, port);
    if (node_at_[id] != kNone) {
        const bool alone = ports_of(router) <= kGridLinks + 1 && grid_;
        return alone ? "local" : "of node " + std::to_string(node_at_[id]);
    }
    if (grid_) {
        return kDirections[static_cast<std::size_t>(port)];
    }
    const PortId other = links_[id].to != kNone ? links_[id].to : source_of_[id];
    return "of router " + std::to_string(router_of_[other]);
}

}  // namespace spikeloom::noc
