#include "models/evaluation.hpp"

#include "base/error.hpp"
#include "models/sequence_model.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

namespace spikeloom::models {

namespace {

/// Tokens that go through the parallel form at a time: enough rows for its products, little memory.
constexpr std::size_t kPositionsAtOnce = 1024;

void require_two(std::span<const int> tokens) {
    if (tokens.size() < 2) {
        throw InputError("the text has " + std::to_string(tokens.size()) +
                         " tokens; to predict one from another, 2 are needed");
    }
}

/// A run of inputs from the empty state, of which the last ones' predictions count.
struct Window {
    std::size_t begin;
    std::size_t unscored;
    std::size_t scored;
};

/// Calls `body(window, repeats)` for all windows in order; those of one call stand `stride` apart.
template <class Body>
void for_windows(const Windows& windows, std::size_t predictions, std::size_t at_a_time,
                 const Body& body) {
    if (windows.stride < 1 || windows.stride > windows.length) {
        throw InputError("windows of " + std::to_string(windows.length) + " tokens with a stride " +
                         "of " + std::to_string(windows.stride) +
                         "; allowed are 1 to the window's length");
    }
    std::size_t done = std::min(windows.length, predictions);
    body(Window{0, 0, done}, std::size_t{1});
    const std::size_t unscored = windows.length - windows.stride;
    while (done < predictions) {
        const std::size_t whole = std::min(at_a_time, (predictions - done) / windows.stride);
        const std::size_t repeats = std::max<std::size_t>(1, whole);
        const std::size_t scored = whole > 0 ? windows.stride : predictions - done;
        body(Window{done - unscored, unscored, scored}, repeats);
        done += repeats * scored;
    }
}

/// `length` tokens from `begin` and as many of each of the next sequences, `stride` further on.
std::vector<int> gather(std::span<const int> tokens, std::size_t begin, std::size_t length,
                        std::size_t stride, std::size_t sequences) {
    std::vector<int> gathered;
    gathered.reserve(sequences * length);
    for (std::size_t s = 0; s < sequences; ++s) {
        const auto row = tokens.subspan(begin + s * stride, length);
        gathered.insert(gathered.end(), row.begin(), row.end());
    }
    return gathered;
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

double evaluate(const Parameters& parameters, std::span<const int> tokens, const Windows& windows,
                Workers& workers, const EvaluationProgress& progress) {
    require_two(tokens);
    SequenceModel model(parameters, workers);
    const std::size_t predictions = tokens.size() - 1;
    const std::size_t at_a_time =
        std::max<std::size_t>(1, kPositionsAtOnce / std::max<std::size_t>(1, windows.length));
    double nats = 0.0;
    std::size_t done = 0;
    for_windows(windows, predictions, at_a_time, [&](const Window& window, std::size_t repeats) {
        State state(parameters.config(), repeats);
        const std::size_t length = window.unscored + window.scored;
        for (std::size_t at = 0; at < length;) {
            // A part lies before the scored tokens or among them, never across.
            const std::size_t end = at < window.unscored ? window.unscored : length;
            const std::size_t n = std::min(kPositionsAtOnce, end - at);
            model.forward({gather(tokens, window.begin + at, n, windows.stride, repeats), repeats},
                          &state);
            if (at >= window.unscored) {
                nats += model.cross_entropy(
                    gather(tokens, window.begin + at + 1, n, windows.stride, repeats));
            }
            at += n;
        }
        done += repeats * window.scored;
        if (progress) {
            progress(done);
        }
    });
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

double evaluate_steps(const std::function<std::span<const float>(int)>& step,
                      const std::function<void()>& reset, std::span<const int> tokens,
                      const Windows& windows, const EvaluationProgress& progress) {
    require_two(tokens);
    const std::size_t predictions = tokens.size() - 1;
    double bits = 0.0;
    std::size_t done = 0;
    for_windows(windows, predictions, 1, [&](const Window& window, std::size_t) {
        reset();
        for (std::size_t i = 0; i < window.unscored + window.scored; ++i) {
            const std::size_t place = window.begin + i;
            const std::span<const float> logits = step(tokens[place]);
            if (i >= window.unscored) {
                bits += surprise_bits(logits, tokens[place + 1]);
                if (progress) {
                    progress(++done);
                }
            }
        }
    });
    return bits / static_cast<double>(predictions);
}

}  // namespace spikeloom::models
