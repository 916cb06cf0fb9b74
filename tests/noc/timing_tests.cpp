// When a lone packet arrives, and when it has to wait for credits: cycles worked out by hand.
#include "tests/noc/network_runs.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

Packet packet(NodeId source, NodeId destination, int flits, Cycle ready = 0) {
    return {source, destination, static_cast<std::uint16_t>(flits), 0, ready, 0};
}

/// Cycles from the one in which a packet is ready, alone in a network at rest, to the one in which
/// its tail is consumed.
Cycle latency_alone(Network& network, NodeId source, NodeId destination, int flits) {
    constexpr Cycle kCreditsAreBack = 32;
    const Cycle ready = network.now() + kCreditsAreBack;
    network.send(packet(source, destination, flits, ready));
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == static_cast<std::size_t>(flits));
    REQUIRE(delivered.back().flit.tail);
    return delivered.back().cycle - ready;
}

Cycle latency_alone(const NetworkConfig& config, NodeId source, NodeId destination, int flits) {
    Network network(config);
    return latency_alone(network, source, destination, flits);
}

TEST_CASE("a lone packet takes the zero-load latency of the formula", "[noc]") {
    NetworkConfig config;
    config.width = 7;
    config.height = 5;
    config.routing = GENERATE(Routing::xy, Routing::yx);
    config.routing_delay = GENERATE(0, 1);
    config.vc_allocation_delay = GENERATE(0, 1);
    config.forward_delay = GENERATE(1, 2, 3, 7);
    config.credit_delay = GENERATE(1, 2, 5);
    config.injection_delay = GENERATE(1, 2, 4);
    // Just enough to keep a packet streaming: a slot for each cycle from sending a flit to its
    // credit being back. (A head that waits for its route and channel does so while its packet
    // catches up.)
    config.buffer = std::max(config.forward_delay, config.injection_delay) + config.credit_delay;
    Network network(config);
    for (const NodeId source : {0U, 17U, 34U}) {
        for (const NodeId destination : {0U, 6U, 16U, 17U, 28U, 34U}) {
            for (const int flits : {1, 2, 5, 20}) {
                const int routers = mesh_hops(config, source, destination) + 1;
                const int expected = config.injection_delay +
                                     routers * (config.routing_delay + config.vc_allocation_delay) +
                                     routers * config.forward_delay + flits - 1;
                CHECK(latency_alone(network, source, destination, flits) ==
                      static_cast<Cycle>(expected));
            }
        }
    }
}

TEST_CASE("BookSim2's measured zero-load latencies hold at every distance", "[noc]") {
    NetworkConfig config = four_stage(8, 8);
    for (int hops = 0; hops <= 14; ++hops) {
        const auto destination =
            static_cast<NodeId>(hops <= 7 ? hops : 7 + 8 * (hops - 7));  // east, then north
        const auto h = static_cast<Cycle>(hops);
        config.routing_delay = 0;
        CHECK(latency_alone(config, 0, destination, 1) == 6 + 4 * h);
        CHECK(latency_alone(config, 0, destination, 4) == 6 + 4 * h + 3);
        config.routing_delay = 1;
        CHECK(latency_alone(config, 0, destination, 1) == 7 + 5 * h);
        CHECK(latency_alone(config, 0, destination, 4) == 7 + 5 * h + 3);
    }
}

TEST_CASE("a flit is not there one cycle before its time and is there at its time", "[noc]") {
    Network network(single_cycle(4, 1));
    network.send(packet(0, 3, 2, 10));
    std::vector<Delivered> delivered;
    // Injected in cycle 10; seen by router 0 in 11, 1 in 12, 2 in 13, 3 in 14, by the interface
    // in 15.
    run_until(network, 15, delivered);
    CHECK(delivered.empty());
    run_until(network, 16, delivered);
    REQUIRE(delivered.size() == 1);
    CHECK(delivered[0].cycle == 15);
    CHECK_FALSE(delivered[0].flit.tail);
    CHECK_FALSE(network.drained());
    run_until(network, 17, delivered);
    REQUIRE(delivered.size() == 2);
    CHECK(delivered[1].cycle == 16);
    CHECK(delivered[1].flit.tail);
    CHECK(network.drained());
}

TEST_CASE("a packet is not injected before it is ready, and holds up those behind it", "[noc]") {
    Network network(single_cycle(2, 1));
    network.send({0, 1, 1, 0, 20, 1});
    network.send({0, 1, 1, 0, 0, 2});
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 2);
    CHECK(delivered[0].cycle == 23);  // 20 + 1 + 2 routers
    CHECK(delivered[0].flit.tag == 1);
    CHECK(delivered[1].cycle == 24);
    CHECK(delivered[1].flit.tag == 2);
}

TEST_CASE("with one slot a channel passes a flit every forward plus credit delay", "[noc]") {
    // A flit that wins the switch in cycle t leaves the next buffer at t + F at the earliest, and
    // its credit is usable at t + F + R: the next one follows then.
    NetworkConfig config = single_cycle(3, 1);
    config.vcs = 1;
    config.buffer = 1;
    config.forward_delay = GENERATE(1, 3);
    config.credit_delay = GENERATE(1, 2, 4);
    const auto period = static_cast<Cycle>(config.forward_delay + config.credit_delay);
    const Cycle head = 1 + 3 * static_cast<Cycle>(config.forward_delay);
    for (const int flits : {1, 2, 3, 9}) {
        CHECK(latency_alone(config, 0, 2, flits) == head + static_cast<Cycle>(flits - 1) * period);
    }
}

