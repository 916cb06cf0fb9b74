#include "models/fixed_point.hpp"

#include "models/fixed_point_tables.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

// Every loop below is meant for the vector units: no branch in a body, no state between elements.
// What a body clamps, it clamps so that the general formula gives the limit's value.

namespace spikeloom::models::fixed {
namespace {

// e^x is 2^(x log2 e): the integer part shifts, the fraction comes from a table. Below -12 the
// result rounds to 0, and below -13 by the coarsest table, too.
constexpr std::int64_t kExponentialEnd = std::int64_t{13} << kFraction;
constexpr std::int64_t kLog2E = 1549082005;  // log2(e)
constexpr int kLog2Fraction = 30;
constexpr int kPowerFraction = 30;  // of x log2 e
constexpr int kTableFraction = 30;

/// A coarser table is every so-many-th entry of the finest. A straight line from the entry before
/// is the general case: the nearest entry is where that line is not followed, half a segment later.
struct Segments {
    int rest_bits;          // of an argument, within a segment
    int stride_bits;        // of the finest table's entries, a segment
    std::int64_t followed;  // of the rest: all bits, or none
    std::int64_t offset;

    Segments(const FunctionTable& how, int argument_bits, int finest_bits) {
        const int bits = std::countr_zero(static_cast<unsigned>(how.segments));
        rest_bits = argument_bits - bits;
        stride_bits = finest_bits - bits;
        const bool line = how.method == Method::piecewise_linear;
        followed = line ? (std::int64_t{1} << rest_bits) - 1 : 0;
        offset = line ? 0 : std::int64_t{1} << (rest_bits - 1);
    }
};

class Exponential {
  public:
    explicit Exponential(const FunctionTable& how)
        : segments_(how, kPowerFraction, tables::kPowerBits) {}

    Value operator()(Value x) const {
        const std::int64_t below = std::clamp<std::int64_t>(-std::int64_t{x}, 0, kExponentialEnd);
        const std::int64_t power =
            shift_right(below * kLog2E, kFraction + kLog2Fraction - kPowerFraction) +
            segments_.offset;
        const std::int64_t segment =
            (power & ((std::int64_t{1} << kPowerFraction) - 1)) >> segments_.rest_bits;
        const std::int64_t rest = power & segments_.followed;
        const std::int64_t here =
            tables::kPowers[static_cast<std::size_t>(segment << segments_.stride_bits)];
        const std::int64_t step =
            here -
            tables::kPowers[static_cast<std::size_t>((segment + 1) << segments_.stride_bits)];
        const std::int64_t fraction = here - shift_right(step * rest, segments_.rest_bits);
        const int halvings = static_cast<int>(power >> kPowerFraction);
        return static_cast<Value>(shift_right(fraction, kTableFraction - kFraction + halvings));
    }

  private:
    Segments segments_;
};

class Sigmoid {
  public:
    explicit Sigmoid(const FunctionTable& how)
        : segments_(how, kFraction, kFraction - tables::kSigmoidStepBits) {}

    Value operator()(Value x) const {
        const std::int64_t magnitude =
            std::min<std::int64_t>(x < 0 ? -std::int64_t{x} : x, tables::kSigmoidEnd - 1);
        const std::int64_t segment = (magnitude + segments_.offset) >> segments_.rest_bits;
        const std::int64_t rest = magnitude & segments_.followed;
        const std::int64_t here =
            tables::kSigmoids[static_cast<std::size_t>(segment << segments_.stride_bits)];
        // The last entry's successor is only asked for where it does not count.
        const std::int64_t next = std::min<std::int64_t>((segment + 1) << segments_.stride_bits,
                                                         tables::kSigmoids.size() - 1);
        const std::int64_t step = tables::kSigmoids[static_cast<std::size_t>(next)] - here;
        const auto upper = static_cast<Value>(shift_right(
            here + shift_right(step * rest, segments_.rest_bits), kTableFraction - kFraction));
        return x < 0 ? kOne - upper : upper;
    }

