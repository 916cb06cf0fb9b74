// Other shapes than the mesh, other ways than dimension order: who is next to whom, how long a lone
// packet takes, and that nothing is lost on any of them.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "noc/graph.hpp"
#include "noc/routes.hpp"
#include "tests/noc/network_runs.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/temporary_file.hpp"

#include <bit>
#include <set>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

NetworkConfig shape(Topology topology, int width, int height) {
    NetworkConfig config = single_cycle(width, height);
    config.topology = topology;
    config.vcs = 2;
    config.buffer = 4;
    return config;
}

Cycle shape_latency(const NetworkConfig& config, NodeId source, NodeId destination, int flits) {
    Network network(config);
    network.send({source, destination, static_cast<std::uint16_t>(flits)});
    return drain(network).back().cycle;
}

/// Sends packets from everywhere to everywhere; every flit must arrive once, where it was sent, in
/// order, within as many hops as the way is long.
void shape_storm(const NetworkConfig& config, std::uint64_t seed, int longest) {
    Network network(config);
    Random random(seed);
    const std::uint32_t nodes = network.graph().nodes();
    std::vector<Packet> sent;
    std::uint64_t flits = 0;
    std::uint64_t hops = 0;
    for (Cycle cycle = 0; cycle < 300; ++cycle) {
        for (NodeId node = 0; node < nodes; ++node) {
            if (random.uniform() < 0.1) {
                Packet packet{node, static_cast<NodeId>(random.below(nodes)),
                              static_cast<std::uint16_t>(
                                  1 + random.below(static_cast<std::uint64_t>(longest)))};
                packet.ready = cycle;
                packet.tag = sent.size();
                packet.message_class = static_cast<std::uint8_t>(
                    random.below(static_cast<std::uint64_t>(config.classes())));
                network.send(packet);
                sent.push_back(packet);
                flits += packet.flits;
                hops += packet.flits * static_cast<std::uint64_t>(
                                           network.path(node, packet.destination).links + 1);
            }
        }
    }
    const std::vector<Delivered> delivered = drain(network, 200'000);
    REQUIRE(delivered.size() == flits);
    std::vector<int> next(sent.size());
    for (const Delivered& each : delivered) {
        CHECK(each.flit.node == sent[each.flit.tag].destination);
        CHECK(each.flit.flit == next[each.flit.tag]++);
    }
    CHECK(network.flit_hops() == hops);
}

TEST_CASE("a torus joins the ends of its rows and columns", "[noc]") {
    const Graph graph(shape(Topology::torus, 4, 3));
    const auto behind = [&](RouterId router, int port) {
        return graph.router_of(graph.link(graph.port(router, port)).to);
    };
    CHECK(behind(3, kEast) == 0);
    CHECK(behind(0, kWest) == 3);
    CHECK(behind(9, kNorth) == 1);
    CHECK(behind(1, kSouth) == 9);
    CHECK(behind(5, kEast) == 6);
    for (RouterId router = 0; router < 12; ++router) {
        for (int port = 0; port < kLocal; ++port) {
            const PortId input = graph.link(graph.port(router, port)).to;
            CHECK(graph.source_of(input) == graph.port(router, port));
            CHECK(graph.number_of(input) == (port ^ 1));
        }
    }
}

TEST_CASE("a mesh has no links over its edges, a concentrated one several nodes a router",
          "[noc]") {
    const Graph mesh(shape(Topology::mesh, 3, 2));
    CHECK(mesh.link(mesh.port(2, kEast)).to == kNone);
    CHECK(mesh.link(mesh.port(0, kSouth)).to == kNone);
    CHECK(mesh.nodes() == 6);

    NetworkConfig config = shape(Topology::cmesh, 3, 2);
    config.concentration = 4;
    const Graph cmesh(config);
    CHECK(cmesh.routers() == 6);
    CHECK(cmesh.nodes() == 24);
    CHECK(cmesh.ports_of(0) == 8);
    CHECK(cmesh.attachment(13).router == 3);
    CHECK(cmesh.attachment(13).port == 5);
    CHECK(cmesh.node_at(cmesh.port(3, 5)) == 13);
}

TEST_CASE("a tree's routers have a parent and children, its nodes are at the leaves", "[noc]") {
    NetworkConfig config = shape(Topology::tree, 1, 1);
    config.arity = 3;
    config.levels = 3;
    const Graph tree(config);
    CHECK(tree.routers() == 1 + 3 + 9);
    CHECK(tree.nodes() == 27);
    CHECK(tree.ports_of(0) == 3);
    CHECK(tree.ports_of(1) == 4);
    CHECK(tree.ports_of(12) == 4);
    CHECK(tree.attachment(26).router == 12);
    CHECK(tree.router_of(tree.link(tree.port(12, 0)).to) == 3);
    CHECK(tree.router_of(tree.link(tree.port(0, 2)).to) == 3);
    CHECK(tree.router_of(tree.link(tree.port(3, 3)).to) == 12);
}

TEST_CASE("a lone packet takes the formula's cycles on every shape", "[noc]") {
    // Single-cycle routers: 1 for the injection, 1 a router, and a cycle for each further flit.
    const auto expected = [](int links, int flits) {
        return static_cast<Cycle>(1 + links + 1 + flits - 1);
    };
    SECTION("torus: the shorter way round") {
        const NetworkConfig config = shape(Topology::torus, 6, 5);
        CHECK(shape_latency(config, 0, 5, 1) == expected(1, 1));
        CHECK(shape_latency(config, 0, 3, 3) == expected(3, 3));
        CHECK(shape_latency(config, 0, 29, 4) == expected(2, 4));
        CHECK(shape_latency(config, 7, 27, 2) == expected(4, 2));  // (1,1) to (3,4): 2 and 2
    }
    SECTION("ring") {
        const NetworkConfig config = shape(Topology::ring, 9, 1);
        CHECK(shape_latency(config, 0, 4, 1) == expected(4, 1));
        CHECK(shape_latency(config, 0, 5, 1) == expected(4, 1));
        CHECK(shape_latency(config, 8, 1, 4) == expected(2, 4));
    }
    SECTION("concentrated mesh: nodes of one router are no link apart") {
        const NetworkConfig config = shape(Topology::cmesh, 3, 3);
        CHECK(shape_latency(config, 0, 3, 1) == expected(0, 1));
        CHECK(shape_latency(config, 0, 35, 4) == expected(4, 4));
    }
    SECTION("tree: up to the common ancestor and down") {
        NetworkConfig config = shape(Topology::tree, 1, 1);
        config.arity = 2;
        config.levels = 4;
        CHECK(shape_latency(config, 0, 1, 1) == expected(0, 1));
        CHECK(shape_latency(config, 0, 2, 1) == expected(2, 1));
        CHECK(shape_latency(config, 0, 15, 4) == expected(6, 4));
    }
}

TEST_CASE("on every shape with every routing every flit arrives once and in order", "[noc]") {
    NetworkConfig config = shape(Topology::mesh, 5, 4);
    config.forward_delay = GENERATE(1, 3);
    SECTION("mesh, west first") {
        config.routing = Routing::west_first;
    }
    SECTION("mesh, odd-even") {
        config.routing = Routing::odd_even;
    }
    SECTION("mesh, O1TURN") {
        config.routing = Routing::o1turn;
    }
    SECTION("mesh, adaptive") {
        config.routing = Routing::adaptive;
        config.vcs = GENERATE(2, 5);
    }
    SECTION("mesh, adaptive, two classes, cut-through") {
        config.routing = Routing::adaptive;
        config.vcs = 5;
        config.message_classes = {2, 3};
        config.flow_control = FlowControl::virtual_cut_through;
        config.buffer = 9;
    }
    SECTION("torus") {
        config.topology = Topology::torus;
        config.routing = GENERATE(Routing::xy, Routing::yx);
    }
    SECTION("torus, four channels, a channel per flow") {
        config.topology = Topology::torus;
        config.vcs = 4;
        config.vc_choice = VcChoice::per_flow;
    }
    SECTION("concentrated mesh with many channels: wide sets") {
        config.topology = Topology::cmesh;
        config.concentration = 8;
        config.vcs = GENERATE(3, 9, 16);
    }
    SECTION("ring") {
        config.topology = Topology::ring;
        config.width = 11;
    }
    SECTION("tree") {
        config.topology = Topology::tree;
        config.arity = 3;
        config.levels = 3;
    }
    SECTION("chips joined by slow links") {
        config.width = 6;
        config.chips = {3, 2, 12, 8, 20.0};
    }
    shape_storm(config, 11, config.flow_control == FlowControl::wormhole ? 9 : config.buffer);
}

TEST_CASE("with two flits of room a ring under heavy load still drains: the dateline holds",
          "[noc]") {
    NetworkConfig config = shape(Topology::torus, 4, 4);
    config.buffer = 2;
    Network network(config);
    // Everyone sends long packets as far as it goes, the same way round.
    for (NodeId node = 0; node < 16; ++node) {
        for (int i = 0; i < 20; ++i) {
            network.send({node, (node / 4) * 4 + (node + 2) % 4, 12});
        }
    }
    CHECK(drain(network, 100'000).size() == 16U * 20 * 12);
}

TEST_CASE("adaptive packets go round a busy link, dimension order waits for it", "[noc]") {
    // Node 0 sends single flits to node 8 of a 3x3 mesh, while 1 floods 2.
    const auto last = [](Routing routing) {
        NetworkConfig config = shape(Topology::mesh, 3, 3);
        config.routing = routing;
        Network network(config);
        for (int i = 0; i < 300; ++i) {
            network.send({1, 2, 1});
        }
        for (int i = 0; i < 100; ++i) {
            network.send({0, 8, 1, 0, 0, 1});
        }
        Cycle cycle = 0;
        for (const Delivered& each : drain(network)) {
            cycle = each.flit.tag == 1 ? each.cycle : cycle;
        }
        return cycle;
    };
    CHECK(last(Routing::adaptive) < last(Routing::xy));
    CHECK(last(Routing::west_first) < last(Routing::xy));
}

TEST_CASE("O1TURN packets take both dimension orders, dimension order only one", "[noc]") {
    const auto uses = [](Routing routing, RouterId corner) {
        NetworkConfig config = shape(Topology::mesh, 3, 3);
        config.routing = routing;
        Network network(config);
        for (int i = 0; i < 50; ++i) {
            network.send({0, 8, 1});
        }
        drain(network);
        return network.router_counters(corner).crossbar_flits;
    };
    CHECK(uses(Routing::xy, 2) == 50);
    CHECK(uses(Routing::yx, 6) == 50);
    CHECK(uses(Routing::o1turn, 2) == 25);
    CHECK(uses(Routing::o1turn, 6) == 25);
}

TEST_CASE("turn models take no turn that they forbid", "[noc]") {
    NetworkConfig config = shape(Topology::mesh, 7, 6);
    config.routing = GENERATE(Routing::west_first, Routing::odd_even);
    const Graph graph(config);
    const VirtualChannels channels(config);
    const Routes routes(graph, channels, config);
    // From every source to every destination over all ways the relation allows.
    for (NodeId source = 0; source < 42; ++source) {
        for (NodeId end = 0; end < 42; ++end) {
            std::set<std::pair<RouterId, int>> open = {{source, kLocal}};
            std::set<std::pair<RouterId, int>> seen;
            while (!open.empty()) {
                const auto [at, input] = *open.begin();
                open.erase(open.begin());
                const std::uint32_t ports = routes.ports(at, source, end);
                REQUIRE(ports != 0);
                for (int output = 0; output < kLocal; ++output) {
                    if ((ports >> output & 1) == 0) {
                        continue;
                    }
                    const bool vertical = input == kNorth || input == kSouth;
                    if (config.routing == Routing::west_first) {
                        CHECK_FALSE((vertical && output == kWest));
                    } else {
                        // Chiu: no turn from east to north or south in even columns, none from
                        // north or south to west in odd ones. Input west means heading east.
                        const bool even = at % 7 % 2 == 0;
                        CHECK_FALSE((even && input == kWest && output != kEast));
                        CHECK_FALSE((!even && vertical && output == kWest));
                    }
                    const RouterId next = graph.router_of(graph.link(graph.port(at, output)).to);
                    if (seen.emplace(next, output ^ 1).second) {
                        open.emplace(next, output ^ 1);
                    }
                }
                CHECK((ports >> kLocal & 1) == (at == end ? 1U : 0U));
            }
        }
    }
}

TEST_CASE(
    "a link between chips takes its delay, and passes a flit in as many cycles as it has parts",
    "[noc]") {
    NetworkConfig config = single_cycle(4, 1);
    config.vcs = 1;
    config.buffer = 32;
    config.chips.width = 2;
    config.chips.link_delay = 7;
    config.chips.link_bits = 8;  // of flits of 32 bits: 4 cycles a flit
    // Three links, one of them between chips: 6 cycles more on the way, 3 more until all parts of a
    // flit are over; further flits follow every 4 cycles.
    CHECK(shape_latency(config, 0, 3, 1) == 1 + 4 + 6 + 3);
    CHECK(shape_latency(config, 0, 3, 5) == 1 + 4 + 6 + 3 + 4 * 4);
    CHECK(shape_latency(config, 0, 1, 5) == 1 + 2 + 4);
    CHECK(shape_latency(config, 2, 3, 5) == 1 + 2 + 4);
    Network network(config);
    const Path path = network.path(0, 3);
    CHECK(path.links == 3);
    CHECK(path.head_cycles == 1 + 4 + 6 + 3);
    CHECK(path.flit_cycles == 4);
}

TEST_CASE("a graph from a list of edges has a node at every router and the delays it says",
          "[noc]") {
    const tests::TemporaryFile edges(
        "edges", "# a line of four, the middle link long\n0 1\n1 2 5 32 3.5\n2 3 1 16\n");
    NetworkConfig config = single_cycle(1, 1);
    config.topology = Topology::graph;
    config.graph = edges.path().string();
    config.buffer = 16;
    CHECK(shape_latency(config, 0, 1, 1) == 3);
    CHECK(shape_latency(config, 0, 2, 1) == 4 + 4);
    CHECK(shape_latency(config, 0, 3, 1) == 5 + 4 + 1);
    CHECK(shape_latency(config, 0, 3, 4) == 5 + 4 + 1 + 3 * 2);
    shape_storm(config, 3, 6);
}

TEST_CASE("what does not fit together is refused", "[noc]") {
    const auto refusal = [](const auto& change) -> std::string {
        NetworkConfig config = shape(Topology::mesh, 4, 4);
        change(config);
        return tests::refusal_of([&] { Network network(config); });
    };
    using C = NetworkConfig&;
    CHECK(refusal([](C) {}) == "accepted");
    CHECK_THAT(refusal([](C c) { c.topology = Topology::torus, c.vcs = 1; }),
               Catch::Contains("vcs: found a class with an odd number"));
    CHECK_THAT(refusal([](C c) { c.topology = Topology::torus, c.routing = Routing::odd_even; }),
               Catch::Contains("routing") && Catch::Contains("xy or yx"));
    CHECK_THAT(refusal([](C c) { c.routing = Routing::shortest; }), Catch::Contains("routing"));
    CHECK_THAT(refusal([](C c) { c.routing = Routing::adaptive, c.vcs = 1; }),
               Catch::Contains("2 or more"));
    CHECK_THAT(refusal([](C c) { c.routing = Routing::o1turn, c.vcs = 3; }),
               Catch::Contains("even"));
    CHECK_THAT(
        refusal([](C c) { c.routing = Routing::adaptive, c.vc_choice = VcChoice::per_flow; }),
        Catch::Contains("vc_choice"));
    CHECK_THAT(refusal([](C c) { c.topology = Topology::graph; }),
               Catch::Contains("graph: topology graph needs a file"));
    CHECK_THAT(refusal([](C c) { c.graph = "x"; }), Catch::Contains("graph: found a file"));
    CHECK_THAT(refusal([](C c) { c.chips.width = 3; }), Catch::Contains("divisor"));
    CHECK_THAT(refusal([](C c) { c.topology = Topology::tree, c.arity = 32, c.levels = 12; }),
               Catch::Contains("65536"));
    CHECK_THAT(refusal([](C c) { c.speculative = true, c.vc_allocation_delay = 1; }),
               Catch::Contains("speculative"));
}

}  // namespace
}  // namespace spikeloom::noc
