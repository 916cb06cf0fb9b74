#include "base/random.hpp"
#include "models/attention_twin.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::models {
namespace {

Parameters twin_parameters(int channels) {
    ModelConfig config;
    config.layers = 2;
    config.channels = channels;
    config.vocabulary = 11;
    Parameters parameters(config);
    Random random(3);
    for (float& value : parameters.flat()) {
        value = static_cast<float>(0.5 * random.normal());
    }
    return parameters;
}

std::vector<double> times(std::span<const float> matrix, const std::vector<double>& x) {
    std::vector<double> y(matrix.size() / x.size());
    for (std::size_t row = 0; row < y.size(); ++row) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            y[row] += static_cast<double>(matrix[row * x.size() + i]) * x[i];
        }
    }
    return y;
}

std::vector<double> normalised(const std::vector<double>& x, std::span<const float> gain,
                               std::span<const float> bias) {
    const auto n = static_cast<double>(x.size());
    const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
    double variance = 0.0;
    for (const double value : x) {
        variance += (value - mean) * (value - mean) / n;
    }
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        y[i] = (x[i] - mean) / std::sqrt(variance + 1e-5) * gain[i] + bias[i];
    }
    return y;
}

/// The header's formulas, a token and a channel at a time, in double.
std::vector<std::vector<double>> by_the_formulas(const Parameters& parameters,
                                                 const std::vector<int>& tokens) {
    const auto& tensors = parameters.tensors();
    const auto channels = static_cast<std::size_t>(parameters.config().channels);
    const std::size_t width = AttentionTwin::head_width(parameters.config());
    std::vector<std::vector<double>> x;
    for (const int token : tokens) {
        const auto row =
            tensors.embedding.subspan(static_cast<std::size_t>(token) * channels, channels);
        x.push_back(normalised(std::vector<double>(row.begin(), row.end()), tensors.ln0_weight,
                               tensors.ln0_bias));
    }
    for (const auto& layer : tensors.layers) {
        std::vector<std::vector<double>> q, k, v;
        for (const std::vector<double>& at : x) {
            const std::vector<double> h = normalised(at, layer.ln1_weight, layer.ln1_bias);
            q.push_back(times(layer.att.receptance, h));
            k.push_back(times(layer.att.key, h));
            v.push_back(times(layer.att.value, h));
        }
        for (std::size_t t = 0; t < x.size(); ++t) {
            std::vector<double> attended(channels);
            for (std::size_t head = 0; head < channels; head += width) {
                std::vector<double> weight(t + 1);
                for (std::size_t i = 0; i <= t; ++i) {
                    for (std::size_t c = head; c < head + width; ++c) {
                        weight[i] += q[t][c] * k[i][c] / std::sqrt(static_cast<double>(width));
                    }
                    weight[i] = std::exp(weight[i]);
                }
                const double sum = std::accumulate(weight.begin(), weight.end(), 0.0);
                for (std::size_t i = 0; i <= t; ++i) {
                    for (std::size_t c = head; c < head + width; ++c) {
                        attended[c] += weight[i] / sum * v[i][c];
                    }
                }
            }
            const std::vector<double> out = times(layer.att.output, attended);
            std::transform(out.begin(), out.end(), x[t].begin(), x[t].begin(), std::plus<>());
        }
        for (std::vector<double>& at : x) {
            const std::vector<double> h = normalised(at, layer.ln2_weight, layer.ln2_bias);
            std::vector<double> hidden = times(layer.ffn.key, h);
            for (double& value : hidden) {
                value = value > 0.0 ? value * value : 0.0;
            }
            const std::vector<double> gate = times(layer.ffn.receptance, h);
            const std::vector<double> mixed = times(layer.ffn.value, hidden);
            for (std::size_t c = 0; c < channels; ++c) {
                at[c] += mixed[c] / (1.0 + std::exp(-gate[c]));
            }
        }
    }
    std::vector<std::vector<double>> logits;
    for (const std::vector<double>& at : x) {
        logits.push_back(
            times(tensors.head, normalised(at, tensors.ln_out_weight, tensors.ln_out_bias)));
    }
    return logits;
}

TEST_CASE("the attention twin computes what its formulas say, heads and long sequences included") {
    const auto [channels, length] = GENERATE(std::pair{6, 9}, std::pair{128, 5}, std::pair{4, 150});
    const Parameters parameters = twin_parameters(channels);
    std::vector<int> tokens(static_cast<std::size_t>(length));
    Random random(7);
    for (int& token : tokens) {
        token = static_cast<int>(random.below(11));
    }
    Workers workers(2);
    AttentionTwin twin(parameters, workers);
    const auto logits = twin.forward(tokens);
    const auto expected = by_the_formulas(parameters, tokens);
    double largest = 0.0;
    double error = 0.0;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
        for (std::size_t v = 0; v < 11; ++v) {
            largest = std::max(largest, std::abs(expected[t][v]));
            error = std::max(error, std::abs(expected[t][v] - logits[t * 11 + v]));
        }
    }
    CHECK(error < 1e-4 * largest);
}

TEST_CASE("no token of the twin sees one behind it") {
    const Parameters parameters = twin_parameters(8);
    Workers workers(1);
    AttentionTwin twin(parameters, workers);
    const std::vector<int> tokens = {1, 2, 3, 4, 5, 6};
    const auto seen = twin.forward(tokens);
    const std::vector<float> before(seen.begin(), seen.end());
    const auto after = twin.forward(std::vector<int>{1, 2, 3, 10, 9, 8});
    CHECK(std::equal(before.begin(), before.begin() + 3 * 11, after.begin()));
    CHECK_FALSE(std::equal(before.begin() + 3 * 11, before.end(), after.begin() + 3 * 11));
}

TEST_CASE(
    "mixing costs a token the same at every length with WKV, and in proportion with attention") {
    ModelConfig config;
    config.layers = 12;
    config.channels = 512;
    // 12 layers of 7 vectors of 512 floats: 172 kB (docs/model.md, "State").
    CHECK(wkv_cost(config).bytes == 12 * 7 * 512 * 4);
    CHECK(wkv_cost(config).macs == 12 * 7 * 512);
    // Of 3 tokens the first reads 1 key and 1 value, the last 3 of each: 2 on average.
    CHECK(attention_cost(config, 3).macs == 12 * 512 * 2 * 2);
    CHECK(attention_cost(config, 3).bytes == 12 * 512 * 2 * 3 * 4);
    // A token of 3,072 reads 1,536.5 keys and values on average; WKV's 7 are reached at length 6.
    CHECK(attention_cost(config, 6).macs == wkv_cost(config).macs);
}

}  // namespace
}  // namespace spikeloom::models
