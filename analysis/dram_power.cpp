#include "analysis/dram_power.hpp"

#include "base/schema.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace spikeloom::analysis {

namespace {

constexpr double kNanosecondsPerPicosecond = 1e-3;

/// A current of one supply above nothing, mA.
using Current = double (*)(const DramSupply&, const DramPower&);

/// The mean current over the interval of refreshes of one bank, taken back to the refresh itself.
double one_bank_current(const DramSupply& s, const DramPower& p) {
    const double interval = static_cast<double>(p.refi) / p.banks;
    return (s.idd5pb * interval - s.idd2n * (interval - p.rfc_bank)) / p.rfc_bank;
}

struct Rule {
    std::string_view event;
    Current current;
    std::uint32_t (*cycles)(const DramPower&);
};

constexpr Rule kRules[] = {
    {"dram_activates", [](const DramSupply& s, const DramPower&) { return s.idd0 - s.idd3n; },
     [](const DramPower& p) { return p.ras; }},
    {"dram_precharges", [](const DramSupply& s, const DramPower&) { return s.idd0 - s.idd2n; },
     [](const DramPower& p) { return p.rp; }},
    {"dram_read_bursts", [](const DramSupply& s, const DramPower&) { return s.idd4r - s.idd3n; },
     [](const DramPower& p) { return p.burst_cycles; }},
    {"dram_write_bursts", [](const DramSupply& s, const DramPower&) { return s.idd4w - s.idd3n; },
     [](const DramPower& p) { return p.burst_cycles; }},
    {"dram_refreshes", [](const DramSupply& s, const DramPower&) { return s.idd5 - s.idd3n; },
     [](const DramPower& p) { return p.rfc; }},
    {"dram_bank_refreshes",
     [](const DramSupply& s, const DramPower& p) { return one_bank_current(s, p) - s.idd3n; },
     [](const DramPower& p) { return p.rfc_bank; }},
    {"dram_active_cycles", [](const DramSupply& s, const DramPower&) { return s.idd3n; },
     [](const DramPower&) { return 1U; }},
    {"dram_precharged_cycles", [](const DramSupply& s, const DramPower&) { return s.idd2n; },
     [](const DramPower&) { return 1U; }},
    {"dram_active_power_down_cycles", [](const DramSupply& s, const DramPower&) { return s.idd3p; },
     [](const DramPower&) { return 1U; }},
    {"dram_precharged_power_down_cycles",
     [](const DramSupply& s, const DramPower&) { return s.idd2p; },
     [](const DramPower&) { return 1U; }},
    {"dram_self_refresh_cycles", [](const DramSupply& s, const DramPower&) { return s.idd6; },
     [](const DramPower&) { return 1U; }},
};

}  // namespace

std::optional<double> DramPower::picojoules(std::string_view event) const {
    const auto rule = std::find_if(std::begin(kRules), std::end(kRules),
                                   [&](const Rule& each) { return each.event == event; });
    if (source.empty() || rule == std::end(kRules) || rule->cycles(*this) == 0) {
        return std::nullopt;
    }
    const double nanoseconds = rule->cycles(*this) * clock_ps * kNanosecondsPerPicosecond;
    double milliwatts = 0.0;
    for (const auto& [name, supply] : supplies) {
        milliwatts += supply.volts * rule->current(supply, *this);
    }
    return milliwatts * nanoseconds * devices;
}

void describe(schema::Walk& walk, DramSupply& supply) {
    const schema::Numbers milliamperes = {0.0, 1e6};
    walk.required().number("volts", supply.volts, {0.0, 100.0}, "the supply's voltage, V");
    walk.number("idd0", supply.idd0, milliamperes, "activate and precharge in turn (IDD0), mA");
    walk.number("idd2n", supply.idd2n, milliamperes, "precharged standby (IDD2N)");
    walk.number("idd3n", supply.idd3n, milliamperes, "active standby (IDD3N)");
    walk.number("idd2p", supply.idd2p, milliamperes, "precharged power-down (IDD2P)");
    walk.number("idd3p", supply.idd3p, milliamperes, "active power-down (IDD3P)");
    walk.number("idd4r", supply.idd4r, milliamperes, "reads without a gap (IDD4R)");
    walk.number("idd4w", supply.idd4w, milliamperes, "writes without a gap (IDD4W)");
    walk.number("idd5", supply.idd5, milliamperes, "refreshes of all banks without a gap (IDD5)");
    walk.number("idd5pb", supply.idd5pb, milliamperes,
                "refreshes of one bank every tREFI / banks (IDD5PB)");
    walk.number("idd6", supply.idd6, milliamperes, "self-refresh (IDD6)");
}

void describe(schema::Walk& walk, DramPower& power) {
    const schema::Integers cycles = {1, 1000000};
    walk.required().text("source", power.source, "data sheet of the currents and times");
    walk.integer("devices", power.devices, {1, 1024}, "devices that work together in a channel");
    walk.integer("banks", power.banks, {1, 1024}, "banks of a device");
    walk.number("clock_ps", power.clock_ps, {1.0, 1e6}, "period of the command clock, ps");
    walk.integer("burst_cycles", power.burst_cycles, cycles, "a burst on the data bus, cycles");
    walk.integer("ras", power.ras, cycles, "activate to precharge (tRAS), cycles");
    walk.integer("rp", power.rp, cycles, "precharge of one bank (tRP), cycles");
    walk.integer("rfc", power.rfc, cycles, "refresh of all banks (tRFC), cycles");
    walk.integer("rfc_bank", power.rfc_bank, {0, 1000000},
                 "refresh of one bank (tRFCpb), cycles; 0: there is none");
    walk.integer("refi", power.refi, cycles, "refresh interval (tREFI), cycles");
    walk.table("supplies", power.supplies, "currents of one device, by supply");
    if (!power.source.empty() && power.supplies.empty()) {
        walk.fail("supplies", "found none; a data sheet has at least one");
    }
}

}  // namespace spikeloom::analysis
