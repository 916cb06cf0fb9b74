// The network as a SystemC module: the same machine, asleep where nothing happens.
#include "base/random.hpp"
#include "noc/network_module.hpp"
#include "tests/noc/network_runs.hpp"
#include "tests/support/simulation_test.hpp"

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

using sc_core::sc_time;

struct Collector : DeliverySink {
    std::vector<Delivered> delivered;
    std::vector<std::pair<Cycle, SourceReport>> reports;
    int calls = 0;

    void deliver(Cycle cycle, std::span<const Delivery> deliveries) override {
        ++calls;
        for (const Delivery& flit : deliveries) {
            delivered.push_back({cycle, flit});
        }
    }
    void sources_drained(Cycle cycle, std::span<const SourceReport> drained) override {
        for (const SourceReport& report : drained) {
            reports.emplace_back(cycle, report);
        }
    }
};

struct Bench : tests::SimulationTest {
    Collector collector;
    NetworkModule network;

    explicit Bench(const NetworkConfig& config) : network("network", config, collector) {}
};

void check_same(const std::vector<Delivered>& a, const std::vector<Delivered>& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        CHECK(a[i].cycle == b[i].cycle);
        CHECK(a[i].flit.tag == b[i].flit.tag);
        CHECK(a[i].flit.node == b[i].flit.node);
        CHECK(a[i].flit.flit == b[i].flit.flit);
    }
}

TEST_CASE("hosted in SystemC the network delivers what it delivers when stepped", "[noc]") {
    NetworkConfig config = GENERATE(four_stage(5, 4), single_cycle(5, 4));
    Bench bench(config);
    Network plain(config);
    Random random(3);
    Cycle ready = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
        ready += random.below(9) == 0 ? random.below(200) : 0;
        const Packet packet{static_cast<NodeId>(random.below(20)),
                            static_cast<NodeId>(random.below(20)),
                            static_cast<std::uint16_t>(1 + random.below(6)),
                            0,
                            ready,
                            i};
        plain.send(packet);
        bench.network.send(packet);
    }
    const std::vector<Delivered> expected = drain(plain);
    sc_core::sc_start(bench.network.time_of(plain.now()));
    check_same(bench.collector.delivered, expected);
    CHECK(bench.network.network().drained());
}

TEST_CASE("the module wakes in the cycles in which something happens and in no other", "[noc]") {
    Bench bench(single_cycle(2, 1));
    bench.network.send({0, 1, 1, 0, 1000, 7});
    const auto deltas = sc_core::sc_delta_count();
    sc_core::sc_start(bench.network.time_of(1'000'000));
    REQUIRE(bench.collector.delivered.size() == 1);
    CHECK(bench.collector.delivered[0].cycle == 1003);
    // Injection, two routers, the interface, and the credits coming back.
    CHECK(sc_core::sc_delta_count() - deltas < 10);
}

TEST_CASE("cycle c is executed at c periods of the configured clock", "[noc]") {
    struct Clocked : Collector {
        std::vector<sc_time> times;
        void deliver(Cycle, std::span<const Delivery>) override {
            times.push_back(sc_core::sc_time_stamp());
        }
    } sink;
    tests::SimulationTest fresh_kernel;
    NetworkConfig config = single_cycle(2, 1);
    config.clock_hz = 250e6;
    NetworkModule network("network", config, sink);
    CHECK(network.period() == sc_time(4, sc_core::SC_NS));
    network.send({0, 1, 1, 0, 10, 0});
    sc_core::sc_start(1, sc_core::SC_US);
    REQUIRE(sink.times.size() == 1);
    CHECK(sink.times[0] == sc_time(4 * 13, sc_core::SC_NS));
    CHECK(network.current_cycle() == 250);
}

/// Calls the network at chosen times from its own process, which the kernel runs before or after
/// the network's, as it was elaborated before or after it.
struct Caller : sc_core::sc_module {
    std::vector<std::pair<sc_time, std::function<void()>>> calls;
    sc_core::sc_event next;
    std::size_t done = 0;

    explicit Caller(const sc_core::sc_module_name& name) : sc_module(name) {
        SC_HAS_PROCESS(Caller);
        SC_METHOD(act);
        sensitive << next;
        dont_initialize();
    }
    void start_of_simulation() override { arm(); }
    void act() {
        while (done < calls.size() && calls[done].first <= sc_core::sc_time_stamp()) {
            calls[done++].second();
        }
        arm();
    }
    void arm() {
        if (done < calls.size()) {
            next.notify(calls[done].first - sc_core::sc_time_stamp());
        }
    }
};

