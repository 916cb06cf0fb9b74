// Maps of the chip: the tile grid with a figure on each tile, or on each link between tiles.
#pragma once

#include "analysis/run.hpp"

#include <functional>
#include <string>

namespace spikeloom::analysis {

/// The grid as an <svg> element, row 0 on top. `value(tile)` in [0, 1] is written on
/// a spiking core in percent, and shades it relative to the highest; other tiles show what they
/// are.
std::string core_map(const Chip& chip, const std::function<double(std::uint32_t)>& value,
                     const std::string& about);

/// Two arrows between neighbouring tiles, one a direction, coloured and weighted by the flits that
/// passed a cycle of the network's clock; links that carried nothing are thin and grey. The scale
/// below ends at the busiest link. Links that leave the grid's edge are drawn as stubs.
std::string link_map(const Chip& chip, const Phase& phase, const std::string& about);

/// Flits a cycle of the busiest link between tiles.
double busiest_link(const Chip& chip, const Phase& phase);

}  // namespace spikeloom::analysis
