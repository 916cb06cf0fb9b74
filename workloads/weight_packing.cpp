#include "workloads/weight_packing.hpp"

#include <cstddef>

namespace spikeloom::workloads {

void pack(std::span<const std::int16_t> values, int bits, std::span<std::uint8_t> row) {
    const std::uint32_t mask = (std::uint32_t{1} << bits) - 1;
    std::size_t bit = 0;
    for (const std::int16_t value : values) {
        // Bits of one weight straddle at most three bytes.
        std::uint32_t left = (static_cast<std::uint32_t>(value) & mask) << (bit % 8);
        for (std::size_t byte = bit / 8; left != 0; ++byte, left >>= 8) {
            row[byte] = static_cast<std::uint8_t>(row[byte] | (left & 0xff));
        }
        bit += static_cast<std::size_t>(bits);
    }
}

PackedRows pack_axon_major(const models::QuantisedMatrix& matrix, std::uint32_t first,
                           std::uint32_t count) {
    const auto columns = static_cast<std::size_t>(matrix.columns);
    PackedRows packed;
    packed.stride = row_bytes(count, matrix.weight_bits);
    packed.bytes.resize(columns * packed.stride);
    std::vector<std::int16_t> row(count);
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t r = 0; r < count; ++r) {
            row[r] = matrix.weights[(first + r) * columns + c];
        }
        pack(row, matrix.weight_bits,
             std::span(packed.bytes).subspan(c * packed.stride, packed.stride));
    }
    return packed;
}

PackedRows pack_table(std::span<const std::int16_t> table, std::uint32_t columns, int bits) {
    const std::size_t rows = table.size() / columns;
    PackedRows packed;
    packed.stride = row_bytes(columns, bits);
    packed.bytes.resize(rows * packed.stride);
    for (std::size_t r = 0; r < rows; ++r) {
        pack(table.subspan(r * columns, columns), bits,
             std::span(packed.bytes).subspan(r * packed.stride, packed.stride));
    }
    return packed;
}

}  // namespace spikeloom::workloads
