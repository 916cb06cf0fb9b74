#include "base/error.hpp"
#include "models/sequence_impl.hpp"
#include "models/vector_math.hpp"
#include "models/wkv.hpp"

#include <string>

namespace spikeloom::models {

SequenceModel::Impl::Impl(const Parameters& model, Workers& threads)
    : parameters(model),
      workers(threads),
      config(model.config()),
      layers(static_cast<std::size_t>(config.layers)),
      channels(static_cast<std::size_t>(config.channels)),
      hidden(config.hidden()),
      vocabulary(static_cast<std::size_t>(config.vocabulary)),
      eps(static_cast<float>(config.layer_norm_eps)),
      lif(Lif::of(config)),
      kept(1),
      inputs(1),
      zeros(channels, 0.0F),
      decay(layers * channels),
      fresh(config, 0) {}

void SequenceModel::Impl::resize(const Batch& batch, bool for_training) {
    if (batch.sequences == 0 || batch.tokens.empty() ||
        batch.tokens.size() % batch.sequences != 0) {
        throw InputError("a batch of " + std::to_string(batch.tokens.size()) + " tokens in " +
                         std::to_string(batch.sequences) + " sequences; equal lengths are needed");
    }
    rows = batch.tokens.size();
    sequences = batch.sequences;
    length = rows / sequences;
    row_chunks = (rows + kChunkRows - 1) / kChunkRows;
    keeping = for_training;

    const auto fit = [](Buffer& buffer, std::size_t size) {
        if (buffer.size() < size) {
            buffer = Buffer(size);  // not resize(): the old values are not worth copying
        }
    };
    const std::size_t vectors = rows * channels;
    kept.resize(std::max(kept.size(), for_training ? layers : 1));
    inputs.resize(std::max(inputs.size(), for_training ? layers + 1 : 1));
    for (std::size_t l = 0; l < (for_training ? layers : 1); ++l) {
        Kept& k = kept[l];
        for (Buffer* buffer : {&k.key, &k.value, &k.gate, &k.ffn_value, &k.ffn_gate,
                               &k.membranes[LifSite::att], &k.membranes[LifSite::ffn]}) {
            fit(*buffer, vectors);
        }
        fit(k.membranes[LifSite::ffn_value], rows * hidden);
        for (const LifSite site : lif_sites(config)) {
            fit(k.membranes[site], rows * lif_width(config, site));
        }
    }
    for (std::size_t l = 0; l < (for_training ? layers + 1 : 1); ++l) {
        fit(inputs[l], vectors);
    }
    Scratch& s = scratch;
    for (Buffer* buffer : {&s.mixed_k, &s.mixed_v, &s.mixed_r, &s.gated, &s.middle}) {
        fit(*buffer, vectors);
    }
    fit(s.wide, rows * hidden);
    fit(s.rows, row_chunks * 3 * channels);
    fit(s.next_shift, sequences * channels);
    const std::size_t blocks =
        std::max(kCarry * channel_blocks_of(channels), channel_blocks_of(hidden));
    fit(s.carry, sequences * blocks * kChunkChannels);
    s.chunk_loss.resize(row_chunks);
    fit(logits, rows * vocabulary);
    if (for_training) {
        for (Buffer* buffer :
             {&s.dx, &s.ddrive, &s.d1, &s.d2, &s.d3, &s.dmixed_k, &s.dmixed_v, &s.dmixed_r}) {
            fit(*buffer, vectors);
        }
        fit(s.dhidden, rows * hidden);
        fit(s.row_sums, row_chunks * kRowSums * channels);
        fit(s.block_sums, sequences * 2 * channels);
    }
}

State& SequenceModel::Impl::fresh_state(std::size_t count) {
    if (fresh.sequences() != count) {
        fresh = State(config, count);
    } else {
        fresh.reset();
    }
    return fresh;
}

std::size_t SequenceModel::Impl::bytes() const {
    const Scratch& s = scratch;
    std::size_t floats = logits.size();
    for (const Buffer& input : inputs) {
        floats += input.size();
    }
    for (const Kept& k : kept) {
        for (const Buffer* buffer : {&k.key, &k.value, &k.gate, &k.ffn_value, &k.ffn_gate}) {
            floats += buffer->size();
        }
        for (const Buffer& buffer : k.membranes) {
            floats += buffer.size();
        }
    }
    for (const Buffer* buffer :
         {&s.mixed_k,    &s.mixed_v,  &s.mixed_r,  &s.gated,   &s.middle,   &s.wide,      &s.rows,
          &s.next_shift, &s.carry,    &s.dx,       &s.ddrive,  &s.d1,       &s.d2,        &s.d3,
          &s.dmixed_k,   &s.dmixed_v, &s.dmixed_r, &s.dhidden, &s.row_sums, &s.block_sums}) {
        floats += buffer->size();
    }
    std::size_t factor_bytes = 0;
    for (const SharedFactor* factor :
         {&factors.key, &factors.value, &factors.receptance, &factors.output}) {
        factor_bytes += factor->bytes();
    }
    for (const SharedFactor& factor : factors.inputs) {
        factor_bytes += factor.bytes();
    }
    return floats * sizeof(float) + factor_bytes;
}

std::span<const float> SequenceModel::Impl::forward(const Batch& given, State& state, bool keep,
                                                    const Dropout& drop) {
    for (const int token : given.tokens) {
        if (token < 0 || static_cast<std::size_t>(token) >= vocabulary) {
            throw InputError("token " + std::to_string(token) + " is outside the vocabulary of " +
                             std::to_string(vocabulary));
        }
    }
    resize(given, keep);
    if (state.sequences() != sequences) {
        throw InputError("a state of " + std::to_string(state.sequences()) +
                         " sequences for a batch of " + std::to_string(sequences));
    }
    tokens.assign(given.tokens.begin(), given.tokens.end());
    dropout = drop;
    const ModelTensors<const float>& tensors = parameters.tensors();
    for (std::size_t l = 0; l < layers; ++l) {
        for (std::size_t c = 0; c < channels; ++c) {
            decay[l * channels + c] = -exponential(tensors.layers[l].att.time_decay[c]);
        }
    }
    embed(tensors);
    for (std::size_t l = 0; l < layers; ++l) {
        const Layer& layer = tensors.layers[l];
        Kept& k = kept_of(l);
        time_mix_inputs(l, layer, k, state);
        time_mix_recurrence(l, layer, k, state);
        time_mix_sum(l, k, state);
        channel_mix(l, layer, k, state);
        channel_mix_sum(l, k, state);
    }
    head(tensors);
    return {logits.data(), rows * vocabulary};
}

void SequenceModel::Impl::embedded(const ModelTensors<const float>& tensors, std::size_t row,
                                   float* to) const {
    const float* const from =
        tensors.embedding.data() + static_cast<std::size_t>(tokens[row]) * channels;
    if (!config.binary_embedding) {
        std::copy_n(from, channels, to);
        return;
    }
    for (std::size_t c = 0; c < channels; ++c) {
        to[c] = from[c] >= 0.0F ? 1.0F : 0.0F;
    }
}

void SequenceModel::Impl::embed(const ModelTensors<const float>& tensors) {
    const Norm ln0 = norm(tensors.ln0_weight, tensors.ln0_bias);
    Buffer& x = input_of(0);
    over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
        float* const seen = scratch.rows.data() + chunk * 3 * channels;
        for (std::size_t row = first; row < last; ++row) {
            embedded(tensors, row, seen);
            normalise_row(ln0, row_statistics(seen, channels, eps), seen,
                          x.data() + row * channels);
        }
    });
}

