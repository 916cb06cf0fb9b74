#include "models/state.hpp"

#include "models/wkv.hpp"

#include <algorithm>

namespace spikeloom::models {

namespace {

constexpr std::size_t kVectors = 5;

std::size_t values_a_layer(const ModelConfig& config) {
    std::size_t size = kVectors * static_cast<std::size_t>(config.channels);
    for (const LifSite site : lif_sites(config)) {
        size += lif_width(config, site);
    }
    return size;
}

}  // namespace

State::State(const ModelConfig& config, std::size_t sequences)
    : config_(config),
      sequences_(sequences),
      layer_size_(values_a_layer(config)),
      values_(static_cast<std::size_t>(config.layers) * sequences_ * layer_size_) {
    reset();
}

State::Layer State::layer(std::size_t layer, std::size_t sequence) {
    float* at = values_.data() + (layer * sequences_ + sequence) * layer_size_;
    const auto next = [&](std::size_t width) {
        const std::span<float> view(at, width);
        at += width;
        return view;
    };
    const auto channels = static_cast<std::size_t>(config_.channels);
    Layer views;
    views.att_shift = next(channels);
    views.numerator = next(channels);
    views.denominator = next(channels);
    views.exponent = next(channels);
    views.ffn_shift = next(channels);
    for (const LifSite site : lif_sites(config_)) {
        views.membranes[site] = next(lif_width(config_, site));
    }
    return views;
}

void State::reset() {
    std::fill(values_.begin(), values_.end(), 0.0F);
    for (std::size_t l = 0; l < static_cast<std::size_t>(config_.layers); ++l) {
        for (std::size_t s = 0; s < sequences_; ++s) {
            const std::span<float> exponent = layer(l, s).exponent;
            std::fill(exponent.begin(), exponent.end(), kEmptyWkvExponent);
        }
    }
}

}  // namespace spikeloom::models
