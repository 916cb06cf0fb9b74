// What the parts of a Program send one another for a token, as far as it is known before a run.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"

#include <cstdint>
#include <vector>

namespace spikeloom::workloads {

/// How many elements of an output become events. The defaults are for SpikeGPT: 20 % is what was
/// measured over all LIF neurons of a 12-layer model on enwik8 (spikegpt-myelin, 20.45 % with the
/// embedding), and ReLU in front of centred sums passes half.
struct Activity {
    double binary = 0.2;  // fraction of ones
    double graded = 0.5;  // fraction of non-zeros
};

/// Events of one output for a token.
double expected_events(const arch::Output& output, const Activity& activity);

/// Events that arrive for a token on each block of axons: [stage][block].
std::vector<std::vector<double>> expected_arrivals(const arch::Program& program,
                                                   const Activity& activity);

/// A node of the traffic: a stage by its StageId, the host by the number of stages, behind it the
/// memory tiles in the order of ChipConfig::memory_tiles.
using Node = std::uint32_t;

struct Flow {
    Node from = 0;
    Node to = 0;
    double packets = 0.0;  // a token
    double flits = 0.0;
};

/// All flows, each pair of nodes and direction once: events, end-of-step markers and credits,
/// requests to memory tiles and their answers. Events are rounded to whole ones in each burst. Rows
/// whose memory tile is none of the chip's, because it is not chosen yet, come from the node behind
/// the last.
std::vector<Flow> expected_traffic(const arch::Program& program, const arch::ChipConfig& chip,
                                   const Activity& activity);

/// Where a node is.
arch::TileId tile_of(Node node, const arch::Program& program, const arch::ChipConfig& chip);

}  // namespace spikeloom::workloads
