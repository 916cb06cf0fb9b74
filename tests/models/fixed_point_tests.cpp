#include "base/random.hpp"
#include "models/fixed_point.hpp"
#include "models/fixed_point_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

using namespace spikeloom;
namespace fixed = spikeloom::models::fixed;
using fixed::kOne;
using fixed::Value;

namespace {

constexpr Value kMost = std::numeric_limits<Value>::max();
constexpr Value kLeast = std::numeric_limits<Value>::min();

/// `count` values that fill the range of 32 bits on a logarithmic scale, edges among them.
std::vector<Value> samples(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<Value> result = {0, 1, -1, kOne, -kOne, kMost, kLeast, kMost - 1, kLeast + 1};
    while (result.size() < count) {
        const int shift = static_cast<int>(random.below(32));
        result.push_back(static_cast<Value>(static_cast<std::uint32_t>(random.next())) >> shift);
    }
    result.resize(count);
    return result;
}

/// Checks one table against `exact(i)`, in units of its last place: every entry is the nearest
/// integer, and none is so near a tie that a rounding of double could have moved it.
template <class Table, class Exact>
void check_table(const Table& table, Exact exact) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        const long double value = exact(i);
        const long double from_entry = value - table[i];
        INFO("entry " << i);
        // Double carries 2^30 to 2^-22; the chain of a few hundred roundings stays far below 1e-5.
        REQUIRE(std::fabs(from_entry) < 0.5L - 1e-5L);
    }
}

}  // namespace

TEST_CASE("Right shifts round to nearest, halves towards plus infinity") {
    CHECK(fixed::shift_right(5, 1) == 3);
    CHECK(fixed::shift_right(-5, 1) == -2);
    CHECK(fixed::shift_right(6, 2) == 2);
    CHECK(fixed::shift_right(-6, 2) == -1);
    CHECK(fixed::shift_right(7, 2) == 2);
    CHECK(fixed::shift_right(-7, 2) == -2);
    CHECK(fixed::shift_right(-7, 0) == -7);
    CHECK(fixed::shift_right(std::int64_t{1} << 61, 62) == 1);
    CHECK(fixed::shift_right((std::int64_t{1} << 61) - 1, 62) == 0);
}

TEST_CASE("Results that do not fit are saturated, not wrapped") {
    CHECK(fixed::saturate(127, 8) == 127);
    CHECK(fixed::saturate(128, 8) == 127);
    CHECK(fixed::saturate(-128, 8) == -128);
    CHECK(fixed::saturate(-129, 8) == -128);
    CHECK(fixed::saturate(2, 2) == 1);
    CHECK(fixed::saturate(std::int64_t{1} << 40) == kMost);
    CHECK(fixed::add(kMost, 1) == kMost);
    CHECK(fixed::add(kLeast, -1) == kLeast);
    CHECK(fixed::subtract(kLeast, 1) == kLeast);
    CHECK(fixed::subtract(0, kLeast) == kMost);
    CHECK(fixed::multiply(kLeast, kLeast, 0) == kMost);
    CHECK(fixed::multiply(kLeast, kLeast, 62) == 1);
    CHECK(fixed::multiply(kLeast, kMost, 16) == kLeast);
    CHECK(fixed::narrow(kMost, 6, 16) == 32767);
    CHECK(fixed::narrow(kLeast, 6, 16) == -32768);
    CHECK(fixed::divide(kMost, 1) == kMost);
    CHECK(fixed::divide(kLeast, 1) == kLeast);
}

