#include "models/integer_model.hpp"

#include "base/error.hpp"
#include "models/integer_product.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

namespace spikeloom::models {

namespace {

using fixed::Results;
using fixed::Value;
using fixed::Values;
using Vector = std::vector<Value>;

constexpr std::size_t kPlainVectors = 5;

void require_in_vocabulary(int token, const ModelConfig& config) {
    if (token < 0 || token >= config.vocabulary) {
        throw InputError("token " + std::to_string(token) + "; the model's vocabulary is 0 to " +
                         std::to_string(config.vocabulary - 1));
    }
}

/// narrow, counting what did not fit.
void narrow(Values x, int shift, int bits, Saturation& counter, Results to) {
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

/// A matrix with the events into it.
class Projection {
  public:
    Projection(const QuantisedMatrix& matrix, const std::string& name)
        : matrix_(matrix),
          product_(matrix),
          events_(static_cast<std::size_t>(matrix.columns)),
          saturation_{name} {}

    /// x is narrowed in place and travels as events; or is spikes already.
    void take(Results x) {
        if (!matrix_.input.spikes()) {
            narrow(x, matrix_.input.shift(), matrix_.input.bits, saturation_, x);
        }
        std::copy(x.begin(), x.end(), events_.begin());
    }

    /// Rows from `first` on of matrix x, where x was taken before.
    void apply(std::size_t first, Results to) const {
        product_.accumulate(events_, first, to);
        fixed::multiply(to, Values(matrix_.multiplier).subspan(first, to.size()), matrix_.shift,
                        to);
    }

    bool reads_spikes() const { return matrix_.input.spikes(); }
    const Saturation& saturation() const { return saturation_; }

  private:
    const QuantisedMatrix& matrix_;
    IntegerProduct product_;
    std::vector<std::int16_t> events_;
    Saturation saturation_;
};

/// to = matrix x of a projection.
struct Application {
    const Projection* projection;
    Results to;
};

/// Several at once, shared out among the workers in chunks of rows.
void apply_all(Workers& workers, std::span<const Application> applications) {
    // Long enough runs of weights for prefetching, short enough for threads to share.
    constexpr std::size_t kRows = 128;
    workers.run_parts(
        applications, [](const Application& a) { return a.to.size(); }, kRows,
        [](const Application& a, std::size_t first, std::size_t last) {
            a.projection->apply(first, a.to.subspan(first, last - first));
        });
}

struct TimeMix {
    TimeMix(const QuantisedTimeMix& from, const std::string& name)
        : model(from),
          key(from.key, name + "key"),
          value(from.value, name + "value"),
          receptance(from.receptance, name + "receptance"),
          output(from.output, name + "output"),
          sum{name + "sum"} {}
    const QuantisedTimeMix& model;
    Projection key, value, receptance, output;
    Saturation sum;
};

struct ChannelMix {
    ChannelMix(const QuantisedChannelMix& from, const std::string& name)
        : model(from),
          key(from.key, name + "key"),
          receptance(from.receptance, name + "receptance"),
          value(from.value, name + "value"),
          sum{name + "sum"} {}
    const QuantisedChannelMix& model;
    Projection key, receptance, value;
    Saturation sum;
};

struct Layer {
    TimeMix time_mix;
    ChannelMix channel_mix;
};

}  // namespace

IntegerState::IntegerState(const ModelConfig& config)
    : layers_(static_cast<std::size_t>(config.layers)),
      channels_(static_cast<std::size_t>(config.channels)),
      sites_(lif_sites(config)) {
    std::size_t a_layer = kPlainVectors * channels_;
    for (const LifSite site : sites_) {
        widths_[site] = lif_width(config, site);
        a_layer += widths_[site];
    }
    values_.resize(layers_ * a_layer);
    reset();
}

IntegerState::Layer IntegerState::layer(std::size_t layer) {
    Results rest = Results(values_).subspan(layer * (values_.size() / layers_));
    const auto next = [&](std::size_t width) {
        const Results vector = rest.first(width);
        rest = rest.subspan(width);
        return vector;
    };
    Layer views;
    for (Results* const view : {&views.att_shift, &views.numerator, &views.denominator,
                                &views.exponent, &views.ffn_shift}) {
        *view = next(channels_);
    }
    for (const LifSite site : sites_) {
        views.membranes[site] = next(widths_[site]);
    }
    return views;
}

void IntegerState::reset() {
    std::fill(values_.begin(), values_.end(), 0);
    for (std::size_t l = 0; l < layers_; ++l) {
        const Results exponent = layer(l).exponent;
        std::fill(exponent.begin(), exponent.end(), fixed::kEmptyExponent);
    }
}

struct IntegerModel::Impl {
    Impl(const QuantisedModel& quantised, Workers* threads, const fixed::Functions& made)
        : alone(threads == nullptr ? std::make_unique<Workers>(1) : nullptr),
          workers(threads == nullptr ? *alone : *threads),
          model(quantised),
          functions(made),
          channels(static_cast<std::size_t>(model.config.channels)),
          state(model.config),
          head(model.head, "head"),
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
          wide(model.config.hidden()),
          logits(static_cast<std::size_t>(model.config.vocabulary)) {
        const std::size_t blocks = 2 * model.layers.size();
        trace.channels = channels;
        trace.residual.resize((blocks + 1) * channels);
        trace.drive.resize(blocks * channels);
        trace.spikes.resize(model.layers.size());
        for (std::size_t l = 0; l < model.layers.size(); ++l) {
            for (const LifSite site : lif_sites(model.config)) {
                trace.spikes[l][site].resize(lif_width(model.config, site));
            }
            const std::string block = "blocks." + std::to_string(l) + ".";
            layers.push_back({TimeMix(model.layers[l].time_mix, block + "att."),
                              ChannelMix(model.layers[l].channel_mix, block + "ffn.")});
        }
    }

