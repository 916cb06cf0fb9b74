#include "models/state.hpp"

#include "models/wkv.hpp"

#include <algorithm>

namespace spikeloom::models {

namespace {

constexpr std::size_t kVectors = 7;

}  // namespace

State::State(const ModelConfig& config, std::size_t sequences)
    : layers_(static_cast<std::size_t>(config.layers)),
      channels_(static_cast<std::size_t>(config.channels)),
      sequences_(sequences),
      values_(layers_ * sequences_ * kVectors * channels_) {
    reset();
}

State::Layer State::layer(std::size_t layer, std::size_t sequence) {
    float* at = values_.data() + (layer * sequences_ + sequence) * kVectors * channels_;
    const auto next = [&] {
        const std::span<float> view(at, channels_);
        at += channels_;
        return view;
    };
    Layer views;
    views.att_shift = next();
    views.numerator = next();
    views.denominator = next();
    views.exponent = next();
    views.att_membrane = next();
    views.ffn_shift = next();
    views.ffn_membrane = next();
    return views;
}

void State::reset() {
    std::fill(values_.begin(), values_.end(), 0.0F);
    for (std::size_t l = 0; l < layers_; ++l) {
        for (std::size_t s = 0; s < sequences_; ++s) {
            const std::span<float> exponent = layer(l, s).exponent;
            std::fill(exponent.begin(), exponent.end(), kEmptyWkvExponent);
        }
    }
}

}  // namespace spikeloom::models
