// The integer arithmetic of spikeloom, once: the golden model and the cores of the chip call these
// same kernels, so that the chip can differ from the golden model only in what it is there to
// model: delivery, order and time. Formats, rounding and errors are written up in docs/numerics.md.
//
// Values are 32-bit two's complement. "Q.f" is a number times 2^f. Unless a kernel says otherwise a
// value is Q.16 (kFraction) and a result that does not fit is saturated to 32 bits. Every right
// shift rounds to nearest, halves towards plus infinity. Products are formed in 64 bits.
#pragma once

#include <cstdint>
#include <span>

namespace spikeloom::models::fixed {

using Value = std::int32_t;
using Values = std::span<const Value>;
using Results = std::span<Value>;  // may be the same memory as an operand, element by element

inline constexpr int kFraction = 16;
inline constexpr Value kOne = Value{1} << kFraction;
/// The exponent of an empty WKV state: so low that exp() of any difference to it is 0, so high that
/// adding a decay to it cannot wrap (the published code uses -1e38).
inline constexpr Value kEmptyExponent = -(Value{1} << 29);

/// v / 2^shift, rounded to nearest, halves up; 0 <= shift <= 62.
constexpr std::int64_t shift_right(std::int64_t v, int shift) {
    return shift == 0 ? v : (v + (std::int64_t{1} << (shift - 1))) >> shift;
}

/// Clamped to the range of `bits`-bit two's complement, 2 <= bits <= 32.
constexpr Value saturate(std::int64_t v, int bits = 32) {
    const std::int64_t most = (std::int64_t{1} << (bits - 1)) - 1;
    return static_cast<Value>(v > most ? most : v < -most - 1 ? -most - 1 : v);
}

// ---- scalar functions
// ------------------------------------------------------------------------------

constexpr Value add(Value a, Value b) {
    return saturate(std::int64_t{a} + b);
}
constexpr Value subtract(Value a, Value b) {
    return saturate(std::int64_t{a} - b);
}
/// a * b / 2^shift.
constexpr Value multiply(Value a, Value b, int shift = kFraction) {
    return saturate(shift_right(std::int64_t{a} * b, shift));
}
/// a * weight + b * (1 - weight), weight Q.16 (of 31 bits at most, so that 64 bits hold the sum; it
/// is a learned mix near [0, 1]).
constexpr Value interpolate(Value a, Value b, Value weight) {
    const std::int64_t share = saturate(weight, 31);
    return saturate(shift_right(a * share + b * (kOne - share), kFraction));
}
/// x / 2^shift, saturated to `bits` bits: how a vector becomes graded events.
constexpr Value narrow(Value x, int shift, int bits) {
    return saturate(shift_right(x, shift), bits);
}

/// How a function is made of a table, whose entries are the nearest Q.30.
enum class Method {
    table,             // the nearest entry
    piecewise_linear,  // a straight line between two entries
};
struct FunctionTable {
    Method method = Method::piecewise_linear;
    int segments = 0;  // between entries, a power of two
};

/// How a machine makes the functions that are not exact. The errors below are those of the default.
struct Functions {
    FunctionTable exponential = {Method::piecewise_linear,
                                 256};                       // of an octave, [1/2, 1]; 1 to 256
    FunctionTable sigmoid = {Method::piecewise_linear, 64};  // of a unit of |x|, up to 12; 1 to 64
    // Steps of Newton's iteration for a reciprocal and a reciprocal root, 0 to 2, from tables of
    // seeds that are good to 2^-8.9; each squares the error.
    int divide_steps = 2;
    int normalise_steps = 2;
};

/// e^x for x <= 0 (x above 0 counts as 0); Q.16 in, Q.16 out, in [0, 1]; within 0.57 of a unit.
Value exponential(Value x, const FunctionTable& how = Functions{}.exponential);
/// 1 / (1 + e^-x); Q.16 in, Q.16 out, in [0, 1]; within 0.7 of a unit.
Value sigmoid(Value x, const FunctionTable& how = Functions{}.sigmoid);
/// numerator / denominator in Q.16 by the reciprocal; a denominator below 1/2^16 counts as 1/2^16.
/// Within half a unit and 2^-29 of the quotient.
Value divide(Value numerator, Value denominator, int steps = Functions{}.divide_steps);

/// mantissa * 2^-30 * 2^-exponent.
struct Scaled {
    Value mantissa;  // Q.30
    int exponent;
};
/// 1 / d for d >= 1 (an integer); mantissa in [0.5, 1], within one unit; exact for powers of two.
Scaled reciprocal(std::uint64_t d, int steps = Functions{}.divide_steps);
/// 1 / sqrt(d) for d >= 1 (an integer); mantissa in [0.5, 1], within 1.1 units; exact for powers
/// of four.
Scaled reciprocal_square_root(std::uint64_t d, int steps = Functions{}.normalise_steps);

/// One update of a leaky integrate-and-fire neuron (SpikingJelly's: decay_input, hard reset):
/// v += (input - v) * inverse_tau; fires where v >= threshold, and is then set to `reset`.
struct Lif {
    Value inverse_tau = kOne / 2;
    Value threshold = kOne;
    Value reset = 0;
};
struct LifResult {
    Value membrane;
    bool spike;
};
constexpr LifResult integrate_and_fire(Value membrane, Value input, const Lif& neuron) {
    const Value v =
        saturate(std::int64_t{membrane} +
                 shift_right((std::int64_t{input} - membrane) * neuron.inverse_tau, kFraction));
    return v >= neuron.threshold ? LifResult{neuron.reset, true} : LifResult{v, false};
}

// ---- vectors: the same functions element by element, as a core's vector unit runs them
// ------------

void add(Values a, Values b, Results to);
void subtract(Values a, Values b, Results to);
void multiply(Values a, Values b, int shift, Results to);
void interpolate(Values a, Values b, Values weight, Results to);
void narrow(Values x, int shift, int bits, Results to);
/// x * 2^shift.
void shift_left(Values x, int shift, Results to);
void maximum(Values a, Values b, Results to);
/// max(x, 0).
void rectify(Values x, Results to);
void exponential(Values x, Results to, const FunctionTable& how = Functions{}.exponential);
void sigmoid(Values x, Results to, const FunctionTable& how = Functions{}.sigmoid);
void divide(Values numerator, Values denominator, Results to, int steps = Functions{}.divide_steps);
/// `spikes` becomes 0 or 1; `membrane` is updated in place.
void integrate_and_fire(Values input, const Lif& neuron, Results membrane, Results spikes);

/// The two sums of a LayerNorm over x. The squares wrap at 2^63: values of 24 bits are safe up to
/// 2^17 of them.
std::int64_t sum(Values x);
std::int64_t sum_of_squares(Values x);
/// (x - mean) / sqrt(variance + eps) from the two sums over `n` values of Q.f, for any f:
/// (n x - sum) / sqrt(n * sum_of_squares - sum^2 + epsilon), with epsilon = eps n^2 2^(2f) as an
/// integer (below 1 counts as 1). Q.16 out. 1 <= n <= 2^14; exact but for the root (2^-30 of the
/// result) and two roundings (2^-23 and half a unit).
void normalise(Values x, std::int64_t n, std::int64_t sum, std::int64_t sum_of_squares,
               std::int64_t epsilon, Results to, int steps = Functions{}.normalise_steps);

/// acc[i] += weight_row[i] * value for the row of one axon; sums are exact (the quantiser proves
/// that no accumulator can leave 32 bits, docs/numerics.md), hence independent of order.
void accumulate(std::span<const std::int8_t> row, Value value, Results accumulators);
void accumulate(std::span<const std::int16_t> row, Value value, Results accumulators);
/// The same of a sparse row: acc[positions[i]] += weights[i] * value.
void accumulate(std::span<const std::int8_t> weights, std::span<const std::uint32_t> positions,
                Value value, Results accumulators);
void accumulate(std::span<const std::int16_t> weights, std::span<const std::uint32_t> positions,
                Value value, Results accumulators);

}  // namespace spikeloom::models::fixed
