#include "analysis/pricing.hpp"
#include "sample_run.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::analysis;

namespace {

EnergyTable two_events() {
    EnergyTable table;
    table.name = "two";
    table.events["adds"] = {0.5, Component::accumulates, "given"};
    table.events["reads"] = {20.0, Component::synapse_memory, "given"};
    table.events["looks"] = {0.0, Component::core_control, "free on purpose"};
    return table;
}

double sum(const PerComponent<double>& components) {
    double total = 0.0;
    for (const double joules : components) {
        total += joules;
    }
    return total;
}

}  // namespace

TEST_CASE("energy is counts times prices, by event, component and tile", "[analysis]") {
    const TileCounts counts = {{0, {{"adds", 1000}, {"reads", 3}}}, {5, {{"adds", 200}}}};
    const EnergyBreakdown energy = price(counts, two_events(), 1.0, {});
    // 1200 x 0.5 pJ and 3 x 20 pJ
    CHECK(energy.of(Component::accumulates) == Approx(600e-12));
    CHECK(energy.of(Component::synapse_memory) == Approx(60e-12));
    CHECK(energy.joules == Approx(660e-12));
    REQUIRE(energy.events.size() == 2);
    CHECK(energy.events[0].name == "adds");
    CHECK(energy.events[0].count == 1200);
    CHECK(energy.events[0].joules == Approx(600e-12));
    CHECK(energy.tiles.at(0) == Approx(560e-12));
    CHECK(energy.tiles.at(5) == Approx(100e-12));
    CHECK(energy.unpriced.empty());
}

TEST_CASE("static power is milliwatts times units times simulated seconds", "[analysis]") {
    EnergyTable table;
    const auto add = [&](const char* name, double milliwatts, Unit per) {
        table.static_powers[name] = {milliwatts, per, Component::leakage, "given", 1.0};
    };
    Units units;
    units.cores = 3;
    units.routers = 4;
    units.memory_tiles = 1;
    units.links = 10;
    units.chips = 2;
    units.sram_bytes = 3 * 2560;
    units.buffer_bits = 640;
    add("a", 2.0, Unit::core);           // 6 mW
    add("b", 1.0, Unit::router);         // 4 mW
    add("c", 30.0, Unit::memory_tile);   // 30 mW
    add("d", 0.1, Unit::link);           // 1 mW
    add("e", 0.5, Unit::chip);           // 1 mW
    add("f", 2.0, Unit::sram_kibibyte);  // 7.5 KiB: 15 mW
    add("g", 0.01, Unit::buffer_bit);    // 6.4 mW
    const EnergyBreakdown energy = price({}, table, 0.25, units);
    CHECK(energy.joules == Approx(63.4e-3 * 0.25));
    CHECK(energy.of(Component::leakage) == Approx(63.4e-3 * 0.25));
    REQUIRE(energy.statics.size() == 7);
    CHECK(energy.statics[5].units == Approx(7.5));
    CHECK(energy.statics[5].joules == Approx(15e-3 * 0.25));
}

TEST_CASE("a core that is switched off draws the share that cannot be gated", "[analysis]") {
    EnergyTable table;
    table.static_powers["logic"] = {2.0, Unit::core, Component::leakage, "given", 0.25};
    table.static_powers["clock"] = {1.0, Unit::core, Component::clock, "given", 0.0};
    table.static_powers["sram"] = {4.0, Unit::sram_kibibyte, Component::leakage, "given", 0.5};
    table.static_powers["chip"] = {10.0, Unit::chip, Component::leakage, "given", 1.0};
    Units units;
    units.cores = 8;
    units.chips = 1;
    units.sram_bytes = 8 * 1024;         // 1 KiB a core
    units.memory_sram_bytes = 2 * 1024;  // never switched off
    const double all = 2.0 * 8 + 1.0 * 8 + 4.0 * (8 + 2) + 10.0;
    CHECK(price({}, table, 1.0, units).joules == Approx(all * 1e-3));

    units.gated_cores = 6;
    const EnergyBreakdown energy = price({}, table, 1.0, units);
    CHECK(energy.of(Component::clock) == Approx(1.0 * 2 * 1e-3));
    const double leakage = 2.0 * (2 + 0.25 * 6) + 4.0 * (2 + 0.5 * 6 + 2) + 10.0;
    CHECK(energy.of(Component::leakage) == Approx(leakage * 1e-3));
    for (const PricedStatic& line : energy.statics) {
        CAPTURE(line.name);
        CHECK(line.gated == (line.name == "chip" ? 0.0 : 6.0));
    }
}

