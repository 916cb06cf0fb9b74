#include "noc/watchdog.hpp"

#include "base/error.hpp"

namespace spikeloom::noc {

void check_progress(const Network& network, Cycle now, Cycle limit) {
    if (network.drained() || now - network.last_movement() < limit) {
        return;
    }
    const std::string what = "network: no flit has moved for " + std::to_string(limit) +
                             " cycles or more since cycle " +
                             std::to_string(network.last_movement()) + ": ";
    if (const std::vector<std::string> circle = network.find_wait_circle(); !circle.empty()) {
        std::string text = what + "each of these waits for the next, the last for the first";
        for (const std::string& line : circle) {
            text += "; " + line;
        }
        throw CheckFailed(text);
    }
    if (const std::optional<Blockage> blockage = network.find_blockage()) {
        throw CheckFailed(what + blockage->what);
    }
}

}  // namespace spikeloom::noc
