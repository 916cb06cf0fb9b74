// How well a model predicts a text.
//
// Everywhere in spikeloom: given tokens[0] ... tokens[n - 1], the model starts at its empty state,
// reads them one behind the other with the state running on (the context is the whole text so far),
// and predicts tokens[i + 1] from tokens[0 .. i]. That makes n - 1 predictions; the result is the
// mean of -log2 p. Models of different precision are thus compared on the same predictions.
//
// The other convention there is, for models whose context ends somewhere: windows of `length`
// tokens, each from the empty state, `stride` tokens apart. The first window's predictions all
// count, of each later one those of its last `stride` tokens. The predictions are the same n - 1;
// each sees length - stride + 1 to length tokens (at the text's beginning: all there are).
#pragma once

#include "base/parallel.hpp"
#include "models/parameters.hpp"

#include <cstddef>
#include <functional>
#include <span>

namespace spikeloom::models {

/// -log2 of the probability that softmax(logits) gives to `target`.
double surprise_bits(std::span<const float> logits, int target);

/// Called with the number of predictions made so far.
using EvaluationProgress = std::function<void(std::size_t)>;

/// Mean bits per token of a float model. Throws InputError where there are fewer than two tokens.
double evaluate(const Parameters& parameters, std::span<const int> tokens, Workers& workers,
                const EvaluationProgress& progress = {});

struct Windows {
    std::size_t length = 0;  ///< tokens
    std::size_t stride = 0;  ///< 1 to length
};

/// The same by windows. Throws InputError where they are none.
double evaluate(const Parameters& parameters, std::span<const int> tokens, const Windows& windows,
                Workers& workers, const EvaluationProgress& progress = {});

/// The same for any model that is run token by token: `step(token)` takes a token in and returns
/// the logits of the next.
double evaluate_steps(const std::function<std::span<const float>(int)>& step,
                      std::span<const int> tokens, const EvaluationProgress& progress = {});

/// The same by windows; `reset` goes back to the empty state.
double evaluate_steps(const std::function<std::span<const float>(int)>& step,
                      const std::function<void()>& reset, std::span<const int> tokens,
                      const Windows& windows, const EvaluationProgress& progress = {});

}  // namespace spikeloom::models