TEST_CASE("Products, mixes and events agree with hand-worked cases") {
    CHECK(fixed::multiply(3 * kOne, kOne / 2) == 3 * kOne / 2);
    CHECK(fixed::multiply(1, kOne / 2) == 1);   // 0.5 of a unit, up
    CHECK(fixed::multiply(-1, kOne / 2) == 0);  // -0.5 of a unit, up
    CHECK(fixed::multiply(-3, 5, 1) == -7);     // -7.5, up
    CHECK(fixed::interpolate(8 * kOne, 4 * kOne, kOne / 4) == 5 * kOne);
    CHECK(fixed::interpolate(8 * kOne, 4 * kOne, kOne) == 8 * kOne);
    CHECK(fixed::interpolate(8 * kOne, 4 * kOne, 0) == 4 * kOne);
    CHECK(fixed::interpolate(8 * kOne, 4 * kOne, 2 * kOne) == 12 * kOne);
    CHECK(fixed::interpolate(kMost, kMost, kOne / 3) == kMost);
    CHECK(fixed::interpolate(kMost, kLeast, kMost) == kMost);  // defined at every edge
    CHECK(fixed::interpolate(kMost, kLeast, kLeast) == kLeast);
    CHECK(fixed::narrow(kOne + kOne / 2, 16, 8) == 2);
    CHECK(fixed::narrow(-kOne - kOne / 2, 16, 8) == -1);
    CHECK(fixed::narrow(5, 0, 16) == 5);
}

TEST_CASE("The tables hold the nearest integers, and none is near a tie") {
    namespace tables = fixed::tables;
    check_table(tables::kPowers, [](std::size_t i) {
        return std::exp2(-static_cast<long double>(i) / 256.0L) * 0x1.0p30L;
    });
    check_table(tables::kSigmoids, [](std::size_t i) {
        return 0x1.0p30L / (1.0L + std::exp(-static_cast<long double>(i) / 64.0L));
    });
    check_table(tables::kReciprocalSeeds, [](std::size_t i) {
        return 0x1.0p16L * 256.0L / (static_cast<long double>(i) + 256.5L);
    });
    check_table(tables::kRootSeeds, [](std::size_t i) {
        return 0x1.0p15L / std::sqrt((static_cast<long double>(i) + 128.5L) / 512.0L);
    });
}

TEST_CASE("exponential is within 0.57 units for every argument at which it is not 0 or 1") {
    double worst = 0.0;
    for (Value x = -13 * kOne; x <= 0; ++x) {
        const double exact = kOne * std::exp(x / static_cast<double>(kOne));
        worst = std::max(worst, std::fabs(fixed::exponential(x) - exact));
    }
    CAPTURE(worst);
    CHECK(worst < 0.57);
    CHECK(worst > 0.5);  // the comparison itself sees the rounding
    CHECK(fixed::exponential(0) == kOne);
    CHECK(fixed::exponential(kLeast) == 0);
    CHECK(fixed::exponential(fixed::kEmptyExponent) == 0);
    CHECK(fixed::exponential(1) == kOne);
    CHECK(fixed::exponential(kMost) == kOne);
}

TEST_CASE("exponential never falls where its argument rises") {
    Value before = 0;
    for (Value x = -13 * kOne; x <= 0; ++x) {
        const Value here = fixed::exponential(x);
        if (here < before) {
            FAIL("at " << x);
        }
        before = here;
    }
}

TEST_CASE("sigmoid is within 0.7 units for every argument in [-16, 16], and symmetric") {
    double worst = 0.0;
    bool symmetric = true;
    for (Value x = -16 * kOne; x <= 16 * kOne; ++x) {
        const double exact = kOne / (1.0 + std::exp(-x / static_cast<double>(kOne)));
        const Value y = fixed::sigmoid(x);
        worst = std::max(worst, std::fabs(y - exact));
        symmetric = symmetric && y + fixed::sigmoid(-x) == kOne;
    }
    CAPTURE(worst);
    CHECK(worst < 0.7);
    CHECK(worst > 0.5);
    CHECK(symmetric);
    CHECK(fixed::sigmoid(0) == kOne / 2);
    CHECK(fixed::sigmoid(kMost) == kOne);
    CHECK(fixed::sigmoid(kLeast) == 0);
}

