// Weights as the synapse memories and the DRAM hold them: a row an axon, bit after bit.
#pragma once

#include "models/quantised_model.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::workloads {

/// The rows of a run of axons, one behind the other, each begun on a whole byte.
struct PackedRows {
    std::uint32_t stride = 0;  // bytes from one row to the next
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

/// A table of rows of `columns` values of `bits` bits, a row an axon.
PackedRows pack_table(std::span<const std::int16_t> table, std::uint32_t columns, int bits);

}  // namespace spikeloom::workloads