void SequenceModel::Impl::fire_in_front(std::size_t l, LifSite site, Kept& k, State& state,
                                        Buffer& spikes) {
    over_time_blocks(lif_width(config, site), [&](const TimeBlock& time, std::size_t,
                                                  std::size_t sequence, std::size_t first,
                                                  std::size_t at) {
        float* const membrane = k.membranes[site].data() + at;
        lif_forward(lif, time, membrane, state.layer(l, sequence).membranes[site].data() + first);
        lif_spikes(lif, time, membrane, spikes.data() + at);
    });
}

void SequenceModel::Impl::prepare_time_mix(const Layer& layer, Direction towards) {
    const Linear square{channels, channels};
    const std::array<Preparation, 4> preparations{
        {towards(factors.key, square, layer.att.key.data()),
         towards(factors.value, square, layer.att.value.data()),
         towards(factors.receptance, square, layer.att.receptance.data()),
         towards(factors.output, square, layer.att.output.data())}};
    prepare(workers, preparations);
}

void SequenceModel::Impl::prepare_channel_mix(const Layer& layer, Direction towards) {
    const std::array<Preparation, 3> preparations{
        {towards(factors.key, {hidden, channels}, layer.ffn.key.data()),
         towards(factors.value, {channels, hidden}, layer.ffn.value.data()),
         towards(factors.receptance, {channels, channels}, layer.ffn.receptance.data())}};
    prepare(workers, preparations);
}

