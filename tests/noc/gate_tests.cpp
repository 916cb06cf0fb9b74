// Gates, message classes and watched sources: how a tile and its network hold each other back.
#include "base/error.hpp"
#include "noc/watchdog.hpp"
#include "tests/noc/network_runs.hpp"

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

TEST_CASE("a gate holds a flit back until the cycle it opens, not a cycle longer", "[noc]") {
    NetworkConfig config = single_cycle(2, 1);
    Network network(config);
    network.send({0, 1, 1, 0, 0, 0});  // would be consumed in cycle 3
    SECTION("open") {
        CHECK(drain(network).back().cycle == 3);
    }
    SECTION("closed until the cycle of arrival") {
        network.close_gate(1, 0, 3);
        CHECK(drain(network).back().cycle == 3);
    }
    SECTION("closed until the cycle after") {
        network.close_gate(1, 0, 4);
        CHECK(drain(network).back().cycle == 4);
    }
    SECTION("closed for long: the cycles in between are skipped") {
        network.close_gate(1, 0, 1'000'000);
        std::vector<Delivered> delivered;
        run_until(network, 10, delivered);
        CHECK(network.next_activity() == 1'000'000);
        network.skip_to(1'000'000);
        run_until(network, 1'000'001, delivered);
        REQUIRE(delivered.size() == 1);
        CHECK(delivered[0].cycle == 1'000'000);
    }
    SECTION("closed for ever, opened by a call") {
        network.close_gate(1, 0, kNever);
        std::vector<Delivered> delivered;
        run_until(network, 100, delivered);
        CHECK(delivered.empty());
        CHECK(network.next_activity() == kNever);
        CHECK_FALSE(network.drained());
        network.open_gate(1, 0);
        CHECK(network.next_activity() == 100);
        CHECK(drain(network).back().cycle == 100);
    }
    SECTION("a later call replaces an earlier one") {
        network.close_gate(1, 0, 500);
        network.close_gate(1, 0, 20);
        CHECK(drain(network).back().cycle == 20);
    }
    SECTION("and may close for longer") {
        network.close_gate(1, 0, 20);
        network.close_gate(1, 0, 50);
        CHECK(drain(network).back().cycle == 50);
    }
    SECTION("a gate opened by a call and closed anew keeps to the new time") {
        network.close_gate(1, 0, 20);
        network.open_gate(1, 0);
        network.close_gate(1, 0, 30);
        CHECK(drain(network).back().cycle == 30);
    }
}

TEST_CASE("behind a closed gate wait as many flits as there are slots on the way", "[noc]") {
    // One virtual channel, one packet of 100 flits from node 0 to 2: the slots of routers 0, 1, 2
    // and of the interface fill, then the source stops.
    NetworkConfig config = single_cycle(3, 1);
    config.vcs = 1;
    config.buffer = 5;
    Network network(config);
    network.send({0, 2, 100, 0, 0, 0});
    network.close_gate(2, 0, kNever);
    std::vector<Delivered> delivered;
    run_until(network, 1000, delivered);
    CHECK(delivered.empty());
    CHECK(network.injected_flits(0) == 4 * 5);
    CHECK(network.source_flits(0, 0) == 80);
    CHECK(network.next_activity() == kNever);
    network.open_gate(2, 0);
    CHECK(drain(network).size() == 100);
}

TEST_CASE("a class that stands still for ever does not hold up another", "[noc]") {
    NetworkConfig config = single_cycle(4, 4);
    config.vcs = 3;
    config.message_classes = {1, 2};
    config.vc_choice = GENERATE(VcChoice::dynamic, VcChoice::per_flow);
    Network network(config);
    for (NodeId node = 0; node < 16; ++node) {
        network.close_gate(node, 0, kNever);
    }
    std::uint64_t sent = 0;
    for (NodeId source = 0; source < 16; ++source) {
        for (NodeId destination = 0; destination < 16; ++destination) {
            network.send({source, destination, 4, 0, 0, 0});
            network.send({source, destination, 4, 1, 0, 1});
            sent += 4;
        }
    }
    std::vector<Delivered> delivered;
    run_until(network, 5000, delivered);
    CHECK(delivered.size() == sent);
    for (const Delivered& each : delivered) {
        CHECK(each.flit.message_class == 1);
    }
    CHECK(network.next_activity() == kNever);
    // And the other is only held up: it comes when it may.
    for (NodeId node = 0; node < 16; ++node) {
        network.open_gate(node, 0);
    }
    CHECK(drain(network).size() == sent);
}