TEST_CASE("reciprocal and its root are within 1 and 1.1 units of the mantissa") {
    long double worst = 0.0L;
    long double worst_root = 0.0L;
    bool in_range = true;
    const auto check = [&](std::uint64_t d) {
        const auto exact = static_cast<long double>(d);
        const fixed::Scaled inverse = fixed::reciprocal(d);
        const fixed::Scaled root = fixed::reciprocal_square_root(d);
        worst = std::max(
            worst, std::fabs(inverse.mantissa - std::ldexp(1.0L / exact, 30 + inverse.exponent)));
        worst_root = std::max(
            worst_root,
            std::fabs(root.mantissa - std::ldexp(1.0L / std::sqrt(exact), 30 + root.exponent)));
        for (const fixed::Scaled& result : {inverse, root}) {
            in_range = in_range && result.mantissa >= 1 << 29 && result.mantissa <= 1 << 30;
        }
    };
    for (std::uint64_t d = 1; d < 20000; ++d) {
        check(d);
    }
    Random random(5);
    for (int bit = 0; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (std::uint64_t k = 1; k < 50 && k < power; ++k) {  // either side of every power of two
            check(power - k);
            check(power + k);
        }
        for (int sample = 0; sample < 2000; ++sample) {
            check(power + random.below(power));
        }
    }
    check(~std::uint64_t{0});
    CAPTURE(worst, worst_root);
    CHECK(worst < 1.0L);
    CHECK(worst_root < 1.1L);
    CHECK(in_range);
}

TEST_CASE("Powers of two have exact reciprocals, powers of four exact roots") {
    for (int bit = 0; bit < 64; ++bit) {
        const fixed::Scaled inverse = fixed::reciprocal(std::uint64_t{1} << bit);
        CHECK(inverse.mantissa == 1 << 30);
        CHECK(inverse.exponent == bit);
        if (bit % 2 == 0) {
            const fixed::Scaled root = fixed::reciprocal_square_root(std::uint64_t{1} << bit);
            CHECK(root.mantissa == 1 << 30);
            CHECK(root.exponent == bit / 2);
        }
    }
}

TEST_CASE("divide is within half a unit and 2^-29 of the quotient") {
    const auto numerators = samples(600, 1);
    const auto denominators = samples(600, 2);
    long double worst_excess = 0.0L;
    for (const Value n : numerators) {
        for (const Value d : denominators) {
            if (d < 1) {
                continue;
            }
            const long double exact = std::clamp(65536.0L * n / d, -0x1.0p31L, 0x1.0p31L - 1.0L);
            const long double error = std::fabs(fixed::divide(n, d) - exact);
            worst_excess = std::max(worst_excess, error - 0x1.0p-29L * std::fabs(exact));
        }
    }
    CAPTURE(worst_excess);
    CHECK(worst_excess <= 0.5L);
    CHECK(fixed::divide(12345, kOne) == 12345);
    CHECK(fixed::divide(kOne, 3 * kOne) == 21845);
    CHECK(fixed::divide(-2 * kOne, 3 * kOne) == -43691);
    CHECK(fixed::divide(7, 0) == 7 * kOne);  // 0 and below count as 1/2^16
    CHECK(fixed::divide(7, -5) == 7 * kOne);
}

TEST_CASE("A neuron integrates towards its input, fires at the threshold and is set to the reset") {
    const fixed::Lif neuron{kOne / 2, kOne, 0};
    // v = 0 -> (1.5 - 0)/2 = 0.75 -> 0.75 + (1.5 - 0.75)/2 = 1.125, fires.
    fixed::LifResult result = fixed::integrate_and_fire(0, 3 * kOne / 2, neuron);
    CHECK(result.membrane == 3 * kOne / 4);
    CHECK_FALSE(result.spike);
    result = fixed::integrate_and_fire(result.membrane, 3 * kOne / 2, neuron);
    CHECK(result.membrane == 0);
    CHECK(result.spike);
    // exactly at the threshold it fires, one unit of the input below it does not
    CHECK(fixed::integrate_and_fire(0, 2 * kOne, neuron).spike);
    CHECK(fixed::integrate_and_fire(0, 2 * kOne - 2, neuron).membrane == kOne - 1);
    CHECK_FALSE(fixed::integrate_and_fire(0, 2 * kOne - 2, neuron).spike);
    CHECK(fixed::integrate_and_fire(kLeast, kMost, neuron).membrane == 0);
    CHECK(fixed::integrate_and_fire(kLeast, kLeast, {kMost, kMost, 0}).membrane == kLeast);
    CHECK(fixed::integrate_and_fire(kLeast, kMost, {kMost, 1, 5}).membrane == 5);
}

