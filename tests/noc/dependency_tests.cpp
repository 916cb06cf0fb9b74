// Circles of channels: which routes have them, how they are refused, and what becomes of a network
// that is allowed to have one.
#include "base/error.hpp"
#include "base/random.hpp"
#include "noc/dependencies.hpp"
#include "noc/watchdog.hpp"
#include "tests/noc/network_runs.hpp"
#include "tests/support/temporary_file.hpp"

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

struct Routed {
    Graph graph;
    VirtualChannels channels;
    Routes routes;

    explicit Routed(const NetworkConfig& config)
        : graph(config), channels(config), routes(graph, channels, config) {}
};

NetworkConfig of_graph(const tests::TemporaryFile& file, Routing routing) {
    NetworkConfig config = single_cycle(1, 1);
    config.topology = Topology::graph;
    config.graph = file.path().string();
    config.routing = routing;
    return config;
}

constexpr const char* kFive = "0 1\n1 2\n2 3\n3 4\n4 0\n";  // a ring

/// Every channel of the circle must lead to the router at which the next begins.
void check_closed(const std::vector<Channel>& circle, const Graph& graph) {
    REQUIRE_FALSE(circle.empty());
    for (std::size_t i = 0; i < circle.size(); ++i) {
        const Channel& next = circle[(i + 1) % circle.size()];
        CHECK(graph.router_of(graph.link(circle[i].port).to) == graph.router_of(next.port));
    }
}

TEST_CASE("the routings of grids have no circle of dependencies", "[noc]") {
    NetworkConfig config;
    config.width = 5;
    config.height = 4;
    config.vcs = 2;
    SECTION("on a mesh") {
        config.routing = GENERATE(Routing::xy, Routing::yx, Routing::o1turn, Routing::west_first,
                                  Routing::odd_even, Routing::adaptive);
    }
    SECTION("on a torus with its dateline") {
        config.topology = Topology::torus;
        config.routing = GENERATE(Routing::xy, Routing::yx);
    }
    SECTION("on a ring") {
        config.topology = Topology::ring;
        config.width = 8;
    }
    SECTION("in a tree") {
        config.topology = Topology::tree;
    }
    const Routed routed(config);
    CHECK(find_circle(routed.routes).empty());
}

TEST_CASE("shortest paths in a ring depend on each other in a circle, which is refused by name",
          "[noc]") {
    const tests::TemporaryFile five("five", kFive);
    const Routed routed(of_graph(five, Routing::shortest));
    const std::vector<Channel> circle = find_circle(routed.routes);
    check_closed(circle, routed.graph);
    CHECK(circle.size() == 5);
    CHECK_THROWS_WITH(Network(of_graph(five, Routing::shortest)),
                      Catch::Contains("router 0 to router 1") && Catch::Contains("up_down") &&
                          Catch::Contains("router 4 to router 0"));
    CHECK_THROWS_AS(Network(of_graph(five, Routing::shortest)), InputError);
}

TEST_CASE("up-down routes have no circle, whatever the graph, and reach everyone", "[noc]") {
    std::string text = kFive;
    Random random(GENERATE(1, 2, 3, 4, 5));
    for (int i = 5; i < 24; ++i) {  // a random graph that hangs together
        text += std::to_string(i) + ' ' +
                std::to_string(random.below(static_cast<std::uint64_t>(i))) + '\n';
        text += std::to_string(i) + ' ' + std::to_string((i + 3) % 5) + '\n';
    }
    const tests::TemporaryFile file("random", text);
    const NetworkConfig config = of_graph(file, Routing::up_down);
    const Routed routed(config);
    CHECK(find_circle(routed.routes).empty());
    Network network(config);
    for (NodeId source = 0; source < 24; ++source) {
        for (NodeId end = 0; end < 24; ++end) {
            network.send({source, end, 7});
        }
    }
    CHECK(drain(network).size() == 24U * 24 * 7);
}

TEST_CASE("routes of a file are taken as they are, and checked", "[noc]") {
    // A square; all packets go round the same way.
    std::string text =
        "routers: 4\nlinks:\n  - {from: 0, to: 1}\n  - {from: 1, to: 2}\n  - {from: 2, to: 3}\n"
        "  - {from: 3, to: 0}\nroutes:\n";
    for (int at = 0; at < 4; ++at) {
        for (int to = 0; to < 4; ++to) {
            text += at == to ? ""
                             : "  - {at: " + std::to_string(at) + ", to: " + std::to_string(to) +
                                   ", by: " + std::to_string((at + 1) % 4) + "}\n";
        }
    }
    const tests::TemporaryFile square("square.yaml", text);
    NetworkConfig config = of_graph(square, Routing::shortest);
    CHECK_THROWS_WITH(Network(config), Catch::Contains("router 3 to router 0"));

    SECTION("let through on purpose it deadlocks, and the watchdog names the circle") {
        config.deadlock_check = false;
        config.vcs = 1;
        Network network(config);
        CHECK(network.path(1, 0).links == 3);
        for (NodeId node = 0; node < 4; ++node) {
            network.send({node, (node + 2) % 4, 40});
        }
        std::vector<Delivered> delivered;
        run_until(network, 400, delivered);
        CHECK_FALSE(network.drained());
        const std::vector<std::string> circle = network.find_wait_circle();
        // At each router what comes round waits for the channel that the node's own packet has, and
        // that for room in the next router's buffer.
        REQUIRE(circle.size() == 8);
        try {
            check_progress(network, 400, 100);
            FAIL("a standstill went unnoticed");
        } catch (const CheckFailed& stall) {
            const std::string what = stall.what();
            for (const char* part :
                 {"router 0", "router 1", "router 2", "router 3", "virtual channel 0",
                  "input of router", "output of router", "each of these waits for the next"}) {
                CHECK_THAT(what, Catch::Contains(part));
            }
        }
    }
    SECTION("a route that never ends is refused") {
        const tests::TemporaryFile bad(
            "bad.yaml", text.substr(0, text.find("  - {at: 0, to: 1")) +
                            "  - {at: 0, to: 2, by: 1}\n  - {at: 1, to: 2, by: 0}\n");
        CHECK_THROWS_WITH(
            Network(of_graph(bad, Routing::shortest)),
            Catch::Contains("go round in a circle") || Catch::Contains("cannot be reached"));
    }
}

TEST_CASE("a graph that does not hang together is refused with the node", "[noc]") {
    const tests::TemporaryFile apart("apart", "0 1\n2 3\n");
    CHECK_THROWS_WITH(Network(of_graph(apart, Routing::shortest)),
                      Catch::Contains("cannot be reached from router"));
}

}  // namespace
}  // namespace spikeloom::noc
