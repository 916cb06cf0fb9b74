// How long the parts of a Program take a token, by counting; what the compiler balances.
//
// The counts follow docs/core.md for a core that is never made to wait: no queue is ever full, no
// packet is ever late. What they leave out, the simulation finds.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"
#include "workloads/traffic.hpp"

#include <cstdint>
#include <vector>

namespace spikeloom::workloads {

/// Cycles of the cores' clock a token in which each unit of the core works for a stage.
struct StageWork {
    double accumulate = 0.0;  // event queue to accumulators, or waiting for rows from DRAM
    double vector = 0.0;
    double emit = 0.0;  // encoder and output queue
};

std::vector<StageWork> estimate_work(const arch::Program& program, const arch::ChipConfig& chip,
                                     const Activity& activity);

/// Cycles from token to token that a stage alone on its core can keep up: it accumulates the next
/// token while it works on this one, if it has two sets of accumulators, but has one program or
/// emission under way only.
double interval(const StageWork& work, const arch::ChipConfig& chip);

/// The same for a core with several stages: its units serve one of them at a time.
double interval(const std::vector<StageWork>& stages, const arch::ChipConfig& chip);

/// Cycles from a token's start to its last result along the slowest path through the stages; a
/// consumer accumulates while its producer sends.
double token_latency(const arch::Program& program, const std::vector<StageWork>& work);

}  // namespace spikeloom::workloads
