#include "noc/watchdog.hpp"

#include "base/error.hpp"

namespace spikeloom::noc {

void check_progress(const Network& network, Cycle now, Cycle limit) {
    if (network.drained() || now - network.last_movement() < limit) {
        return;
    }
    if (const std::optional<Blockage> blockage = network.find_blockage()) {
        throw CheckFailed("network: no flit has moved for " + std::to_string(limit) +
                          " cycles or more since cycle " + std::to_string(network.last_movement()) +
                          ": " + blockage->what);
    }
}

}  // namespace spikeloom::noc
