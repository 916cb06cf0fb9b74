// Latencies and their parts, buffers, samples, the way of a packet: by hand, and by other sums.
#include "noc/experiment.hpp"
#include "noc/graph.hpp"
#include "noc/packet_streams.hpp"
#include "noc/sweep.hpp"
#include "tests/noc/network_runs.hpp"
#include "tests/support/temporary_file.hpp"

#include <cmath>
#include <map>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

ExperimentConfig loaded(double rate, int packet_flits) {
    ExperimentConfig config;
    config.network = four_stage(6, 6);
    config.traffic.rate = rate;
    config.traffic.packet_flits = packet_flits;
    config.measure = 3000;
    return config;
}

TEST_CASE("percentiles are the least latencies that so many packets do not exceed", "[noc]") {
    LatencyMeter meter;
    CHECK_FALSE(meter.summary());
    for (Cycle latency = 1; latency <= 2000; ++latency) {
        meter.add({latency, latency / 4, 1, 0});
    }
    const LatencySummary summary = *meter.summary();
    CHECK(summary.packets == 2000);
    CHECK(summary.average == Approx(1000.5));
    CHECK(summary.p50 == 1000);
    CHECK(summary.p90 == 1800);
    CHECK(summary.p95 == 1900);
    CHECK(summary.p99 == 1980);
    CHECK(summary.p999 == 1998);
    CHECK(summary.max == 2000);
    CHECK(summary.parts.pipeline == 1.0);
    CHECK(meter.histogram().size() == 2000);
    meter.add({5'000'000, 0, 0, 0});
    CHECK(meter.summary()->max == 5'000'000);
    CHECK(meter.histogram().back() == std::pair<Cycle, std::uint64_t>{5'000'000, 1});
}

TEST_CASE("a lone packet's latency is pipeline and serialisation alone", "[noc]") {
    const tests::TemporaryFile trace("lone", "0 10 0 14 \n");
    ExperimentConfig config;
    config.network = four_stage(4, 4);
    config.traffic.pattern = Pattern::trace;
    config.traffic.trace = trace.path().string();
    config.traffic.packet_flits = 4;
    const LatencySummary latency = *run_experiment(config, Host::plain).latency;
    CHECK(latency.parts.source_queue == 0.0);
    CHECK(latency.parts.pipeline == 6 + 4 * 5);  // from (0,0) to (2,3)
    CHECK(latency.parts.serialisation == 3.0);
    CHECK(latency.parts.blocking == 0.0);
    CHECK(latency.average == 6 + 4 * 5 + 3);
}

TEST_CASE("two packets at one source: the second waits in the source queue, to the cycle",
          "[noc]") {
    const tests::TemporaryFile trace("two", "0 10 0 3\n1 10 0 3\n");
    ExperimentConfig config;
    config.network = single_cycle(4, 1);
    config.network.vcs = 1;
    config.network.buffer = 16;
    config.traffic.pattern = Pattern::trace;
    config.traffic.trace = trace.path().string();
    config.traffic.packet_flits = 8;
    const LatencySummary latency = *run_experiment(config, Host::plain).latency;
    CHECK(latency.parts.source_queue == 4.0);  // 0 and 8
    CHECK(latency.parts.pipeline == 5.0);
    CHECK(latency.parts.serialisation == 7.0);
    CHECK(latency.parts.blocking == 0.0);
}

TEST_CASE("under load the parts add up, and what is lost to blocking grows", "[noc]") {
    double blocking = -1.0;
    for (const double rate : {0.02, 0.1, 0.2}) {
        const ExperimentResult result = run_experiment(loaded(rate, 3), Host::plain);
        const LatencyParts& parts = result.latency->parts;
        CHECK(parts.source_queue + parts.pipeline + parts.serialisation + parts.blocking ==
              Approx(result.latency->average));
        CHECK(parts.serialisation == 2.0);
        CHECK(parts.pipeline == Approx(6 + 4 * *result.hops_average));
        CHECK(parts.blocking > blocking);
        blocking = parts.blocking;
    }
}

TEST_CASE("flits in buffers, summed by arrivals and departures, are those one counts", "[noc]") {
    Network network(four_stage(4, 4));
    Random random(4);
    std::map<std::pair<RouterId, int>, std::uint64_t> counted;
    for (Cycle cycle = 0; cycle < 600; ++cycle) {
        for (NodeId node = 0; node < 16 && cycle < 400; ++node) {
            if (random.below(10) == 0) {
                network.send({node, static_cast<NodeId>(random.below(16)), 2, 0, cycle});
            }
        }
        network.step();
        for (RouterId router = 0; router < 16; ++router) {
            for (int port = 0; port < kPorts; ++port) {
                counted[{router, port}] += network.buffered_flits(router, port);
                // A flit there at the end of a cycle is there until the next.
                CHECK(network.buffer_flit_cycles(router, port) == counted[{router, port}]);
            }
        }
    }
    CHECK(network.drained());
    CHECK(counted[{5, kLocal}] > 0);
}

