#include "models/prompt.hpp"

#include "base/error.hpp"
#include "models/sequence_model.hpp"

#include <algorithm>

namespace spikeloom::models {

namespace {

/// Tokens that go through the parallel form at a time.
constexpr std::size_t kPromptChunk = 256;

}  // namespace

PromptRead read_prompt(const Parameters& parameters, std::span<const int> prompt,
                       Workers& workers) {
    if (prompt.empty()) {
        throw InputError("the prompt is empty; at least one token is needed");
    }
    SequenceModel model(parameters, workers);
    PromptRead read{State(parameters.config()), {}};
    for (std::size_t first = 0; first < prompt.size(); first += kPromptChunk) {
        const std::size_t n = std::min(kPromptChunk, prompt.size() - first);
        const std::span<const float> logits =
            model.forward({prompt.subspan(first, n)}, &read.state);
        if (first + n == prompt.size()) {
            const auto last = logits.last(static_cast<std::size_t>(parameters.config().vocabulary));
            read.logits.assign(last.begin(), last.end());
        }
    }
    return read;
}

}  // namespace spikeloom::models
