#include "models/attention_twin.hpp"

#include "base/error.hpp"
#include "models/state.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <Eigen/Dense>

namespace spikeloom::models {

namespace {

using AttentionMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Rows = Eigen::Map<AttentionMatrix>;
using Weights2d = Eigen::Map<const AttentionMatrix>;
using Index = Eigen::Index;

/// Rows that are worked on at a time: enough for the products, little memory for the scores.
constexpr std::size_t kRowsAtOnce = 128;

Weights2d matrix(std::span<const float> values, std::size_t columns) {
    return {values.data(), static_cast<Index>(values.size() / columns),
            static_cast<Index>(columns)};
}

AttentionMatrix layer_norm(const AttentionMatrix& x, std::span<const float> gain,
                           std::span<const float> bias, double eps) {
    using Vector = Eigen::Map<const Eigen::RowVectorXf>;
    const Vector g(gain.data(), static_cast<Index>(gain.size()));
    const Vector b(bias.data(), static_cast<Index>(bias.size()));
    AttentionMatrix h = x.colwise() - x.rowwise().mean();
    for (Index row = 0; row < h.rows(); ++row) {
        const float variance = h.row(row).squaredNorm() / static_cast<float>(h.cols());
        h.row(row) /= std::sqrt(variance + static_cast<float>(eps));
        h.row(row) = h.row(row).cwiseProduct(g) + b;
    }
    return h;
}

/// Softmax of each row over the columns up to its own place; what lies behind becomes 0.
void causal_softmax(AttentionMatrix& scores, std::size_t first_row) {
    for (Index row = 0; row < scores.rows(); ++row) {
        const Index seen = static_cast<Index>(first_row) + row + 1;
        auto visible = scores.row(row).head(seen).array();
        visible = (visible - visible.maxCoeff()).exp();
        visible /= visible.sum();
        scores.row(row).tail(scores.cols() - seen).setZero();
    }
}

}  // namespace

std::size_t AttentionTwin::head_width(const ModelConfig& config) {
    constexpr std::size_t kUsual = 64;
    const auto channels = static_cast<std::size_t>(config.channels);
    return channels % kUsual == 0 ? kUsual : channels;
}

AttentionTwin::AttentionTwin(const Parameters& parameters, Workers& workers)
    : parameters_(parameters), workers_(workers) {}

std::span<const float> AttentionTwin::forward(std::span<const int> tokens) {
    const ModelConfig& config = parameters_.config();
    const auto channels = static_cast<std::size_t>(config.channels);
    const auto vocabulary = static_cast<std::size_t>(config.vocabulary);
    const ModelTensors<const float>& tensors = parameters_.tensors();
    length_ = tokens.size();
    for (AlignedVector<float>* rows : {&x_, &query_, &key_, &value_}) {
        rows->resize(length_ * channels);
    }
    logits_.resize(length_ * vocabulary);

    AttentionMatrix embedded(static_cast<Index>(length_), static_cast<Index>(channels));
    for (std::size_t t = 0; t < length_; ++t) {
        if (tokens[t] < 0 || tokens[t] >= config.vocabulary) {
            throw InputError("token " + std::to_string(tokens[t]) + "; allowed are 0 to " +
                             std::to_string(config.vocabulary - 1));
        }
        embedded.row(static_cast<Index>(t)) =
            matrix(tensors.embedding, channels).row(static_cast<Index>(tokens[t]));
    }
    Rows(x_.data(), embedded.rows(), embedded.cols()) =
        layer_norm(embedded, tensors.ln0_weight, tensors.ln0_bias, config.layer_norm_eps);

    for (std::size_t layer = 0; layer < tensors.layers.size(); ++layer) {
        project(layer);
        attend_and_mix(layer);
    }

    workers_.run((length_ + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::size_t chunk) {
        const std::size_t first = chunk * kRowsAtOnce;
        const auto rows = static_cast<Index>(std::min(kRowsAtOnce, length_ - first));
        const AttentionMatrix x =
            Rows(x_.data() + first * channels, rows, static_cast<Index>(channels));
        Rows(logits_.data() + first * vocabulary, rows, static_cast<Index>(vocabulary)).noalias() =
            layer_norm(x, tensors.ln_out_weight, tensors.ln_out_bias, config.layer_norm_eps) *
            matrix(tensors.head, channels).transpose();
    });
    return logits_;
}

void AttentionTwin::project(std::size_t layer) {
    const ModelConfig& config = parameters_.config();
    const auto channels = static_cast<std::size_t>(config.channels);
    const LayerTensors<const float>& tensors = parameters_.tensors().layers[layer];
    workers_.run((length_ + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::size_t chunk) {
        const std::size_t first = chunk * kRowsAtOnce * channels;
        const auto rows = static_cast<Index>(std::min(kRowsAtOnce, length_ - chunk * kRowsAtOnce));
        const auto at = [&](AlignedVector<float>& all) {
            return Rows(all.data() + first, rows, static_cast<Index>(channels));
        };
        const AttentionMatrix h =
            layer_norm(at(x_), tensors.ln1_weight, tensors.ln1_bias, config.layer_norm_eps);
        at(query_).noalias() = h * matrix(tensors.att.receptance, channels).transpose();
        at(key_).noalias() = h * matrix(tensors.att.key, channels).transpose();
        at(value_).noalias() = h * matrix(tensors.att.value, channels).transpose();
    });
}

void AttentionTwin::attend_and_mix(std::size_t layer) {
    const ModelConfig& config = parameters_.config();
    const auto channels = static_cast<Index>(config.channels);
    const auto width = static_cast<Index>(head_width(config));
    const float scale = 1.0F / std::sqrt(static_cast<float>(width));
    const LayerTensors<const float>& tensors = parameters_.tensors().layers[layer];
    workers_.run((length_ + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::size_t chunk) {
        const std::size_t first = chunk * kRowsAtOnce;
        const auto rows = static_cast<Index>(std::min(kRowsAtOnce, length_ - first));
        const Index seen = static_cast<Index>(first) + rows;
        const auto start = static_cast<Index>(first);
        const Rows query(query_.data(), static_cast<Index>(length_), channels);
        const Rows key(key_.data(), static_cast<Index>(length_), channels);
        const Rows value(value_.data(), static_cast<Index>(length_), channels);
        AttentionMatrix attended(rows, channels);
        for (Index head = 0; head < channels; head += width) {
            AttentionMatrix scores =
                query.block(start, head, rows, width) * key.block(0, head, seen, width).transpose();
            scores *= scale;
            causal_softmax(scores, first);
            attended.middleCols(head, width).noalias() = scores * value.block(0, head, seen, width);
        }
        Rows x(x_.data() + first * static_cast<std::size_t>(channels), rows, channels);
        const auto c = static_cast<std::size_t>(channels);
        x.noalias() += attended * matrix(tensors.att.output, c).transpose();
        const AttentionMatrix h =
            layer_norm(x, tensors.ln2_weight, tensors.ln2_bias, config.layer_norm_eps);
        const AttentionMatrix hidden =
            (h * matrix(tensors.ffn.key, c).transpose()).cwiseMax(0.0F).array().square();
        const AttentionMatrix gate =
            1.0F / (1.0F + (-(h * matrix(tensors.ffn.receptance, c).transpose()).array()).exp());
        const AttentionMatrix mixed =
            hidden * matrix(tensors.ffn.value, config.hidden()).transpose();
        x += gate.cwiseProduct(mixed);
    });
}

MixingCost wkv_cost(const ModelConfig& config) {
    constexpr double kMacsPerChannel = 7.0;
    return {kMacsPerChannel * config.channels * config.layers,
            static_cast<double>(State(config).flat().size_bytes())};
}

MixingCost attention_cost(const ModelConfig& config, std::size_t length) {
    const double width = static_cast<double>(config.channels) * config.layers;
    const auto tokens = static_cast<double>(length);
    return {2.0 * width * (tokens + 1.0) / 2.0, 2.0 * width * tokens * sizeof(float)};
}

}  // namespace spikeloom::models