TEST_CASE("an event without a price is named with its count and adds nothing", "[analysis]") {
    const TileCounts counts = {{1, {{"adds", 10}, {"dances", 7}}},
                               {2, {{"dances", 5}, {"sleeps", 0}}}};
    const EnergyBreakdown energy = price(counts, two_events(), 0.0, {});
    CHECK(energy.unpriced == EventCounts{{"dances", 12}});
    CHECK(energy.joules == Approx(5e-12));
}

TEST_CASE("bits of flits cost what flits of their width do", "[analysis]") {
    EnergyTable table;
    table.events["crosses"] = {0.01, Component::routers, "published", {{32, 0.2}, {64, 0.3}}};
    const TileCounts counts = {{0, {{"crosses", 6400}}}};
    Units units;
    const auto picojoules = [&](std::uint64_t flit_bits) {
        units.flit_bits = flit_bits;
        return price(counts, table, 0.0, units).joules * 1e12;
    };
    CHECK(picojoules(64) == Approx(100 * 0.3));
    CHECK(picojoules(32) == Approx(200 * 0.2));
    CHECK(picojoules(128) == Approx(6400 * 0.01));  // per bit
    CHECK(picojoules(0) == Approx(6400 * 0.01));
    CHECK(price(counts, table, 0.0, units).tiles.at(0) == Approx(6400 * 0.01e-12));
}

TEST_CASE("an event priced at zero on purpose is listed and is no warning", "[analysis]") {
    const EnergyBreakdown energy = price({{0, {{"looks", 9}}}}, two_events(), 0.0, {});
    CHECK(energy.unpriced.empty());
    REQUIRE(energy.events.size() == 1);
    CHECK(energy.events[0].count == 9);
    CHECK(energy.events[0].joules == 0.0);
    CHECK(energy.events[0].price.source == "free on purpose");
}

TEST_CASE("hardware without static power in the table is named", "[analysis]") {
    Units units;
    units.cores = 3;
    units.routers = 4;
    EnergyTable table;
    CHECK(price({}, table, 1.0, units).without_static_power ==
          std::vector<std::string>{"3 cores", "4 routers"});
    table.static_powers["sram"] = {1.0, Unit::sram_kibibyte, Component::leakage, "given", 1.0};
    CHECK(price({}, table, 1.0, units).without_static_power ==
          std::vector<std::string>{"4 routers"});
    table.static_powers["all"] = {1.0, Unit::chip, Component::leakage, "given", 1.0};
    CHECK(price({}, table, 1.0, units).without_static_power.empty());
}

TEST_CASE("the parts of a breakdown sum to its total", "[analysis]") {
    const Run run = tests::sample_run();
    for (const Phase& phase : run.phases) {
        const EnergyBreakdown energy =
            price(phase.counts, tests::sample_table(), phase.seconds, run.chip.units);
        double events = 0.0, statics = 0.0, tiles = 0.0;
        for (const PricedEvent& event : energy.events) {
            events += event.joules;
        }
        for (const PricedStatic& line : energy.statics) {
            statics += line.joules;
        }
        for (const auto& tile : energy.tiles) {
            tiles += tile.second;
        }
        CHECK(energy.joules > 0.0);
        CHECK(sum(energy.components) == Approx(energy.joules).epsilon(1e-12));
        CHECK(events + statics == Approx(energy.joules).epsilon(1e-12));
        CHECK(tiles == Approx(events).epsilon(1e-12));
    }
}