    /// The neurons of a site: their drive becomes their spikes.
    void fire(LifSite site, std::size_t l, IntegerState::Layer& memory, Results drive) {
        fixed::integrate_and_fire(drive, model.lif, memory.membranes[site], drive);
        std::copy(drive.begin(), drive.end(), trace.spikes[l][site].begin());
    }

    /// The token-shift mix of `normalised`, or the spikes it drives, goes to a projection.
    void take_mixed(LifSite in_front, std::size_t l, IntegerState::Layer& memory,
                    Projection& projection, Values before, Values mix) {
        fixed::interpolate(normalised, before, mix, mixed);
        if (model.config.spikes_in_front()) {
            fire(in_front, l, memory, mixed);
        }
        projection.take(mixed);
    }

    /// to = matrix x.
    void project(Projection& projection, Results x, Results to) {
        projection.take(x);
        apply_all(workers, std::array{Application{&projection, to}});
    }

    /// One step of the WKV recurrence; y to `wkv`.
    void recur(const QuantisedTimeMix& mix, IntegerState::Layer& memory) {
        fixed::add(mix.first, key, bonus);
        fixed::maximum(memory.exponent, bonus, scale);
        fixed::subtract(memory.exponent, scale, old_share);
        fixed::exponential(old_share, old_share, functions.exponential);
        fixed::subtract(bonus, scale, new_share);
        fixed::exponential(new_share, new_share, functions.exponential);
        fixed::multiply(old_share, memory.numerator, fixed::kFraction, wkv);
        fixed::multiply(new_share, value, fixed::kFraction, scratch);
        fixed::add(wkv, scratch, wkv);
        fixed::multiply(old_share, memory.denominator, fixed::kFraction, scratch);
        fixed::add(scratch, new_share, scratch);
        fixed::divide(wkv, scratch, wkv, functions.divide_steps);

        fixed::add(mix.decay, memory.exponent, bonus);
        fixed::maximum(bonus, key, memory.exponent);
        fixed::subtract(bonus, memory.exponent, old_share);
        fixed::exponential(old_share, old_share, functions.exponential);
        fixed::subtract(key, memory.exponent, new_share);
        fixed::exponential(new_share, new_share, functions.exponential);
        fixed::multiply(old_share, memory.numerator, fixed::kFraction, memory.numerator);
        fixed::multiply(new_share, value, fixed::kFraction, scratch);
        fixed::add(memory.numerator, scratch, memory.numerator);
        fixed::multiply(old_share, memory.denominator, fixed::kFraction, memory.denominator);
        fixed::add(memory.denominator, new_share, memory.denominator);
    }

