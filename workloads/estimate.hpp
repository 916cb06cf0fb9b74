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

/// When the stages' programs begin and end for a token that is alone, in cycles from its start. A
/// consumer accumulates while its producer sends.
struct Timetable {
    std::vector<double> begin;
    std::vector<double> end;
    double last_result = 0.0;  // sent
};
Timetable timetable(const arch::Program& program, const std::vector<StageWork>& work);

}  // namespace spikeloom::workloads
