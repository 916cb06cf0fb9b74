#include "analysis/energy_table.hpp"
#include "base/schema.hpp"
#include "tests/support/refusal.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::analysis;

namespace {

const std::filesystem::path kTables =
    std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "configs/energy";

double picojoules(const EnergyTable& table, const char* event) {
    const auto price = table.price_of(event);
    REQUIRE(price.has_value());
    return price->picojoules;
}

/// What reading `text` is refused with.
std::string table_refusal(const std::string& text) {
    return tests::refusal_of([&] { schema::read_string<EnergyTable>(text, "t.yaml"); });
}

const std::string kHead = "name: t\ntechnology: none\nevents:\n  accumulates:\n";

}  // namespace

TEST_CASE("the 45 nm table's arithmetic and SRAM are Horowitz' published figures", "[analysis]") {
    const EnergyTable table = load_energy_table(kTables / "cmos-45nm.yaml");
    CHECK(picojoules(table, "accumulates") == 0.1);
    CHECK(picojoules(table, "synapse_read_bits") * 64 == Approx(20.0));  // 32 KB
    CHECK(picojoules(table, "state_read_bits") * 64 == Approx(20.0));
    // Multiply and accumulate in 32 bits: 0.2 + 0.1 pJ at 8 x 8 bits, within 4 % of 3.1 + 0.1 at 32
    // x 32.
    CHECK(picojoules(table, "mac_8x8") == Approx(0.3));
    CHECK(picojoules(table, "mac_8x16") == Approx(0.5));
    CHECK(picojoules(table, "mac_32x32") == Approx(3.2).epsilon(0.04));
}

TEST_CASE("the 45 nm table's network is Noxim's, flit by flit", "[analysis]") {
    const EnergyTable table = load_energy_table(kTables / "cmos-45nm.yaml");
    // Flits of the widths that are published there, pJ.
    const auto flit = [&](const char* event, int bits) {
        const auto price = table.price_of(event, bits);
        REQUIRE(price.has_value());
        return bits * price->picojoules;
    };
    CHECK(flit("noc_crossbar_bits", 16) == Approx(0.120));
    CHECK(flit("noc_crossbar_bits", 32) == Approx(0.221));
    CHECK(flit("noc_crossbar_bits", 64) == Approx(0.400));
    CHECK(flit("noc_buffer_write_bits", 64) == Approx(1.50));
    CHECK(flit("noc_buffer_read_bits", 64) == Approx(1.03));
    // Others per bit, which their source says then.
    CHECK(flit("noc_crossbar_bits", 48) == Approx(48 * 0.221 / 32).epsilon(0.001));
    CHECK_THAT(table.price_of("noc_crossbar_bits", 48)->source,
               Catch::Contains("no figure for flits of 48"));
    CHECK_THAT(table.price_of("noc_crossbar_bits", 64)->source, !Catch::Contains("no figure"));
    // A 32-bit flit through a buffer of 4, a crossbar and 1 mm of link: 3.08 pJ.
    CHECK(32 * picojoules(table, "noc_buffer_write_bits") == Approx(0.762).epsilon(0.001));
    CHECK(32 * picojoules(table, "noc_buffer_read_bits") == Approx(0.534).epsilon(0.001));
    CHECK(32 * picojoules(table, "noc_crossbar_bits") == Approx(0.221).epsilon(0.001));
    CHECK(32 * picojoules(table, "noc_link_bit_mm") == Approx(1.562).epsilon(0.001));
    // Its static power: five buffers of 4 flits and the logic, 12.35 mW a router.
    const double router = table.static_powers.at("router_logic").milliwatts +
                          5 * 4 * 32 * table.static_powers.at("router_buffers").milliwatts;
    CHECK(router == Approx(12.35).epsilon(0.005));
}

TEST_CASE("the DRAM prices follow from the data sheet's currents", "[analysis]") {
    const double cycle = 0.625;  // ns
    const double vdd1 = 1.8, vdd2 = 1.1, vddq = 1.1;
    // mA x V x ns = pJ
    const double activate = 68 * cycle * (vdd1 * (3.5 - 2.25) + vdd2 * (45 - 30));
    const double precharge = 29 * cycle * (vdd1 * (3.5 - 2.0) + vdd2 * (45 - 27));
    const double read = 8 * cycle * (vdd2 * (275 - 30) + vddq * (150 - 0.75));
    const double write = 8 * cycle * (vdd2 * (210 - 30) + vddq * (55 - 0.75));
    const double refresh = 448 * cycle * (vdd1 * (10 - 2.25) + vdd2 * (90 - 30));
    const double standby = cycle * (vdd1 * 2.0 + vdd2 * 27 + vddq * 0.75);
    for (const char* name : {"cmos-45nm.yaml", "cmos-7nm.yaml"}) {
        const EnergyTable table = load_energy_table(kTables / name);
        CHECK(picojoules(table, "dram_activates") == Approx(activate).epsilon(0.001));
        CHECK(picojoules(table, "dram_precharges") == Approx(precharge).epsilon(0.001));
        CHECK(picojoules(table, "dram_read_bursts") == Approx(read).epsilon(0.001));
        CHECK(picojoules(table, "dram_write_bursts") == Approx(write).epsilon(0.001));
        CHECK(picojoules(table, "dram_refreshes") == Approx(refresh).epsilon(0.001));
        CHECK(picojoules(table, "dram_precharged_cycles") == Approx(standby).epsilon(0.001));
    }
}