    void time_mix(std::size_t l, Values x, IntegerState::Layer& memory, Results drive) {
        TimeMix& mix = layers[l].time_mix;
        mix.model.norm.apply(x, normalised, functions.normalise_steps);
        take_mixed(LifSite::att_key, l, memory, mix.key, memory.att_shift, mix.model.mix_key);
        take_mixed(LifSite::att_value, l, memory, mix.value, memory.att_shift, mix.model.mix_value);
        take_mixed(LifSite::att_receptance, l, memory, mix.receptance, memory.att_shift,
                   mix.model.mix_receptance);
        apply_all(workers,
                  std::array<Application, 3>{
                      {{&mix.key, key}, {&mix.value, value}, {&mix.receptance, receptance}}});
        std::copy(normalised.begin(), normalised.end(), memory.att_shift.begin());
        recur(mix.model, memory);
        fixed::sigmoid(receptance, receptance, functions.sigmoid);
        fixed::multiply(receptance, wkv, fixed::kFraction, wkv);
        if (model.config.spikes_in_front()) {
            fire(LifSite::att_output, l, memory, wkv);
        }
        project(mix.output, wkv, drive);
    }

    void channel_mix(std::size_t l, Values x, IntegerState::Layer& memory, Results drive) {
        ChannelMix& mix = layers[l].channel_mix;
        mix.model.norm.apply(x, normalised, functions.normalise_steps);
        take_mixed(LifSite::ffn_key, l, memory, mix.key, memory.ffn_shift, mix.model.mix_key);
        take_mixed(LifSite::ffn_receptance, l, memory, mix.receptance, memory.ffn_shift,
                   mix.model.mix_receptance);
        apply_all(workers,
                  std::array<Application, 2>{{{&mix.key, wide}, {&mix.receptance, receptance}}});
        std::copy(normalised.begin(), normalised.end(), memory.ffn_shift.begin());
        if (model.config.hidden_spikes()) {
            fire(LifSite::ffn_value, l, memory, wide);
        } else {
            fixed::rectify(wide, wide);
            if (model.config.ffn_activation == FfnActivation::relu_squared) {
                fixed::multiply(wide, wide, fixed::kFraction, wide);
            }
        }
        project(mix.value, wide, value);
        fixed::sigmoid(receptance, receptance, functions.sigmoid);
        fixed::multiply(receptance, value, fixed::kFraction, drive);
    }

    Results row(std::vector<Value>& of, std::size_t index) const {
        return Results(of).subspan(index * channels, channels);
    }

    /// What sub-block `block`, with neurons of `behind` if any, adds to the residual stream, from
    /// its drive.
    void add_to_residual(std::size_t block, LifSite behind, IntegerState::Layer& memory,
                         EventFormat sum, Saturation& counter) {
        const Results drive = row(trace.drive, block);
        const Results after = row(trace.residual, block + 1);
        if (model.config.spikes_behind()) {
            std::copy(drive.begin(), drive.end(), scratch.begin());
            fire(behind, block / 2, memory, scratch);
            fixed::shift_left(scratch, model.residual.fraction, scratch);
        } else {
            narrow(drive, sum.shift(), sum.bits, counter, scratch);
            fixed::shift_left(scratch, model.residual.fraction - sum.fraction, scratch);
        }
        fixed::add(row(trace.residual, block), scratch, after);
        narrow(after, 0, model.residual.bits, residual, after);
    }

    void embed(std::size_t token) {
        const Results x = row(trace.residual, 0);
        model.embedded(token, x);
        model.embedding_norm.apply(x, x, functions.normalise_steps);
        narrow(x, model.residual.shift(), model.residual.bits, residual, x);
    }

