// The tables behind fixed::exponential, sigmoid, divide and normalise: what a chip would hold in
// ROM.
//
// They are constants of the compilation, from IEEE double additions, multiplications and divisions
// alone, so no mathematical library has a say in a bit of them. tests/models/fixed_point_tests.cpp
// recomputes every entry with the library's functions in long double and shows that none lies near
// a rounding tie.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace spikeloom::models::fixed::tables {

/// e^x for 0 <= x <= 12 by its series; all terms are positive, so nothing cancels.
constexpr double exp_by_series(double x) {
    double sum = 1.0;
    double term = 1.0;
    for (int n = 1; n < 80; ++n) {
        term *= x / n;
        sum += term;
    }
    return sum;
}

/// The square root of x > 0 by Newton's iteration from above.
constexpr double root_by_newton(double x) {
    double y = x < 1.0 ? 1.0 : x;
    for (int n = 0; n < 80; ++n) {
        y = 0.5 * (y + x / y);
    }
    return y;
}

/// The nearest integer; halves do not occur.
constexpr std::int32_t rounded(double positive) {
    return static_cast<std::int32_t>((static_cast<std::int64_t>(2.0 * positive) + 1) / 2);
}

/// Functions of a fraction are interpolated between entries in Q.30.
inline constexpr double kOneQ30 = 1073741824.0;
/// Seeds of Newton's iteration are Q.16.
inline constexpr double kOneQ16 = 65536.0;

inline constexpr double kLn2 = 0.693147180559945309;

/// 2^(-i/256), Q.30.
inline constexpr int kPowerBits = 8;
inline constexpr std::size_t kPowerSegments = std::size_t{1} << kPowerBits;
inline constexpr auto kPowers = [] {
    std::array<std::int32_t, kPowerSegments + 1> table{};
    for (std::size_t i = 0; i <= kPowerSegments; ++i) {
        table[i] = rounded(kOneQ30 / exp_by_series(kLn2 * static_cast<double>(i) / kPowerSegments));
    }
    return table;
}();

/// sigmoid(i/64) for i/64 in [0, 12], Q.30; a step is 2^10 in Q.16.
inline constexpr int kSigmoidStepBits = 10;
inline constexpr std::int32_t kSigmoidEnd = 12 << 16;
inline constexpr auto kSigmoids = [] {
    std::array<std::int32_t, (kSigmoidEnd >> kSigmoidStepBits) + 1> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const double e = exp_by_series(static_cast<double>(i) / 64.0);
        table[i] = rounded(kOneQ30 * (e / (1.0 + e)));
    }
    return table;
}();

/// 1 / (2 d) in the middle of [i, i + 1) / 512 for d in [1/2, 1), Q.16; i starts at 256.
inline constexpr std::size_t kReciprocalFirst = 256;
inline constexpr auto kReciprocalSeeds = [] {
    std::array<std::int32_t, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const double d = (static_cast<double>(i + kReciprocalFirst) + 0.5) / 512.0;
        table[i] = rounded(kOneQ16 / (2.0 * d));
    }
    return table;
}();

/// 1 / (2 sqrt(d)) in the middle of [i, i + 1) / 512 for d in [1/4, 1), Q.16; i starts at 128.
inline constexpr std::size_t kRootFirst = 128;
inline constexpr auto kRootSeeds = [] {
    std::array<std::int32_t, 384> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const double d = (static_cast<double>(i + kRootFirst) + 0.5) / 512.0;
        table[i] = rounded(kOneQ16 / (2.0 * root_by_newton(d)));
    }
    return table;
}();

}  // namespace spikeloom::models::fixed::tables