void SequenceModel::Impl::prepare_head(const ModelTensors<const float>& tensors,
                                       Direction towards) {
    prepare(workers, towards(factors.output, {vocabulary, channels}, tensors.head.data()));
}

void SequenceModel::Impl::time_mix_inputs(std::size_t l, const Layer& layer, Kept& k,
                                          State& state) {
    prepare_time_mix(layer, for_outputs);
    const Norm ln1 = norm(layer.ln1_weight, layer.ln1_bias);
    const Buffer& x = input_of(l);
    const bool in_front = config.spikes_in_front();
    float* const mixed_k = (in_front ? k.membranes[LifSite::att_key] : scratch.mixed_k).data();
    float* const mixed_v = (in_front ? k.membranes[LifSite::att_value] : scratch.mixed_v).data();
    float* const mixed_r =
        (in_front ? k.membranes[LifSite::att_receptance] : scratch.mixed_r).data();
    const auto mixes = [&](std::size_t first, std::size_t last, std::size_t chunk) {
        const auto shift = [&](std::size_t sequence) {
            return state.layer(l, sequence).att_shift.data();
        };
        const auto mix = [&](std::size_t row, const RowStatistics&, const float* now,
                             const float* before) {
            const std::size_t at = row * channels;
            mix_row(channels, layer.att.time_mix_k.data(), now, before, mixed_k + at);
            mix_row(channels, layer.att.time_mix_v.data(), now, before, mixed_v + at);
            mix_row(channels, layer.att.time_mix_r.data(), now, before, mixed_r + at);
            if (ends_sequence(row)) {
                // Not yet into the state: the chunk with the sequence's start may still read it.
                std::copy_n(now, channels, scratch.next_shift.data() + row / length * channels);
            }
        };
        walk_normalised(first, last, chunk, ln1, x.data(), shift, mix);
    };
    const auto products = [&](std::size_t first, std::size_t last) {
        const std::size_t at = first * channels;
        const std::size_t n = last - first;
        multiply(n, scratch.mixed_k.data() + at, factors.key, k.key.data() + at);
        multiply(n, scratch.mixed_v.data() + at, factors.value, k.value.data() + at);
        float* const gate = k.gate.data() + at;
        multiply(n, scratch.mixed_r.data() + at, factors.receptance, gate);
#pragma omp simd
        for (std::size_t i = 0; i < n * channels; ++i) {
            gate[i] = sigmoid(gate[i]);
        }
    };
    if (!in_front) {
        over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
            mixes(first, last, chunk);
            products(first, last);
        });
        return;
    }
    over_rows(mixes);
    fire_in_front(l, LifSite::att_key, k, state, scratch.mixed_k);
    fire_in_front(l, LifSite::att_value, k, state, scratch.mixed_v);
    fire_in_front(l, LifSite::att_receptance, k, state, scratch.mixed_r);
    over_rows([&](std::size_t first, std::size_t last, std::size_t) { products(first, last); });
}

