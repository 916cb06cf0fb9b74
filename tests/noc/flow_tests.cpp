// Nothing is lost, doubled or overtaken, whatever the receivers do.
#include "base/random.hpp"
#include "tests/noc/network_runs.hpp"

#include <map>
#include <set>
#include <tuple>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

/// Random packets and gates: every packet's tag is its place in `sent`.
struct Storm {
    Network network;
    Random random;
    std::vector<Packet> sent;
    std::vector<Delivered> delivered;

    Storm(const NetworkConfig& config, std::uint64_t seed) : network(config), random(seed) {}

    NodeId any_node() {
        return static_cast<NodeId>(
            random.below(static_cast<std::uint64_t>(network.config().nodes())));
    }
    int any_class() {
        return static_cast<int>(
            random.below(static_cast<std::uint64_t>(network.config().classes())));
    }

    void blow(Cycle cycles, double packet_rate, double gate_rate) {
        for (Cycle cycle = 0; cycle < cycles; ++cycle) {
            for (int node = 0; node < network.config().nodes(); ++node) {
                if (random.uniform() < packet_rate) {
                    const Packet packet{static_cast<NodeId>(node),
                                        any_node(),
                                        static_cast<std::uint16_t>(1 + random.below(9)),
                                        static_cast<std::uint8_t>(any_class()),
                                        cycle,
                                        sent.size()};
                    network.send(packet);
                    sent.push_back(packet);
                }
                if (random.uniform() < gate_rate) {
                    network.close_gate(any_node(), any_class(), cycle + random.below(60));
                }
            }
            run_until(network, network.now() + 1, delivered);
        }
        for (const Delivered& late : drain(network)) {
            delivered.push_back(late);
        }
    }
};

NetworkConfig random_config(std::uint64_t seed) {
    Random random(seed);
    NetworkConfig config;
    const auto pick = [&](int least, int most) {
        return least + static_cast<int>(random.below(static_cast<std::uint64_t>(most - least + 1)));
    };
    config.width = pick(1, 6);
    config.height = pick(1, 6);
    config.routing = pick(0, 1) == 0 ? Routing::xy : Routing::yx;
    config.buffer = pick(1, 6);
    config.routing_delay = pick(0, 1);
    config.vc_allocation_delay = pick(0, 1);
    config.forward_delay = pick(1, 4);
    config.credit_delay = pick(1, 3);
    config.injection_delay = pick(1, 3);
    config.vc_choice = pick(0, 1) == 0 ? VcChoice::dynamic : VcChoice::per_flow;
    config.vcs = 0;
    for (int classes = pick(1, 3); classes > 0; --classes) {
        config.message_classes.push_back(pick(1, 4));
        config.vcs += config.message_classes.back();
    }
    return config;
}

TEST_CASE("every flit sent is delivered once, where it was sent, whatever the gates do", "[noc]") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 40)));
    Storm storm(random_config(seed), seed);
    storm.blow(600, 0.05, seed % 2 == 0 ? 0.0 : 0.02);

    std::set<std::pair<std::uint64_t, int>> seen;  // (packet, flit)
    std::size_t flits = 0;
    for (const Packet& packet : storm.sent) {
        flits += packet.flits;
    }
    REQUIRE(storm.delivered.size() == flits);
    for (const Delivered& delivered : storm.delivered) {
        const Packet& packet = storm.sent.at(delivered.flit.tag);
        CHECK(delivered.flit.node == packet.destination);
        CHECK(delivered.flit.source == packet.source);
        CHECK(delivered.flit.message_class == packet.message_class);
        CHECK(delivered.flit.tail == (delivered.flit.flit + 1 == packet.flits));
        CHECK(delivered.cycle > packet.ready);
        CHECK(seen.emplace(delivered.flit.tag, delivered.flit.flit).second);
    }
    std::uint64_t hops = 0;
    for (const Packet& packet : storm.sent) {
        hops += static_cast<std::uint64_t>(
                    mesh_hops(storm.network.config(), packet.source, packet.destination) + 1) *
                packet.flits;
    }
    CHECK(storm.network.flit_hops() == hops);
    CHECK(storm.network.next_activity() >= storm.network.now());
}

TEST_CASE("the flits of a packet arrive in order, those of a class at a node one a cycle",
          "[noc]") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(100, 120)));
    Storm storm(random_config(seed), seed);
    storm.blow(400, 0.08, 0.01);
    std::map<std::uint64_t, int> next;  // flit of a packet
    std::set<std::pair<Cycle, NodeId>> taken;
    for (const Delivered& delivered : storm.delivered) {
        CHECK(delivered.flit.flit == next[delivered.flit.tag]++);
        CHECK(taken.emplace(delivered.cycle, delivered.flit.node).second);
    }
}

