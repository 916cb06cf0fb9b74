#include "workloads/mapping_metrics.hpp"

#include "workloads/resources.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace spikeloom::workloads {

std::vector<Link> route(arch::TileId from, arch::TileId to, const noc::NetworkConfig& network) {
    const auto width = static_cast<arch::TileId>(network.width);
    std::vector<Link> links;
    arch::TileId at = from;
    const auto go = [&](arch::TileId next) {
        links.push_back({at, next});
        at = next;
    };
    const auto correct_column = [&] {
        while (at % width != to % width) {
            go(at % width < to % width ? at + 1 : at - 1);
        }
    };
    const auto correct_row = [&] {
        while (at / width != to / width) {
            go(at / width < to / width ? at + width : at - width);
        }
    };
    if (network.routing == noc::Routing::xy) {
        correct_column();
        correct_row();
    } else {
        correct_row();
        correct_column();
    }
    return links;
}

MappingMetrics mapping_metrics(const arch::Program& program, const arch::ChipConfig& chip,
                               const Activity& activity) {
    MappingMetrics metrics;
    std::map<std::pair<arch::TileId, arch::TileId>, double> crossing;
    for (const Flow& flow : expected_traffic(program, chip, activity)) {
        const std::vector<Link> links =
            route(tile_of(flow.from, program, chip), tile_of(flow.to, program, chip), chip.network);
        const auto hops = static_cast<double>(links.size());
        metrics.packets += flow.packets;
        metrics.flits += flow.flits;
        metrics.flit_links += flow.flits * hops;
        metrics.flit_routers += flow.flits * (hops + 1.0);
        metrics.packet_routers += flow.packets * (hops + 1.0);
        metrics.hops_max = std::max(metrics.hops_max, static_cast<std::uint32_t>(links.size()));
        for (const Link& link : links) {
            double& flits = crossing[{link.from, link.to}];
            flits += flow.flits;
            metrics.congestion_max = std::max(metrics.congestion_max, flits);
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
