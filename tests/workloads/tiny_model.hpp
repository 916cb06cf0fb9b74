// A random integer SpikeGPT, small enough that a chip runs it in a blink, with all formats unlike
// one another so that a mix-up shows.
#pragma once

#include "base/random.hpp"
#include "models/quantised_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace spikeloom::tests {

class TinyModel {
  public:
    TinyModel(int layers, int channels, int vocabulary,
              models::Variant variant = models::Variant::linear_lif, std::uint64_t seed = 7)
        : TinyModel(shaped(layers, channels, vocabulary, variant), seed) {}

    explicit TinyModel(const models::ModelConfig& config, std::uint64_t seed = 7) : random_(seed) {
        model_.config = config;
        const int channels = config.channels;
        const int vocabulary = config.vocabulary;
        const int layers = config.layers;
        model_.residual = {16, 9};
        const auto size = static_cast<std::size_t>(channels);
        for (std::size_t i = 0; i < static_cast<std::size_t>(vocabulary) * size; ++i) {
            const auto level = static_cast<std::int16_t>(random_.below(256));
            model_.embedding.push_back(config.binary_embedding
                                           ? static_cast<std::int16_t>(level % 2)
                                           : static_cast<std::int16_t>(level - 128));
        }
        model_.embedding_norm = norm(size);
        for (int l = 0; l < layers; ++l) {
            model_.layers.push_back(layer(size, model_.config.hidden()));
        }
        model_.final_norm = norm(size);
        model_.head = matrix(model_.config.vocabulary, channels, 8, {13, 8}, 2.0);
        model_.check("the tiny model");
    }

    const models::QuantisedModel& operator()() const { return model_; }
    models::QuantisedModel take() && { return std::move(model_); }

  private:
    static models::ModelConfig shaped(int layers, int channels, int vocabulary,
                                      models::Variant variant) {
        models::ModelConfig config;
        config.variant = variant;
        config.layers = layers;
        config.channels = channels;
        config.vocabulary = vocabulary;
        return config;
    }

    std::vector<std::int32_t> numbers(std::size_t n, double least, double most) {
        std::vector<std::int32_t> values(n);
        for (std::int32_t& value : values) {
            value = static_cast<std::int32_t>(
                std::lround((least + (most - least) * random_.uniform()) * models::fixed::kOne));
        }
        return values;
    }

    models::QuantisedNorm norm(std::size_t channels, double loud = 1.0) {
        return {numbers(channels, 0.5 * loud, 1.5 * loud), numbers(channels, -0.5, 0.5),
                static_cast<std::int64_t>(channels * channels)};
    }

    /// Weights of standard deviation `gain` / sqrt(columns), about.
    models::QuantisedMatrix matrix(int rows, int columns, int weight_bits,
                                   models::EventFormat input, double gain) {
        models::QuantisedMatrix m;
        m.rows = rows;
        m.columns = columns;
        m.weight_bits = weight_bits;
        m.input = input;
        const std::int32_t half = 1 << (weight_bits - 1);
        for (int i = 0; i < rows * columns; ++i) {
            m.weights.push_back(static_cast<std::int16_t>(
                static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(2 * half))) -
                half));
        }
        const double spread = half / std::sqrt(3.0);
        m.shift = input.spikes() ? 4 : 13;  // multipliers have 23 bits
        for (int r = 0; r < rows; ++r) {
            const double scale = gain * (0.5 + random_.uniform()) / (spread * std::sqrt(columns));
            m.multiplier.push_back(static_cast<std::int32_t>(
                std::lround(std::ldexp(scale, 16 - input.fraction + m.shift))));
        }
        return m;
    }

    models::QuantisedLayer layer(std::size_t channels, std::size_t hidden) {
        const auto c = static_cast<int>(channels);
        const auto h = static_cast<int>(hidden);
        models::QuantisedLayer layer;
        models::QuantisedTimeMix& time = layer.time_mix;
        // Neurons in front of matrices want louder drives to fire.
        const bool in_front = model_.config.spikes_in_front();
        const double loud = in_front ? 10.0 : 1.0;
        const auto input = [&](bool spikes, models::EventFormat graded) {
            return spikes ? models::kSpikes : graded;
        };
        time.norm = norm(channels, in_front ? 3.0 : 1.0);
        time.mix_key = numbers(channels, 0.0, 1.0);
        time.mix_value = numbers(channels, 0.0, 1.0);
        time.mix_receptance = numbers(channels, 0.0, 1.0);
        time.key = matrix(c, c, 8, input(in_front, {12, 8}), 1.0);
        time.value = matrix(c, c, 6, input(in_front, {11, 7}), 2.0 * loud);
        time.receptance = matrix(c, c, 5, input(in_front, {10, 6}), 1.5);
        time.decay = numbers(channels, -3.0, -0.1);
        time.first = numbers(channels, -1.0, 1.0);
        time.output = matrix(c, c, 7, input(in_front, {14, 9}), 3.0);
        time.sum = {13, 8};
        models::QuantisedChannelMix& channel = layer.channel_mix;
        channel.norm = norm(channels, in_front ? 3.0 : 1.0);
        channel.mix_key = numbers(channels, 0.0, 1.0);
        channel.mix_receptance = numbers(channels, 0.0, 1.0);
        const bool hidden_spikes = model_.config.hidden_spikes();
        channel.key = matrix(h, c, 8, input(in_front, {13, 7}), hidden_spikes ? 3.0 : 1.0);
        const bool squared = model_.config.ffn_activation == models::FfnActivation::relu_squared;
        channel.value = matrix(c, h, 9, input(hidden_spikes, {12, 6}), squared ? 2.0 : 5.0);
        channel.receptance = matrix(c, c, 4, input(in_front, {9, 5}), 1.0);
        channel.sum = {12, 7};
        return layer;
    }

    Random random_;
    models::QuantisedModel model_;
};

}  // namespace spikeloom::tests