TEST_CASE("with a slot too few for the credit's way back a long packet takes longer", "[noc]") {
    NetworkConfig config = four_stage(8, 1);
    config.vcs = 1;
    const Cycle free_flow = 6 + 4 * 3 + 19;
    config.buffer = config.forward_delay + config.credit_delay;
    CHECK(latency_alone(config, 0, 3, 20) == free_flow);
    config.buffer -= 1;
    CHECK(latency_alone(config, 0, 3, 20) > free_flow);
}

TEST_CASE("a fifth flit waits for the first one's credit where there are four slots", "[noc]") {
    // Four-stage router. Let the head be seen by router 0 in cycle t. It wins a channel in t and
    // the switch in t + 1; the four flits use the four credits of router 1's buffer in t + 1 .. t
    // + 4. There the head is seen in t + 4 and wins the switch in t + 5, so its credit is usable in
    // t + 7, and the fifth flit, which could have gone in t + 5, goes then. Router 1 sees it in t
    // + 10. In free flow it would have been seen in t + 8 and have won the switch, behind the four,
    // in t + 9: it is one cycle late. So it is at every router, and at the interface.
    NetworkConfig config = four_stage(8, 1);
    config.vcs = 1;
    for (int hops = 1; hops < 8; ++hops) {
        CHECK(latency_alone(config, 0, static_cast<NodeId>(hops), 5) ==
              6 + 4 * static_cast<Cycle>(hops) + 4 + 1);
    }
    // To its own interface: the four are seen there in t + 4 .. t + 7, the first credit is usable
    // in t + 6, where the fifth could have gone in t + 5.
    CHECK(latency_alone(config, 0, 0, 5) == 6 + 4 + 1);
}

TEST_CASE("an input serves single-flit packets every two cycles, three with a routing stage",
          "[noc]") {
    // One virtual channel: the next head asks for a channel only after the tail before it has won
    // the switch. Four slots are enough not to matter.
    NetworkConfig config = four_stage(2, 1);
    config.vcs = 1;
    config.buffer = 64;
    config.routing_delay = GENERATE(0, 1);
    Network network(config);
    for (int i = 0; i < 10; ++i) {
        network.send(packet(0, 1, 1));
    }
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 10);
    for (std::size_t i = 1; i < delivered.size(); ++i) {
        CHECK(delivered[i].cycle - delivered[i - 1].cycle ==
              static_cast<Cycle>(2 + config.routing_delay));
    }
}

TEST_CASE("a single-cycle router passes single-flit packets back to back", "[noc]") {
    NetworkConfig config = single_cycle(5, 5);
    config.vcs = 1;
    config.buffer = 2;  // the credit loop of one forward and one credit cycle
    Network network(config);
    for (int i = 0; i < 100; ++i) {
        network.send(packet(3, 21, 1));
    }
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 100);
    CHECK(delivered.back().cycle - delivered.front().cycle == 99);
}

TEST_CASE("two inputs that want one output share it cycle by cycle", "[noc]") {
    // Nodes 0 and 2 of a row send to node 1, each on its own virtual channel: the interface takes a
    // flit a cycle and the switch alternates.
    NetworkConfig config = single_cycle(3, 1);
    config.buffer = 8;
    Network network(config);
    for (int i = 0; i < 2; ++i) {
        network.send({0, 1, 50, 0, 0, 0});
        network.send({2, 1, 50, 0, 0, 2});
    }
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 200);
    CHECK(delivered.back().cycle - delivered.front().cycle == 199);
    int alternations = 0;
    for (std::size_t i = 1; i < 100; ++i) {
        alternations += delivered[i].flit.source != delivered[i - 1].flit.source ? 1 : 0;
    }
    CHECK(alternations == 99);
}

TEST_CASE("a router's counters are the events of the packets that crossed it", "[noc]") {
    Network network(four_stage(4, 4));
    network.send(packet(0, 6, 3));  // (0,0) -> (2,1): routers 0, 1, 2, 6
    network.send(packet(2, 2, 2));
    drain(network);
    const auto check = [&](NodeId node, std::uint64_t flits, std::uint64_t packets) {
        const RouterCounters counters = network.router_counters(node);
        CHECK(counters.buffer_writes == flits);
        CHECK(counters.buffer_reads == flits);
        CHECK(counters.switch_allocations == flits);
        CHECK(counters.crossbar_flits == flits);
        CHECK(counters.vc_allocations == packets);
        CHECK(counters.routes == packets);
    };
    check(0, 3, 1);
    check(1, 3, 1);
    check(2, 5, 2);
    check(6, 3, 1);
    check(5, 0, 0);
    CHECK(network.flit_hops() == 14);
    CHECK(network.link_flits(0, kEast) == 3);
    CHECK(network.link_flits(1, kEast) == 3);
    CHECK(network.link_flits(2, kNorth) == 3);
    CHECK(network.link_flits(2, kLocal) == 2);
    CHECK(network.link_flits(6, kLocal) == 3);
    CHECK(network.link_flits(2, kEast) == 0);
    CHECK(network.injected_flits(0) == 3);
    CHECK(network.ejected_flits(6) == 3);
    CHECK(network.ejected_flits(2) == 2);
}

}  // namespace
}  // namespace spikeloom::noc
