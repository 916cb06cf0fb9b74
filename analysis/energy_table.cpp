#include "analysis/energy_table.hpp"

#include "base/schema.hpp"

#include <algorithm>
#include <charconv>

namespace spikeloom::analysis {

namespace {

constexpr PerComponent<std::string_view> kComponentNames = {
    "synapse_memory", "accumulates", "multiply_accumulates",
    "accumulators",   "neuron",      "core_control",
    "routers",        "links",       "dram",
    "clock",          "leakage"};
constexpr PerComponent<std::string_view> kComponentTitles = {"synapse memory",
                                                             "accumulates",
                                                             "multiply-accumulates",
                                                             "accumulator memory",
                                                             "neuron and functions",
                                                             "core control",
                                                             "routers",
                                                             "links",
                                                             "DRAM",
                                                             "clock",
                                                             "leakage"};
constexpr std::array<std::string_view, kUnits> kUnitNames = {
    "core", "router", "memory_tile", "link", "chip", "sram_kibibyte", "buffer_bit"};

void describe_component(schema::Walk& walk, Component& component) {
    const auto choice = [](Component c) { return std::pair{name_of(c), c}; };
    walk.required().choice(
        "component", component,
        {choice(Component::synapse_memory), choice(Component::accumulates),
         choice(Component::multiply_accumulates), choice(Component::accumulators),
         choice(Component::neuron), choice(Component::core_control), choice(Component::routers),
         choice(Component::links), choice(Component::dram), choice(Component::clock),
         choice(Component::leakage)},
        "the line of the report it is added to");
}

void describe_source(schema::Walk& walk, std::string& source) {
    walk.required().text(
        "source", source,
        "where the number comes from, or how it is derived; for 0: why it is free");
    if (source.find_first_not_of(" \t\n") == std::string::npos) {
        walk.fail("source", "found nothing; every number needs its source");
    }
}

/// The widths in `mac_<w>x<a>`.
std::optional<std::pair<int, int>> mac_widths(std::string_view event) {
    constexpr std::string_view kPrefix = "mac_";
    if (!event.starts_with(kPrefix)) {
        return std::nullopt;
    }
    int weight = 0;
    int value = 0;
    const char* const last = event.data() + event.size();
    const auto first = std::from_chars(event.data() + kPrefix.size(), last, weight);
    if (first.ec != std::errc() || first.ptr == last || *first.ptr != 'x') {
        return std::nullopt;
    }
    const auto second = std::from_chars(first.ptr + 1, last, value);
    if (second.ec != std::errc() || second.ptr != last || weight < 1 || value < 1) {
        return std::nullopt;
    }
    return std::pair{weight, value};
}

/// The price of a bit in flits of that width.
EventPrice for_width(EventPrice price, int flit_bits) {
    const auto row = std::find_if(price.per_flit.begin(), price.per_flit.end(),
                                  [&](const FlitPrice& flit) { return flit.bits == flit_bits; });
    if (row != price.per_flit.end()) {
        price.picojoules = row->picojoules / flit_bits;
    } else if (!price.per_flit.empty() && flit_bits != 0) {
        price.source += "; scaled per bit, no figure for flits of " + std::to_string(flit_bits);
    }
    return price;
}

}  // namespace

std::string_view name_of(Component component) {
    return kComponentNames[static_cast<std::size_t>(component)];
}

std::string_view title_of(Component component) {
    return kComponentTitles[static_cast<std::size_t>(component)];
}

std::string_view name_of(Unit unit) {
    return kUnitNames[static_cast<std::size_t>(unit)];
}

void describe(schema::Walk& walk, Citation& citation) {
    walk.required().text("work", citation.work, "author, title, place, what was taken from it");
}

void describe(schema::Walk& walk, FlitPrice& price) {
    walk.required().integer("bits", price.bits, {1, 65536}, "width of the flit");
    walk.required().number("picojoules", price.picojoules, {0.0, 1e9}, "energy of a flit, pJ");
}

void describe(schema::Walk& walk, EventPrice& price) {
    walk.required().number("picojoules", price.picojoules, {0.0, 1e9}, "energy of one event, pJ");
    walk.list("per_flit", price.per_flit,
              "of events that count bits: energy of a flit by its width; other widths per bit");
    describe_component(walk, price.component);
    describe_source(walk, price.source);
}

void describe(schema::Walk& walk, MacPrice& price) {
    walk.required().number("picojoules_per_bit_product", price.picojoules_per_bit_product,
                           {0.0, 1e9},
                           "energy of a multiplier for each weight bit times value bit, pJ");
    walk.required().number("picojoules_per_sum", price.picojoules_per_sum, {0.0, 1e9},
                           "energy of adding the product to an accumulator, pJ");
    walk.required().text("source", price.source, "where the two numbers come from");
    // Without a source the rule is absent, as it is in a table written without one.
    if (price.source.empty() && price.picojoules_per_bit_product + price.picojoules_per_sum > 0.0) {
        walk.fail("source", "found nothing; every number needs its source");
    }
}

void describe(schema::Walk& walk, StaticPower& power) {
    walk.required().number("milliwatts", power.milliwatts, {0.0, 1e9}, "power of one unit, mW");
    const auto choice = [](Unit unit) { return std::pair{name_of(unit), unit}; };
    walk.required().choice(
        "per", power.per,
        {choice(Unit::core), choice(Unit::router), choice(Unit::memory_tile), choice(Unit::link),
         choice(Unit::chip), choice(Unit::sram_kibibyte), choice(Unit::buffer_bit)},
        "what one unit is");
    describe_component(walk, power.component);
    describe_source(walk, power.source);
    walk.number("gated_share", power.gated_share, {0.0, 1.0},
                "share of it that an idle core draws where idle cores are power-gated; 1: all");
    if (power.gated_share < 1.0 && power.per != Unit::core && power.per != Unit::sram_kibibyte) {
        walk.fail("gated_share", "is below 1; allowed for powers per core and sram_kibibyte");
    }
}

void describe(schema::Walk& walk, EnergyTable& table) {
    walk.required().text("name", table.name, "what reports call the table");
    walk.required().text("technology", table.technology,
                         "process, supply and conditions of the numbers");
    walk.table("citations", table.citations, "what the short names in the sources stand for");
    walk.required().table("events", table.events,
                          "price of each event the simulator counts, by its name");
    walk.section("multiply_accumulates", "price of mac_<w>x<a> where it is not among the events",
                 [&] { describe(walk, table.macs); });
    walk.section("dram", "data sheet that prices the DRAM events that are not among the events",
                 [&] { describe(walk, table.dram); });
    walk.table("static", table.static_powers,
               "powers that flow all the time, by a name of your own");
}

std::optional<EventPrice> EnergyTable::price_of(std::string_view event, int flit_bits) const {
    if (const auto found = events.find(std::string(event)); found != events.end()) {
        return for_width(found->second, flit_bits);
    }
    if (const auto picojoules = dram.picojoules(event)) {
        return EventPrice{*picojoules, Component::dram, dram.source};
    }
    const auto widths = macs.source.empty() ? std::nullopt : mac_widths(event);
    if (!widths) {
        return std::nullopt;
    }
    const double product = static_cast<double>(widths->first) * static_cast<double>(widths->second);
    return EventPrice{product * macs.picojoules_per_bit_product + macs.picojoules_per_sum,
                      Component::multiply_accumulates, macs.source};
}

EnergyTable load_energy_table(const std::filesystem::path& path) {
    return schema::read_file<EnergyTable>(path);
}

}  // namespace spikeloom::analysis
