// One packet for several nodes: each has it once, over a tree, and nothing stands still.
#include "base/error.hpp"
#include "base/random.hpp"
#include "noc/graph.hpp"
#include "noc/multicast.hpp"
#include "tests/noc/network_runs.hpp"

#include <map>
#include <set>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

NetworkConfig multicast_mesh(int width, int height) {
    NetworkConfig config = single_cycle(width, height);
    config.vcs = 2;
    return config;
}

Packet for_group(NodeId source, GroupId group, int flits, std::uint64_t tag = 0) {
    Packet packet{source, group, static_cast<std::uint16_t>(flits), 0, 0, tag};
    packet.multicast = true;
    return packet;
}

TEST_CASE("a packet for a group takes each link of its tree once", "[noc]") {
    // 4x3, XY, from (1,0) to (0,0), (3,0), (3,2) and (1,2): the tree is 1-0, 1-2-3-7-11, 1-5-9.
    Network network(multicast_mesh(4, 3));
    const std::vector<NodeId> nodes = {0, 3, 11, 9};
    const GroupId group = network.add_group(nodes);
    network.send(for_group(1, group, 3));
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 4 * 3);
    std::map<NodeId, Cycle> tail;
    for (const Delivered& each : delivered) {
        if (each.flit.tail) {
            tail[each.flit.node] = each.cycle;
        }
    }
    // 1 for the injection, 1 a router, 2 for the further flits: as if each went alone.
    CHECK(tail[0] == 1 + 2 + 2);
    CHECK(tail[3] == 1 + 3 + 2);
    CHECK(tail[9] == 1 + 3 + 2);
    CHECK(tail[11] == 1 + 5 + 2);
    // Links 1-0, 1-2, 2-3, 3-7, 7-11, 1-5, 5-9, and a way to the interface at each of the four.
    CHECK(network.flit_hops() == 3 * (7 + 4));
    CHECK(network.link_flits(1, kEast) == 3);
    CHECK(network.link_flits(1, kWest) == 3);
    CHECK(network.link_flits(1, kNorth) == 3);
    CHECK(network.link_flits(3, kNorth) == 3);
    // The three copies that leave router 1 together are read once.
    CHECK(network.router_counters(1).buffer_reads == 3);
    CHECK(network.router_counters(1).crossbar_flits == 9);
    CHECK(network.router_counters(1).vc_allocations == 3);
    CHECK(network.router_counters(1).routes == 1);
}

TEST_CASE("the packet is done when the last of its nodes has it", "[noc]") {
    Network network(multicast_mesh(4, 1));
    const std::vector<NodeId> nodes = {3, 0, 3};  // a node named twice counts once
    network.send(for_group(0, network.add_group(nodes), 1));
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 2);
    CHECK(delivered[0].flit.node == 0);
    CHECK(delivered[0].flit.tail);
    CHECK_FALSE(delivered[0].flit.done);
    CHECK(delivered[1].flit.done);
}

TEST_CASE("a closed gate at one node holds the others back only for want of room", "[noc]") {
    Network network(multicast_mesh(3, 1));
    const std::vector<NodeId> nodes = {0, 2};
    const GroupId group = network.add_group(nodes);
    network.close_gate(2, 0, 500);
    for (int i = 0; i < 4; ++i) {
        network.send(for_group(1, group, 1));
    }
    std::map<NodeId, int> early;
    for (const Delivered& each : drain(network)) {
        early[each.flit.node] += each.cycle < 500 ? 1 : 0;
    }
    CHECK(early[0] == 4);
    CHECK(early[2] == 0);
}

