#include "models/recurrent_model.hpp"

#include "base/error.hpp"
#include "models/lif.hpp"
#include "models/products.hpp"
#include "models/row_kernels.hpp"
#include "models/vector_math.hpp"
#include "models/wkv.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace spikeloom::models {

const char* name_of(Site site) {
    static constexpr const char* kNames[] = {"embedding",
                                             "block_input",
                                             "att_normalised",
                                             "att_mixed_k",
                                             "att_mixed_v",
                                             "att_mixed_r",
                                             "att_key_membrane",
                                             "att_key_spikes",
                                             "att_value_membrane",
                                             "att_value_spikes",
                                             "att_receptance_membrane",
                                             "att_receptance_spikes",
                                             "att_key",
                                             "att_value",
                                             "att_receptance",
                                             "att_wkv",
                                             "att_gated",
                                             "att_output_membrane",
                                             "att_output_spikes",
                                             "att_drive",
                                             "att_membrane",
                                             "att_spikes",
                                             "att_residual",
                                             "ffn_normalised",
                                             "ffn_mixed_k",
                                             "ffn_mixed_r",
                                             "ffn_key_membrane",
                                             "ffn_key_spikes",
                                             "ffn_receptance_membrane",
                                             "ffn_receptance_spikes",
                                             "ffn_key",
                                             "ffn_receptance",
                                             "ffn_value_membrane",
                                             "ffn_value_spikes",
                                             "ffn_hidden",
                                             "ffn_value",
                                             "ffn_drive",
                                             "ffn_membrane",
                                             "ffn_spikes",
                                             "ffn_residual",
                                             "head_input",
                                             "logits"};
    return kNames[static_cast<std::size_t>(site)];
}

Site membranes_of(LifSite site) {
    static constexpr Site kMembranesOfSite[] = {
        Site::att_key_membrane,        Site::att_value_membrane, Site::att_receptance_membrane,
        Site::att_output_membrane,     Site::att_membrane,       Site::ffn_key_membrane,
        Site::ffn_receptance_membrane, Site::ffn_value_membrane, Site::ffn_membrane};
    return kMembranesOfSite[static_cast<std::size_t>(site)];
}

Site spikes_of(LifSite site) {
    static constexpr Site kSpikesOfSite[] = {
        Site::att_key_spikes,        Site::att_value_spikes, Site::att_receptance_spikes,
        Site::att_output_spikes,     Site::att_spikes,       Site::ffn_key_spikes,
        Site::ffn_receptance_spikes, Site::ffn_value_spikes, Site::ffn_spikes};
    return kSpikesOfSite[static_cast<std::size_t>(site)];
}

struct RecurrentModel::Impl {
    using Vector = AlignedVector<float>;

    Impl(const Parameters& model, Workers* threads)
        : parameters(model),
          alone(threads == nullptr ? std::make_unique<Workers>(1) : nullptr),
          workers(threads == nullptr ? *alone : *threads),
          config(model.config()),
          channels(static_cast<std::size_t>(config.channels)),
          hidden(config.hidden()),
          vocabulary(static_cast<std::size_t>(config.vocabulary)),
          lif(Lif::of(config)),
          state(config),
          x(channels),
          normalised(channels),
          mixed_k(channels),
          mixed_v(channels),
          mixed_r(channels),
          key(channels),
          value(channels),
          receptance(channels),
          gated(channels),
          drive(channels),
          wide(hidden),
          logits(vocabulary),
          decay(static_cast<std::size_t>(config.layers) * channels) {
        for (std::size_t l = 0; l < parameters.tensors().layers.size(); ++l) {
            const std::span<const float> from = parameters.tensors().layers[l].att.time_decay;
            for (std::size_t c = 0; c < channels; ++c) {
                decay[l * channels + c] = -exponential(from[c]);
            }
        }
    }

    void show(Site site, std::size_t layer, std::span<const float> values) const {
        if (observer) {
            observer(site, static_cast<int>(layer), values);
        }
    }

    void normalise(std::span<const float> gain, std::span<const float> bias, const Vector& from,
                   Vector& to) const {
        const Norm norm{gain.data(), bias.data(), channels};
        normalise_row(
            norm, row_statistics(from.data(), channels, static_cast<float>(config.layer_norm_eps)),
            from.data(), to.data());
    }