  private:
    Segments segments_;
};

// The leading 32 bits of x, rounded.
inline std::int64_t leading(std::uint64_t x) {
    return static_cast<std::int64_t>((x >> 32) + ((x >> 31) & 1));
}

// d in [1/2, 1) times 2^64. The seed is good to 2^-8.9, each step squares the error, so two leave
// less than the rounding. y is Q.31, what is left of 1 is Q.31 too.
inline Value reciprocal_mantissa(std::uint64_t d, int steps) {
    const std::int64_t divisor = leading(d);
    std::int64_t y = std::int64_t{tables::kReciprocalSeeds[(d >> 55) - tables::kReciprocalFirst]}
                     << 15;
    for (int step = 0; step < steps; ++step) {
        const std::int64_t left = ((std::int64_t{1} << 62) - divisor * y) >> 31;
        y += shift_right(y * left, 31);
    }
    return static_cast<Value>(shift_right(y, 1));
}

inline Scaled reciprocal_of(std::uint64_t d, int steps) {
    const int zeros = std::countl_zero(d);
    return {reciprocal_mantissa(d << zeros, steps), 63 - zeros};
}

inline Value divide_of(Value numerator, Value denominator, int steps) {
    const Scaled inverse =
        reciprocal_of(static_cast<std::uint64_t>(std::max(denominator, 1)), steps);
    return saturate(shift_right(std::int64_t{numerator} * inverse.mantissa,
                                kTableFraction - kFraction + inverse.exponent));
}

// normalise: |n x - sum| <= sqrt(n) / root, so with n <= 2^14 a root of at least 2^-23 bounds it by
// 2^30, and its product with the mantissa fits. For a smaller root it lets go of its last bits.
constexpr int kMostExponent = 22;
constexpr std::int64_t kMostDeviation = std::int64_t{1} << 32;

// to[i] = kernel(operands[i]...), and nothing else, so that it vectorises.
template <class Kernel>
inline void each(Results to, Values a, Kernel kernel) {
    for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] = kernel(a[i]);
    }
}
template <class Kernel>
inline void each(Results to, Values a, Values b, Kernel kernel) {
    for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] = kernel(a[i], b[i]);
    }
}

template <class Weight>
inline void accumulate_row(std::span<const Weight> row, Value value, Results accumulators) {
    const Weight* const weights = row.data();
    Value* const sums = accumulators.data();
    const auto factor = static_cast<std::uint32_t>(value);
    // Unsigned, so that a Program whose sums do not fit wraps instead of being undefined.
    for (std::size_t i = 0; i < row.size(); ++i) {
        const auto weight = static_cast<std::uint32_t>(std::int32_t{weights[i]});
        sums[i] = static_cast<Value>(static_cast<std::uint32_t>(sums[i]) + weight * factor);
    }
}

template <class Weight>
inline void accumulate_sparse_row(std::span<const Weight> weights,
                                  std::span<const std::uint32_t> positions, Value value,
                                  Results accumulators) {
    const auto factor = static_cast<std::uint32_t>(value);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        Value& sum = accumulators[positions[i]];
        const auto weight = static_cast<std::uint32_t>(std::int32_t{weights[i]});
        sum = static_cast<Value>(static_cast<std::uint32_t>(sum) + weight * factor);
    }
}

}  // namespace

Value exponential(Value x, const FunctionTable& how) {
    return Exponential(how)(x);
}

Value sigmoid(Value x, const FunctionTable& how) {
    return Sigmoid(how)(x);
}

Value divide(Value numerator, Value denominator, int steps) {
    return divide_of(numerator, denominator, steps);
}

Scaled reciprocal(std::uint64_t d, int steps) {
    return reciprocal_of(d, steps);
}

Scaled reciprocal_square_root(std::uint64_t d, int steps) {
    const int zeros = std::countl_zero(d) & ~1;
    d <<= zeros;  // in [1/4, 1) times 2^64
    const std::int64_t radicand = leading(d);
    std::int64_t y = std::int64_t{tables::kRootSeeds[(d >> 55) - tables::kRootFirst]} << 15;
    for (int step = 0; step < steps; ++step) {
        const std::int64_t square = shift_right(y * y, 30);
        const std::int64_t left = ((std::int64_t{1} << 62) - radicand * square) >> 31;
        y += shift_right(y * left, 32);
    }
    return {static_cast<Value>(shift_right(y, 1)), 31 - zeros / 2};
}

void add(Values a, Values b, Results to) {
    each(to, a, b, [](Value x, Value y) { return add(x, y); });
}

void subtract(Values a, Values b, Results to) {
    each(to, a, b, [](Value x, Value y) { return subtract(x, y); });
}

void multiply(Values a, Values b, int shift, Results to) {
    each(to, a, b, [shift](Value x, Value y) { return multiply(x, y, shift); });
}

