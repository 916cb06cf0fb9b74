#include "workloads/mapping_metrics.hpp"

#include "workloads/resources.hpp"
#include "workloads/ways.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace spikeloom::workloads {

MappingMetrics mapping_metrics(const arch::Program& program, const arch::ChipConfig& chip,
                               const Activity& activity) {
    MappingMetrics metrics;
    const Ways ways(chip);
    std::vector<double> crossing(ways.graph().ports(), 0.0);
    for (const Flow& flow : expected_traffic(program, chip, activity)) {
        const std::vector<noc::PortId> links =
            ways.links(tile_of(flow.from, program, chip), tile_of(flow.to, program, chip));
        const auto hops = static_cast<double>(links.size());
        metrics.packets += flow.packets;
        metrics.flits += flow.flits;
        metrics.flit_links += flow.flits * hops;
        metrics.flit_routers += flow.flits * (hops + 1.0);
        metrics.packet_routers += flow.packets * (hops + 1.0);
        metrics.hops_max = std::max(metrics.hops_max, static_cast<std::uint32_t>(links.size()));
        for (const noc::PortId link : links) {
            crossing[link] += flow.flits;
            metrics.flit_mm += flow.flits * double{ways.graph().link(link).length_mm};
            metrics.congestion_max = std::max(metrics.congestion_max, crossing[link]);
        }
    }
    metrics.hops_average = metrics.flits > 0.0 ? metrics.flit_links / metrics.flits : 0.0;

    std::set<arch::TileId> used;
    CoreUse taken;
    for (const arch::Stage& stage : program.stages) {
        used.insert(stage.tile);
        taken += use_of(stage);
    }
    metrics.cores_used = static_cast<std::uint32_t>(used.size());
    metrics.memory_utilisation =
        static_cast<double>(taken.synapse_bytes) /
        (static_cast<double>(used.size()) * static_cast<double>(chip.core.synapse_bytes));
    return metrics;
}

}  // namespace spikeloom::workloads
