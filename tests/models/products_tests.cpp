// The products of a linear layer against sums in double, on shapes that fill no block evenly.
#include "base/random.hpp"
#include "models/products.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;

namespace {

std::vector<float> random_matrix(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(count);
    std::generate(values.begin(), values.end(), [&] {
        // Magnitudes over eight decades: an error in any part of a number shows.
        return static_cast<float>(random.normal() * std::exp(4.0 * random.normal()));
    });
    return values;
}

/// sum over k of a(k) b(k), and the error that float32 sums of so many products may have: a unit in
/// the last place of each product and of each partial sum.
template <class A, class B>
void check_sum(float found, std::size_t count, const A& a, const B& b) {
    double sum = 0.0;
    double magnitude = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
        const double product = static_cast<double>(a(k)) * b(k);
        sum += product;
        magnitude += std::abs(product);
    }
    const double bound = static_cast<double>(count + 1) * 0x1p-24 * magnitude;
    if (std::abs(found - sum) > bound) {
        CAPTURE(found, sum, bound);
        FAIL("beyond the error of float32");
    }
}

struct Shape {
    std::size_t outputs, inputs, rows;
};
constexpr std::array<Shape, 6> kShapes{
    {{1, 1, 1}, {13, 39, 7}, {32, 32, 32}, {33, 65, 130}, {70, 545, 40}, {256, 13, 300}}};

}  // namespace

TEST_CASE("The products of a linear layer are as exact as float32 sums, whatever the shape") {
    const auto threads = GENERATE(1, 3);
    Workers workers(threads);
    SharedFactor factor;  // used again, as the model does
    for (const Shape& shape : kShapes) {
        const auto [O, I, R] = shape;
        const std::vector<float> w = random_matrix(O * I, 1);
        const std::vector<float> x = random_matrix(R * I, 2);
        const std::vector<float> dy = random_matrix(R * O, 3);

        std::vector<float> y(R * O, -1.0F);
        prepare(workers, for_outputs(factor, {O, I}, w.data()));
        REQUIRE(factor.depth() == I);
        REQUIRE(factor.width() == O);
        multiply(R, x.data(), factor, y.data());
        for (std::size_t i = 0; i < R * O; ++i) {
            check_sum(
                y[i], I, [&](std::size_t k) { return w[i % O * I + k]; },
                [&](std::size_t k) { return x[i / O * I + k]; });
        }

        std::vector<float> dx(R * I, -1.0F);
        prepare(workers, for_input_gradient(factor, {O, I}, w.data()));
        multiply(R, dy.data(), factor, dx.data());
        for (std::size_t i = 0; i < R * I; ++i) {
            check_sum(
                dx[i], O, [&](std::size_t k) { return w[k * I + i % I]; },
                [&](std::size_t k) { return dy[i / I * O + k]; });
        }

        std::vector<float> dw(O * I, 0.0F);
        prepare(workers, for_weight_gradient(factor, {O, I}, R, x.data()));
        accumulate(R, dy.data(), O, 0, O / 2, factor, dw.data());
        accumulate(R, dy.data(), O, O / 2, O, factor, dw.data());
        for (std::size_t i = 0; i < O * I; ++i) {
            check_sum(
                dw[i], R, [&](std::size_t k) { return dy[k * O + i / I]; },
                [&](std::size_t k) { return x[k * I + i % I]; });
        }
    }
}

TEST_CASE("A weight gradient is added to what was there") {
    Workers workers(1);
    const std::vector<float> dy{1.0F, 2.0F, 3.0F, 4.0F};  // two rows, two outputs
    const std::vector<float> x{5.0F, 6.0F, 7.0F, 8.0F};   // two rows, two inputs
    std::vector<float> dw{100.0F, 200.0F, 300.0F, 400.0F};
    SharedFactor factor;
    prepare(workers, for_weight_gradient(factor, {2, 2}, 2, x.data()));
    accumulate(2, dy.data(), 2, 0, 2, factor, dw.data());
    // [1 3; 2 4] [5 6; 7 8]
    CHECK(dw == std::vector<float>{126.0F, 230.0F, 338.0F, 444.0F});
}

TEST_CASE("Whole numbers are multiplied and added exactly while 24 bits hold them") {
    Workers workers(1);
    const std::vector<float> w{16777215.0F, 0.0F, 4095.0F, -4094.0F};
    const std::vector<float> x{-1.0F, 1.0F, 2048.0F, 2049.0F};
    std::vector<float> y(4);
    SharedFactor factor;
    prepare(workers, for_outputs(factor, {2, 2}, w.data()));
    multiply(2, x.data(), factor, y.data());
    CHECK(y[0] == -16777215.0F);
    CHECK(y[1] == -8189.0F);
    CHECK(y[3] == -2046.0F);  // 4095 * 2048 - 4094 * 2049 = 8386560 - 8388606
}
