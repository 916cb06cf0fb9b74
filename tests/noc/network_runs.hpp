// What the network's tests share: a network run to its end, with all that came out of it.
#pragma once

#include "noc/network.hpp"

#include <stdexcept>
#include <vector>

namespace spikeloom::noc {

struct Delivered {
    Cycle cycle;
    Delivery flit;
};

/// Steps until `end`; appends what is delivered.
inline void run_until(Network& network, Cycle end, std::vector<Delivered>& delivered) {
    while (network.now() < end) {
        network.step();
        for (const Delivery& flit : network.deliveries()) {
            delivered.push_back({network.now() - 1, flit});
        }
    }
}

/// Steps until nothing is left, which must happen before `limit`.
inline std::vector<Delivered> drain(Network& network, Cycle limit = 1'000'000) {
    std::vector<Delivered> delivered;
    while (!network.drained()) {
        if (network.now() >= limit) {
            throw std::runtime_error("the network did not drain");
        }
        run_until(network, network.now() + 1, delivered);
    }
    return delivered;
}

/// Links between two nodes of a mesh.
inline int mesh_hops(const NetworkConfig& config, NodeId a, NodeId b) {
    const auto width = static_cast<NodeId>(config.width);
    const auto apart = [](NodeId p, NodeId q) { return static_cast<int>(p > q ? p - q : q - p); };
    return apart(a % width, b % width) + apart(a / width, b / width);
}

/// A router that does all in one cycle, on a one-cycle link.
inline NetworkConfig single_cycle(int width, int height) {
    NetworkConfig config;
    config.width = width;
    config.height = height;
    config.vc_allocation_delay = 0;
    config.forward_delay = 1;
    config.credit_delay = 1;
    config.injection_delay = 1;
    return config;
}

/// BookSim2's four-stage router, the defaults.
inline NetworkConfig four_stage(int width, int height) {
    NetworkConfig config;
    config.width = width;
    config.height = height;
    return config;
}

}  // namespace spikeloom::noc
