#include "models/integer_model.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::models {

namespace {

using fixed::Results;
using fixed::Value;
using fixed::Values;
using Vector = std::vector<Value>;

constexpr std::size_t kStateVectors = 7;

/// sum_c weights[c] * events[c]; exact, by the quantiser's proof.
Value dot(const std::int16_t* weights, const std::int16_t* events, std::size_t columns) {
    std::int32_t total = 0;
    for (std::size_t c = 0; c < columns; ++c) {
        total += std::int32_t{weights[c]} * events[c];
    }
    return total;
}

}  // namespace

IntegerState::IntegerState(const ModelConfig& config)
    : channels_(static_cast<std::size_t>(config.channels)),
      values_(static_cast<std::size_t>(config.layers) * kStateVectors * channels_) {
    reset();
}

IntegerState::Layer IntegerState::layer(std::size_t layer) {
    const auto vector = [&](std::size_t index) {
        return Results(values_).subspan((layer * kStateVectors + index) * channels_, channels_);
    };
    return {vector(0), vector(1), vector(2), vector(3), vector(4), vector(5), vector(6)};
}

void IntegerState::reset() {
    std::fill(values_.begin(), values_.end(), 0);
    for (std::size_t l = 0; l * kStateVectors * channels_ < values_.size(); ++l) {
        const Results exponent = layer(l).exponent;
        std::fill(exponent.begin(), exponent.end(), fixed::kEmptyExponent);
    }
}

struct IntegerModel::Impl {
    /// Where events saturate, in the order of the sites' first use.
    struct Counters {
        Saturation residual{"residual"};
        struct Layer {
            Saturation key, value, receptance, output, sum;
            Saturation ffn_key, ffn_receptance, ffn_value, ffn_sum;
        };
        std::vector<Layer> layers;
        Saturation head{"head"};
    };

    explicit Impl(const QuantisedModel& quantised)
        : model(quantised),
          channels(static_cast<std::size_t>(model.config.channels)),
          hidden(model.config.hidden()),
          state(model.config),
          normalised(channels),
          mixed(channels),
          key(channels),
          value(channels),
          receptance(channels),
          wkv(channels),
          bonus(channels),
          scale(channels),
          old_share(channels),
          new_share(channels),
          scratch(channels),
          wide(hidden),
          events(std::max(channels, hidden)),
          logits(static_cast<std::size_t>(model.config.vocabulary)) {
        const std::size_t blocks = 2 * model.layers.size();
        trace.channels = channels;
        trace.residual.resize((blocks + 1) * channels);
        trace.drive.resize(blocks * channels);
        trace.spikes.resize(blocks * channels);
        trace.membrane.resize(blocks * channels);
        for (std::size_t l = 0; l < model.layers.size(); ++l) {
            const std::string att = "blocks." + std::to_string(l) + ".att.";
            const std::string ffn = "blocks." + std::to_string(l) + ".ffn.";
            counters.layers.push_back({{att + "key"},
                                       {att + "value"},
                                       {att + "receptance"},
                                       {att + "output"},
                                       {att + "sum"},
                                       {ffn + "key"},
                                       {ffn + "receptance"},
                                       {ffn + "value"},
                                       {ffn + "sum"}});
        }
    }

    /// narrow, counting what did not fit.
    static void narrow(Values x, int shift, int bits, Saturation& counter, Results to) {
        const std::int64_t half = std::int64_t{1} << (bits - 1);
        std::uint64_t saturated = 0;
        for (const Value v : x) {
            const std::int64_t shifted = fixed::shift_right(v, shift);
            saturated += shifted < -half || shifted >= half ? 1 : 0;
        }
        counter.values += x.size();
        counter.saturated += saturated;
        fixed::narrow(x, shift, bits, to);
    }

    /// to = matrix x, where x travels as events.
    void project(const QuantisedMatrix& matrix, Values x, Results narrowed, Saturation& counter,
                 Results to) {
        narrow(x, matrix.input.shift(), matrix.input.bits, counter, narrowed);
        std::copy(narrowed.begin(), narrowed.end(), events.begin());
        const auto columns = static_cast<std::size_t>(matrix.columns);
        for (std::size_t r = 0; r < to.size(); ++r) {
            to[r] = dot(matrix.weights.data() + r * columns, events.data(), columns);
        }
        fixed::multiply(to, matrix.multiplier, matrix.shift, to);
    }

    void project_mixed(const QuantisedMatrix& matrix, Values before, Values mix,
                       Saturation& counter, Results to) {
        fixed::interpolate(normalised, before, mix, mixed);
        project(matrix, mixed, mixed, counter, to);
    }