    /// The neurons of a site: what drives them becomes their spikes.
    void fire(LifSite site, std::size_t layer, State::Layer& memory, std::span<float> driven) {
        lif_forward(lif, {1, driven.size(), 0}, driven.data(), memory.membranes[site].data());
        show(membranes_of(site), layer, driven);
        lif_spikes(lif, {1, driven.size(), 0}, driven.data(), driven.data());
        show(spikes_of(site), layer, driven);
    }

    /// What a matrix reads: the mix of `normalised` and `before`, or the spikes that it drives.
    void mix(LifSite in_front, Site site, std::size_t layer, std::span<const float> shares,
             std::span<const float> before, State::Layer& memory, Vector& to) {
        mix_row(channels, shares.data(), normalised.data(), before.data(), to.data());
        show(site, layer, to);
        if (config.spikes_in_front()) {
            fire(in_front, layer, memory, to);
        }
    }

    RowProduct product(std::span<const float> weight, const Vector& from, Vector& to) const {
        return {{to.size(), from.size()}, weight.data(), from.data(), to.data()};
    }

    /// What a sub-block's drive adds to the residual stream.
    void add_drive(LifSite behind, std::size_t layer, State::Layer& memory) {
        if (config.spikes_behind()) {
            fire(behind, layer, memory, drive);
        } else {
            show(spikes_of(behind), layer, drive);
        }
        for (std::size_t c = 0; c < channels; ++c) {
            x[c] += drive[c];
        }
    }

    void embed(std::size_t token) {
        const ModelTensors<const float>& tensors = parameters.tensors();
        const float* const row = tensors.embedding.data() + token * channels;
        for (std::size_t c = 0; c < channels; ++c) {
            x[c] = !config.binary_embedding ? row[c] : (row[c] >= 0.0F ? 1.0F : 0.0F);
        }
        show(Site::embedding, 0, x);
        normalise(tensors.ln0_weight, tensors.ln0_bias, x, x);
    }

    void time_mix(std::size_t l, const LayerTensors<const float>& layer, State::Layer& memory) {
        const TimeMixTensors<const float>& att = layer.att;
        normalise(layer.ln1_weight, layer.ln1_bias, x, normalised);
        show(Site::att_normalised, l, normalised);
        mix(LifSite::att_key, Site::att_mixed_k, l, att.time_mix_k, memory.att_shift, memory,
            mixed_k);
        mix(LifSite::att_value, Site::att_mixed_v, l, att.time_mix_v, memory.att_shift, memory,
            mixed_v);
        mix(LifSite::att_receptance, Site::att_mixed_r, l, att.time_mix_r, memory.att_shift, memory,
            mixed_r);
        multiply_rows(workers,
                      std::array{product(att.key, mixed_k, key), product(att.value, mixed_v, value),
                                 product(att.receptance, mixed_r, receptance)});
        show(Site::att_key, l, key);
        show(Site::att_value, l, value);
        show(Site::att_receptance, l, receptance);
        std::copy(normalised.begin(), normalised.end(), memory.att_shift.begin());

        // y first, without its gate, so that it can be shown.
        std::fill(gated.begin(), gated.end(), 1.0F);
        wkv_forward({1, channels, channels}, decay.data() + l * channels, att.time_first.data(),
                    key.data(), value.data(), gated.data(),
                    {memory.numerator.data(), memory.denominator.data(), memory.exponent.data()},
                    gated.data());
        show(Site::att_wkv, l, gated);
        for (std::size_t c = 0; c < channels; ++c) {
            gated[c] *= sigmoid(receptance[c]);
        }
        show(Site::att_gated, l, gated);
        if (config.spikes_in_front()) {
            fire(LifSite::att_output, l, memory, gated);
        }
        multiply_rows(workers, std::array{product(att.output, gated, drive)});
        show(Site::att_drive, l, drive);
        add_drive(LifSite::att, l, memory);
        show(Site::att_residual, l, x);
    }

    /// The hidden channels' sums in `wide` become what the matrix `value` reads.
    void activate(std::size_t l, State::Layer& memory) {
        if (config.hidden_spikes()) {
            fire(LifSite::ffn_value, l, memory, wide);
            return;
        }
        const bool squared = config.ffn_activation == FfnActivation::relu_squared;
        for (float& k : wide) {
            const float rectified = k > 0.0F ? k : 0.0F;
            k = squared ? rectified * rectified : rectified;
        }
    }

