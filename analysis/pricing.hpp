// Counts of events times an energy table: where the joules went.
#pragma once

#include "analysis/counts.hpp"
#include "analysis/energy_table.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spikeloom::analysis {

/// How much hardware there is that draws static power.
struct Units {
    std::uint64_t cores = 0;
    std::uint64_t idle_cores = 0;   // of them, without any work in the run
    std::uint64_t gated_cores = 0;  // of those, switched off: their share is StaticPower's
    std::uint64_t routers = 0;
    std::uint64_t memory_tiles = 0;  // with DRAM
    std::uint64_t links = 0;         // one direction each, router to router
    std::uint64_t chips = 0;
    std::uint64_t sram_bytes = 0;  // of all cores, alike: synapses, state, accumulators, axons
    std::uint64_t memory_sram_bytes = 0;  // of all memory tiles
    std::uint64_t buffer_bits = 0;        // all flit buffers of all routers
    std::uint64_t flit_bits = 0;          // width of a flit; 0: not known
};

/// How many of `unit` there are (SRAM in KiB), and how many of them are switched off.
struct Amount {
    double present = 0.0;
    double gated = 0.0;
};
Amount amount(const Units& units, Unit unit);

/// One event's line: count times price.
struct PricedEvent {
    std::string name;
    std::uint64_t count = 0;
    EventPrice price;
    double joules = 0.0;
};

/// One static power's line: power times units times seconds.
struct PricedStatic {
    std::string name;
    double units = 0.0;
    double gated = 0.0;  // of them
    StaticPower power;
    double joules = 0.0;
};

struct EnergyBreakdown {
    std::string table;  // its name
    double seconds = 0.0;
    double joules = 0.0;                   // everything
    PerComponent<double> components = {};  // sums to `joules`
    std::vector<PricedEvent> events;       // by name; those that happened
    std::vector<PricedStatic> statics;     // by name
    std::map<std::uint32_t, double>
        tiles;  // what the events of each tile cost, without static power

    /// Events that happened and that the table does not name: their energy is missing above.
    EventCounts unpriced;
    /// Hardware that is there and for which the table has no static power, as in "4 links".
    std::vector<std::string> without_static_power;

    double of(Component component) const { return components[static_cast<std::size_t>(component)]; }
};

/// Prices the counts of one phase that took `seconds` of simulated time on hardware of `units`.
EnergyBreakdown price(const TileCounts& counts, const EnergyTable& table, double seconds,
                      const Units& units);

}  // namespace spikeloom::analysis
