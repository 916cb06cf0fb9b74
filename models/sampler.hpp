// Draws the next token from logits.
#pragma once

#include "base/random.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::models {

struct SamplerConfig {
    double temperature = 1.0;  ///< logits are divided by it; 0: always the most likely token
    double top_p =
        1.0;  ///< draws among the fewest most likely tokens that make up this probability
};

/// The same seed and logits give the same tokens.
class Sampler {
  public:
    /// Throws InputError where the temperature is negative or top_p is outside (0, 1].
    Sampler(const SamplerConfig& config, std::uint64_t seed);

    /// Among equal logits the lower id counts as more likely.
    int sample(std::span<const float> logits);

  private:
    SamplerConfig config_;
    Random random_;
    std::vector<int> order_;
    std::vector<double> weights_;
};

}  // namespace spikeloom::models
