// A prompt is read in the parallel form and continued in the recurrent one.
#pragma once

#include "base/parallel.hpp"
#include "models/parameters.hpp"
#include "models/state.hpp"

#include <span>
#include <vector>

namespace spikeloom::models {

/// What a model knows behind a prompt.
struct PromptRead {
    State state;                ///< for RecurrentModel::restore
    std::vector<float> logits;  ///< of the token behind the prompt
};

/// Throws InputError where the prompt is empty or has a token outside the vocabulary.
PromptRead read_prompt(const Parameters& parameters, std::span<const int> prompt, Workers& workers);

}  // namespace spikeloom::models
