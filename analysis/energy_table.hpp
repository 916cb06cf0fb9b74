// What a physical event costs: the YAML tables of configs/energy, each for one technology.
//
// The simulator counts events by name (docs/core.md, docs/noc.md); a table says what one of them
// costs and where that number comes from. Counts and costs meet only in price()
// (analysis/pricing.hpp), so one run can be priced with many tables. docs/energy.md says how a
// table is written.
#pragma once

#include "analysis/dram_power.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::analysis {

/// The lines of every energy figure; each event and each static power belongs to one.
enum class Component {
    synapse_memory,        // weights read from a core's SRAM
    accumulates,           // additions driven by binary spikes
    multiply_accumulates,  // products of weights with graded or dense values
    accumulators,          // their registers, read and written, whatever drives them
    neuron,                // vector unit, special functions, and the state memory they work on
    core_control,          // event queue, axon table, encoder
    routers,               // buffers, crossbar and arbitration of the network
    links,                 // wires between routers
    dram,                  // commands and background of the DRAM behind memory tiles
    clock,                 // clock distribution, busy or not
    leakage,               // static power of the logic and SRAM, busy or not
};
inline constexpr std::size_t kComponents = 11;

/// As YAML, JSON and reports call it ("synapse_memory").
std::string_view name_of(Component component);
/// As figures show it ("synapse memory").
std::string_view title_of(Component component);

/// A number for each component, in the order of the enumeration.
template <class T>
using PerComponent = std::array<T, kComponents>;

/// What a flit of one width costs where it is published as such; wider ones cost less a bit.
struct FlitPrice {
    int bits = 32;
    double picojoules = 0.0;  // of a flit
};

/// The cost of one event. A price of 0 is a statement and needs its reason in `source`; an event
/// that a table does not name is reported with its count.
struct EventPrice {
    double picojoules = 0.0;
    Component component = Component::core_control;
    std::string source;
    /// Of an event that counts bits of flits: flits by their width. Other widths cost `picojoules`
    /// a bit.
    std::vector<FlitPrice> per_flit{};
};

/// The cost of a multiply-accumulate of any widths: an event `mac_<w>x<a>` (weight bits, value
/// bits) that the table does not list costs w * a * picojoules_per_bit_product +
/// picojoules_per_sum.
struct MacPrice {
    double picojoules_per_bit_product = 0.0;
    double picojoules_per_sum = 0.0;
    std::string source;  // empty: the table has no such rule
};

/// What a static power is multiplied with.
enum class Unit {
    core,
    router,
    memory_tile,
    link,
    chip,
    sram_kibibyte,  // of all SRAM in the cores
    buffer_bit,     // of all flit buffers in the routers
};
inline constexpr std::size_t kUnits = 7;
std::string_view name_of(Unit unit);

/// Power that flows whether anything happens or not.
struct StaticPower {
    double milliwatts = 0.0;  // of one unit
    Unit per = Unit::core;
    Component component = Component::leakage;
    std::string source;
    /// The share of it that a core draws while it is power-gated; 1: cannot be gated. Only of
    /// powers per core or SRAM.
    double gated_share = 1.0;
};

/// What a short name in the sources stands for.
struct Citation {
    std::string work;
};

struct EnergyTable {
    std::string name;
    std::string technology;  // node, supply, temperature as the sources have them
    std::map<std::string, Citation> citations;  // by the short name the sources use
    std::map<std::string, EventPrice> events;   // by event name
    MacPrice macs;
    DramPower dram;                                    // prices of DRAM events that are not listed
    std::map<std::string, StaticPower> static_powers;  // by a name of the table's own

    /// What one such event costs on a machine whose flits have `flit_bits` (0: not known); nothing
    /// where the table does not say. Where it has figures for other widths only, the source says
    /// so.
    std::optional<EventPrice> price_of(std::string_view event, int flit_bits = 0) const;
};

void describe(schema::Walk& walk, Citation& citation);
void describe(schema::Walk& walk, FlitPrice& price);
void describe(schema::Walk& walk, EventPrice& price);
void describe(schema::Walk& walk, MacPrice& price);
void describe(schema::Walk& walk, StaticPower& power);
void describe(schema::Walk& walk, EnergyTable& table);

/// Throws InputError (file:line:column: key: what is wrong) where the file breaks the schema, or
/// where a number comes without its source.
EnergyTable load_energy_table(const std::filesystem::path& path);

}  // namespace spikeloom::analysis
