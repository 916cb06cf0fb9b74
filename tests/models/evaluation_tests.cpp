// Bits per token and sampling.
#include "base/error.hpp"
#include "models/evaluation.hpp"
#include "models/prompt.hpp"
#include "models/recurrent_model.hpp"
#include "models/sampler.hpp"
#include "tests/models/integer_fixtures.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using tests::random_parameters;
using tests::random_tokens;
using tests::small_config;

TEST_CASE("A model without an opinion needs log2 of the vocabulary's size") {
    Parameters parameters = random_parameters(small_config());
    std::fill(parameters.tensors().head.begin(), parameters.tensors().head.end(), 0.0F);
    Workers workers(1);
    const std::vector<int> tokens = random_tokens(parameters.config(), 40, 1);
    CHECK(evaluate(parameters, tokens, workers) == Approx(std::log2(20.0)));
}

TEST_CASE("Whole sequences and single steps give the same bits, over n - 1 predictions") {
    const Parameters parameters = random_parameters(small_config(), 3);
    const std::vector<int> tokens = random_tokens(parameters.config(), 700, 2);
    Workers workers(2);
    std::size_t predictions = 0;
    const double parallel =
        evaluate(parameters, tokens, workers, [&](std::size_t done) { predictions = done; });
    CHECK(predictions == 699);
    RecurrentModel model(parameters);
    const double stepwise = evaluate_steps([&](int token) { return model.step(token); }, tokens);
    CHECK(parallel == Approx(stepwise).epsilon(1e-5));

    model.reset();
    double by_hand = 0.0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        const std::span<const float> logits = model.step(tokens[i]);
        double total = 0.0;
        for (const float logit : logits) {
            total += std::exp2(static_cast<double>(logit) * std::log2(std::exp(1.0)));
        }
        by_hand += std::log2(total / std::exp(logits[static_cast<std::size_t>(tokens[i + 1])]));
    }
    CHECK(stepwise == Approx(by_hand / 699.0).epsilon(1e-6));
}

/// Mean bits of every prediction, each from a window that is found and read for it alone.
double bits_by_windows(const std::function<std::span<const float>(int)>& step,
                       const std::function<void()>& reset, const std::vector<int>& tokens,
                       std::size_t length, std::size_t stride) {
    double bits = 0.0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        // The first window that holds input i among its last `stride`, or the very first.
        std::size_t begin = 0;
        while (begin + length <= i) {
            begin += stride;
        }
        reset();
        std::span<const float> logits;
        for (std::size_t k = begin; k <= i; ++k) {
            logits = step(tokens[k]);
        }
        bits += surprise_bits(logits, tokens[i + 1]);
    }
    return bits / static_cast<double>(tokens.size() - 1);
}

TEST_CASE("By windows, each prediction sees its window and no more") {
    const Parameters parameters = random_parameters(small_config(), 5);
    const std::vector<int> tokens = random_tokens(parameters.config(), 60, 4);
    Workers workers(1);
    RecurrentModel model(parameters);
    const auto step = [&](int token) { return model.step(token); };
    const auto reset = [&] { model.reset(); };
    for (const Windows windows : {Windows{16, 4}, Windows{16, 16}, Windows{7, 3}, Windows{1, 1},
                                  Windows{300, 20}, Windows{58, 57}}) {
        CAPTURE(windows.length, windows.stride);
        const double expected =
            bits_by_windows(step, reset, tokens, windows.length, windows.stride);
        std::size_t predictions = 0;
        CHECK(evaluate(parameters, tokens, windows, workers, [&](std::size_t done) {
                  predictions = done;
              }) == Approx(expected).epsilon(1e-5));
        CHECK(predictions == 59);
        CHECK(evaluate_steps(step, reset, tokens, windows) == Approx(expected).epsilon(1e-9));
    }
    // A window as long as the text is the whole context.
    CHECK(evaluate(parameters, tokens, Windows{100, 50}, workers) ==
          Approx(evaluate(parameters, tokens, workers)).epsilon(1e-6));
    CHECK_THROWS_AS(evaluate(parameters, tokens, Windows{4, 5}, workers), InputError);
    CHECK_THROWS_AS(evaluate(parameters, tokens, Windows{4, 0}, workers), InputError);
}