TEST_CASE("normalise gives (x - mean) / sqrt(variance + eps) for any format of x") {
    Random random(7);
    for (const int n : {1, 2, 3, 64, 255, 1024, 4096, 16384}) {
        for (const int bits : {2, 6, 12, 16, 24}) {
            std::vector<Value> x(static_cast<std::size_t>(n));
            const Value offset = static_cast<Value>(random.below(1U << (bits - 1)));
            for (Value& v : x) {
                v = fixed::saturate(
                    offset + static_cast<Value>(random.below(1U << bits)) - (1 << (bits - 1)),
                    bits);
            }
            const std::int64_t epsilon = 1 + static_cast<std::int64_t>(random.below(1000));
            std::vector<Value> result(x.size());
            fixed::normalise(x, n, fixed::sum(x), fixed::sum_of_squares(x), epsilon, result);

            long double mean = 0.0L;
            for (const Value v : x) {
                mean += v;
            }
            mean /= n;
            long double variance = 0.0L;
            for (const Value v : x) {
                variance += (v - mean) * (v - mean);
            }
            variance = variance / n + static_cast<long double>(epsilon) / n / n;
            long double worst = 0.0L;
            for (std::size_t i = 0; i < x.size(); ++i) {
                const long double exact = 65536.0L * (x[i] - mean) / std::sqrt(variance);
                worst = std::max(worst, std::fabs(result[i] - exact));
            }
            CAPTURE(n, bits, worst);
            CHECK(worst < 0.52L);
        }
    }
}

TEST_CASE("normalise copes with a constant vector, an outlier and sums that are not those of x") {
    std::vector<Value> x(16, 100);
    std::vector<Value> result(16);
    fixed::normalise(x, 16, fixed::sum(x), fixed::sum_of_squares(x), 0, result);
    CHECK(result == std::vector<Value>(16, 0));

    // One of n values differs: it lies sqrt(n - 1) = 3.873 deviations off, the others -0.2582.
    x[3] = 30000;
    fixed::normalise(x, 16, fixed::sum(x), fixed::sum_of_squares(x), 1, result);
    CHECK(result[3] == 253820);
    CHECK(result[0] == -16921);

    fixed::normalise(x, 16, std::int64_t{1} << 50, 5, 1, result);
    CHECK(result[0] == kLeast);
    fixed::normalise(x, 16, 0, std::numeric_limits<std::int64_t>::max(), 1, result);
    CHECK(result[0] == 0);
}