/// Random packets for groups and for single nodes, long ones too, under load and with gates.
void multicast_storm(const NetworkConfig& config, std::uint64_t seed, double rate) {
    Network network(config);
    Random random(seed);
    const std::uint32_t nodes = network.graph().nodes();
    std::vector<std::vector<NodeId>> groups;
    for (int i = 0; i < 12; ++i) {
        std::set<NodeId> members;
        for (std::uint64_t n = 1 + random.below(nodes); n > 0; --n) {
            members.insert(static_cast<NodeId>(random.below(nodes)));
        }
        groups.emplace_back(members.begin(), members.end());
        REQUIRE(network.add_group(groups.back()) == groups.size() - 1);
    }
    struct Sent {
        Packet packet;
        std::multiset<NodeId> nodes;
    };
    std::vector<Sent> sent;
    std::size_t flits = 0;
    for (Cycle cycle = 0; cycle < 400; ++cycle) {
        for (NodeId node = 0; node < nodes; ++node) {
            if (random.uniform() >= rate) {
                continue;
            }
            Sent next;
            next.packet.source = node;
            next.packet.ready = cycle;
            next.packet.tag = sent.size();
            next.packet.message_class = static_cast<std::uint8_t>(
                random.below(static_cast<std::uint64_t>(config.classes())));
            next.packet.multicast = random.below(3) != 0;
            if (next.packet.multicast) {
                next.packet.destination = static_cast<NodeId>(random.below(groups.size()));
                next.packet.flits = static_cast<std::uint16_t>(
                    1 + random.below(static_cast<std::uint64_t>(config.buffer)));
                const auto& group = groups[next.packet.destination];
                next.nodes = {group.begin(), group.end()};
            } else {
                next.packet.destination = static_cast<NodeId>(random.below(nodes));
                next.packet.flits = static_cast<std::uint16_t>(
                    1 + random.below(config.flow_control == FlowControl::wormhole
                                         ? 11
                                         : static_cast<std::uint64_t>(config.buffer)));
                next.nodes = {next.packet.destination};
            }
            network.send(next.packet);
            flits += next.packet.flits * next.nodes.size();
            sent.push_back(next);
            if (random.below(20) == 0) {
                network.close_gate(static_cast<NodeId>(random.below(nodes)), 0,
                                   cycle + random.below(80));
            }
        }
    }
    const std::vector<Delivered> delivered = drain(network, 400'000);
    REQUIRE(delivered.size() == flits);
    std::map<std::pair<std::uint64_t, NodeId>, int> next;  // flit of a packet at a node
    std::size_t done = 0;
    for (const Delivered& each : delivered) {
        Sent& packet = sent[each.flit.tag];
        CHECK(packet.nodes.count(each.flit.node) == 1);
        CHECK(each.flit.flit == next[{each.flit.tag, each.flit.node}]++);
        done += each.flit.done ? 1U : 0U;
    }
    CHECK(done == sent.size());
}

TEST_CASE("under random load every node of every group gets every packet once and in order",
          "[noc]") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 3)));
    NetworkConfig config = multicast_mesh(4, 4);
    config.buffer = 5;
    SECTION("single-cycle mesh") {}
    SECTION("four-stage mesh, one channel") {
        config = four_stage(4, 4);
        config.vcs = 1;
        config.buffer = 3;
    }
    SECTION("speculative, with a routing stage") {
        config.routing_delay = 1;
        config.speculative = true;
        config.forward_delay = 3;
        config.credit_delay = 2;
    }
    SECTION("classes and a channel per flow") {
        config.vcs = 4;
        config.message_classes = {3, 1};
        config.vc_choice = VcChoice::per_flow;
    }
    SECTION("torus") {
        config.topology = Topology::torus;
    }
    SECTION("adaptive with an escape channel") {
        config.routing = Routing::adaptive;
    }
    SECTION("odd-even") {
        config.routing = Routing::odd_even;
    }
    SECTION("O1TURN") {
        config.routing = Routing::o1turn;
    }
    SECTION("virtual cut-through, age") {
        config.flow_control = FlowControl::virtual_cut_through;
        config.arbiter = ArbiterKind::age;
    }
    SECTION("tree") {
        config.topology = Topology::tree;
        config.arity = 4;
        config.levels = 2;
    }
    SECTION("chips with slow links") {
        config.chips = {2, 4, 5, 8, 10.0};
    }
    multicast_storm(config, seed, 0.02);
}

TEST_CASE("two packets for the same crowded groups do not deadlock with one slot a channel",
          "[noc]") {
    NetworkConfig config = multicast_mesh(4, 4);
    config.vcs = 1;
    config.buffer = 1;
    Network network(config);
    std::vector<NodeId> all(16);
    for (NodeId node = 0; node < 16; ++node) {
        all[node] = node;
    }
    const GroupId everyone = network.add_group(all);
    for (NodeId node = 0; node < 16; ++node) {
        for (int i = 0; i < 10; ++i) {
            network.send(for_group(node, everyone, 1));
        }
    }
    CHECK(drain(network, 100'000).size() == 16U * 10 * 16);
}

TEST_CASE("a packet for a group must fit a buffer, and the group exist", "[noc]") {
    Network network(multicast_mesh(2, 2));
    const std::vector<NodeId> nodes = {1, 2};
    const GroupId group = network.add_group(nodes);
    CHECK_THROWS_WITH(network.send(for_group(0, group, 5)),
                      Catch::Contains("a packet of 5 flits; allowed are 1 to 4"));
    CHECK_THROWS_WITH(network.send(for_group(0, group + 1, 1)), Catch::Contains("group 1"));
    CHECK_THROWS_AS(network.add_group({}), InputError);
    const std::vector<NodeId> outside = {4};
    CHECK_THROWS_WITH(network.add_group(outside), Catch::Contains("node 4"));
}

}  // namespace
}  // namespace spikeloom::noc
