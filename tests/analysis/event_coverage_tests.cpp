// The two ends of the contract between chip and energy tables: the names.
#include "analysis/energy_table.hpp"
#include "arch/events.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

using namespace spikeloom;

namespace {

std::set<std::string> chip_events() {
    std::set<std::string> names;
    for (std::uint32_t event = 0; event < static_cast<std::uint32_t>(arch::Event::count); ++event) {
        names.emplace(arch::name_of(static_cast<arch::Event>(event)));
    }
    return names;
}

analysis::EnergyTable shipped(const char* name) {
    return analysis::load_energy_table(std::filesystem::path(SPIKELOOM_SOURCE_DIR) /
                                       "configs/energy" / name);
}

}  // namespace

TEST_CASE("the 45 nm table prices every event the chip counts", "[analysis]") {
    const analysis::EnergyTable table = shipped("cmos-45nm.yaml");
    for (const std::string& name : chip_events()) {
        CAPTURE(name);
        CHECK(table.price_of(name).has_value());
    }
    CHECK(table.price_of(arch::mac_name(8, 16)).has_value());
    CHECK(table.price_of(arch::mac_name(4, 12)).has_value());
}

TEST_CASE("shipped tables price no event that the chip does not know", "[analysis]") {
    const std::set<std::string> known = chip_events();
    for (const char* name : {"cmos-45nm.yaml", "cmos-7nm.yaml"}) {
        for (const auto& entry : shipped(name).events) {
            CAPTURE(name, entry.first);
            CHECK(known.count(entry.first) == 1);
        }
    }
}