TEST_CASE("samples over time hold every flit and packet, tables every link and pair", "[noc]") {
    ExperimentConfig config = loaded(0.1, 2);
    config.warmup = 0;
    config.sample_cycles = 250;
    Keep keep;
    keep.tables = true;
    keep.rows = true;
    const ExperimentResult result = run_experiment(config, Host::plain, keep);
    std::uint64_t flits = 0;
    std::uint64_t packets = 0;
    for (std::size_t i = 0; i < result.samples.size(); ++i) {
        CHECK(result.samples[i].end == 250 * (i + 1));
        flits += result.samples[i].flits;
        packets += result.samples[i].packets;
    }
    CHECK(flits <= result.rows.size() * 2);
    CHECK(flits + 100 > result.rows.size() * 2);  // but for those after the last sample
    CHECK(packets <= result.packets);
    std::uint64_t pairs = 0;
    for (const PairSummary& pair : result.pairs) {
        pairs += pair.packets;
        CHECK(static_cast<double>(pair.longest) >= pair.latency);
    }
    CHECK(pairs == result.packets);
    CHECK(result.links.size() == 2 * (5 * 6 + 6 * 5));
    std::uint64_t crossed = 0;
    for (const LinkSummary& link : result.links) {
        CHECK(link.utilisation <= 1.0);
        crossed += link.flits;
    }
    std::uint64_t consumed = result.rows.size() * 2;
    CHECK(crossed + consumed == result.flit_hops);  // a hop is a link or the way to an interface
    CHECK(result.routers.size() == 36);
    CHECK(to_csv(result.links).find("\"router 0 (0, 0) east\",\"router 1 (1, 0)\"") !=
          std::string::npos);
    CHECK(to_csv(result.pairs).find("source,destination,packets") == 0);
}

TEST_CASE("classes are told apart", "[noc]") {
    ExperimentConfig config = loaded(0.1, 1);
    config.network.vcs = 3;
    config.network.message_classes = {2, 1};
    const ExperimentResult result = run_experiment(config, Host::plain);
    REQUIRE(result.by_class.size() == 2);
    CHECK(result.by_class[0]->packets + result.by_class[1]->packets == result.packets);
}

TEST_CASE("a longer run is surer of its mean, and says when it has converged", "[noc]") {
    ExperimentConfig config = loaded(0.15, 1);
    config.measure = 300;
    const ExperimentResult brief = run_experiment(config, Host::plain);
    config.measure = 20'000;
    const ExperimentResult longer = run_experiment(config, Host::plain);
    CHECK(*longer.confidence < *brief.confidence);
    CHECK(longer.converged);
    config.convergence = 1e-9;
    CHECK_FALSE(run_experiment(config, Host::plain).converged);
}

TEST_CASE("leakage is power times time, whatever is sent", "[noc]") {
    ExperimentConfig config = loaded(0.0, 1);
    config.network = four_stage(2, 1);
    config.warmup = 0;
    config.measure = 1000;  // a microsecond
    const ExperimentResult result = run_experiment(config, Host::plain);
    CHECK(result.energy.dynamic_j() == 0.0);
    // Noxim: 2.27 mW a buffer of 4 flits of 32 bits; of the ports each router has two, with two
    // channels; 0.749 mW a switch, 0.12 and 0.11 mW routing and selection, two links of 32 bits and
    // 1 mm at 0.48 uW a bit.
    const double watts = 2 * 2 * 2 * 2.27e-3 + 2 * (7.49e-4 + 1.2e-4 + 1.1e-4) + 2 * 32 * 4.8e-7;
    CHECK(result.energy.leakage_j == Approx(watts * 1e-6));
}

TEST_CASE("the way of a packet is told from the source queue to its node", "[noc]") {
    const tests::TemporaryFile trace("watch", "7 0 0 2\n9 3 0 2\n");
    ExperimentConfig config;
    config.network = single_cycle(3, 1);
    config.traffic.pattern = Pattern::trace;
    config.traffic.trace = trace.path().string();
    Keep keep;
    keep.watch = 9;
    const std::vector<std::string> lines = run_experiment(config, Host::plain, keep).watched;
    // Injected in 3, at router 0, 1 and 2 in 4, 5 and 6, where it leaves in the same cycle.
    REQUIRE(lines.size() >= 3);
    CHECK(lines.front() == "cycle 0: flit 0 is in the source queue of node 0");
    CHECK(lines[1] == "cycle 3: flit 0 is on a link");
    CHECK(lines.back() == "cycle 7: flit 0 is consumed by node 2");

    keep.watch = 8;
    CHECK_THROWS_WITH(run_experiment(config, Host::plain, keep), Catch::Contains("watch"));
}