/// Packets, gates and watches at random instants, many of them those of a cycle under way.
void schedule_calls(Caller& caller, NetworkModule& network) {
    Random random(11);
    sc_time at;
    for (std::uint64_t i = 0; i < 500; ++i) {
        // Whole periods mostly, so that calls meet the network's process in one instant.
        at += sc_time(random.below(8) == 0 ? 0.3 : static_cast<double>(random.below(4)),
                      sc_core::SC_NS);
        const auto node = static_cast<NodeId>(random.below(9));
        const auto other = static_cast<NodeId>(random.below(9));
        const auto flits = static_cast<std::uint16_t>(1 + random.below(4));
        const Cycle delay = 1 + random.below(3);
        switch (random.below(6)) {
            case 0:
                caller.calls.emplace_back(at, [&network, node, delay] {
                    network.close_gate(node, 0, network.current_cycle() + 10 * delay);
                });
                break;
            case 1:
                caller.calls.emplace_back(at, [&network, node] { network.open_gate(node, 0); });
                break;
            case 2:
                caller.calls.emplace_back(at,
                                          [&network, node] { network.watch_source(node, 0, 1); });
                break;
            default:
                caller.calls.emplace_back(at, [&network, node, other, flits, delay, i] {
                    network.send({node, other, flits, 0, network.current_cycle() + delay, i});
                });
        }
    }
}

TEST_CASE("calls of an instant act alike, whichever process the kernel runs first", "[noc]") {
    const NetworkConfig config = GENERATE(four_stage(3, 3), single_cycle(3, 3));
    Collector results[2];
    for (const bool caller_first : {false, true}) {
        tests::SimulationTest fresh_kernel;
        Collector& collector = results[caller_first ? 1 : 0];
        std::unique_ptr<Caller> caller;
        std::unique_ptr<NetworkModule> network;
        if (caller_first) {
            caller = std::make_unique<Caller>("caller");
        }
        network = std::make_unique<NetworkModule>("network", config, collector);
        if (!caller_first) {
            caller = std::make_unique<Caller>("caller");
        }
        schedule_calls(*caller, *network);
        sc_core::sc_start(10, sc_core::SC_US);
        CHECK(network->network().drained());
    }
    REQUIRE(results[0].delivered.size() > 500);
    REQUIRE(results[0].reports.size() > 20);
    check_same(results[0].delivered, results[1].delivered);
    REQUIRE(results[0].reports.size() == results[1].reports.size());
    for (std::size_t i = 0; i < results[0].reports.size(); ++i) {
        CHECK(results[0].reports[i].first == results[1].reports[i].first);
        CHECK(results[0].reports[i].second.node == results[1].reports[i].second.node);
        CHECK(results[0].reports[i].second.flits == results[1].reports[i].second.flits);
    }
}

TEST_CASE("a gate closed in the instant of a cycle holds from the next cycle on", "[noc]") {
    tests::SimulationTest fresh_kernel;
    Collector collector;
    NetworkModule network("network", single_cycle(2, 1), collector);
    Caller caller("caller");
    // Arrivals in cycles 13 and 14; the gate closes in the instant of 13, until 20.
    caller.calls.emplace_back(sc_time(5, sc_core::SC_NS), [&] {
        network.send({0, 1, 2, 0, 10, 0});
    });
    caller.calls.emplace_back(sc_time(13, sc_core::SC_NS), [&] { network.close_gate(1, 0, 20); });
    sc_core::sc_start(100, sc_core::SC_NS);
    REQUIRE(collector.delivered.size() == 2);
    CHECK(collector.delivered[0].cycle == 13);
    CHECK(collector.delivered[1].cycle == 20);
}

TEST_CASE("an answer sent from within a delivery leaves in the next cycle", "[noc]") {
    struct Echo : Collector {
        NetworkModule* network = nullptr;
        void deliver(Cycle cycle, std::span<const Delivery> deliveries) override {
            Collector::deliver(cycle, deliveries);
            for (const Delivery& flit : deliveries) {
                if (flit.tail && flit.tag < 5) {
                    network->send({flit.node, flit.source, 1, 0, cycle + 1, flit.tag + 1});
                }
            }
        }
    } echo;
    tests::SimulationTest fresh_kernel;
    NetworkModule network("network", single_cycle(2, 1), echo);
    echo.network = &network;
    network.send({0, 1, 1, 0, 0, 0});
    sc_core::sc_start(100, sc_core::SC_NS);
    // A packet takes 3 cycles and its answer leaves in the cycle after.
    REQUIRE(echo.delivered.size() == 6);
    for (std::size_t i = 0; i < 6; ++i) {
        CHECK(echo.delivered[i].cycle == 3 + 4 * i);
        CHECK(echo.delivered[i].flit.node == (i % 2 == 0 ? 1 : 0));
    }
}

TEST_CASE("the sink hears of a cycle once, however many flits it brings", "[noc]") {
    Bench bench(single_cycle(4, 1));
    for (NodeId node = 0; node < 4; ++node) {
        bench.network.send({node, node, 3, 0, 0, 0});
    }
    sc_core::sc_start(100, sc_core::SC_NS);
    CHECK(bench.collector.delivered.size() == 12);
    CHECK(bench.collector.calls == 3);
}

TEST_CASE("a packet for the present cycle is refused: its fate would hang on the kernel's order",
          "[noc]") {
    Bench bench(single_cycle(2, 1));
    sc_core::sc_start(20, sc_core::SC_NS);
    CHECK(bench.network.current_cycle() == 20);
    CHECK_THROWS_AS(bench.network.send({0, 1, 1, 0, 20, 0}), std::logic_error);
    CHECK_NOTHROW(bench.network.send({0, 1, 1, 0, 21, 0}));
}

}  // namespace
}  // namespace spikeloom::noc
