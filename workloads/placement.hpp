// Which tile each core of a partition becomes, and which memory tile its streamed rows come from.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"
#include "workloads/resources.hpp"
#include "workloads/traffic.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::workloads {

enum class Strategy {
    linear,  ///< in the order of the dataflow, row by row
    greedy,  ///< in that order too, each as near as possible to what it exchanges flits with
    anneal,  ///< greedy, then improved by simulated annealing
};
const char* name_of(Strategy strategy);
/// Throws InputError naming the strategies there are.
Strategy strategy_named(const std::string& name);

/// A tile for each core. What a placement costs is the sum over flows of flits times links;
/// streamed rows come from the nearest memory tile. The `seed` is the annealing's.
std::vector<arch::TileId> place(const arch::Program& program, const CoreOfStage& cores,
                                const arch::ChipConfig& chip, const Activity& activity,
                                Strategy strategy, std::uint64_t seed);

}  // namespace spikeloom::workloads
