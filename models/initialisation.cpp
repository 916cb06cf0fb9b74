// Starting values: docs/model.md, "Starting values", says what is published and what differs.
#include "base/random.hpp"
#include "models/parameters.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::models {

namespace {

/// Deviations of the embedding: of one that is seen by its signs, and of one by its values.
constexpr double kBinaryEmbedding = 1e-3;
constexpr double kGradedEmbedding = 1e-2;
/// Where neurons stand in front of the matrices: gain of the LayerNorms, and what the deviations of
/// the time-mix's value, the channel-mix's key and the two matrices that add to the residual stream
/// are multiplied by.
constexpr float kGainInFront = 2.0F;
constexpr double kValueInFront = 4.0;
constexpr double kKeyInFront = 3.0;
constexpr double kSumInFront = 0.5;

void fill(std::span<float> to, float value) {
    std::fill(to.begin(), to.end(), value);
}

void fill_normal(std::span<float> to, double deviation, Random& random) {
    std::generate(to.begin(), to.end(),
                  [&] { return static_cast<float>(deviation * random.normal()); });
}

/// The published curves over channel c of C and layer l of L: decays from slow to fast, mixes from
/// the token before to the present one, both steeper in early layers.
void fill_curves(LayerTensors<float>& layer, std::size_t l, std::size_t L, std::size_t C) {
    const double depth = L > 1 ? static_cast<double>(l) / static_cast<double>(L - 1) : 0.0;
    const double fade = 1.0 - static_cast<double>(l) / static_cast<double>(L);
    for (std::size_t c = 0; c < C; ++c) {
        const double rank = static_cast<double>(c) / static_cast<double>(C - 1);
        const double share = static_cast<double>(c) / static_cast<double>(C);
        const double zigzag = 0.5 * (static_cast<double>((c + 1) % 3) - 1.0);
        layer.att.time_decay[c] =
            static_cast<float>(-5.0 + 8.0 * std::pow(rank, 0.7 + 1.3 * depth));
        layer.att.time_first[c] = static_cast<float>(std::log(0.3) + zigzag);
        layer.att.time_mix_k[c] = static_cast<float>(std::pow(share, fade));
        layer.att.time_mix_v[c] = static_cast<float>(std::pow(share, fade) + 0.3 * depth);
        layer.att.time_mix_r[c] = static_cast<float>(std::pow(share, 0.5 * fade));
        layer.ffn.time_mix_k[c] = static_cast<float>(std::pow(share, fade));
        layer.ffn.time_mix_r[c] = static_cast<float>(std::pow(share, fade));
    }
}

}  // namespace

void initialise(Parameters& parameters, std::uint64_t seed) {
    ModelTensors<float>& tensors = parameters.tensors();
    const ModelConfig& config = parameters.config();
    const auto C = static_cast<std::size_t>(config.channels);
    const double from_channels = 1.0 / std::sqrt(static_cast<double>(C));
    const double from_hidden = 1.0 / std::sqrt(static_cast<double>(config.hidden()));
    // What drives neurons in front of a matrix has to reach their threshold at first.
    const float norm_gain = config.spikes_in_front() ? kGainInFront : 1.0F;
    const double value_gain = config.spikes_in_front() ? kValueInFront : 1.0;
    const double key_gain = config.hidden_spikes() ? kKeyInFront : 1.0;
    const double sum_gain = config.spikes_in_front() ? kSumInFront : 1.0;
    const double embedding = !config.binary_embedding ? kGradedEmbedding
                             : config.tied_head       ? 0.5 * from_channels
                                                      : kBinaryEmbedding;
    Random random(seed);

    std::fill(parameters.flat().begin(), parameters.flat().end(), 0.0F);
    fill_normal(tensors.embedding, embedding, random);
    fill(tensors.ln0_weight, 1.0F);
    for (std::size_t l = 0; l < tensors.layers.size(); ++l) {
        LayerTensors<float>& layer = tensors.layers[l];
        fill(layer.ln1_weight, norm_gain);
        fill(layer.ln2_weight, norm_gain);
        fill_curves(layer, l, tensors.layers.size(), C);
        // Key and both receptances stay at zero, as published.
        fill_normal(layer.att.value, value_gain * from_channels, random);
        fill_normal(layer.att.output, sum_gain * from_channels, random);
        fill_normal(layer.ffn.key, key_gain * from_channels, random);
        fill_normal(layer.ffn.value, sum_gain * from_hidden, random);
    }
    fill(tensors.ln_out_weight, 1.0F);
    if (!config.tied_head) {
        fill_normal(tensors.head, 0.5 * from_channels, random);
    }
    fill_normal(tensors.classifier, 0.5 * from_channels, random);
}

}  // namespace spikeloom::models