TEST_CASE("The vector kernels equal the scalar ones, at every length and in place") {
    for (std::size_t n = 0; n < 70; n += n < 20 ? 1 : 7) {
        const auto a = samples(n, 11);
        auto b = samples(n, 12);
        std::reverse(b.begin(), b.end());
        const auto c = samples(n, 13);
        std::vector<Value> to(n);
        std::vector<Value> in_place = a;
        const auto check = [&](auto vector, auto scalar) {
            vector(a, to);
            in_place = a;
            vector(in_place, in_place);
            for (std::size_t i = 0; i < n; ++i) {
                CAPTURE(n, i, a[i], b[i], c[i]);
                REQUIRE(to[i] == scalar(i));
                REQUIRE(in_place[i] == scalar(i));
            }
        };
        using fixed::Results;
        using fixed::Values;
        check([&](Values x, Results y) { fixed::add(x, b, y); },
              [&](std::size_t i) { return fixed::add(a[i], b[i]); });
        check([&](Values x, Results y) { fixed::subtract(x, b, y); },
              [&](std::size_t i) { return fixed::subtract(a[i], b[i]); });
        check([&](Values x, Results y) { fixed::multiply(x, b, 9, y); },
              [&](std::size_t i) { return fixed::multiply(a[i], b[i], 9); });
        check([&](Values x, Results y) { fixed::interpolate(x, b, c, y); },
              [&](std::size_t i) { return fixed::interpolate(a[i], b[i], c[i]); });
        check([&](Values x, Results y) { fixed::narrow(x, 6, 12, y); },
              [&](std::size_t i) { return fixed::narrow(a[i], 6, 12); });
        check([&](Values x, Results y) { fixed::shift_left(x, 5, y); },
              [&](std::size_t i) { return fixed::saturate(std::int64_t{a[i]} * 32); });
        check([&](Values x, Results y) { fixed::maximum(x, b, y); },
              [&](std::size_t i) { return std::max(a[i], b[i]); });
        check([&](Values x, Results y) { fixed::rectify(x, y); },
              [&](std::size_t i) { return std::max(a[i], 0); });
        check([&](Values x, Results y) { fixed::exponential(x, y); },
              [&](std::size_t i) { return fixed::exponential(a[i]); });
        check([&](Values x, Results y) { fixed::sigmoid(x, y); },
              [&](std::size_t i) { return fixed::sigmoid(a[i]); });
        check([&](Values x, Results y) { fixed::divide(x, b, y); },
              [&](std::size_t i) { return fixed::divide(a[i], b[i]); });

        const fixed::Lif neuron{kOne / 3, kOne, -7};
        std::vector<Value> membrane = b;
        fixed::integrate_and_fire(a, neuron, membrane, to);
        for (std::size_t i = 0; i < n; ++i) {
            const fixed::LifResult result = fixed::integrate_and_fire(b[i], a[i], neuron);
            REQUIRE(membrane[i] == result.membrane);
            REQUIRE(to[i] == (result.spike ? 1 : 0));
        }
    }
}

TEST_CASE("accumulate adds value times the row, for positive, negative and 1-bit values") {
    Random random(3);
    for (const std::size_t n : {1U, 15U, 16U, 33U, 200U}) {
        std::vector<std::int8_t> row(n);
        std::vector<std::int16_t> wide(n);
        for (std::size_t i = 0; i < n; ++i) {
            row[i] = static_cast<std::int8_t>(random.next());
            wide[i] = static_cast<std::int16_t>(random.next());
        }
        row[0] = -128;
        wide[0] = -32768;
        for (const Value value : {0, 1, -1, 32767, -32768, 40000}) {
            std::vector<Value> sums(n, 17);
            std::vector<Value> wide_sums(n, -17);
            fixed::accumulate(row, value, sums);
            fixed::accumulate(wide, value, wide_sums);
            for (std::size_t i = 0; i < n; ++i) {
                REQUIRE(sums[i] == 17 + row[i] * value);
                REQUIRE(wide_sums[i] == -17 + wide[i] * value);
            }
        }
    }
}

TEST_CASE("An accumulator that leaves 32 bits wraps, so that the order of events cannot matter") {
    const std::vector<std::int8_t> row = {127};
    std::vector<Value> sums = {kMost};
    fixed::accumulate(row, 1, sums);
    CHECK(sums[0] == kLeast + 126);
    fixed::accumulate(row, -1, sums);
    CHECK(sums[0] == kMost);
}

namespace {

/// The largest distance between `made` and `exact` over [first, last], in units of 2^-16.
template <class Made, class Exact>
double worst_error(Value first, Value last, Made made, Exact exact) {
    double worst = 0.0;
    for (Value x = first; x <= last; ++x) {
        worst = std::max(worst, std::fabs(made(x) - kOne * exact(x / static_cast<double>(kOne))));
    }
    return worst;
}

}  // namespace

