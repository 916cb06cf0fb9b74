// How often each physical event happened: the simulator's only statement about energy.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace spikeloom::analysis {

/// Counts by event name; the names are the simulator's (docs/energy.md lists them). An event that
/// is not there did not happen; one with a count of 0 says the same.
using EventCounts = std::map<std::string, std::uint64_t>;

/// The counts of every tile, by tile number (y * width + x). A router's and its outgoing links'
/// events are booked on the tile where the router sits.
using TileCounts = std::map<std::uint32_t, EventCounts>;

/// The counts of all tiles together, without zeros.
EventCounts total(const TileCounts& tiles);

}  // namespace spikeloom::analysis