    /// One step of the WKV recurrence; y to `wkv`.
    void recur(const QuantisedTimeMix& mix, IntegerState::Layer& memory) {
        fixed::add(mix.first, key, bonus);
        fixed::maximum(memory.exponent, bonus, scale);
        fixed::subtract(memory.exponent, scale, old_share);
        fixed::exponential(old_share, old_share);
        fixed::subtract(bonus, scale, new_share);
        fixed::exponential(new_share, new_share);
        fixed::multiply(old_share, memory.numerator, fixed::kFraction, wkv);
        fixed::multiply(new_share, value, fixed::kFraction, scratch);
        fixed::add(wkv, scratch, wkv);
        fixed::multiply(old_share, memory.denominator, fixed::kFraction, scratch);
        fixed::add(scratch, new_share, scratch);
        fixed::divide(wkv, scratch, wkv);

        fixed::add(mix.decay, memory.exponent, bonus);
        fixed::maximum(bonus, key, memory.exponent);
        fixed::subtract(bonus, memory.exponent, old_share);
        fixed::exponential(old_share, old_share);
        fixed::subtract(key, memory.exponent, new_share);
        fixed::exponential(new_share, new_share);
        fixed::multiply(old_share, memory.numerator, fixed::kFraction, memory.numerator);
        fixed::multiply(new_share, value, fixed::kFraction, scratch);
        fixed::add(memory.numerator, scratch, memory.numerator);
        fixed::multiply(old_share, memory.denominator, fixed::kFraction, memory.denominator);
        fixed::add(memory.denominator, new_share, memory.denominator);
    }

    void time_mix(const QuantisedTimeMix& mix, Values x, IntegerState::Layer& memory,
                  Counters::Layer& counter, Results drive) {
        mix.norm.apply(x, normalised);
        project_mixed(mix.key, memory.att_shift, mix.mix_key, counter.key, key);
        project_mixed(mix.value, memory.att_shift, mix.mix_value, counter.value, value);
        project_mixed(mix.receptance, memory.att_shift, mix.mix_receptance, counter.receptance,
                      receptance);
        std::copy(normalised.begin(), normalised.end(), memory.att_shift.begin());
        recur(mix, memory);
        fixed::sigmoid(receptance, receptance);
        fixed::multiply(receptance, wkv, fixed::kFraction, wkv);
        project(mix.output, wkv, wkv, counter.output, drive);
    }

    void channel_mix(const QuantisedChannelMix& mix, Values x, IntegerState::Layer& memory,
                     Counters::Layer& counter, Results drive) {
        mix.norm.apply(x, normalised);
        project_mixed(mix.key, memory.ffn_shift, mix.mix_key, counter.ffn_key, wide);
        project_mixed(mix.receptance, memory.ffn_shift, mix.mix_receptance, counter.ffn_receptance,
                      receptance);
        std::copy(normalised.begin(), normalised.end(), memory.ffn_shift.begin());
        fixed::rectify(wide, wide);
        fixed::multiply(wide, wide, fixed::kFraction, wide);
        project(mix.value, wide, wide, counter.ffn_value, value);
        fixed::sigmoid(receptance, receptance);
        fixed::multiply(receptance, value, fixed::kFraction, drive);
    }

    /// What a sub-block adds to the residual stream, from its drive; `block` counts sub-blocks.
    void add_to_residual(std::size_t block, EventFormat sum, Results membrane,
                         Saturation& sum_counter) {
        const Results drive = Results(trace.drive).subspan(block * channels, channels);
        const Values before = trace.row(trace.residual, block);
        const Results after = Results(trace.residual).subspan((block + 1) * channels, channels);
        int up = model.residual.fraction;
        if (model.config.spiking()) {
            const Results spikes = Results(trace.spikes).subspan(block * channels, channels);
            fixed::integrate_and_fire(drive, model.lif, membrane, spikes);
            std::copy(membrane.begin(), membrane.end(),
                      trace.membrane.begin() + static_cast<std::ptrdiff_t>(block * channels));
            fixed::shift_left(spikes, up, scratch);
        } else {
            narrow(drive, sum.shift(), sum.bits, sum_counter, scratch);
            up -= sum.fraction;
            fixed::shift_left(scratch, up, scratch);
        }
        fixed::add(before, scratch, after);
        narrow(after, 0, model.residual.bits, counters.residual, after);
    }

    void embed(std::size_t token) {
        const Results x = Results(trace.residual).first(channels);
        const std::uint8_t* const bits = model.embedding.data() + token * channels;
        std::transform(
            bits, bits + channels, x.begin(),
            [shift = model.residual.fraction](std::uint8_t bit) { return bit << shift; });
        model.embedding_norm.apply(x, x);
        narrow(x, model.residual.shift(), model.residual.bits, counters.residual, x);
    }

