// What a stage takes of a core, and which stages can live together.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::workloads {

/// Of the core's memories and tables, as CoreConfig counts them.
struct CoreUse {
    std::uint64_t stages = 0;
    std::uint64_t synapse_bytes = 0;
    std::uint64_t axon_entries = 0;
    std::uint64_t accumulators = 0;
    std::uint64_t state_bytes = 0;

    CoreUse& operator+=(const CoreUse& other);
};

CoreUse use_of(const arch::Stage& stage);

/// Empty where that much fits into one core, otherwise what is too much: "70000 bytes of synapse
/// memory, a core has 65536".
std::string excess(const CoreUse& use, const arch::CoreConfig& core);

/// Which core each stage lives on: numbers from 0 upwards, cores that are to be placed still.
using CoreOfStage = std::vector<std::uint32_t>;

/// `leaders` says for each stage whose core it shares, its own number if nobody's. The others get a
/// core each where there are enough. Otherwise they go, the longest first, to the core that can
/// hold them and has the least work so far; where that leaves one without room, the largest first.
/// Throws InputError saying what is needed and what the chip has where they do not fit.
CoreOfStage group_stages(const arch::Program& program, const std::vector<arch::StageId>& leaders,
                         const arch::ChipConfig& chip, const std::vector<double>& cycles);

}  // namespace spikeloom::workloads
