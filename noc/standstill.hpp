// Why flits wait: the first that does, and circles of waiting.
#pragma once

#include "noc/fabric.hpp"
#include "noc/interfaces.hpp"
#include "noc/network.hpp"
#include "noc/routers.hpp"
#include "noc/sources.hpp"

#include <optional>
#include <string>
#include <vector>

namespace spikeloom::noc {

std::optional<Blockage> find_blockage(const Fabric& fabric, const Routers& routers,
                                      const Interfaces& interfaces, const Sources& sources);

/// A packet at the front of an input channel waits for the owner of the channel that it wants, or,
/// if it owns one or nobody does, for the buffer behind it to drain. Lines "router 1 (1, 0), input
/// west, virtual channel 0: 4 flits wait for ...".
std::vector<std::string> find_wait_circle(const Fabric& fabric, const Routers& routers);

}  // namespace spikeloom::noc