void SequenceModel::Impl::time_mix_recurrence(std::size_t l, const Layer& layer, Kept& k,
                                              State& state) {
    const bool in_front = config.spikes_in_front();
    float* const gated = (in_front ? k.membranes[LifSite::att_output] : scratch.gated).data();
    over_time_blocks(channels, [&](const TimeBlock& time, std::size_t, std::size_t sequence,
                                   std::size_t first, std::size_t at) {
        const State::Layer memory = state.layer(l, sequence);
        wkv_forward(time, decay.data() + l * channels + first, layer.att.time_first.data() + first,
                    k.key.data() + at, k.value.data() + at, k.gate.data() + at,
                    {memory.numerator.data() + first, memory.denominator.data() + first,
                     memory.exponent.data() + first},
                    gated + at);
        std::copy_n(scratch.next_shift.data() + sequence * channels + first, time.channels,
                    memory.att_shift.data() + first);
    });
    if (in_front) {
        fire_in_front(l, LifSite::att_output, k, state, scratch.gated);
    }
}

void SequenceModel::Impl::time_mix_sum(std::size_t l, Kept& k, State& state) {
    Buffer& drive = k.membranes[LifSite::att];
    over_rows([&](std::size_t first, std::size_t last, std::size_t) {
        multiply(last - first, scratch.gated.data() + first * channels, factors.output,
                 drive.data() + first * channels);
    });
    const Buffer& x = input_of(l);
    over_time_blocks(channels, [&](const TimeBlock& time, std::size_t, std::size_t sequence,
                                   std::size_t first, std::size_t at) {
        float* const membrane = drive.data() + at;
        if (config.spikes_behind()) {
            lif_forward(lif, time, membrane,
                        state.layer(l, sequence).membranes[LifSite::att].data() + first);
        }
        for (std::size_t t = 0; t < time.tokens; ++t) {
            const std::size_t row = t * time.stride;
            for (std::size_t c = row; c < row + time.channels; ++c) {
                scratch.middle[at + c] = x[at + c] + added(membrane[c]);
            }
        }
    });
}

void SequenceModel::Impl::channel_mix(std::size_t l, const Layer& layer, Kept& k, State& state) {
    prepare_channel_mix(layer, for_outputs);
    const Norm ln2 = norm(layer.ln2_weight, layer.ln2_bias);
    const bool in_front = config.spikes_in_front();
    float* const mixed_k = (in_front ? k.membranes[LifSite::ffn_key] : scratch.mixed_k).data();
    float* const mixed_r =
        (in_front ? k.membranes[LifSite::ffn_receptance] : scratch.mixed_r).data();
    const auto mixes = [&](std::size_t first, std::size_t last, std::size_t chunk) {
        const auto shift = [&](std::size_t sequence) {
            return state.layer(l, sequence).ffn_shift.data();
        };
        const auto mix = [&](std::size_t row, const RowStatistics&, const float* now,
                             const float* before) {
            const std::size_t at = row * channels;
            mix_row(channels, layer.ffn.time_mix_k.data(), now, before, mixed_k + at);
            mix_row(channels, layer.ffn.time_mix_r.data(), now, before, mixed_r + at);
            if (ends_sequence(row)) {
                std::copy_n(now, channels, scratch.next_shift.data() + row / length * channels);
            }
        };
        walk_normalised(first, last, chunk, ln2, scratch.middle.data(), shift, mix);
    };
    Buffer& hidden_sums = k.membranes[LifSite::ffn_value];
    const auto widen = [&](std::size_t first, std::size_t last) {
        const std::size_t n = last - first;
        float* const sums = hidden_sums.data() + first * hidden;
        multiply(n, scratch.mixed_k.data() + first * channels, factors.key, sums);
        if (!config.hidden_spikes()) {
            rectify(n * hidden, sums, scratch.wide.data() + first * hidden);
        }
    };
    const auto narrow = [&](std::size_t first, std::size_t last) {
        const std::size_t at = first * channels;
        const std::size_t n = last - first;
        float* const value = k.ffn_value.data() + at;
        float* const gate = k.ffn_gate.data() + at;
        multiply(n, scratch.wide.data() + first * hidden, factors.value, value);
        multiply(n, scratch.mixed_r.data() + at, factors.receptance, gate);
        float* const drive = k.membranes[LifSite::ffn].data() + at;
#pragma omp simd
        for (std::size_t i = 0; i < n * channels; ++i) {
            gate[i] = sigmoid(gate[i]);
            drive[i] = gate[i] * value[i];
        }
    };
    if (!config.hidden_spikes()) {
        over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
            mixes(first, last, chunk);
            widen(first, last);
            narrow(first, last);
        });
        return;
    }
    over_rows(mixes);
    if (in_front) {
        fire_in_front(l, LifSite::ffn_key, k, state, scratch.mixed_k);
        fire_in_front(l, LifSite::ffn_receptance, k, state, scratch.mixed_r);
    }
    over_rows([&](std::size_t first, std::size_t last, std::size_t) { widen(first, last); });
    fire_in_front(l, LifSite::ffn_value, k, state, scratch.wide);
    over_rows([&](std::size_t first, std::size_t last, std::size_t) { narrow(first, last); });
}

