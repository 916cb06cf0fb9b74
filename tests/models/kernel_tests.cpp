// The kernels against numbers worked by hand and against plain double arithmetic.
#include "models/lif.hpp"
#include "models/row_kernels.hpp"
#include "models/vector_math.hpp"
#include "models/wkv.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

using namespace spikeloom::models;

namespace {

constexpr Lif kLif{0.5F, 1.0F, Surrogate::arctangent, 2.0F};
const double kPi = std::acos(-1.0);

/// What backward passes of one channel leave behind.
struct WkvBackward {
    std::vector<float> key, value, gate;
    float w = 0.0F;
    float u = 0.0F;
};

/// y of one channel with an open gate.
std::vector<float> wkv(float w, float u, const std::vector<float>& k, const std::vector<float>& v) {
    const std::vector<float> open(k.size(), 1.0F);
    std::vector<float> y(k.size());
    float p = 0.0F;
    float q = 0.0F;
    float o = -1e38F;
    wkv_forward({k.size(), 1, 1}, &w, &u, k.data(), v.data(), open.data(), {&p, &q, &o}, y.data());
    return y;
}

WkvBackward wkv_gradient(float w, float u, const std::vector<float>& k, const std::vector<float>& v,
                         const std::vector<float>& gate, const std::vector<float>& dgated) {
    const std::size_t n = k.size();
    WkvBackward result{std::vector<float>(n), std::vector<float>(n), std::vector<float>(n)};
    std::vector<float> gated(n);
    std::vector<float> dnum(n);
    std::vector<float> dden(n);
    std::vector<float> exponent(n);
    std::array<float, 5> carry{};
    wkv_backward(
        {n, 1, 1}, &w, &u, k.data(), v.data(), gate.data(), dgated.data(), gated.data(),
        {dnum.data(), dden.data(), exponent.data(), carry.data()},
        {result.key.data(), result.value.data(), result.gate.data(), &result.w, &result.u});
    return result;
}

}  // namespace

TEST_CASE("A LIF leaks half way to its drive, fires at the threshold and starts again from zero") {
    // v: 0 -> 0.5 -> 1.0 (fires, reset) -> 0.25 -> 1.375 (fires)
    std::vector<float> drive{1.0F, 1.5F, 0.5F, 2.5F};
    float v = 0.0F;
    lif_forward(kLif, {4, 1, 1}, drive.data(), &v);
    CHECK(drive == std::vector<float>{0.5F, 1.0F, 0.25F, 1.375F});
    CHECK(v == 0.0F);
}

TEST_CASE("A LIF's state runs on from one block of tokens to the next") {
    std::vector<float> whole{0.3F, 0.9F, 1.9F, 0.2F, 1.4F, 1.1F};
    std::vector<float> parts = whole;
    float v = 0.0F;
    lif_forward(kLif, {6, 1, 1}, whole.data(), &v);
    float w = 0.0F;
    lif_forward(kLif, {2, 1, 1}, parts.data(), &w);
    lif_forward(kLif, {4, 1, 1}, parts.data() + 2, &w);
    CHECK(parts == whole);
    CHECK(v == w);
}

TEST_CASE("The arctangent surrogate has the slope of a scaled arctangent") {
    // At 0 alpha / 2; with alpha = 2 at z = 1 / pi: 1 / (1 + 1) = 1/2.
    CHECK(ArctangentSlope{}(0.0F, 2.0F) == 1.0F);
    CHECK(ArctangentSlope{}(0.0F, 3.0F) == 1.5F);
    CHECK(ArctangentSlope{}(static_cast<float>(-1.0 / kPi), 2.0F) == Approx(0.5));
}

TEST_CASE("The sigmoid surrogate has the slope of a scaled sigmoid") {
    // At 0 alpha / 4; with alpha = 4 at 4 z = ln 3: sigmoid = 3/4, so 4 * 3/4 * 1/4.
    CHECK(SigmoidSlope{}(0.0F, 4.0F) == 1.0F);
    CHECK(SigmoidSlope{}(0.0F, 2.0F) == 0.5F);
    CHECK(SigmoidSlope{}(static_cast<float>(std::log(3.0) / 4.0), 4.0F) == Approx(0.75));
}

TEST_CASE("The triangle surrogate falls from alpha to nothing within 1 / alpha") {
    CHECK(TriangleSlope{}(0.0F, 2.0F) == 2.0F);
    CHECK(TriangleSlope{}(0.25F, 2.0F) == 1.0F);
    CHECK(TriangleSlope{}(-0.125F, 2.0F) == 1.5F);
    CHECK(TriangleSlope{}(0.5F, 2.0F) == 0.0F);
    CHECK(TriangleSlope{}(-3.0F, 2.0F) == 0.0F);
}

