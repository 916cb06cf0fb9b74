// Weights as the synapse memories and the DRAM hold them: a row an axon, bit after bit.
// arch/weight_rows.hpp has the formats.
#pragma once

#include "models/quantised_model.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

namespace spikeloom::workloads {

/// The rows of a run of axons, one behind the other, each begun on a whole byte.
struct PackedRows {
    std::uint32_t stride = 0;  // dense: bytes from one row to the next
    std::vector<std::uint8_t> bytes;
};

/// Bytes of a row of `length` weights of `bits` bits.
constexpr std::uint32_t row_bytes(std::uint32_t length, int bits) {
    return static_cast<std::uint32_t>(
        (std::uint64_t{length} * static_cast<std::uint32_t>(bits) + 7) / 8);
}

/// Writes the low `bits` bits of each value one behind the other from bit 0 of the first byte
/// upwards, the least significant bit first. `row` must be all zero and long enough.
void pack(std::span<const std::int16_t> values, int bits, std::span<std::uint8_t> row);

/// Rows [first, first + count) of a matrix, transposed: axon c holds weights[first .. , c], one for
/// each accumulator.
PackedRows pack_axon_major(const models::QuantisedMatrix& matrix, std::uint32_t first,
                           std::uint32_t count);

/// Sparse rows of the same, close together: a weight of 0 takes no room, unless it bridges a gap
/// that `index_bits` bits cannot say.
PackedRows pack_sparse(const models::QuantisedMatrix& matrix, std::uint32_t first,
                       std::uint32_t count, std::uint32_t index_bits);

/// How many synapses such rows have, worked out once for each part of a matrix.
class SparseCounts {
  public:
    /// A synapse an axon; those that bridge gaps are among them.
    const std::vector<std::uint32_t>& of(const models::QuantisedMatrix& matrix, std::uint32_t first,
                                         std::uint32_t count, std::uint32_t index_bits);

  private:
    using Part = std::tuple<const models::QuantisedMatrix*, std::uint32_t, std::uint32_t>;
    std::map<Part, std::vector<std::uint32_t>> known_;
};

/// A table of rows of `columns` values of `bits` bits, a row an axon.
PackedRows pack_table(std::span<const std::int16_t> table, std::uint32_t columns, int bits);

}  // namespace spikeloom::workloads