TEST_CASE("with a channel per flow packets of a flow never overtake each other", "[noc]") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(200, 230)));
    NetworkConfig config = random_config(seed);
    config.vc_choice = VcChoice::per_flow;
    Storm storm(config, seed);
    storm.blow(500, 0.1, 0.02);
    std::map<std::tuple<NodeId, NodeId, int>, std::uint64_t> last;  // tag, of a flow
    for (const Delivered& delivered : storm.delivered) {
        const Packet& packet = storm.sent[delivered.flit.tag];
        auto& latest = last[{packet.source, packet.destination, packet.message_class}];
        CHECK(delivered.flit.tag >= latest);
        latest = delivered.flit.tag;
    }
}

TEST_CASE("with dynamic channels packets of a flow do overtake: the guarantee is the choice's",
          "[noc]") {
    NetworkConfig config = four_stage(6, 1);
    config.vcs = 4;
    Storm storm(config, 1);
    storm.blow(2000, 0.12, 0.0);
    std::map<std::pair<NodeId, NodeId>, std::uint64_t> last;
    int overtaken = 0;
    for (const Delivered& delivered : storm.delivered) {
        if (delivered.flit.tail) {
            auto& latest = last[{delivered.flit.source, delivered.flit.node}];
            overtaken += delivered.flit.tag < latest ? 1 : 0;
            latest = std::max(latest, delivered.flit.tag);
        }
    }
    CHECK(overtaken > 0);
}

TEST_CASE("two runs of the same calls are the same, cycle by cycle", "[noc]") {
    const NetworkConfig config = random_config(7);
    Storm first(config, 7);
    Storm second(config, 7);
    first.blow(500, 0.1, 0.02);
    second.blow(500, 0.1, 0.02);
    REQUIRE(first.delivered.size() == second.delivered.size());
    for (std::size_t i = 0; i < first.delivered.size(); ++i) {
        CHECK(first.delivered[i].cycle == second.delivered[i].cycle);
        CHECK(first.delivered[i].flit.tag == second.delivered[i].flit.tag);
        CHECK(first.delivered[i].flit.flit == second.delivered[i].flit.flit);
    }
}

TEST_CASE("skipping idle cycles changes nothing", "[noc]") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(300, 310)));
    const NetworkConfig config = random_config(seed);
    Random random(seed);
    Network stepped(config);
    Network skipped(config);
    Cycle ready = 0;
    for (std::uint64_t i = 0; i < 60; ++i) {
        ready += random.below(90);
        const Packet packet{
            static_cast<NodeId>(random.below(static_cast<std::uint64_t>(config.nodes()))),
            static_cast<NodeId>(random.below(static_cast<std::uint64_t>(config.nodes()))),
            static_cast<std::uint16_t>(1 + random.below(5)),
            0,
            ready,
            i};
        stepped.send(packet);
        skipped.send(packet);
    }
    stepped.close_gate(0, 0, 700);
    skipped.close_gate(0, 0, 700);
    const std::vector<Delivered> expected = drain(stepped);
    std::vector<Delivered> delivered;
    Cycle executed = 0;
    while (!skipped.drained()) {
        const Cycle next = skipped.next_activity();
        REQUIRE(next != kNever);
        skipped.skip_to(next);
        run_until(skipped, next + 1, delivered);
        ++executed;
    }
    CHECK(executed < stepped.now());
    CHECK(skipped.now() == stepped.now());
    REQUIRE(delivered.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(delivered[i].cycle == expected[i].cycle);
        CHECK(delivered[i].flit.tag == expected[i].flit.tag);
        CHECK(delivered[i].flit.flit == expected[i].flit.flit);
    }
    CHECK(skipped.flit_hops() == stepped.flit_hops());
}

TEST_CASE("a network cannot be taken past what is to happen", "[noc]") {
    Network network(single_cycle(2, 1));
    CHECK(network.next_activity() == kNever);
    network.skip_to(50);
    CHECK(network.now() == 50);
    CHECK_THROWS_AS(network.skip_to(49), std::logic_error);
    network.send({0, 1, 1, 0, 100, 0});
    CHECK(network.next_activity() == 100);
    CHECK_THROWS_AS(network.skip_to(101), std::logic_error);
    network.skip_to(100);
    network.step();
    CHECK(network.next_activity() == 101);
}

}  // namespace
}  // namespace spikeloom::noc