void interpolate(Values a, Values b, Values weight, Results to) {
    for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] = interpolate(a[i], b[i], weight[i]);
    }
}

void narrow(Values x, int shift, int bits, Results to) {
    each(to, x, [shift, bits](Value v) { return narrow(v, shift, bits); });
}

void shift_left(Values x, int shift, Results to) {
    each(to, x, [factor = std::int64_t{1} << shift](Value v) { return saturate(v * factor); });
}

void maximum(Values a, Values b, Results to) {
    each(to, a, b, [](Value x, Value y) { return std::max(x, y); });
}

void rectify(Values x, Results to) {
    each(to, x, [](Value v) { return std::max(v, 0); });
}

void exponential(Values x, Results to, const FunctionTable& how) {
    each(to, x, Exponential(how));
}

void sigmoid(Values x, Results to, const FunctionTable& how) {
    each(to, x, Sigmoid(how));
}

void divide(Values numerator, Values denominator, Results to, int steps) {
    // The loop over steps must be unrolled for the one over elements to vectorise.
    const auto unrolled = [&](auto count) {
        each(to, numerator, denominator,
             [](Value a, Value b) { return divide_of(a, b, decltype(count)::value); });
    };
    switch (steps) {
        case 0:
            unrolled(std::integral_constant<int, 0>());
            break;
        case 1:
            unrolled(std::integral_constant<int, 1>());
            break;
        default:
            unrolled(std::integral_constant<int, 2>());
    }
}

void integrate_and_fire(Values input, const Lif& neuron, Results membrane, Results spikes) {
    for (std::size_t i = 0; i < input.size(); ++i) {
        const LifResult result = integrate_and_fire(membrane[i], input[i], neuron);
        membrane[i] = result.membrane;
        spikes[i] = result.spike ? 1 : 0;
    }
}

std::int64_t sum(Values x) {
    std::int64_t total = 0;
    for (const Value v : x) {
        total += v;
    }
    return total;
}

std::int64_t sum_of_squares(Values x) {
    std::uint64_t total = 0;
    for (const Value v : x) {
        total += static_cast<std::uint64_t>(std::int64_t{v} * v);
    }
    return static_cast<std::int64_t>(total);
}

void normalise(Values x, std::int64_t n, std::int64_t sum, std::int64_t sum_of_squares,
               std::int64_t epsilon, Results to, int steps) {
    __extension__ using Wide = unsigned __int128;
    const Wide squares = static_cast<Wide>(n) * static_cast<std::uint64_t>(sum_of_squares);
    const auto magnitude = static_cast<Wide>(sum < 0 ? -sum : sum);
    const Wide square = magnitude * magnitude;
    // By Cauchy and Schwarz squares >= square, unless the sums are not those of x.
    Wide spread = (squares > square ? squares - square : Wide{0}) +
                  static_cast<Wide>(std::max<std::int64_t>(epsilon, 1));
    int halvings = 0;
    while ((spread >> 64) != 0) {
        spread >>= 2;
        ++halvings;
    }
    const Scaled root = reciprocal_square_root(static_cast<std::uint64_t>(spread), steps);

    const int exponent = root.exponent + halvings;
    const int excess = std::max(0, exponent - kMostExponent);
    const int shift = kTableFraction - kFraction + exponent - excess;
    each(to, x, [=, mantissa = std::int64_t{root.mantissa}](Value v) {
        const std::int64_t deviation =
            std::clamp(shift_right(n * v - sum, excess), -kMostDeviation, kMostDeviation);
        return saturate(shift_right(deviation * mantissa, shift));
    });
}

void accumulate(std::span<const std::int8_t> row, Value value, Results accumulators) {
    accumulate_row(row, value, accumulators);
}

void accumulate(std::span<const std::int16_t> row, Value value, Results accumulators) {
    accumulate_row(row, value, accumulators);
}

void accumulate(std::span<const std::int8_t> weights, std::span<const std::uint32_t> positions,
                Value value, Results accumulators) {
    accumulate_sparse_row(weights, positions, value, accumulators);
}

void accumulate(std::span<const std::int16_t> weights, std::span<const std::uint32_t> positions,
                Value value, Results accumulators) {
    accumulate_sparse_row(weights, positions, value, accumulators);
}

}  // namespace spikeloom::models::fixed
