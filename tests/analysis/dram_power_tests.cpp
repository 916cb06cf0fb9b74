// The IDD method against energies worked out by hand from data sheets' currents.
#include "analysis/dram_power.hpp"
#include "analysis/energy_table.hpp"
#include "analysis/pricing.hpp"
#include "base/schema.hpp"

#include <filesystem>
#include <set>
#include <string>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::analysis;

namespace {

constexpr double kOnePercent = 0.01;

/// JEDEC_8Gb_LPDDR4-3200_16bit; its core's supplies, without the outputs'.
DramPower lpddr4() {
    DramPower power;
    power.devices = 1;
    power.banks = 8;
    power.clock_ps = 625;
    power.burst_cycles = 8;
    power.ras = 68;
    power.rp = 29;
    power.rfc = 448;
    power.rfc_bank = 224;
    power.refi = 6246;
    power.source = "JEDEC";
    power.supplies["vdd1"] = {1.8, 3.5, 2.0, 2.25, 1.2, 1.2, 2.25, 2.25, 10.0, 2.5, 0.3};
    power.supplies["vdd2"] = {1.1, 45.0, 27.0, 30.0, 3.0, 9.0, 275.0, 210.0, 90.0, 30.0, 0.5};
    return power;
}

/// JEDEC_4Gb_DDR4-2400_8bit_A, one device of the eight.
DramPower ddr4() {
    DramPower power;
    power.devices = 1;
    power.banks = 16;
    power.clock_ps = 833;
    power.burst_cycles = 4;
    power.ras = 39;
    power.rp = 16;
    power.rfc = 312;
    power.refi = 9360;
    power.source = "JEDEC";
    power.supplies["vdd"] = {1.2, 60.75, 38.25, 44.0, 17.0, 22.5, 184.5, 168.75, 118.0, 0.0, 20.25};
    power.supplies["vpp"] = {2.5, 4.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.6};
    return power;
}

struct Worked {
    const char* event;
    double picojoules;
};

/// Milliwatts of a state, as its energy a cycle.
double cycle_of(double milliwatts, double clock_ps) {
    return milliwatts * clock_ps * 1e-3;
}

void check(const DramPower& power, std::initializer_list<Worked> table) {
    for (const Worked& row : table) {
        CAPTURE(row.event);
        REQUIRE(power.picojoules(row.event).has_value());
        CHECK(*power.picojoules(row.event) == Approx(row.picojoules).epsilon(kOnePercent));
    }
}

}  // namespace

TEST_CASE("LPDDR4-3200: commands and states cost what the currents say", "[analysis]") {
    // RD 5 ns x 1.1 V x 245 mA; ACT 42.5 ns x (1.8 x 1.25 + 1.1 x 15) mW; and so on.
    check(lpddr4(), {{"dram_activates", 797.0},
                     {"dram_precharges", 408.0},
                     {"dram_read_bursts", 1350.0},
                     {"dram_write_bursts", 990.0},
                     {"dram_refreshes", 22400.0},
                     {"dram_bank_refreshes", 1524.0},
                     {"dram_precharged_cycles", cycle_of(33.3, 625)},
                     {"dram_active_cycles", cycle_of(37.05, 625)},
                     {"dram_precharged_power_down_cycles", cycle_of(5.46, 625)},
                     {"dram_active_power_down_cycles", cycle_of(12.06, 625)},
                     {"dram_self_refresh_cycles", cycle_of(1.09, 625)}});
}

TEST_CASE("DDR4-2400: commands and states cost what the currents say", "[analysis]") {
    check(ddr4(), {{"dram_activates", 982.0},
                   {"dram_precharges", 495.0},
                   {"dram_read_bursts", 562.0},
                   {"dram_write_bursts", 499.0},
                   {"dram_precharged_cycles", cycle_of(45.9, 833)},
                   {"dram_active_cycles", cycle_of(52.8, 833)}});
    // It has no refresh of one bank.
    CHECK_FALSE(ddr4().picojoules("dram_bank_refreshes").has_value());
}

TEST_CASE("devices of a channel work together; without a source nothing has a price",
          "[analysis]") {
    DramPower eight = ddr4();
    eight.devices = 8;
    CHECK(*eight.picojoules("dram_read_bursts") == Approx(8 * 561.8).epsilon(1e-3));
    CHECK_FALSE(eight.picojoules("accumulates").has_value());
    eight.source.clear();
    CHECK_FALSE(eight.picojoules("dram_read_bursts").has_value());
}

TEST_CASE("a second of a DRAM: commands and states add up to the hand's sum", "[analysis]") {
    EnergyTable table;
    table.dram = lpddr4();
    const TileCounts counts = {{3,
                                {{"dram_activates", 1000},
                                 {"dram_precharges", 1000},
                                 {"dram_read_bursts", 64000},
                                 {"dram_refreshes", 100},
                                 {"dram_active_cycles", 600000},
                                 {"dram_precharged_cycles", 400000}}}};
    const EnergyBreakdown energy = price(counts, table, 625e-6, {});
    const double picojoules = 1000 * (796.9 + 407.8) + 64000 * 1347.5 + 100 * 22386.0 +
                              (37.05 * 375e-6 + 33.3 * 250e-6) * 1e9;
    CHECK(energy.of(Component::dram) == Approx(picojoules * 1e-12).epsilon(1e-3));
    CHECK(energy.unpriced.empty());
}

TEST_CASE("every shipped data sheet of a DRAM has the worked numbers' prices", "[analysis]") {
    const auto shipped = [](const char* name) {
        return load_energy_table(std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "configs/energy" /
                                 name);
    };
    // With the outputs' supply: 1.1 V x 149.25 mA x 5 ns more a read, 1.1 V x 54.25 mA a write.
    check(shipped("cmos-45nm.yaml").dram, {{"dram_activates", 797.0},
                                           {"dram_precharges", 408.0},
                                           {"dram_read_bursts", 1350.0 + 821.0},
                                           {"dram_write_bursts", 990.0 + 298.0},
                                           {"dram_refreshes", 22400.0},
                                           {"dram_bank_refreshes", 1524.0}});
    check(shipped("dram-ddr4-2400.yaml").dram, {{"dram_activates", 8 * 982.0},
                                                {"dram_precharges", 8 * 495.0},
                                                {"dram_read_bursts", 8 * 562.0},
                                                {"dram_write_bursts", 8 * 499.0}});
}
