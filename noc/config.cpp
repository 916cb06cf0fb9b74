#include "noc/config.hpp"

#include "base/schema.hpp"
#include "noc/graph_file.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace spikeloom::noc {

namespace {

constexpr int kLongestSide = 256;
constexpr int kMostVcs = 16;
constexpr int kLargestBuffer = 1024;
constexpr int kWidestFlit = 65536;
constexpr int kLongestDelay = 64;
constexpr int kMostConcentration = 16;
constexpr int kMostArity = 32;
constexpr int kMostLevels = 12;
constexpr std::int64_t kMostNodes = 65536;
constexpr std::int64_t kMostBufferedFlits = std::int64_t{1} << 28;  // 2 GiB of host memory
constexpr double kFastestClock = 1e12;
constexpr double kLongestLink = 1000.0;

void describe(schema::Walk& walk, ChipGrid& chips) {
    walk.integer("width", chips.width, {0, kLongestSide}, "routers in a row of a chip; 0: all");
    walk.integer("height", chips.height, {0, kLongestSide},
                 "routers in a column of a chip; 0: all");
    walk.integer("link_delay", chips.link_delay, {1, kLongestDelay},
                 "cycles of a link between chips, where forward_delay counts one");
    walk.integer("link_bits", chips.link_bits, {0, kWidestFlit},
                 "bits a link between chips carries a cycle; 0: a flit");
    walk.number("link_length_mm", chips.link_length_mm, {0.0, kLongestLink},
                "length of a link between chips, mm; for energy only");
}

void describe_shape(schema::Walk& walk, NetworkConfig& config) {
    walk.choice("topology", config.topology,
                {{"mesh", Topology::mesh},
                 {"torus", Topology::torus},
                 {"cmesh", Topology::cmesh},
                 {"ring", Topology::ring},
                 {"tree", Topology::tree},
                 {"graph", Topology::graph}},
                "shape of the network");
    walk.integer("width", config.width, {1, kLongestSide}, "routers in a row");
    walk.integer("height", config.height, {1, kLongestSide}, "routers in a column");
    walk.integer("concentration", config.concentration, {1, kMostConcentration},
                 "nodes at a router of a cmesh");
    walk.integer("arity", config.arity, {2, kMostArity}, "children of a router of a tree");
    walk.integer("levels", config.levels, {1, kMostLevels}, "levels of routers of a tree");
    walk.text("graph", config.graph, "file of a graph: YAML, or a list of edges");
    walk.choice("routing", config.routing,
                {{"xy", Routing::xy},
                 {"yx", Routing::yx},
                 {"o1turn", Routing::o1turn},
                 {"west_first", Routing::west_first},
                 {"odd_even", Routing::odd_even},
                 {"adaptive", Routing::adaptive},
                 {"shortest", Routing::shortest},
                 {"up_down", Routing::up_down}},
                "how a packet finds its way; a tree and a graph take shortest unless up_down");
    walk.flag("deadlock_check", config.deadlock_check,
              "whether routes of a graph whose channels can wait in a circle are refused");
    walk.section("chips", "chips the grid of routers is cut into",
                 [&] { describe(walk, config.chips); });
}

void describe_router(schema::Walk& walk, NetworkConfig& config) {
    walk.integer("vcs", config.vcs, {1, kMostVcs}, "virtual channels of every port");
    walk.integer("buffer", config.buffer, {1, kLargestBuffer},
                 "flits an input buffers for each virtual channel");
    walk.integer("flit_bits", config.flit_bits, {1, kWidestFlit},
                 "width of a flit and a link, bits");
    walk.choice("flow_control", config.flow_control,
                {{"wormhole", FlowControl::wormhole},
                 {"virtual_cut_through", FlowControl::virtual_cut_through}},
                "whether a packet advances where there is room for a flit, or for all of it");
    walk.choice("arbiter", config.arbiter,
                {{"round_robin", ArbiterKind::round_robin},
                 {"matrix", ArbiterKind::matrix},
                 {"age", ArbiterKind::age},
                 {"fixed", ArbiterKind::fixed}},
                "who wins: in turn, who was served longest ago, the oldest packet, the first");
    walk.integer("routing_delay", config.routing_delay, {0, 1},
                 "cycles a head takes to compute its route; 0: it was computed one router before");
    walk.integer("vc_allocation_delay", config.vc_allocation_delay, {0, 1},
                 "cycles from winning a virtual channel to asking for the switch");
    walk.flag("speculative", config.speculative,
              "whether a head asks for a virtual channel and the switch at once");
    walk.integer("forward_delay", config.forward_delay, {1, kLongestDelay},
                 "cycles from winning the switch to being seen by the next router");
    walk.integer("credit_delay", config.credit_delay, {1, kLongestDelay},
                 "cycles from leaving a buffer to the credit being usable upstream");
    walk.integer("injection_delay", config.injection_delay, {1, kLongestDelay},
                 "cycles from leaving the source to being seen by its router");
    walk.number("link_length_mm", config.link_length_mm, {0.0, kLongestLink},
                "length of a link between routers, mm; for energy only");
    walk.number("clock_hz", config.clock_hz, {1.0, kFastestClock}, "the network's clock, Hz");
    walk.integers("message_classes", config.message_classes, {1, kMostVcs},
                  "virtual channels of each message class; empty: one class with all");
    walk.choice("vc_choice", config.vc_choice,
                {{"dynamic", VcChoice::dynamic}, {"per_flow", VcChoice::per_flow}},
                "whether a packet takes any free channel of its class, or its flow's at every hop");
}

void check_shape(schema::Walk& walk, const NetworkConfig& config) {
    const auto found = [&](const std::string& what) {
        return "found " + what + " with topology " + name_of(config.topology) + "; allowed is ";
    };
    if ((config.topology == Topology::graph) == config.graph.empty()) {
        walk.fail("graph", config.graph.empty() ? "topology graph needs a file"
                                                : found("a file") + "a file with topology graph");
    }
    if (config.topology != Topology::graph && config.nodes() > kMostNodes) {
        walk.fail(config.topology == Topology::tree ? "levels" : "concentration",
                  "the network has more than " + std::to_string(kMostNodes) +
                      " nodes; allowed are at most as many");
    }
    const bool mesh = config.topology == Topology::mesh || config.topology == Topology::cmesh;
    const bool table = config.routing == Routing::shortest || config.routing == Routing::up_down;
    const bool dimension_order = config.routing == Routing::xy || config.routing == Routing::yx;
    if (config.is_grid() && table) {
        walk.fail("routing", found("a table") + "a routing of grids, such as xy");
    }
    if (config.wraps() && !dimension_order) {
        walk.fail("routing", found("this routing") + "xy or yx, with a dateline");
    }
    if (!config.is_grid() && !table && config.routing != Routing::xy) {
        walk.fail("routing", found("this routing") + "shortest or up_down");
    }
    const auto cut = [&](const char* key, int chip, int side) {
        if (chip != 0 && (!(mesh || config.topology == Topology::torus) || side % chip != 0)) {
            walk.fail("chips", found(std::string(key) + " " + std::to_string(chip)) +
                                   "a divisor of the network's, of a mesh, cmesh or torus");
        }
    };
    cut("width", config.chips.width, config.width);
    cut("height", config.chips.height, config.height);
}

void check_channels(schema::Walk& walk, const NetworkConfig& config) {
    const std::vector<int>& classes = config.message_classes;
    const int sum = std::accumulate(classes.begin(), classes.end(), 0);
    if (!classes.empty() && sum != config.vcs) {
        walk.fail("message_classes", "the classes have " + std::to_string(sum) +
                                         " virtual channels; allowed is a list that sums to vcs, " +
                                         std::to_string(config.vcs));
    }
    const std::int64_t ports =
        config.topology == Topology::graph ? 0 : std::int64_t{6} * config.nodes();
    if (const std::int64_t flits = ports * config.vcs * config.buffer; flits > kMostBufferedFlits) {
        walk.fail("buffer", "the buffers of all routers hold " + std::to_string(flits) +
                                " flits; allowed are " + std::to_string(kMostBufferedFlits));
    }
    const int kinds = config.kinds_of_vcs();
    const bool halves = config.routing != Routing::adaptive;
    const auto splits = [&](int vcs) { return vcs >= kinds && (!halves || vcs % kinds == 0); };
    if (!splits(config.vcs) || !std::all_of(classes.begin(), classes.end(), splits)) {
        walk.fail("vcs", halves
                             ? "found a class with an odd number of virtual channels; allowed is "
                               "an even one with o1turn, torus and ring"
                             : "found a class with one virtual channel; allowed are 2 or more "
                               "with routing adaptive");
    }
    if (config.speculative && config.vc_allocation_delay != 0) {
        walk.fail("speculative", "found true with a vc_allocation_delay of 1; allowed is 0");
    }
    if (config.vc_choice == VcChoice::per_flow && config.chooses_paths()) {
        walk.fail("vc_choice",
                  "found per_flow with a routing that chooses among paths, which keeps "
                  "no order; allowed is dynamic");
    }
}

}  // namespace

