#include "models/quantiser.hpp"

#include "base/error.hpp"
#include "models/row_scale.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

namespace spikeloom::models {

namespace {

constexpr int kResidualBits = 16;
constexpr int kMultiplierBits = 23;
constexpr double kLargestEpsilon = 0x1.0p62;

/// The nearest Q.16 number within the bounds (both included).
std::int32_t to_fixed(double x, double least = -0x1.0p31, double most = 0x1.0p31 - 1.0) {
    return static_cast<std::int32_t>(std::llround(std::clamp(x * fixed::kOne, least, most)));
}

std::vector<std::int32_t> to_fixed(std::span<const float> values) {
    std::vector<std::int32_t> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](float x) { return to_fixed(double{x}); });
    return result;
}

/// Token-shift mixes, within the 31 bits that fixed::interpolate takes.
std::vector<std::int32_t> to_mix(std::span<const float> values) {
    std::vector<std::int32_t> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](float x) { return to_fixed(double{x}, -0x1.0p30, 0x1.0p30 - 1.0); });
    return result;
}

/// w = -exp(time_decay), a token's decay in the exponent; not below -8192, where e^w has long been
/// 0.
std::vector<std::int32_t> to_decay(std::span<const float> values) {
    std::vector<std::int32_t> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](float x) { return to_fixed(-std::exp(double{x}), -0x1.0p29, 0.0); });
    return result;
}

/// What a column counts where a row's scale is chosen: the mean square of its input, but at least a
/// hundredth of the columns' mean, for an input that was silent in the calibration may speak later.
std::vector<float> importance_of(std::vector<float> mean_squares) {
    const float mean = std::accumulate(mean_squares.begin(), mean_squares.end(), 0.0F) /
                       static_cast<float>(mean_squares.size());
    for (float& square : mean_squares) {
        square = std::max(square, 0.01F * mean);
    }
    return mean_squares;
}

