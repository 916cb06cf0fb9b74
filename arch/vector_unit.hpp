// The vector unit: how long a stage's program takes, and what it computes.
//
// Instructions run one after another. An instruction is issued, then its functional unit takes its
// elements in groups of `lanes`, one group every `interval` cycles, and the last results are there
// `latency` cycles after the last group was taken:
//
//     cycles = issue + (groups - 1) * interval + latency
//
// layer_norm goes over its elements twice, for the sums and to normalise: issue + 2 * (...).
#pragma once

#include "arch/config.hpp"
#include "arch/events.hpp"
#include "arch/program.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace spikeloom::arch {

/// The operands that an operation reads and writes, for those who need them all alike.
struct Operands {
    std::vector<Operand> read;
    std::vector<Operand> written;
};
Operands operands_of(const Instruction& instruction);

/// The cycles of an instruction, from its issue to its last result.
Cycle instruction_cycles(const Instruction& instruction, const VectorUnitConfig& config);

/// A stage's program as the vector unit sees it, worked out once.
class VectorProgram {
  public:
    VectorProgram(const Stage& stage, const VectorUnitConfig& config);

    /// At least 1, so that a stage takes time even if it only passes on.
    Cycle cycles() const { return cycles_; }
    /// Cycles after the start at which the last group of accumulators has been read: from then on
    /// they may be filled again, unless an output reads them too. At most `cycles()`.
    Cycle accumulators_read() const { return accumulators_read_; }

    /// Computes the whole program at once.
    void execute(const Stage& stage, std::vector<std::vector<std::int32_t>>& registers,
                 Counts& counts, TileId tile) const;

  private:
    models::fixed::Functions functions_;
    Cycle cycles_ = 0;
    Cycle accumulators_read_ = 0;
    std::vector<std::pair<Event, std::uint64_t>> counts_;  // of one run
};

}  // namespace spikeloom::arch