TEST_CASE("Every surrogate rises by 1 in all, so none scales the gradient") {
    for (const Surrogate kind : {Surrogate::arctangent, Surrogate::sigmoid, Surrogate::triangle}) {
        const double rise = with_slope(kind, [](const auto& slope) {
            double sum = 0.0;
            const double step = 1e-3;
            for (double z = -100.0; z < 100.0; z += step) {
                sum += step * static_cast<double>(slope(static_cast<float>(z), 2.0F));
            }
            return sum;
        });
        // Beyond 100 the arctangent still rises by 2 / (pi^2 100).
        CHECK(rise == Approx(1.0).margin(3e-3));
    }
}

TEST_CASE("The gradient of two spikes runs through the reset, which is not detached") {
    // x = 1, 3: h = 0.5, 1.75. Only the second spike has a gradient, of 1.
    const std::vector<float> membrane{0.5F, 1.75F};
    const std::vector<float> dspikes{0.0F, 1.0F};
    std::vector<float> ddrive(2);
    float carry = 7.0F;  // must not matter
    lif_backward(kLif, {2, 1, 1}, membrane.data(), dspikes.data(), ddrive.data(), &carry);
    const double dh1 = 1.0 / (1.0 + std::pow(kPi * 0.75, 2.0));
    CHECK(ddrive[1] == Approx(dh1 / 2.0));
    // v0 = h0 (1 - s0), s0 = 0: dv0/dh0 = 1 - h0 surrogate(h0 - 1).
    const double dv0 = dh1 / 2.0;
    const double dh0 = dv0 * (1.0 - 0.5 / (1.0 + std::pow(kPi * 0.5, 2.0)));
    CHECK(ddrive[0] == Approx(dh0 / 2.0));
}

TEST_CASE("A neuron that has fired passes on only the reset's gradient") {
    // h = 1.5 fires: dv/dh = -h surrogate(h - 1).
    const std::vector<float> membrane{1.5F, 0.4F};
    const std::vector<float> dspikes{0.0F, 1.0F};
    std::vector<float> ddrive(2);
    float carry = 0.0F;
    lif_backward(kLif, {2, 1, 1}, membrane.data(), dspikes.data(), ddrive.data(), &carry);
    const double dv0 = 0.5 / (1.0 + std::pow(kPi * 0.6, 2.0));
    CHECK(ddrive[0] == Approx(-1.5 * dv0 / (1.0 + std::pow(kPi * 0.5, 2.0)) / 2.0));
}

TEST_CASE("A neuron's gradient has the slope of the surrogate that was chosen") {
    // h = 1.25, z = 0.25, no later token: d drive = slope / tau.
    const std::vector<float> membrane{1.25F};
    const std::vector<float> dspikes{1.0F};
    const auto gradient = [&](Surrogate kind) {
        float ddrive = 0.0F;
        float carry = 0.0F;
        lif_backward({0.5F, 1.0F, kind, 2.0F}, {1, 1, 1}, membrane.data(), dspikes.data(), &ddrive,
                     &carry);
        return ddrive;
    };
    CHECK(gradient(Surrogate::arctangent) == Approx(0.5 / (1.0 + kPi * kPi / 16.0)));
    const double s = 1.0 / (1.0 + std::exp(-0.5));
    CHECK(gradient(Surrogate::sigmoid) == Approx(0.5 * 2.0 * s * (1.0 - s)));
    CHECK(gradient(Surrogate::triangle) == Approx(0.5));
}

TEST_CASE("WKV averages the values, with a bonus for the present one and a decay for the past") {
    // All keys 0: weights are 1, decayed by e^w a token from the second token on, and e^u now.
    const float w = std::log(0.5F);
    const float u = std::log(3.0F);
    const std::vector<float> y = wkv(w, u, {0.0F, 0.0F, 0.0F}, {4.0F, 8.0F, -2.0F});
    CHECK(y[0] == Approx(4.0));
    CHECK(y[1] == Approx((4.0 + 3.0 * 8.0) / (1.0 + 3.0)));
    CHECK(y[2] == Approx((0.5 * 4.0 + 8.0 - 3.0 * 2.0) / (0.5 + 1.0 + 3.0)));
}

TEST_CASE("WKV keeps its range with keys whose exponentials overflow") {
    const std::vector<float> y = wkv(-0.5F, 0.0F, {300.0F, -300.0F, 299.0F}, {1.0F, 100.0F, 3.0F});
    CHECK(y[0] == 1.0F);
    CHECK(y[1] == Approx(1.0));  // e^-600 of 100 is nothing
    const double past = std::exp(-0.5);
    CHECK(y[2] == Approx((past * 1.0 + std::exp(-1.0) * 3.0) / (past + std::exp(-1.0))));
}

