// How good a mapping is, as far as it can be told before a run: from the expected traffic and the
// ways of the chip's network without traffic (ways.hpp).
//
// With flows f of flits(f) a token over hops(f) links (Jin et al., "Mapping very large scale
// spiking neuron network to neuromorphic hardware", ASPLOS 2023, use the same quantities):
//   hops_average   = sum of flits(f) hops(f) / sum of flits(f)
//   hops_max       = the largest hops(f)
//   congestion_max = the largest sum, over links, of the flits that cross the link
// Traffic that stays on a tile counts with 0 hops: it goes through its router.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"
#include "workloads/traffic.hpp"

#include <cstdint>

namespace spikeloom::workloads {

struct MappingMetrics {
    std::uint32_t cores_used = 0;
    double memory_utilisation = 0.0;  // synapse memory taken, of what the used cores have
    double hops_average = 0.0;
    std::uint32_t hops_max = 0;
    double congestion_max = 0.0;  // flits a token

    // What the network is expected to do for a token.
    double packets = 0.0;
    double flits = 0.0;
    double flit_links = 0.0;      // links crossed by flits
    double flit_mm = 0.0;         // their lengths
    double flit_routers = 0.0;    // routers passed by flits, one more a flit
    double packet_routers = 0.0;  // by head flits
};

MappingMetrics mapping_metrics(const arch::Program& program, const arch::ChipConfig& chip,
                               const Activity& activity);

}  // namespace spikeloom::workloads