TEST_CASE("a source that serves two classes takes them in turn", "[noc]") {
    NetworkConfig config = single_cycle(2, 1);
    config.buffer = 8;
    config.message_classes = {1, 1};
    Network network(config);
    network.send({0, 1, 10, 0, 0, 0});
    network.send({0, 1, 10, 1, 0, 1});
    const std::vector<Delivered> delivered = drain(network);
    REQUIRE(delivered.size() == 20);
    for (std::size_t i = 0; i < 20; ++i) {
        CHECK(delivered[i].flit.message_class == i % 2);
        CHECK(delivered[i].cycle == 3 + i);
    }
}

TEST_CASE("a watched source reports once, in the cycle in which it has run low", "[noc]") {
    Network network(single_cycle(2, 1));
    network.send({0, 1, 5, 0, 10, 0});
    network.watch_source(0, 0, 2);
    std::vector<Cycle> reported;
    for (int i = 0; i < 40; ++i) {
        network.step();
        for (const SourceReport& report : network.source_reports()) {
            CHECK(report.node == 0);
            CHECK(report.message_class == 0);
            CHECK(report.flits == 2);
            reported.push_back(network.now() - 1);
        }
    }
    // Injected in 10, 11, 12: two are left after cycle 12.
    CHECK(reported == std::vector<Cycle>{12});
}

TEST_CASE("a watched source that is low already reports in the next step", "[noc]") {
    Network network(single_cycle(2, 1));
    network.skip_to(5);
    network.watch_source(1, 0, 0);
    CHECK(network.next_activity() == 5);
    network.step();
    REQUIRE(network.source_reports().size() == 1);
    CHECK(network.source_reports()[0].node == 1);
    network.step();
    CHECK(network.source_reports().empty());
    CHECK(network.next_activity() == kNever);
}

TEST_CASE("a stalled network is named with router, port and virtual channel", "[noc]") {
    NetworkConfig config = single_cycle(3, 1);
    config.vcs = 1;
    Network network(config);
    check_progress(network, 1'000'000, 1000);  // idle is no stall
    network.send({0, 2, 100, 0, 0, 0});
    network.close_gate(2, 0, kNever);
    std::vector<Delivered> delivered;
    run_until(network, 100, delivered);
    const Cycle last = network.last_movement();
    // 4 x 4 slots on the way: the 16th flit is injected in cycle 15 and stays where it is.
    CHECK(last == 15);
    check_progress(network, last + 999, 1000);
    try {
        check_progress(network, last + 1000, 1000);
        FAIL("a stall went unnoticed");
    } catch (const CheckFailed& failure) {
        CHECK(std::string(failure.what()) ==
              "network: no flit has moved for 1000 cycles or more since cycle 15: router 0 (0, 0), "
              "input local, virtual channel 0: 4 flits wait for a credit of output east, virtual "
              "channel 0");
    }
    network.open_gate(2, 0);
    drain(network);
    check_progress(network, network.now() + 1'000'000, 1000);
}

TEST_CASE("calls for what does not exist are refused with what is allowed", "[noc]") {
    NetworkConfig config = single_cycle(3, 2);
    config.message_classes = {1, 1};
    Network network(config);
    using Catch::Contains;
    CHECK_THROWS_WITH(network.send({6, 0, 1, 0, 0, 0}), Contains("source") && Contains("0 to 5"));
    CHECK_THROWS_WITH(network.send({0, 9, 1, 0, 0, 0}), Contains("destination") && Contains("9"));
    CHECK_THROWS_WITH(network.send({0, 1, 0, 0, 0, 0}), Contains("0 flits"));
    CHECK_THROWS_WITH(network.send({0, 1, 32768, 0, 0, 0}), Contains("32768 flits"));
    CHECK_THROWS_WITH(network.send({0, 1, 1, 2, 0, 0}), Contains("class 2") && Contains("0 to 1"));
    CHECK_THROWS_AS(network.close_gate(6, 0, 1), InputError);
    CHECK_THROWS_AS(network.open_gate(0, -1), InputError);
    CHECK_THROWS_AS(network.watch_source(0, 2, 0), InputError);
    CHECK_THROWS_AS(network.link_flits(0, kPorts), InputError);
    CHECK_THROWS_AS(network.router_counters(6), InputError);
    CHECK_THROWS_AS(network.source_flits(0, 2), InputError);
    CHECK(network.drained());
}

}  // namespace
}  // namespace spikeloom::noc