TEST_CASE("coarser tables err by what their segments explain, and no less than half of it") {
    // Within a segment of width h the nearest entry errs by h/2 max |f'| and a straight line by
    // h^2/8 max |f''|; the result is rounded by half a unit on top. The exponential's segments are
    // of 2^-u for u in [0, 1], the sigmoid's of |x|.
    using fixed::Method;
    constexpr double kLn2 = 0.6931471805599453;
    constexpr double kSteepest = 0.25;                   // sigmoid' at 0
    constexpr double kMostCurved = 0.09622504486493763;  // sigmoid'' at ln(2 + sqrt(3))
    const int segments = GENERATE(1, 2, 4, 8, 16, 64);
    const auto method = GENERATE(Method::table, Method::piecewise_linear);
    const double h = 1.0 / segments;
    const bool table = method == Method::table;
    CAPTURE(segments, table);

    const double of_power = kOne * (table ? h / 2 * kLn2 : h * h / 8 * kLn2 * kLn2);
    const double found_power = worst_error(
        -4 * kOne, 0,
        [&](Value x) {
            return fixed::exponential(x, {method, segments});
        },
        [](double x) { return std::exp(x); });
    CHECK(found_power <= of_power + 0.6);
    CHECK(found_power >= of_power / 2);

    const double of_sigmoid = kOne * (table ? h / 2 * kSteepest : h * h / 8 * kMostCurved);
    const double found_sigmoid = worst_error(
        -16 * kOne, 16 * kOne,
        [&](Value x) {
            return fixed::sigmoid(x, {method, segments});
        },
        [](double x) { return 1.0 / (1.0 + std::exp(-x)); });
    CHECK(found_sigmoid <= of_sigmoid + 0.7);
    CHECK(found_sigmoid >= of_sigmoid / 2);
    CHECK(fixed::sigmoid(kMost, {method, segments}) == kOne);
    CHECK(fixed::sigmoid(kLeast, {method, segments}) == 0);
    CHECK(fixed::exponential(0, {method, segments}) == kOne);
    CHECK(fixed::exponential(kLeast, {method, segments}) == 0);
}

TEST_CASE("the finest tables with two steps are the functions without a word about them") {
    const fixed::Functions made;
    for (const Value x : samples(2000, 3)) {
        CHECK(fixed::exponential(x, made.exponential) == fixed::exponential(x));
        CHECK(fixed::sigmoid(x, {fixed::Method::piecewise_linear, 64}) == fixed::sigmoid(x));
        CHECK(fixed::divide(x, 77777, 2) == fixed::divide(x, 77777));
    }
}

TEST_CASE("each step of Newton's iteration squares the error of a reciprocal") {
    // A seed is the value in the middle of 1/512 of [1/2, 1): off by 2^-9 of it at most, and by its
    // own rounding. A root's seed of [1/4, 1) is off by half as much of a width twice as large.
    constexpr double kSeed = 0x1.0p-8;
    Random random(6);
    std::array<double, 3> worst = {};
    std::array<double, 3> worst_root = {};
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t d = 1 + random.below(std::uint64_t{1} << (1 + random.below(62)));
        for (int steps = 0; steps <= 2; ++steps) {
            const fixed::Scaled inverse = fixed::reciprocal(d, steps);
            const fixed::Scaled root = fixed::reciprocal_square_root(d, steps);
            const auto exact = static_cast<double>(d);
            const auto at = static_cast<std::size_t>(steps);
            worst[at] = std::max(
                worst[at],
                std::fabs(std::ldexp(inverse.mantissa, -30 - inverse.exponent) * exact - 1.0));
            worst_root[at] = std::max(
                worst_root[at],
                std::fabs(std::ldexp(root.mantissa, -30 - root.exponent) * std::sqrt(exact) - 1.0));
        }
    }
    for (const std::array<double, 3>& error : {worst, worst_root}) {
        CHECK(error[0] < kSeed);
        CHECK(error[0] > kSeed / 4);
        CHECK(error[1] < 1.6 * error[0] * error[0] + 0x1.0p-29);
        CHECK(error[1] > error[0] * error[0] / 2);
        CHECK(error[2] < 0x1.0p-28);
    }
    CHECK(fixed::divide(kOne, 3 * kOne, 0) != fixed::divide(kOne, 3 * kOne, 1));
}
