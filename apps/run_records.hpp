// What a run directory says of the machine and of what it counted, from the simulator's own types.
#pragma once

#include "analysis/run.hpp"
#include "arch/config.hpp"
#include "arch/events.hpp"

#include <cstdint>
#include <string>

namespace spikeloom::apps {

/// The chip a Program runs on; `idle_cores` are those it gives nothing to do.
analysis::Chip chip_record(const arch::ChipConfig& chip, std::uint64_t idle_cores);
/// The chip a spiking network runs on step by step: cores on all tiles, several on each.
analysis::Chip stepped_chip_record(const arch::ChipConfig& chip, std::uint64_t idle_cores);

/// Counts by tile and event, without zeros.
analysis::TileCounts tile_counts(const arch::Counts& counts);
/// A phase of `tokens` tokens or steps. Loads of links where each tile has a router of a grid.
analysis::Phase phase_record(const std::string& name, std::uint64_t tokens,
                             const arch::ChipConfig& chip, const arch::Counts& counts);

/// A line for each event that a table of the run does not price, with its count over all phases.
std::string warnings_of(const analysis::Run& run);

}  // namespace spikeloom::apps
