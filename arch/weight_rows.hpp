// Rows of synapses as a memory holds them, dense or sparse, and as the lanes add them.
//
//   dense    the weights of `length` accumulators in order, one behind the other
//   sparse   for each synapse an index and, behind it, its weight. The index is the number of
//            accumulators passed over since the synapse before, or since the row's first one. A
//            longer gap than it can say is bridged by synapses of weight 0. (Han et al., "EIE:
//            Efficient Inference Engine on Compressed Deep Neural Network", ISCA 2016.)
//
// In the machine an axon's entry holds its row's address and number of synapses, and the rows are
// packed bits, from bit 0 of a whole byte upwards. Here they are unpacked once, when the chip is
// loaded, to 8-bit (weights of up to 8 bits) or 16-bit integers, so that the arithmetic's kernels
// run straight over them; what is timed and counted are the packed bits.
#pragma once

#include "arch/program.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::arch {

/// What the rows of a block of axons have in common.
struct RowShape {
    std::uint32_t length = 0;  // accumulators that a row may reach
    std::uint32_t weight_bits = 8;
    std::uint32_t index_bits = 0;  // 0: dense

    /// Bytes of a row of so many synapses.
    std::uint64_t bytes(std::uint64_t synapses) const { return (bits(synapses) + 7) / 8; }
    std::uint64_t bits(std::uint64_t synapses) const {
        return synapses * (weight_bits + index_bits);
    }
};
RowShape shape_of(const AxonBlock& block);

/// Where a row lies, in bytes, and how many synapses it has.
struct RowPlace {
    std::uint64_t address = 0;
    std::uint32_t synapses = 0;
};
/// Of each axon of a block; the sparse rows of a block follow one another.
std::vector<RowPlace> row_places(const AxonBlock& block);

/// What the rows of a block take together.
struct RowTotals {
    std::uint64_t synapses = 0;
    std::uint64_t bytes = 0;    // from the first row's address on
    std::uint64_t longest = 0;  // bytes of the longest row
};
RowTotals totals_of(const AxonBlock& block);

/// Accumulators that a sparse row of `synapses` synapses, packed in `memory`, needs.
std::uint64_t reach_of(std::span<const std::uint8_t> memory, const RowShape& shape,
                       std::uint32_t synapses);

/// What adds rows to accumulators: `lanes` synapses at once, accumulator i in bank i mod `banks`,
/// each of which takes one a cycle. 0 banks: every accumulator is one.
struct Lanes {
    std::uint32_t lanes = 1;
    std::uint32_t banks = 0;
};

class WeightRows {
  public:
    WeightRows() = default;
    /// The rows at `places` of `memory`. Sparse ones must not reach beyond `shape.length`.
    WeightRows(std::span<const std::uint8_t> memory, const RowShape& shape,
               std::span<const RowPlace> places);

    /// sums[accumulator] += weight * value for each synapse of the row.
    void accumulate(std::uint32_t row, std::int32_t value, std::span<std::int32_t> sums) const;

    /// Cycles of the lanes: the synapses go in groups, in their order, and a group takes as many
    /// cycles as its fullest bank has of them.
    std::uint32_t cycles(std::uint32_t row, const Lanes& lanes) const;

  private:
    std::vector<std::size_t> begins_;       // of each row's synapses, and the end
    std::vector<std::uint32_t> positions_;  // sparse: the accumulator of each synapse
    std::vector<std::int8_t> narrow_;
    std::vector<std::int16_t> wide_;
};

/// The same of a dense row.
std::uint32_t dense_cycles(std::uint32_t synapses, const Lanes& lanes);

}  // namespace spikeloom::arch