const char* name_of(Topology topology) {
    constexpr const char* kNames[] = {"mesh", "torus", "cmesh", "ring", "tree", "graph"};
    return kNames[static_cast<std::size_t>(topology)];
}

int NetworkConfig::nodes() const {
    switch (topology) {
        case Topology::mesh:
        case Topology::torus:
            return width * height;
        case Topology::cmesh:
            return width * height * concentration;
        case Topology::ring:
            return width;
        case Topology::tree: {
            int leaves = 1;
            for (int level = 0; level < levels && leaves <= kMostNodes; ++level) {
                leaves *= arity;
            }
            return leaves;
        }
        case Topology::graph:
            if (graph_nodes != 0) {
                return graph_nodes;
            }
            break;
    }
    throw std::logic_error("noc::NetworkConfig::nodes: a graph's are known once it has been read");
}

void describe(schema::Walk& walk, NetworkConfig& config) {
    describe_shape(walk, config);
    describe_router(walk, config);
    check_shape(walk, config);
    const bool file = config.topology == Topology::graph && !config.graph.empty();
    config.graph_nodes = file ? read_graph(config.graph).node_count() : 0;
    check_channels(walk, config);
}

void validate(const NetworkConfig& config) {
    // Written and read again it passes the same checks as a file does.
    schema::read_string<NetworkConfig>(schema::write(config), "network configuration");
}

}  // namespace spikeloom::noc
