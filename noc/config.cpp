#include "noc/config.hpp"

#include "base/schema.hpp"

#include <numeric>

namespace spikeloom::noc {

namespace {

constexpr int kLongestSide = 256;
constexpr int kMostVcs = 16;
constexpr int kLargestBuffer = 1024;
constexpr int kWidestFlit = 65536;
constexpr int kLongestDelay = 64;
constexpr double kFastestClock = 1e12;
constexpr std::int64_t kMostBufferedFlits = std::int64_t{1} << 28;  // 2 GiB of host memory

}  // namespace

int NetworkConfig::hops(NodeId source, NodeId destination) const {
    const auto columns = static_cast<NodeId>(width);
    const auto distance = [](NodeId a, NodeId b) {
        return static_cast<int>(a > b ? a - b : b - a);
    };
    return distance(source % columns, destination % columns) +
           distance(source / columns, destination / columns);
}

void describe(schema::Walk& walk, NetworkConfig& config) {
    walk.choice("topology", config.topology, {{"mesh", Topology::mesh}}, "shape of the network");
    walk.integer("width", config.width, {1, kLongestSide}, "routers in a row");
    walk.integer("height", config.height, {1, kLongestSide}, "routers in a column");
    walk.choice("routing", config.routing, {{"xy", Routing::xy}, {"yx", Routing::yx}},
                "dimension order: which of column and row is corrected first");
    walk.integer("vcs", config.vcs, {1, kMostVcs}, "virtual channels of every port");
    walk.integer("buffer", config.buffer, {1, kLargestBuffer},
                 "flits an input buffers for each virtual channel");
    walk.integer("flit_bits", config.flit_bits, {1, kWidestFlit},
                 "width of a flit and a link, bits");
    walk.integer("routing_delay", config.routing_delay, {0, 1},
                 "cycles a head takes to compute its route; 0: it was computed one router before");
    walk.integer("vc_allocation_delay", config.vc_allocation_delay, {0, 1},
                 "cycles from winning a virtual channel to asking for the switch");
    walk.integer("forward_delay", config.forward_delay, {1, kLongestDelay},
                 "cycles from winning the switch to being seen by the next router");
    walk.integer("credit_delay", config.credit_delay, {1, kLongestDelay},
                 "cycles from leaving a buffer to the credit being usable upstream");
    walk.integer("injection_delay", config.injection_delay, {1, kLongestDelay},
                 "cycles from leaving the source to being seen by its router");
    walk.number("link_length_mm", config.link_length_mm, {0.0, 1000.0},
                "length of a link between routers, mm; for energy only");
    walk.number("clock_hz", config.clock_hz, {1.0, kFastestClock}, "the network's clock, Hz");
    walk.integers("message_classes", config.message_classes, {1, kMostVcs},
                  "virtual channels of each message class; empty: one class with all");
    walk.choice("vc_choice", config.vc_choice,
                {{"dynamic", VcChoice::dynamic}, {"per_flow", VcChoice::per_flow}},
                "whether a packet takes any free channel of its class, or its flow's at every hop");

    const int sum =
        std::accumulate(config.message_classes.begin(), config.message_classes.end(), 0);
    if (!config.message_classes.empty() && sum != config.vcs) {
        walk.fail("message_classes", "the classes have " + std::to_string(sum) +
                                         " virtual channels; allowed is a list that sums to vcs, " +
                                         std::to_string(config.vcs));
    }
    const std::int64_t flits = std::int64_t{6} * config.nodes() * config.vcs * config.buffer;
    if (flits > kMostBufferedFlits) {
        walk.fail("buffer", "the buffers of all routers hold " + std::to_string(flits) +
                                " flits; allowed are " + std::to_string(kMostBufferedFlits));
    }
}

void validate(const NetworkConfig& config) {
    // Written and read again it passes the same checks as a file does.
    schema::read_string<NetworkConfig>(schema::write(config), "network configuration");
}

}  // namespace spikeloom::noc
