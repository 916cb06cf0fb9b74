#include "models/sampler.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace spikeloom::models {

Sampler::Sampler(const SamplerConfig& config, std::uint64_t seed) : config_(config), random_(seed) {
    // Written so that a value that is no number is refused, too.
    if (!(config.temperature >= 0.0) || std::isinf(config.temperature)) {
        throw InputError("temperature " + std::to_string(config.temperature) +
                         "; allowed are numbers from 0 on");
    }
    if (!(config.top_p > 0.0 && config.top_p <= 1.0)) {
        throw InputError("top-p " + std::to_string(config.top_p) +
                         "; allowed are numbers above 0 and up to 1");
    }
}

int Sampler::sample(std::span<const float> logits) {
    const auto largest = std::max_element(logits.begin(), logits.end());
    if (config_.temperature == 0.0) {
        return static_cast<int>(largest - logits.begin());
    }
    const float most = *largest;
    weights_.resize(logits.size());
    double total = 0.0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        weights_[i] = std::exp((static_cast<double>(logits[i]) - most) / config_.temperature);
        total += weights_[i];
    }
    order_.resize(logits.size());
    std::iota(order_.begin(), order_.end(), 0);
    if (config_.top_p < 1.0) {
        // A heap gives the most likely tokens one by one; few are needed of a large vocabulary.
        const auto less_likely = [&](int a, int b) {
            const double of_a = weights_[static_cast<std::size_t>(a)];
            const double of_b = weights_[static_cast<std::size_t>(b)];
            return of_a != of_b ? of_a < of_b : a > b;
        };
        std::make_heap(order_.begin(), order_.end(), less_likely);
        const double wanted = config_.top_p * total;
        total = 0.0;
        auto rest = order_.end();
        while (rest != order_.begin() && total < wanted) {
            std::pop_heap(order_.begin(), rest, less_likely);
            total += weights_[static_cast<std::size_t>(*--rest)];
        }
        // They stand at the end, the most likely last.
        order_.erase(order_.begin(), rest);
        std::reverse(order_.begin(), order_.end());
    }
    double left = random_.uniform() * total;
    for (const int token : order_) {
        left -= weights_[static_cast<std::size_t>(token)];
        if (left < 0.0) {
            return token;
        }
    }
    return order_.back();  // rounding ate the last of it
}

}  // namespace spikeloom::models