    void step(std::size_t token) {
        embed(token);
        for (std::size_t l = 0; l < layers.size(); ++l) {
            TimeMix& time = layers[l].time_mix;
            ChannelMix& channel = layers[l].channel_mix;
            IntegerState::Layer memory = state.layer(l);
            const std::size_t block = 2 * l;
            time_mix(l, row(trace.residual, block), memory, row(trace.drive, block));
            add_to_residual(block, LifSite::att, memory, time.model.sum, time.sum);
            channel_mix(l, row(trace.residual, block + 1), memory, row(trace.drive, block + 1));
            add_to_residual(block + 1, LifSite::ffn, memory, channel.model.sum, channel.sum);
        }
        model.final_norm.apply(row(trace.residual, 2 * layers.size()), normalised,
                               functions.normalise_steps);
        project(head, normalised, logits);
    }

    std::unique_ptr<Workers> alone;  // where none were given
    Workers& workers;
    const QuantisedModel& model;
    const fixed::Functions functions;
    std::size_t channels;
    IntegerState state;
    Trace trace;
    std::vector<Layer> layers;
    Projection head;
    Saturation residual{"residual"};
    // The registers of a step; `scratch` holds nothing across calls.
    Vector normalised, mixed, key, value, receptance, wkv;
    Vector bonus, scale, old_share, new_share, scratch;
    Vector wide;
    Vector logits;
};

IntegerModel::IntegerModel(const QuantisedModel& model, const fixed::Functions& functions)
    : impl_(std::make_unique<Impl>(model, nullptr, functions)) {}
IntegerModel::IntegerModel(const QuantisedModel& model, Workers& workers,
                           const fixed::Functions& functions)
    : impl_(std::make_unique<Impl>(model, &workers, functions)) {}
IntegerModel::~IntegerModel() = default;
IntegerModel::IntegerModel(IntegerModel&&) noexcept = default;

fixed::Values IntegerModel::step(int token) {
    require_in_vocabulary(token, impl_->model.config);
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
                         " values; the model's has " + std::to_string(impl_->state.flat().size()));
    }
    impl_->state = state;
}

void IntegerModel::reset() {
    impl_->state.reset();
}

std::vector<Saturation> IntegerModel::saturations() const {
    std::vector<Saturation> result;
    for (const Layer& layer : impl_->layers) {
        const TimeMix& time = layer.time_mix;
        const ChannelMix& channel = layer.channel_mix;
        for (const Projection* projection : {&time.key, &time.value, &time.receptance, &time.output,
                                             &channel.key, &channel.receptance, &channel.value}) {
            if (!projection->reads_spikes()) {
                result.push_back(projection->saturation());
            }
        }
        if (!config().spikes_behind()) {
            result.insert(result.end(), {time.sum, channel.sum});
        }
    }
    result.insert(result.end(), {impl_->residual, impl_->head.saturation()});
    return result;
}

const ModelConfig& IntegerModel::config() const {
    return impl_->model.config;
}

namespace {

/// The model's steps with its logits as floats.
std::function<std::span<const float>(int)> float_steps(IntegerModel& model,
                                                       std::vector<float>& logits) {
    logits.resize(static_cast<std::size_t>(model.config().vocabulary));
    return [&](int token) {
        const Values result = model.step(token);
        std::transform(result.begin(), result.end(), logits.begin(), [](Value logit) {
            return static_cast<float>(logit) / static_cast<float>(fixed::kOne);
        });
        return std::span<const float>(logits);
    };
}

void require_in_vocabulary(std::span<const int> tokens, const ModelConfig& config) {
    for (const int token : tokens) {
        require_in_vocabulary(token, config);
    }
}

}  // namespace

double evaluate(IntegerModel& model, std::span<const int> tokens,
                const EvaluationProgress& progress) {
    require_in_vocabulary(tokens, model.config());
    model.reset();
    std::vector<float> logits;
    return evaluate_steps(float_steps(model, logits), tokens, progress);
}

double evaluate(IntegerModel& model, std::span<const int> tokens, const Windows& windows,
                const EvaluationProgress& progress) {
    require_in_vocabulary(tokens, model.config());
    std::vector<float> logits;
    return evaluate_steps(
        float_steps(model, logits), [&] { model.reset(); }, tokens, windows, progress);
}

}  // namespace spikeloom::models
