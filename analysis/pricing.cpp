#include "analysis/pricing.hpp"

#include "analysis/units.hpp"

#include <algorithm>

namespace spikeloom::analysis {

namespace {

constexpr double kWattsPerMilliwatt = 1e-3;
constexpr double kKibibyte = 1024.0;

/// Whether a table that has no static power per `unit` leaves hardware unpriced. SRAM and buffers
/// belong to cores and routers, and chips consist of the others: a table may price either.
std::vector<std::string> unpriced_hardware(const EnergyTable& table, const Units& units) {
    const auto priced = [&](std::initializer_list<Unit> alternatives) {
        return std::any_of(
            table.static_powers.begin(), table.static_powers.end(), [&](const auto& entry) {
                return std::find(alternatives.begin(), alternatives.end(), entry.second.per) !=
                       alternatives.end();
            });
    };
    if (priced({Unit::chip})) {
        return {};
    }
    std::vector<std::string> missing;
    const auto check = [&](std::uint64_t count, const char* what,
                           std::initializer_list<Unit> alternatives) {
        if (count != 0 && !priced(alternatives)) {
            missing.push_back(std::to_string(count) + " " + what);
        }
    };
    check(units.cores, "cores", {Unit::core, Unit::sram_kibibyte});
    check(units.routers, "routers", {Unit::router, Unit::buffer_bit});
    if (!table.price_of("dram_precharged_cycles")) {  // the standby current as cycles in a state
        check(units.memory_tiles, "memory tiles", {Unit::memory_tile});
    }
    check(units.links, "links", {Unit::link});
    return missing;
}

}  // namespace

EventCounts total(const TileCounts& tiles) {
    EventCounts sum;
    for (const auto& tile : tiles) {
        for (const auto& [name, count] : tile.second) {
            if (count != 0) {
                sum[name] += count;
            }
        }
    }
    return sum;
}

Amount amount(const Units& units, Unit unit) {
    const auto all = [](std::uint64_t count) { return Amount{static_cast<double>(count), 0.0}; };
    switch (unit) {
        case Unit::core:
            return {static_cast<double>(units.cores), static_cast<double>(units.gated_cores)};
        case Unit::router:
            return all(units.routers);
        case Unit::memory_tile:
            return all(units.memory_tiles);
        case Unit::link:
            return all(units.links);
        case Unit::chip:
            return all(units.chips);
        case Unit::buffer_bit:
            return all(units.buffer_bits);
        case Unit::sram_kibibyte:
            break;
    }
    const double of_cores = static_cast<double>(units.sram_bytes) / kKibibyte;
    const double gated = units.cores == 0 ? 0.0
                                          : of_cores * static_cast<double>(units.gated_cores) /
                                                static_cast<double>(units.cores);
    return {of_cores + static_cast<double>(units.memory_sram_bytes) / kKibibyte, gated};
}

EnergyBreakdown price(const TileCounts& counts, const EnergyTable& table, double seconds,
                      const Units& units) {
    EnergyBreakdown result;
    result.table = table.name;
    result.seconds = seconds;
    const auto add = [&](Component component, double joules) {
        result.components[static_cast<std::size_t>(component)] += joules;
        result.joules += joules;
    };

    const auto flit_bits = static_cast<int>(units.flit_bits);
    for (const auto& [name, count] : total(counts)) {
        const std::optional<EventPrice> cost = table.price_of(name, flit_bits);
        if (!cost) {
            result.unpriced[name] = count;
            continue;
        }
        const double joules = static_cast<double>(count) * cost->picojoules * kJoulesPerPicojoule;
        add(cost->component, joules);
        result.events.push_back({name, count, *cost, joules});
    }
    for (const auto& [name, power] : table.static_powers) {
        const auto [present, gated] = amount(units, power.per);
        const double drawing = present - gated * (1.0 - power.gated_share);
        const double joules = power.milliwatts * kWattsPerMilliwatt * drawing * seconds;
        result.statics.push_back({name, present, gated, power, joules});
        add(power.component, joules);
    }
    for (const auto& [tile, events] : counts) {
        double& joules = result.tiles[tile];
        for (const auto& [name, count] : events) {
            if (const std::optional<EventPrice> cost = table.price_of(name, flit_bits)) {
                joules += static_cast<double>(count) * cost->picojoules * kJoulesPerPicojoule;
            }
        }
    }
    result.without_static_power = unpriced_hardware(table, units);
    return result;
}

}  // namespace spikeloom::analysis