TEST_CASE("a packet that waits is seen waiting, and for what", "[noc]") {
    const tests::TemporaryFile trace("wait", "0 0 0 3\n1 0 1 3\n");
    ExperimentConfig config;
    config.network = four_stage(4, 1);
    config.network.vcs = 1;
    config.traffic.pattern = Pattern::trace;
    config.traffic.trace = trace.path().string();
    config.traffic.packet_flits = 20;
    Keep keep;
    keep.watch = 0;
    std::string all;
    for (const std::string& line : run_experiment(config, Host::plain, keep).watched) {
        all += line + "\n";
    }
    CHECK_THAT(all, Catch::Contains("flit 0 is in router 1 (1, 0), input west, virtual channel 0, "
                                    "place 0: waits for a virtual channel of output east"));
    CHECK_THAT(all, Catch::Contains("flit 19 is in the source queue of node 0"));
    CHECK_THAT(all, Catch::Contains("has output east, virtual channel 0"));
}

TEST_CASE("a sweep rises to saturation, the same on any number of threads", "[noc]") {
    ExperimentConfig config = loaded(0.0, 1);
    config.network = four_stage(4, 4);
    config.network.vcs = 1;
    config.warmup = 300;
    config.measure = 1500;
    const Sweep one = sweep(config, 0.08, 1);
    const Sweep two = sweep(config, 0.08, 2);
    CHECK(to_csv(one) == to_csv(two));
    REQUIRE(one.points.size() >= 3);
    CHECK(one.points.back().saturated);
    for (std::size_t i = 1; i < one.points.size(); ++i) {
        CHECK(one.points[i].latency->average > one.points[i - 1].latency->average);
        CHECK_FALSE(one.points[i - 1].saturated);
    }
    CHECK(one.saturation_throughput > one.points.front().accepted);
    CHECK(one.saturation_throughput < one.points.back().offered);
    CHECK(one.saturation_throughput == two.saturation_throughput);
}

TEST_CASE("a window bounds what a node has on its way, and wide open it bounds nothing", "[noc]") {
    ExperimentConfig config = loaded(1.0, 1);
    config.network = four_stage(4, 1);
    config.traffic.include_self = false;
    config.traffic.window = 1;
    config.warmup = 0;
    Keep keep;
    keep.rows = true;
    const ExperimentResult closed = run_experiment(config, Host::plain, keep);
    CHECK(closed.drained);
    // With one packet at a time a node's packets do not overlap, and none waits for another long.
    std::map<NodeId, Cycle> retired;
    for (const TraceRow& row : closed.rows) {
        CHECK(row.created >= retired[row.source]);
        retired[row.source] = row.retired;
    }
    config.traffic.window = 1000;
    config.traffic.rate = 0.05;
    const ExperimentResult wide = run_experiment(config, Host::plain);
    config.traffic.window = 0;
    const ExperimentResult open = run_experiment(config, Host::plain);
    CHECK(wide.packets == open.packets);
    CHECK(wide.latency->average == open.latency->average);
}

TEST_CASE("bursts keep the mean load and last as long as asked", "[noc]") {
    TrafficConfig config;
    config.rate = 0.1;
    config.burst_cycles = 50.0;
    config.burst_rate = 0.5;
    Random random(3);
    CreationTimes times(config, random);
    constexpr Cycle kEnd = 2'000'000;
    std::vector<Cycle> created;
    while (times.next() < kEnd) {
        created.push_back(times.next());
        times.advance(random);
    }
    CHECK(static_cast<double>(created.size()) / kEnd == Approx(0.1).epsilon(0.05));
    // Within a burst a packet every 2 cycles: gaps of 20 and more are pauses, but for 0.5^19.
    std::size_t pauses = 0;
    for (std::size_t i = 1; i < created.size(); ++i) {
        CHECK(created[i] > created[i - 1]);
        pauses += created[i] - created[i - 1] >= 20 ? 1U : 0U;
    }
    // On and off together take 250 cycles on average, off for 200; shorter pauses are not seen.
    const double expected = kEnd / 250.0 * std::exp(-20.0 / 200.0);
    CHECK(static_cast<double>(pauses) == Approx(expected).epsilon(0.1));
}

}  // namespace
}  // namespace spikeloom::noc