TEST_CASE(
    "A prompt read in parallel leaves the recurrent model where reading it step by step does") {
    const Variant variant = GENERATE(Variant::linear_lif, Variant::dense);
    const Parameters parameters = random_parameters(small_config(variant), 6);
    const std::vector<int> prompt = random_tokens(parameters.config(), 300, 5);
    Workers workers(2);
    const PromptRead read = read_prompt(parameters, prompt, workers);
    RecurrentModel stepwise(parameters);
    std::span<const float> logits;
    for (const int token : prompt) {
        logits = stepwise.step(token);
    }
    const auto close = [](std::span<const float> a, std::span<const float> b) {
        REQUIRE(a.size() == b.size());
        double worst = 0.0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]));
        }
        return worst < 1e-4;
    };
    CHECK(close(read.logits, logits));
    RecurrentModel continued(parameters);
    continued.restore(read.state);
    for (const int token : {3, 1, 4}) {
        const std::span<const float> next = continued.step(token);
        CHECK(close(next, stepwise.step(token)));
    }
    CHECK_THROWS_AS(read_prompt(parameters, std::vector<int>{}, workers), InputError);
    CHECK_THROWS_AS(read_prompt(parameters, std::vector<int>{20}, workers), InputError);
}

TEST_CASE("One token predicts nothing") {
    const Parameters parameters = random_parameters(small_config());
    Workers workers(1);
    CHECK_THROWS_AS(evaluate(parameters, std::vector<int>{1}, workers), InputError);
    CHECK_NOTHROW(evaluate(parameters, std::vector<int>{1, 2}, workers));
}

TEST_CASE("Temperature 0 takes the most likely token, the first of equals") {
    Sampler sampler({0.0, 1.0}, 1);
    CHECK(sampler.sample(std::array{0.0F, 3.0F, 1.0F}) == 1);
    CHECK(sampler.sample(std::array{2.0F, 3.0F, 3.0F}) == 1);
}

TEST_CASE("Tokens are drawn with the softmax's frequencies, sharpened by the temperature") {
    const std::array logits{std::log(1.0F), std::log(2.0F), std::log(5.0F)};
    constexpr int kDraws = 20000;
    for (const double temperature : {1.0, 0.5}) {
        Sampler sampler({temperature, 1.0}, 7);
        std::array<int, 3> counts{};
        for (int i = 0; i < kDraws; ++i) {
            ++counts[static_cast<std::size_t>(sampler.sample(logits))];
        }
        const std::array weights{1.0, std::pow(2.0, 1.0 / temperature),
                                 std::pow(5.0, 1.0 / temperature)};
        const double total = weights[0] + weights[1] + weights[2];
        for (std::size_t i = 0; i < 3; ++i) {
            const double expected = kDraws * weights[i] / total;
            CHECK(std::abs(counts[i] - expected) < 4.0 * std::sqrt(expected));
        }
    }
}

TEST_CASE("Top-p leaves the fewest tokens that reach the probability") {
    // Probabilities 0.5, 0.3, 0.2.
    const std::array logits{std::log(0.3F), std::log(0.5F), std::log(0.2F)};
    const auto drawn = [&](double top_p) {
        Sampler sampler({1.0, top_p}, 3);
        std::array<bool, 3> seen{};
        for (int i = 0; i < 500; ++i) {
            seen[static_cast<std::size_t>(sampler.sample(logits))] = true;
        }
        return seen;
    };
    CHECK(drawn(0.4) == std::array{false, true, false});
    CHECK(drawn(0.6) == std::array{true, true, false});
    CHECK(drawn(0.9) == std::array{true, true, true});
    CHECK(drawn(1.0) == std::array{true, true, true});
    // Of equal ones the lower ids: two of these four make up 0.4.
    Sampler even({1.0, 0.4}, 3);
    for (int i = 0; i < 100; ++i) {
        CHECK(even.sample(std::array{0.5F, 0.5F, 0.5F, 0.5F}) < 2);
    }
}

TEST_CASE("The seed decides what is drawn") {
    const std::array logits{0.1F, 0.2F, 0.3F, 0.4F};
    const auto draws = [&](std::uint64_t seed) {
        Sampler sampler({1.0, 0.95}, seed);
        std::vector<int> tokens;
        for (int i = 0; i < 50; ++i) {
            tokens.push_back(sampler.sample(logits));
        }
        return tokens;
    };
    CHECK(draws(1) == draws(1));
    CHECK(draws(1) != draws(2));
}

TEST_CASE("Senseless sampling is refused") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(Sampler({-0.1, 1.0}, 1), InputError);
    CHECK_THROWS_AS(Sampler({nan, 1.0}, 1), InputError);
    CHECK_THROWS_AS(Sampler({1.0, 0.0}, 1), InputError);
    CHECK_THROWS_AS(Sampler({1.0, 1.1}, 1), InputError);
    CHECK_THROWS_AS(Sampler({1.0, nan}, 1), InputError);
}
