// Who wins, and how soon: arbiters, speculation, cut-through. Cycles worked out by hand.
#include "base/error.hpp"
#include "tests/noc/network_runs.hpp"

#include <map>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

/// BookSim2's three-stage router: channel and switch asked for at once.
NetworkConfig three_stage(int width, int height) {
    NetworkConfig config = four_stage(width, height);
    config.vc_allocation_delay = 0;
    config.speculative = true;
    return config;
}

TEST_CASE("BookSim2's speculative router takes 5 + 3 H + L - 1 cycles at every distance", "[noc]") {
    const NetworkConfig config = three_stage(8, 8);
    for (int hops = 0; hops <= 14; ++hops) {
        const auto destination = static_cast<NodeId>(hops <= 7 ? hops : 7 + 8 * (hops - 7));
        for (const int flits : {1, 4}) {
            Network network(config);
            network.send({0, destination, static_cast<std::uint16_t>(flits)});
            CHECK(drain(network).back().cycle == static_cast<Cycle>(5 + 3 * hops + flits - 1));
        }
    }
}

TEST_CASE("a gamble that wins the switch and no channel loses the cycle", "[noc]") {
    // Two heads arrive at router 1 in the same cycle, from node 0 and from node 1 itself, for node
    // 2, where there is one channel. Both ask for the channel and the switch; the allocators'
    // pointers stand alike, so one input wins both and the other neither. The channel is free again
    // in the next cycle, the tail having left: the second follows a cycle behind the first.
    NetworkConfig config = three_stage(3, 1);
    config.vcs = 1;
    Network network(config);
    network.send({0, 2, 1, 0, 0, 1});
    network.send({1, 2, 1, 0, 3, 2});  // a link and a router later than from node 0
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 2);
    CHECK(delivered[0].cycle == 5 + 3 * 2);
    CHECK(delivered[1].cycle == 5 + 3 * 2 + 1);
}

TEST_CASE("the mean of uniform single flits is BookSim2's 20.75 at no load", "[noc]") {
    // The mean of 5 + 3 H over all pairs, the node itself included: H is 2 * 21 / 8 on average.
    const NetworkConfig config = three_stage(8, 8);
    Network network(config);
    double sum = 0.0;
    for (NodeId source = 0; source < 64; ++source) {
        for (NodeId end = 0; end < 64; ++end) {
            sum += static_cast<double>(network.path(source, end).head_cycles);
        }
    }
    CHECK(sum / (64 * 64) == Approx(20.75));
}

/// Nodes 0, 2 and 4 of a plus-shaped network flood its centre's east neighbour.
std::map<NodeId, int> shares(ArbiterKind arbiter, int first_cycles) {
    NetworkConfig config = single_cycle(3, 3);
    config.vcs = 1;
    config.buffer = 4;
    config.arbiter = arbiter;
    Network network(config);
    for (const NodeId source : {3U, 1U, 7U}) {  // west, south and north of the centre
        for (int i = 0; i < 100; ++i) {
            network.send({source, source == 3U ? 5U : 4U, 1});
        }
    }
    std::vector<Delivered> delivered;
    run_until(network, static_cast<Cycle>(first_cycles), delivered);
    std::map<NodeId, int> result;
    for (const Delivered& each : delivered) {
        ++result[each.flit.source];
    }
    return result;
}

TEST_CASE("round robin and matrix arbiters share an output, a fixed one starves", "[noc]") {
    // Nodes 1 and 7 send to the centre, node 4, and meet at its interface.
    for (const ArbiterKind fair : {ArbiterKind::round_robin, ArbiterKind::matrix}) {
        std::map<NodeId, int> got = shares(fair, 60);
        CHECK(std::abs(got[1] - got[7]) <= 1);
        CHECK(got[1] >= 20);
    }
    std::map<NodeId, int> got = shares(ArbiterKind::fixed, 60);
    CHECK((got[1] == 0 || got[7] == 0));
}

TEST_CASE("an age arbiter lets the oldest packets pass first", "[noc]") {
    // Old packets for node 1 wait behind it on one side, young ones on the other, its gate closed.
    // The interface and each input hold two.
    const auto old_ones_first = [](ArbiterKind arbiter) {
        NetworkConfig config = single_cycle(3, 1);
        config.vcs = 1;
        config.buffer = 2;
        config.arbiter = arbiter;
        Network network(config);
        network.close_gate(1, 0, 200);
        for (int i = 0; i < 6; ++i) {
            network.send({0, 1, 1, 0, 0, 1});
            network.send({2, 1, 1, 0, 50, 2});
        }
        int count = 0;
        for (const Delivered& each : drain(network)) {
            if (each.flit.tag != 1) {
                break;
            }
            ++count;
        }
        return count;
    };
    CHECK(old_ones_first(ArbiterKind::age) == 6);
    CHECK(old_ones_first(ArbiterKind::round_robin) < 6);
}

TEST_CASE("a matrix arbiter serves whoever was served longest ago", "[noc]") {
    // Three inputs of router 4 want its interface: in turn, each every third cycle.
    NetworkConfig config = single_cycle(3, 3);
    config.vcs = 1;
    config.arbiter = ArbiterKind::matrix;
    Network network(config);
    for (const NodeId source : {1U, 3U, 5U}) {
        for (int i = 0; i < 30; ++i) {
            network.send({source, 4, 1});
        }
    }
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 90);
    for (std::size_t i = 3; i < 60; ++i) {
        CHECK(delivered[i].flit.source == delivered[i - 3].flit.source);
    }
}

TEST_CASE("cut through, a packet goes on only where all of it finds room", "[noc]") {
    // Buffers of 4, packets of 3, the gate at node 2 closed: its interface holds one packet and has
    // one slot left. Wormhole puts the next head there; cut-through does not.
    const auto in_front = [](FlowControl flow_control) {
        NetworkConfig config = single_cycle(3, 1);
        config.vcs = 1;
        config.flow_control = flow_control;
        Network network(config);
        network.close_gate(2, 0, kNever);
        network.send({0, 2, 3});
        network.send({0, 2, 3});
        std::vector<Delivered> delivered;
        run_until(network, 100, delivered);
        return network.link_flits(2, kLocal);
    };
    CHECK(in_front(FlowControl::wormhole) == 4);
    CHECK(in_front(FlowControl::virtual_cut_through) == 3);
}

TEST_CASE("cut through refuses a packet that fits no buffer", "[noc]") {
    NetworkConfig config = single_cycle(2, 1);
    config.flow_control = FlowControl::virtual_cut_through;
    Network network(config);
    CHECK_NOTHROW(network.send({0, 1, 4}));
    CHECK_THROWS_WITH(network.send({0, 1, 5}), Catch::Contains("it must fit a buffer"));
}

}  // namespace
}  // namespace spikeloom::noc
