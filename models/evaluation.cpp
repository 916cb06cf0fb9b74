#include "models/evaluation.hpp"

#include "base/error.hpp"
#include "models/sequence_model.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace spikeloom::models {

namespace {

/// Tokens that go through the parallel form at a time: enough rows for its products, little memory.
constexpr std::size_t kPositionsAtOnce = 512;

void require_two(std::span<const int> tokens) {
    if (tokens.size() < 2) {
        throw InputError("the text has " + std::to_string(tokens.size()) +
                         " tokens; to predict one from another, 2 are needed");
    }
}

}  // namespace

double surprise_bits(std::span<const float> logits, int target) {
    const float most = *std::max_element(logits.begin(), logits.end());
    double total = 0.0;
    for (const float logit : logits) {
        total += std::exp(static_cast<double>(logit) - most);
    }
    return (std::log(total) + most - logits[static_cast<std::size_t>(target)]) *
           std::numbers::log2e;
}

double evaluate(const Parameters& parameters, std::span<const int> tokens, Workers& workers,
                const EvaluationProgress& progress) {
    require_two(tokens);
    SequenceModel model(parameters, workers);
    State state(parameters.config());
    const std::size_t predictions = tokens.size() - 1;
    double nats = 0.0;
    for (std::size_t first = 0; first < predictions; first += kPositionsAtOnce) {
        const std::size_t n = std::min(kPositionsAtOnce, predictions - first);
        model.forward({tokens.subspan(first, n)}, &state);
        nats += model.cross_entropy(tokens.subspan(first + 1, n));
        if (progress) {
            progress(first + n);
        }
    }
    return nats / static_cast<double>(predictions) * std::numbers::log2e;
}

double evaluate_steps(const std::function<std::span<const float>(int)>& step,
                      std::span<const int> tokens, const EvaluationProgress& progress) {
    require_two(tokens);
    const std::size_t predictions = tokens.size() - 1;
    double bits = 0.0;
    for (std::size_t i = 0; i < predictions; ++i) {
        bits += surprise_bits(step(tokens[i]), tokens[i + 1]);
        if (progress) {
            progress(i + 1);
        }
    }
    return bits / static_cast<double>(predictions);
}

}  // namespace spikeloom::models