TEST_CASE("the 7 nm table leaves unpriced what is not published", "[analysis]") {
    const EnergyTable table = load_energy_table(kTables / "cmos-7nm.yaml");
    CHECK(picojoules(table, "mac_8x8") == Approx(0.07 + 0.03).epsilon(0.01));
    CHECK(picojoules(table, "synapse_read_bits") * 64 == Approx(8.5).epsilon(0.001));
    CHECK_FALSE(table.price_of("noc_link_bit_mm").has_value());
    CHECK_FALSE(table.price_of("noc_buffer_write_bits").has_value());
    CHECK_FALSE(table.price_of("accumulator_writes").has_value());
    for (const auto& [name, power] : table.static_powers) {
        CHECK(power.component != Component::leakage);
    }
}

TEST_CASE("every short name in a shipped table's sources is explained", "[analysis]") {
    for (const char* name : {"cmos-45nm.yaml", "cmos-7nm.yaml"}) {
        const EnergyTable table = load_energy_table(kTables / name);
        std::string sources = table.macs.source + "\n" + table.dram.source + "\n";
        for (const auto& entry : table.events) {
            sources += entry.second.source + "\n";
        }
        for (const auto& entry : table.static_powers) {
            sources += entry.second.source + "\n";
        }
        for (const char* word : {"HOROWITZ", "CACTI", "NOXIM", "LPDDR4", "JOUPPI"}) {
            CAPTURE(name, word);
            CHECK((sources.find(word) != std::string::npos) == (table.citations.count(word) == 1));
        }
    }
}

TEST_CASE("multiply-accumulates are priced by their widths where the table does not list them",
          "[analysis]") {
    EnergyTable table;
    CHECK_FALSE(table.price_of("mac_8x16").has_value());
    table.macs = {0.01, 0.5, "a rule"};
    CHECK(picojoules(table, "mac_8x16") == Approx(8 * 16 * 0.01 + 0.5));
    CHECK(table.price_of("mac_8x16")->component == Component::multiply_accumulates);
    table.events["mac_8x16"] = {7.0, Component::multiply_accumulates, "listed"};
    CHECK(picojoules(table, "mac_8x16") == 7.0);
    for (const char* name : {"mac_", "mac_8", "mac_8x", "mac_x8", "mac_8x16x2", "mac_8x16 ",
                             "mac_0x8", "mac_-8x8", "amac_8x8", "macs"}) {
        CAPTURE(name);
        CHECK_FALSE(table.price_of(name).has_value());
    }
}

TEST_CASE("a table that breaks the schema is refused with the place and the reason", "[analysis]") {
    using Catch::Contains;
    const std::string good = "    picojoules: 1\n    component: accumulates\n    source: here\n";
    CHECK(table_refusal(kHead + good) == "accepted");
    CHECK_THAT(
        table_refusal(kHead + "    picojuoles: 1\n    component: accumulates\n    source: here\n"),
        Contains("t.yaml:5") && Contains("events.accumulates.picojoules") &&
            Contains("picojuoles"));
    CHECK_THAT(
        table_refusal(kHead + "    picojoules: -1\n    component: accumulates\n    source: here\n"),
        Contains("picojoules") && Contains("-1"));
    CHECK_THAT(
        table_refusal(kHead + "    picojoules: 1\n    component: neurons\n    source: here\n"),
        Contains("component") && Contains("did you mean 'neuron'"));
    CHECK_THAT(table_refusal(kHead + "    picojoules: 1\n    component: accumulates\n"),
               Contains("source"));
    CHECK_THAT(table_refusal(kHead +
                             "    picojoules: 0\n    component: accumulates\n    source: \"  \"\n"),
               Contains("needs its source"));
    CHECK_THAT(table_refusal(kHead + good +
                             "static:\n  x:\n    milliwatts: 1\n    per: tile\n"
                             "    component: leakage\n    source: here\n"),
               Contains("static.x.per") && Contains("memory_tile"));
    CHECK_THAT(table_refusal(kHead + good +
                             "multiply_accumulates:\n  picojoules_per_bit_product: 1\n"
                             "  picojoules_per_sum: 0\n  source: \"\"\n"),
               Contains("multiply_accumulates.source"));
    CHECK_THAT(table_refusal("name: t\ntechnology: none\n"), Contains("events"));
    CHECK_THAT(table_refusal(kHead + good + "price: 3\n"), Contains("price"));
}

TEST_CASE("a table is written and read back without loss", "[analysis]") {
    for (const char* name : {"cmos-45nm.yaml", "cmos-7nm.yaml"}) {
        const EnergyTable table = load_energy_table(kTables / name);
        const std::string text = schema::write(table);
        CHECK(schema::write(schema::read_string<EnergyTable>(text, "copy")) == text);
    }
    EnergyTable bare;  // without a rule for multiply-accumulates
    bare.name = "bare";
    bare.technology = "none";
    const std::string text = schema::write(bare);
    CHECK(schema::read_string<EnergyTable>(text, "copy").macs.source.empty());
}