    void step(std::size_t token) {
        embed(token);
        for (std::size_t l = 0; l < model.layers.size(); ++l) {
            const QuantisedLayer& layer = model.layers[l];
            Counters::Layer& counter = counters.layers[l];
            IntegerState::Layer memory = state.layer(l);
            const auto drive = [&](std::size_t block) {
                return Results(trace.drive).subspan(block * channels, channels);
            };
            time_mix(layer.time_mix, trace.row(trace.residual, 2 * l), memory, counter,
                     drive(2 * l));
            add_to_residual(2 * l, layer.time_mix.sum, memory.att_membrane, counter.sum);
            channel_mix(layer.channel_mix, trace.row(trace.residual, 2 * l + 1), memory, counter,
                        drive(2 * l + 1));
            add_to_residual(2 * l + 1, layer.channel_mix.sum, memory.ffn_membrane, counter.ffn_sum);
        }
        model.final_norm.apply(trace.row(trace.residual, 2 * model.layers.size()), normalised);
        project(model.head, normalised, normalised, counters.head, logits);
    }

    const QuantisedModel& model;
    std::size_t channels;
    std::size_t hidden;
    IntegerState state;
    Trace trace;
    Counters counters;
    // The registers of a step; `scratch` holds nothing across calls.
    Vector normalised, mixed, key, value, receptance, wkv;
    Vector bonus, scale, old_share, new_share, scratch;
    Vector wide;
    std::vector<std::int16_t> events;
    Vector logits;
};

IntegerModel::IntegerModel(const QuantisedModel& model) : impl_(std::make_unique<Impl>(model)) {}
IntegerModel::~IntegerModel() = default;
IntegerModel::IntegerModel(IntegerModel&&) noexcept = default;

fixed::Values IntegerModel::step(int token) {
    if (token < 0 || token >= impl_->model.config.vocabulary) {
        throw InputError("token " + std::to_string(token) + "; the model's vocabulary is 0 to " +
                         std::to_string(impl_->model.config.vocabulary - 1));
    }
    impl_->step(static_cast<std::size_t>(token));
    return impl_->logits;
}

const Trace& IntegerModel::trace() const {
    return impl_->trace;
}

const IntegerState& IntegerModel::state() const {
    return impl_->state;
}

void IntegerModel::restore(const IntegerState& state) {
    if (state.flat().size() != impl_->state.flat().size()) {
        throw InputError("restoring a state of " + std::to_string(state.flat().size()) +
                         " values; the model's has " +
                         std::to_string(impl_->state.flat().size()));
    }
    impl_->state = state;
}

void IntegerModel::reset() {
    impl_->state.reset();
}

std::vector<Saturation> IntegerModel::saturations() const {
    const Impl::Counters& counters = impl_->counters;
    std::vector<Saturation> result;
    for (const Impl::Counters::Layer& layer : counters.layers) {
        result.insert(result.end(), {layer.key, layer.value, layer.receptance, layer.output});
        if (!config().spiking()) {
            result.push_back(layer.sum);
        }
        result.insert(result.end(), {layer.ffn_key, layer.ffn_receptance, layer.ffn_value});
        if (!config().spiking()) {
            result.push_back(layer.ffn_sum);
        }
    }
    result.insert(result.end(), {counters.residual, counters.head});
    return result;
}

const ModelConfig& IntegerModel::config() const {
    return impl_->model.config;
}

double bits_per_token(IntegerModel& model, std::span<const int> tokens) {
    if (tokens.size() < 2) {
        throw InputError("evaluating " + std::to_string(tokens.size()) +
                         " tokens; at least 2 are needed");
    }
    model.reset();
    double bits = 0.0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        const fixed::Values logits = model.step(tokens[i]);
        const auto target = static_cast<std::size_t>(tokens[i + 1]);
        if (target >= logits.size()) {
            throw InputError("token " + std::to_string(tokens[i + 1]) +
                             "; the model's vocabulary is 0 to " +
                             std::to_string(logits.size() - 1));
        }
        const Value largest = *std::max_element(logits.begin(), logits.end());
        double total = 0.0;
        for (const Value logit : logits) {
            total += std::exp((static_cast<double>(logit) - largest) / fixed::kOne);
        }
        bits += std::log2(total) -
                (static_cast<double>(logits[target]) - largest) / fixed::kOne / std::log(2.0);
    }
    return bits / static_cast<double>(tokens.size() - 1);
}

}  // namespace spikeloom::models