    void channel_mix(std::size_t l, const LayerTensors<const float>& layer, State::Layer& memory) {
        const ChannelMixTensors<const float>& ffn = layer.ffn;
        normalise(layer.ln2_weight, layer.ln2_bias, x, normalised);
        show(Site::ffn_normalised, l, normalised);
        mix(LifSite::ffn_key, Site::ffn_mixed_k, l, ffn.time_mix_k, memory.ffn_shift, memory,
            mixed_k);
        mix(LifSite::ffn_receptance, Site::ffn_mixed_r, l, ffn.time_mix_r, memory.ffn_shift, memory,
            mixed_r);
        multiply_rows(workers, std::array{product(ffn.key, mixed_k, wide),
                                          product(ffn.receptance, mixed_r, receptance)});
        show(Site::ffn_key, l, wide);
        show(Site::ffn_receptance, l, receptance);
        std::copy(normalised.begin(), normalised.end(), memory.ffn_shift.begin());

        activate(l, memory);
        show(Site::ffn_hidden, l, wide);
        multiply_rows(workers, std::array{product(ffn.value, wide, value)});
        show(Site::ffn_value, l, value);
        for (std::size_t c = 0; c < channels; ++c) {
            drive[c] = sigmoid(receptance[c]) * value[c];
        }
        show(Site::ffn_drive, l, drive);
        add_drive(LifSite::ffn, l, memory);
        show(Site::ffn_residual, l, x);
    }

    const Parameters& parameters;
    std::unique_ptr<Workers> alone;  // where none were given
    Workers& workers;
    ModelConfig config;
    std::size_t channels;
    std::size_t hidden;
    std::size_t vocabulary;
    Lif lif;
    State state;
    Observer observer;
    Vector x, normalised, mixed_k, mixed_v, mixed_r, key, value, receptance, gated, drive, wide,
        logits;
    Vector decay;  // [L, C], w = -exp(time_decay)
};

RecurrentModel::RecurrentModel(const Parameters& parameters)
    : impl_(std::make_unique<Impl>(parameters, nullptr)) {}

RecurrentModel::RecurrentModel(const Parameters& parameters, Workers& workers)
    : impl_(std::make_unique<Impl>(parameters, &workers)) {}

RecurrentModel::~RecurrentModel() = default;
RecurrentModel::RecurrentModel(RecurrentModel&&) noexcept = default;

std::span<const float> RecurrentModel::step(int token) {
    Impl& m = *impl_;
    if (token < 0 || token >= m.config.vocabulary) {
        throw InputError("token " + std::to_string(token) + " is outside the vocabulary of " +
                         std::to_string(m.config.vocabulary));
    }
    const ModelTensors<const float>& tensors = m.parameters.tensors();
    m.embed(static_cast<std::size_t>(token));
    for (std::size_t l = 0; l < tensors.layers.size(); ++l) {
        State::Layer memory = m.state.layer(l);
        m.show(Site::block_input, l, m.x);
        m.time_mix(l, tensors.layers[l], memory);
        m.channel_mix(l, tensors.layers[l], memory);
    }
    m.normalise(tensors.ln_out_weight, tensors.ln_out_bias, m.x, m.normalised);
    const std::size_t last = tensors.layers.size() - 1;
    m.show(Site::head_input, last, m.normalised);
    multiply_rows(m.workers, std::array{m.product(tensors.head, m.normalised, m.logits)});
    m.show(Site::logits, last, m.logits);
    return m.logits;
}

const State& RecurrentModel::state() const {
    return impl_->state;
}

void RecurrentModel::restore(const State& state) {
    if (state.flat().size() != impl_->state.flat().size()) {
        throw InputError("a state of " + std::to_string(state.flat().size()) +
                         " values does not fit this model; it has " +
                         std::to_string(impl_->state.flat().size()));
    }
    impl_->state = state;
}

void RecurrentModel::reset() {
    impl_->state.reset();
}

void RecurrentModel::observe(Observer observer) {
    impl_->observer = std::move(observer);
}

const ModelConfig& RecurrentModel::config() const {
    return impl_->config;
}

}  // namespace spikeloom::models
