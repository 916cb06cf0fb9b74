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

const std::vector<std::uint32_t>& SparseCounts::of(const models::QuantisedMatrix& matrix,
                                                   std::uint32_t first, std::uint32_t count,
                                                   std::uint32_t index_bits) {
    const auto [entry, missing] = known_.try_emplace({&matrix, first, count});
    if (missing) {
        const auto columns = static_cast<std::size_t>(matrix.columns);
        std::vector<std::uint32_t>& synapses = entry->second;
        synapses.resize(columns);
        std::vector<std::uint32_t> next(columns, first);  // the row behind the last synapse
        for (std::uint32_t r = first; r < first + count; ++r) {
            for (std::size_t c = 0; c < columns; ++c) {
                if (matrix.weights[r * columns + c] != 0) {
                    synapses[c] += 1 + ((r - next[c]) >> index_bits);
                    next[c] = r + 1;
                }
            }
        }
    }
    return entry->second;
}

PackedRows pack_sparse(const models::QuantisedMatrix& matrix, std::uint32_t first,
                       std::uint32_t count, std::uint32_t index_bits) {
    const auto columns = static_cast<std::size_t>(matrix.columns);
    const std::uint32_t longest = (std::uint32_t{1} << index_bits) - 1;
    PackedRows packed;
    std::vector<std::uint8_t> row;
    for (std::size_t c = 0; c < columns; ++c) {
        // At most a synapse an accumulator, of 32 bits at most.
        row.assign(std::size_t{count} * sizeof(std::uint32_t) + 1, 0);
        std::size_t bit = 0;
        const auto put = [&](std::uint32_t value, std::uint32_t bits) {
            for (std::uint32_t i = 0; i < bits; ++i, ++bit) {
                row[bit / 8] =
                    static_cast<std::uint8_t>(row[bit / 8] | (value >> i & 1U) << bit % 8);
            }
        };
        const auto synapse = [&](std::uint32_t passed_over, std::int16_t weight) {
            put(passed_over, index_bits);
            put(static_cast<std::uint16_t>(weight), static_cast<std::uint32_t>(matrix.weight_bits));
        };
        std::uint32_t next = first;
        for (std::uint32_t r = first; r < first + count; ++r) {
            if (const std::int16_t weight = matrix.weights[r * columns + c]; weight != 0) {
                for (; r - next > longest; next += longest + 1) {
                    synapse(longest, 0);
                }
                synapse(r - next, weight);
                next = r + 1;
            }
        }
        packed.bytes.insert(packed.bytes.end(), row.begin(),
                            row.begin() + static_cast<std::ptrdiff_t>((bit + 7) / 8));
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
