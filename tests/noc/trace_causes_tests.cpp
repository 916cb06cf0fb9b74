// A recorded trace for another network: what its packets waited for, and in another clock.
#include "noc/experiment.hpp"
#include "noc/trace_causes.hpp"
#include "tests/noc/network_runs.hpp"

#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

TraceRow recorded(std::uint64_t id, Cycle created, NodeId source, NodeId destination,
                  Cycle retired) {
    TraceRow row;
    row.id = id;
    row.created = created;
    row.source = source;
    row.destination = destination;
    row.retired = retired;
    return row;
}

TEST_CASE("a packet waits for what its node received last before it, as long as it did", "[noc]") {
    std::vector<TraceRow> rows = {
        recorded(10, 0, 0, 1, 5),    // nothing came before
        recorded(11, 2, 0, 1, 8),    // nor here
        recorded(12, 8, 1, 2, 12),   // 11 came in this very cycle: it was 10
        recorded(13, 20, 1, 2, 25),  // 11
        recorded(14, 30, 2, 0, 36),  // 13
        recorded(15, 40, 3, 0, 50),  // a node that never receives
    };
    rows[5].after = {13};  // said already
    rows[5].wait = 7;
    infer_causes(rows);
    using Ids = std::vector<std::uint64_t>;
    CHECK(rows[0].after.empty());
    CHECK(rows[1].after.empty());
    CHECK(rows[1].created == 2);
    CHECK(rows[2].after == Ids{10});
    CHECK(rows[2].wait == 3);
    CHECK(rows[2].created == 0);
    CHECK(rows[3].after == Ids{11});
    CHECK(rows[3].wait == 12);
    CHECK(rows[4].after == Ids{13});
    CHECK(rows[4].wait == 5);
    CHECK(rows[5].after == Ids{13});
    CHECK(rows[5].wait == 7);
    CHECK(rows[5].created == 40);
}

TEST_CASE("one packet for several nodes is a cause at each of them", "[noc]") {
    std::vector<TraceRow> rows = {recorded(1, 0, 0, 1, 6), recorded(2, 10, 2, 0, 14)};
    rows[0].others = {2};
    infer_causes(rows);
    CHECK(rows[1].after == std::vector<std::uint64_t>{1});
    CHECK(rows[1].wait == 4);
}

TEST_CASE("times are turned into another clock's, rounded up", "[noc]") {
    std::vector<TraceRow> rows = {recorded(1, 7, 0, 1, 12)};
    rows[0].wait = 5;
    change_clock(rows, 1e9, 1e9);
    CHECK(rows[0].created == 7);
    CHECK(rows[0].retired == 12);
    change_clock(rows, 1e9, 5e8);
    CHECK(rows[0].created == 4);
    CHECK(rows[0].wait == 3);
    CHECK(rows[0].retired == kNever);
}

ExperimentConfig experiment_of(const NetworkConfig& network) {
    ExperimentConfig config;
    config.network = network;
    config.traffic.packet_flits = 2;
    config.traffic.rate = 0.05;
    config.measure = 2000;
    return config;
}

TEST_CASE("a record with inferred causes runs as it was recorded, and slower on a slower network",
          "[noc]") {
    ExperimentConfig config = experiment_of(single_cycle(4, 4));
    config.traffic.window = 2;  // closed loop: the packets do wait for one another
    Keep keep;
    keep.rows = true;
    const std::vector<TraceRow> rows = run_experiment(config, Host::plain, keep).rows;
    REQUIRE(rows.size() > 200);

    config.traffic.infer_causes = true;
    const ExperimentResult same = replay(config, rows, Host::plain);
    CHECK(same.packets == rows.size());
    CHECK(same.as_recorded == rows.size());
    config.network.forward_delay = 10;
    const ExperimentResult slow = replay(config, rows, Host::plain);
    config.traffic.infer_causes = false;
    const ExperimentResult timed = replay(config, rows, Host::plain);
    CHECK(slow.packets == rows.size());
    CHECK(slow.cycles > timed.cycles + 100);
}

TEST_CASE("the packet of a trace that is watched is the one with that id, if others wait",
          "[noc]") {
    // Packet 2 is created last, though its row says the earliest cycle.
    std::vector<TraceRow> rows = {recorded(2, 0, 5, 6, kNever), recorded(3, 1, 0, 3, kNever),
                                  recorded(4, 9, 1, 2, kNever)};
    rows[0].after = {4};
    rows[0].wait = 3;
    Keep keep;
    keep.watch = 2;
    const ExperimentResult result =
        replay(experiment_of(single_cycle(4, 4)), rows, Host::plain, keep);
    REQUIRE(!result.watched.empty());
    CHECK_THAT(result.watched.front(), Catch::Contains("node 5"));
    CHECK_THAT(result.watched.back(), Catch::Contains("is consumed by node 6"));
}

}  // namespace
}  // namespace spikeloom::noc