/// A row without the `share` of its weights that count least: by magnitude times the root mean
/// square of their input (Sun et al., "A Simple and Effective Pruning Approach for Large Language
/// Models", ICLR 2024), of equal ones the first.
std::vector<float> pruned(std::span<const float> row, std::span<const float> mean_squares,
                          double share) {
    std::vector<float> result(row.begin(), row.end());
    std::vector<std::size_t> order(row.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto least = static_cast<std::ptrdiff_t>(share * static_cast<double>(row.size()));
    const auto counts = [&](std::size_t c) { return row[c] * row[c] * mean_squares[c]; };
    std::nth_element(order.begin(), order.begin() + least, order.end(),
                     [&](std::size_t a, std::size_t b) {
                         return std::pair(counts(a), a) < std::pair(counts(b), b);
                     });
    std::for_each(order.begin(), order.begin() + least,
                  [&](std::size_t column) { result[column] = 0.0F; });
    return result;
}

/// The finest power-of-two format of `bits` bits that holds +-largest.
EventFormat format_for(double largest, int bits) {
    const double most = std::ldexp(1.0, bits - 1) - 1.0;
    EventFormat format{bits, fixed::kFraction};
    while (format.fraction > -15 && std::ldexp(largest, format.fraction) > most) {
        --format.fraction;
    }
    return format;
}

class Quantiser {
  public:
    Quantiser(const Parameters& parameters, const Calibration& calibration,
              const QuantiserOptions& options)
        : parameters_(parameters), calibration_(calibration), options_(options) {}

    QuantisedModel run() {
        const ModelConfig& config = parameters_.config();
        const ModelTensors<const float>& from = parameters_.tensors();
        model_.config = config;
        model_.lif = {to_fixed(1.0 / config.tau), to_fixed(config.threshold), 0};
        choose_embedding(from.embedding);
        choose_residual();
        for (int l = 0; l < config.layers; ++l) {
            const LayerTensors<const float>& layer = from.layers[static_cast<std::size_t>(l)];
            model_.layers.push_back({time_mix(layer, l), channel_mix(layer, l)});
        }
        model_.final_norm = norm(from.ln_out_weight, from.ln_out_bias);
        model_.head =
            matrix(from.head, config.vocabulary, Site::head_input, config.layers - 1, false);
        model_.check("the quantised model");
        return std::move(model_);
    }

  private:
    double largest(Site site, int layer) const {
        return calibration_.largest(site, layer) * options_.headroom;
    }

    /// Of values of which `one` units are 1; by default those of the residual stream.
    QuantisedNorm norm(std::span<const float> gain, std::span<const float> bias, double one) const {
        const double units = parameters_.config().channels * one;
        const double epsilon = parameters_.config().layer_norm_eps * units * units;
        return {to_fixed(gain), to_fixed(bias),
                std::llround(std::clamp(epsilon, 1.0, kLargestEpsilon))};
    }
    QuantisedNorm norm(std::span<const float> gain, std::span<const float> bias) const {
        return norm(gain, bias, std::ldexp(1.0, model_.residual.fraction));
    }

    /// Bits, or levels of one scale for the whole embedding: LayerNorm behind it does not see the
    /// scale, but for its epsilon.
    void choose_embedding(std::span<const float> values) {
        model_.embedding.resize(values.size());
        if (parameters_.config().binary_embedding) {
            std::transform(values.begin(), values.end(), model_.embedding.begin(),
                           [](float x) { return static_cast<std::int16_t>(x >= 0.0F ? 1 : 0); });
            return;
        }
        const double most = std::ldexp(1.0, model_.embedding_bits() - 1) - 1.0;
        const double scale = row_scale(values, {}, model_.embedding_bits());
        embedding_one_ = scale == 0.0 ? 1.0 : 1.0 / scale;
        std::transform(values.begin(), values.end(), model_.embedding.begin(), [&](float x) {
            return static_cast<std::int16_t>(
                std::clamp(std::nearbyint(x * embedding_one_), -most, most));
        });
    }

    /// The largest magnitude of the normalised embedding over the whole vocabulary, Q.16.
    std::int64_t largest_embedding() const {
        const auto channels = static_cast<std::size_t>(parameters_.config().channels);
        std::vector<fixed::Value> x(channels);
        std::int64_t most = 0;
        for (std::size_t begin = 0; begin < model_.embedding.size(); begin += channels) {
            model_.embedded(begin / channels, x);
            model_.embedding_norm.apply(x, x);
            for (const fixed::Value value : x) {
                most = std::max(most, std::abs(std::int64_t{value}));
            }
        }
        return most;
    }

    /// The finest format that holds the embedding and every spike that could be added to it, or,
    /// where no spikes are added, what calibration saw.
    void choose_residual() {
        const ModelConfig& config = parameters_.config();
        const ModelTensors<const float>& from = parameters_.tensors();
        double added = 2.0 * config.layers;
        double seen = 0.0;
        if (!config.spikes_behind()) {
            added = 0.0;
            for (int l = 0; l < config.layers; ++l) {
                seen = std::max(
                    {seen, largest(Site::att_residual, l), largest(Site::ffn_residual, l)});
            }
        }
        // The embedding's normalisation sees the format itself, if only in its epsilon.
        model_.residual = {kResidualBits, kResidualBits - 2};
        for (;; --model_.residual.fraction) {
            model_.embedding_norm = config.binary_embedding
                                        ? norm(from.ln0_weight, from.ln0_bias)
                                        : norm(from.ln0_weight, from.ln0_bias, embedding_one_);
            const double embedding = static_cast<double>(largest_embedding()) / fixed::kOne;
            const double most = std::max(embedding + added, seen);
            if (model_.residual.fraction == 0 || std::ldexp(most, model_.residual.fraction) + 1.0 <=
                                                     std::ldexp(1.0, kResidualBits - 1) - 1.0) {
                return;
            }
        }
    }

    /// A matrix behind `input`; of a layer's, `reads_spikes` says whether neurons stand between.
    QuantisedMatrix matrix(std::span<const float> weights, int rows, Site input, int layer,
                           bool reads_spikes) const {
        QuantisedMatrix result;
        result.rows = rows;
        result.columns = static_cast<int>(weights.size() / static_cast<std::size_t>(rows));
        result.weight_bits = options_.weight_bits;
        const std::vector<double> scales =
            round_weights(weights, importance_of(calibration_.mean_squares(input, layer)), result);

        result.input =
            reads_spikes ? kSpikes : event_format(largest_row_sum(result), largest(input, layer));
        choose_multipliers(scales, result);
        return result;
    }

    /// The finest events that hold `largest`, of as many bits as the accumulators allow.
    EventFormat event_format(std::int64_t row_sum, double largest) const {
        int bits = options_.event_bits;
        while (bits > 2 && !accumulators_fit(row_sum, bits)) {
            --bits;
        }
        return format_for(largest, bits);
    }

    /// Fills in the weights; returns the rows' scales. `importance` is a column's.
    std::vector<double> round_weights(std::span<const float> weights,
                                      std::span<const float> importance,
                                      QuantisedMatrix& result) const {
        const auto columns = static_cast<std::size_t>(result.columns);
        const double most = largest_level(result.weight_bits);
        std::vector<double> scales;
        result.weights.reserve(weights.size());
        for (std::size_t begin = 0; begin < weights.size(); begin += columns) {
            const std::vector<float> row =
                pruned(weights.subspan(begin, columns), importance, options_.prune);
            const double scale = row_scale(row, importance, result.weight_bits);
            for (const float weight : row) {
                result.weights.push_back(
                    static_cast<std::int16_t>(scale == 0.0 ? 0.0 : level_of(weight, scale, most)));
            }
            scales.push_back(scale);
        }
        return scales;
    }

    /// multiplier / 2^shift is a row's scale times 2^(16 - fraction of the events); the largest
    /// multiplier uses all its 23 bits.
    static void choose_multipliers(const std::vector<double>& scales, QuantisedMatrix& result) {
        const double unit = std::ldexp(1.0, result.input.shift());
        const double largest = *std::max_element(scales.begin(), scales.end()) * unit;
        int exponent = 0;  // largest < 2^exponent
        std::frexp(largest, &exponent);
        if (exponent > kMultiplierBits) {
            throw InputError("quantising: weights or events too large for 32-bit arithmetic");
        }
        result.shift = std::min(kMultiplierBits - exponent, 62);
        for (const double scale : scales) {
            const double multiplier = std::nearbyint(std::ldexp(scale * unit, result.shift));
            result.multiplier.push_back(static_cast<std::int32_t>(
                std::clamp(multiplier, 1.0, std::ldexp(1.0, kMultiplierBits) - 1.0)));
        }
    }

    /// How a drive enters the residual stream as it is: no finer than the stream.
    EventFormat sum_format(Site drive, int layer) const {
        EventFormat format = format_for(largest(drive, layer), options_.event_bits);
        format.fraction = std::min(format.fraction, model_.residual.fraction);
        return format;
    }

    QuantisedTimeMix time_mix(const LayerTensors<const float>& layer, int l) const {
        const TimeMixTensors<const float>& from = layer.att;
        const int channels = parameters_.config().channels;
        QuantisedTimeMix to;
        to.norm = norm(layer.ln1_weight, layer.ln1_bias);
        to.mix_key = to_mix(from.time_mix_k);
        to.mix_value = to_mix(from.time_mix_v);
        to.mix_receptance = to_mix(from.time_mix_r);
        const bool spikes = model_.config.spikes_in_front();
        to.key = matrix(from.key, channels, Site::att_mixed_k, l, spikes);
        to.value = matrix(from.value, channels, Site::att_mixed_v, l, spikes);
        to.receptance = matrix(from.receptance, channels, Site::att_mixed_r, l, spikes);
        to.decay = to_decay(from.time_decay);
        to.first = to_fixed(from.time_first);
        to.output = matrix(from.output, channels, Site::att_gated, l, spikes);
        if (!model_.config.spikes_behind()) {
            to.sum = sum_format(Site::att_drive, l);
        }
        return to;
    }

    QuantisedChannelMix channel_mix(const LayerTensors<const float>& layer, int l) const {
        const ChannelMixTensors<const float>& from = layer.ffn;
        const int channels = parameters_.config().channels;
        QuantisedChannelMix to;
        to.norm = norm(layer.ln2_weight, layer.ln2_bias);
        to.mix_key = to_mix(from.time_mix_k);
        to.mix_receptance = to_mix(from.time_mix_r);
        const bool spikes = model_.config.spikes_in_front();
        to.key = matrix(from.key, static_cast<int>(parameters_.config().hidden()),
                        Site::ffn_mixed_k, l, spikes);
        to.value = matrix(from.value, channels, Site::ffn_hidden, l, model_.config.hidden_spikes());
        to.receptance = matrix(from.receptance, channels, Site::ffn_mixed_r, l, spikes);
        if (!model_.config.spikes_behind()) {
            to.sum = sum_format(Site::ffn_drive, l);
        }
        return to;
    }

    const Parameters& parameters_;
    const Calibration& calibration_;
    const QuantiserOptions& options_;
    QuantisedModel model_;
    double embedding_one_ = 1.0;  // levels that are 1, of a graded embedding
};

void check_bits(const char* what, int bits) {
    if (bits < 2 || bits > 16) {
        throw InputError("quantising with " + std::to_string(bits) + " " + what +
                         " bits; allowed are 2 to 16");
    }
}

}  // namespace

void QuantiserOptions::check() const {
    check_bits("weight", weight_bits);
    check_bits("event", event_bits);
    if (!(prune >= 0.0 && prune < 1.0)) {
        throw InputError("quantising with a share of " + std::to_string(prune) +
                         " of the weights left out; allowed are 0 to below 1");
    }
    if (!(headroom >= 1.0 && headroom <= 1024.0)) {
        throw InputError("quantising with headroom " + std::to_string(headroom) +
                         "; allowed are 1 to 1024");
    }
}

QuantisedModel quantise(const Parameters& parameters, const Calibration& calibration,
                        const QuantiserOptions& options) {
    options.check();
    return Quantiser(parameters, calibration, options).run();
}

}  // namespace spikeloom::models
