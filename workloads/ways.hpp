// The ways between a chip's tiles, as the chip's network takes them: how far apart tiles are, and
// which links a flit crosses. Where routers choose among ways, the one they take without traffic's
// say counts: the first dimension order, or the first allowed port of a turn model.
#pragma once

#include "arch/config.hpp"
#include "noc/graph.hpp"
#include "noc/routes.hpp"
#include "noc/virtual_channels.hpp"

#include <cstdint>
#include <vector>

namespace spikeloom::workloads {

class Ways {
  public:
    /// Throws InputError where the network is none, or its routes could deadlock.
    explicit Ways(const arch::ChipConfig& chip);
    Ways(const Ways&) = delete;
    Ways& operator=(const Ways&) = delete;

    /// Links between two tiles; 0 where they share a router.
    std::uint32_t hops(arch::TileId from, arch::TileId to) const;
    /// The same on average over all tiles, to the nearest memory tile.
    double mean_hops_to_memory() const;
    /// The output ports of those links, in order.
    std::vector<noc::PortId> links(arch::TileId from, arch::TileId to) const;
    /// The memory tile with the fewest links to `tile`, the first of several.
    arch::TileId nearest_memory(arch::TileId tile) const;

    const noc::Graph& graph() const { return graph_; }

  private:
    std::vector<arch::TileId> memory_tiles_;
    noc::Graph graph_;
    noc::VirtualChannels channels_;
    noc::Routes routes_;
};

}  // namespace spikeloom::workloads