void SequenceModel::Impl::rectify(std::size_t n, float* sums, float* activations) const {
    const bool squared = config.ffn_activation == FfnActivation::relu_squared;
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) {
        sums[i] = sums[i] > 0.0F ? sums[i] : 0.0F;
        activations[i] = squared ? sums[i] * sums[i] : sums[i];
    }
}

void SequenceModel::Impl::channel_mix_sum(std::size_t l, Kept& k, State& state) {
    Buffer& next = input_of(l + 1);
    const std::uint32_t salt = dropout_salt(l);
    over_time_blocks(channels, [&](const TimeBlock& time, std::size_t, std::size_t sequence,
                                   std::size_t first, std::size_t at) {
        const State::Layer memory = state.layer(l, sequence);
        float* const membrane = k.membranes[LifSite::ffn].data() + at;
        if (config.spikes_behind()) {
            lif_forward(lif, time, membrane, memory.membranes[LifSite::ffn].data() + first);
        }
        for (std::size_t t = 0; t < time.tokens; ++t) {
            const std::size_t row = t * time.stride;
            for (std::size_t c = row; c < row + time.channels; ++c) {
                next[at + c] = scratch.middle[at + c] + added(membrane[c]);
            }
            if (dropout.rate > 0.0) {
                for (std::size_t c = row; c < row + time.channels; ++c) {
                    next[at + c] *= dropout_factor(salt, at + c);
                }
            }
        }
        std::copy_n(scratch.next_shift.data() + sequence * channels + first, time.channels,
                    memory.ffn_shift.data() + first);
    });
}

void SequenceModel::Impl::head(const ModelTensors<const float>& tensors) {
    const Norm last_norm = norm(tensors.ln_out_weight, tensors.ln_out_bias);
    const Buffer& x = input_of(layers);
    prepare_head(tensors, for_outputs);
    over_rows([&](std::size_t first, std::size_t last, std::size_t) {
        for (std::size_t row = first; row < last; ++row) {
            const float* const from = x.data() + row * channels;
            normalise_row(last_norm, row_statistics(from, channels, eps), from,
                          scratch.mixed_k.data() + row * channels);
        }
        multiply(last - first, scratch.mixed_k.data() + first * channels, factors.output,
                 logits.data() + first * vocabulary);
    });
}

std::uint32_t SequenceModel::Impl::dropout_salt(std::size_t l) const {
    // splitmix64's finaliser over seed and layer.
    std::uint64_t z = dropout.seed + 0x9e3779b97f4a7c15ULL * (l + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::uint32_t>(z >> 32);
}

float SequenceModel::Impl::dropout_factor(std::uint32_t salt, std::size_t element) const {
    // The 32-bit mixer "lowbias32" (C. Wellons), which vectorises.
    std::uint32_t x = static_cast<std::uint32_t>(element) ^ salt;
    x = (x ^ (x >> 16)) * 0x7feb352dU;
    x = (x ^ (x >> 15)) * 0x846ca68bU;
    x ^= x >> 16;
    const auto threshold = static_cast<float>(dropout.rate * 0x1p32);
    const auto scale = static_cast<float>(1.0 / (1.0 - dropout.rate));
    return static_cast<float>(x) >= threshold ? scale : 0.0F;
}

}  // namespace spikeloom::models
