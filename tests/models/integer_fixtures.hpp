// Small random SpikeGPTs whose neurons fire, for the tests of the integer half.
#pragma once

#include "base/random.hpp"
#include "models/quantiser.hpp"

#include <cmath>
#include <functional>
#include <span>
#include <vector>

namespace spikeloom::tests {

inline models::ModelConfig small_config(models::Variant variant = models::Variant::linear_lif) {
    models::ModelConfig config;
    config.variant = variant;
    config.layers = 2;
    config.channels = 16;
    config.vocabulary = 20;
    return config;
}

/// Every variant, and every option away from what is published.
inline std::vector<models::ModelConfig> all_kinds(
    const std::function<models::ModelConfig(models::Variant)>& shape) {
    using models::Variant;
    std::vector<models::ModelConfig> kinds;
    for (const Variant variant : {Variant::linear_lif, Variant::lif_linear, Variant::dense}) {
        kinds.push_back(shape(variant));
    }
    kinds.push_back(shape(Variant::linear_lif));
    kinds.back().ffn_activation = models::FfnActivation::lif;
    kinds.back().surrogate = models::Surrogate::sigmoid;
    kinds.back().surrogate_alpha = 3.0;
    kinds.push_back(shape(Variant::linear_lif));
    kinds.back().ffn_activation = models::FfnActivation::relu;
    kinds.back().binary_embedding = false;
    kinds.push_back(shape(Variant::lif_linear));
    kinds.back().surrogate = models::Surrogate::triangle;
    kinds.back().surrogate_alpha = 0.5;
    kinds.back().tau = 1.25;
    kinds.back().threshold = 0.7;
    kinds.back().tied_head = true;
    return kinds;
}

inline models::Parameters random_parameters(const models::ModelConfig& config,
                                            std::uint64_t seed = 1) {
    models::Parameters parameters(config);
    Random random(seed);
    const auto fill = [&](std::span<float> values, double mean, double deviation) {
        for (float& value : values) {
            value = static_cast<float>(mean + deviation * random.normal());
        }
    };
    const auto uniform = [&](std::span<float> values, double from, double to) {
        for (float& value : values) {
            value = static_cast<float>(from + (to - from) * random.uniform());
        }
    };
    const double unit = 1.0 / std::sqrt(static_cast<double>(config.channels));
    // Where neurons stand in front of the matrices, what drives them is larger.
    const double loud = config.spikes_in_front() ? 6.0 : 1.0;
    const double hidden_loud = config.hidden_spikes() ? 4.0 : 1.0;
    auto& tensors = parameters.tensors();
    fill(tensors.embedding, 0.0, 1.0);
    fill(tensors.ln0_weight, 1.0, 0.1);
    fill(tensors.ln0_bias, 0.0, 0.1);
    fill(tensors.ln_out_weight, 1.0, 0.1);
    fill(tensors.ln_out_bias, 0.0, 0.1);
    fill(tensors.head, 0.0, unit);
    for (auto& layer : tensors.layers) {
        fill(layer.ln1_weight, config.spikes_in_front() ? 2.0 : 1.0, 0.1);
        fill(layer.ln1_bias, 0.0, 0.1);
        fill(layer.ln2_weight, config.spikes_in_front() ? 2.0 : 1.0, 0.1);
        fill(layer.ln2_bias, 0.0, 0.1);
        uniform(layer.att.time_decay, -4.0, 1.0);
        uniform(layer.att.time_first, -1.5, 0.5);
        for (const auto& mix : {layer.att.time_mix_k, layer.att.time_mix_v, layer.att.time_mix_r,
                                layer.ffn.time_mix_k, layer.ffn.time_mix_r}) {
            uniform(mix, 0.0, 1.0);
        }
        fill(layer.att.key, 0.0, unit);
        fill(layer.att.value, 0.0, loud * unit);
        fill(layer.att.receptance, 0.0, unit);
        fill(layer.att.output, 0.0, config.spikes_behind() ? 6.0 * unit : unit);
        fill(layer.ffn.key, 0.0, hidden_loud * unit);
        fill(layer.ffn.receptance, 0.0, unit);
        fill(layer.ffn.value, 0.0, 2.0 * unit);
    }
    return parameters;
}

inline std::vector<int> random_tokens(const models::ModelConfig& config, std::size_t count,
                                      std::uint64_t seed) {
    Random random(seed);
    std::vector<int> tokens(count);
    for (int& token : tokens) {
        token = static_cast<int>(random.below(static_cast<std::uint64_t>(config.vocabulary)));
    }
    return tokens;
}

inline models::QuantisedModel quantised(const models::Parameters& parameters,
                                        const models::QuantiserOptions& options = {}) {
    const models::Calibration calibration(parameters, random_tokens(parameters.config(), 100, 99));
    return models::quantise(parameters, calibration, options);
}

}  // namespace spikeloom::tests
