#include "workloads/ways.hpp"

#include "noc/dependencies.hpp"

#include <algorithm>

namespace spikeloom::workloads {

Ways::Ways(const arch::ChipConfig& chip)
    : memory_tiles_(chip.memory_tiles),
      graph_(chip.network),
      channels_(chip.network),
      routes_(graph_, channels_, chip.network) {
    if (chip.network.topology == noc::Topology::graph && chip.network.deadlock_check) {
        noc::refuse_circles(routes_);
    }
}

std::uint32_t Ways::hops(arch::TileId from, arch::TileId to) const {
    return static_cast<std::uint32_t>(routes_.way(from, to).links);
}

std::vector<noc::PortId> Ways::links(arch::TileId from, arch::TileId to) const {
    std::vector<noc::PortId> ports;
    const noc::RouterId end = graph_.attachment(to).router;
    for (noc::RouterId at = graph_.attachment(from).router; at != end;) {
        ports.push_back(graph_.port(at, routes_.branch_port(at, from, to)));
        at = graph_.router_of(graph_.link(ports.back()).to);
    }
    return ports;
}

arch::TileId Ways::nearest_memory(arch::TileId tile) const {
    return *std::min_element(
        memory_tiles_.begin(), memory_tiles_.end(),
        [&](arch::TileId a, arch::TileId b) { return hops(tile, a) < hops(tile, b); });
}

double Ways::mean_hops_to_memory() const {
    std::uint64_t sum = 0;
    for (arch::TileId tile = 0; tile < graph_.nodes(); ++tile) {
        sum += hops(tile, nearest_memory(tile));
    }
    return static_cast<double>(sum) / graph_.nodes();
}

}  // namespace spikeloom::workloads
