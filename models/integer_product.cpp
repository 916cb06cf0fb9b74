#include "models/integer_product.hpp"

namespace spikeloom::models {

namespace {

/// Bytes of a cache line, and how far ahead weights are asked for: the processor's own prefetching
/// starts anew at every page.
constexpr std::size_t kLine = 64;
constexpr std::size_t kAhead = 4096;

/// Four rows at a time: four independent sums keep the multipliers busy, and share the events'
/// loads.
template <class Weight>
void multiply_rows(const Weight* weights, std::span<const std::int16_t> events,
                   fixed::Results sums) {
    const std::size_t columns = events.size();
    std::size_t row = 0;
    for (; row + 4 <= sums.size(); row += 4) {
        const Weight* const a = weights + row * columns;
        const Weight* const b = a + columns;
        const Weight* const c = b + columns;
        const Weight* const d = c + columns;
        std::int32_t total_a = 0;
        std::int32_t total_b = 0;
        std::int32_t total_c = 0;
        std::int32_t total_d = 0;
        for (std::size_t at = 0; at < 4 * columns * sizeof(Weight); at += kLine) {
            __builtin_prefetch(reinterpret_cast<const char*>(a) + kAhead + at);
        }
        for (std::size_t i = 0; i < columns; ++i) {
            const std::int32_t event = events[i];
            total_a += a[i] * event;
            total_b += b[i] * event;
            total_c += c[i] * event;
            total_d += d[i] * event;
        }
        sums[row] = total_a;
        sums[row + 1] = total_b;
        sums[row + 2] = total_c;
        sums[row + 3] = total_d;
    }
    for (; row < sums.size(); ++row) {
        std::int32_t total = 0;
        for (std::size_t i = 0; i < columns; ++i) {
            total += weights[row * columns + i] * std::int32_t{events[i]};
        }
        sums[row] = total;
    }
}

}  // namespace

IntegerProduct::IntegerProduct(const QuantisedMatrix& matrix) : matrix_(matrix) {
    if (matrix.weight_bits <= 8) {
        bytes_.assign(matrix.weights.begin(), matrix.weights.end());
    }
}

void IntegerProduct::accumulate(std::span<const std::int16_t> events, std::size_t first,
                                fixed::Results sums) const {
    const std::size_t from = first * events.size();
    if (bytes_.empty()) {
        multiply_rows(matrix_.weights.data() + from, events, sums);
    } else {
        multiply_rows(bytes_.data() + from, events, sums);
    }
}

}  // namespace spikeloom::models