TEST_CASE("WKV's gradients are those of finite differences") {
    const float w = -0.4F;
    const float u = 0.3F;
    const std::vector<float> k{0.2F, -1.1F, 0.7F, 0.1F};
    const std::vector<float> v{1.0F, -2.0F, 0.5F, 1.5F};
    const std::vector<float> gate{0.9F, 0.2F, 0.6F, 0.4F};
    const std::vector<float> weights{1.0F, -0.5F, 2.0F, 0.7F};
    // The recurrence in double, as it is defined.
    const auto loss = [&](double dw, double du, int key, int value, double step) {
        double p = 0.0;
        double q = 0.0;
        double sum = 0.0;
        for (std::size_t t = 0; t < k.size(); ++t) {
            const double kt = k[t] + (static_cast<int>(t) == key ? step : 0.0);
            const double vt = v[t] + (static_cast<int>(t) == value ? step : 0.0);
            const double bonus = std::exp(u + du + kt);
            sum += weights[t] * gate[t] * (p + bonus * vt) / (q + bonus);
            p = std::exp(w + dw) * p + std::exp(kt) * vt;
            q = std::exp(w + dw) * q + std::exp(kt);
        }
        return sum;
    };
    const double h = 1e-6;
    const WkvBackward found = wkv_gradient(w, u, k, v, gate, weights);
    CHECK(found.w ==
          Approx((loss(h, 0, -1, -1, 0) - loss(-h, 0, -1, -1, 0)) / (2 * h)).margin(1e-5));
    CHECK(found.u ==
          Approx((loss(0, h, -1, -1, 0) - loss(0, -h, -1, -1, 0)) / (2 * h)).margin(1e-5));
    for (int t = 0; t < 4; ++t) {
        const auto at = static_cast<std::size_t>(t);
        CHECK(found.key[at] ==
              Approx((loss(0, 0, t, -1, h) - loss(0, 0, t, -1, -h)) / (2 * h)).margin(1e-5));
        CHECK(found.value[at] ==
              Approx((loss(0, 0, -1, t, h) - loss(0, 0, -1, t, -h)) / (2 * h)).margin(1e-5));
    }
}

TEST_CASE("The exponential is within 2e-7 of the true one and ends in 0 and in a finite number") {
    double worst = 0.0;
    for (double x = -87.0; x <= 88.0; x += 0.0137) {
        const auto given = static_cast<float>(x);
        const double exact = std::exp(static_cast<double>(given));
        worst = std::max(worst, std::abs(exponential(given) - exact) / exact);
    }
    CHECK(worst < 2e-7);
    CHECK(exponential(0.0F) == 1.0F);
    CHECK(exponential(-1e38F) == 0.0F);
    CHECK(std::isfinite(exponential(1e38F)));
    CHECK(sigmoid(-200.0F) < 1e-37F);
    CHECK(sigmoid(200.0F) == 1.0F);
    CHECK(sigmoid(0.0F) == 0.5F);
}

TEST_CASE("LayerNorm has mean 0 and variance 1 before gain and bias") {
    const std::vector<float> x{1.0F, 2.0F, 3.0F, 4.0F, 5.0F};
    const std::vector<float> gain(5, 2.0F);
    const std::vector<float> bias(5, 10.0F);
    std::vector<float> y(5);
    normalise_row({gain.data(), bias.data(), 5}, row_statistics(x.data(), 5, 0.0F), x.data(),
                  y.data());
    // Variance 2, so the ends lie 2 / sqrt(2) from the mean.
    CHECK(y[0] == Approx(10.0 - 2.0 * std::sqrt(2.0)));
    CHECK(y[2] == Approx(10.0));
    CHECK(y[4] == Approx(10.0 + 2.0 * std::sqrt(2.0)));
}

TEST_CASE("LayerNorm's gradient is orthogonal to shifts and scalings of its input") {
    const std::vector<float> x{0.3F, -1.2F, 2.0F, 0.7F, -0.4F, 1.1F, 0.9F};
    const std::vector<float> dy{1.0F, -2.0F, 0.5F, 0.1F, 0.0F, 3.0F, -1.0F};
    const std::vector<float> gain{1.0F, 0.5F, 2.0F, 1.0F, -1.0F, 0.7F, 1.3F};
    const std::vector<float> bias(7, 0.0F);
    std::vector<float> dx(7, 0.0F);
    std::vector<float> dgain(7, 0.0F);
    std::vector<float> dbias(7, 0.0F);
    normalise_row_backward({gain.data(), bias.data(), 7}, row_statistics(x.data(), 7, 0.0F),
                           x.data(), dy.data(), dx.data(), dgain.data(), dbias.data());
    double shift = 0.0;
    double scaling = 0.0;
    for (std::size_t i = 0; i < 7; ++i) {
        shift += dx[i];
        scaling += dx[i] * x[i];
    }
    CHECK(shift == Approx(0.0).margin(1e-5));
    CHECK(scaling == Approx(0.0).margin(1e-5));
    CHECK(dbias == dy);
}
