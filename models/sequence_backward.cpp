#include "base/error.hpp"
#include "models/sequence_impl.hpp"
#include "models/vector_math.hpp"
#include "models/wkv.hpp"

#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace spikeloom::models {

namespace {

std::size_t chunks_of_outputs(std::size_t outputs) {
    return (outputs + chunk_of_outputs(outputs) - 1) / chunk_of_outputs(outputs);
}

/// Runs the tasks in chunks of outputs, and `row_body(row chunk)` for the row chunks behind them:
/// the two do not depend on each other, so no thread waits between them.
template <std::size_t N, class RowBody>
void run_with_weights(Workers& workers, std::size_t rows, const std::array<WeightTask, N>& tasks,
                      std::array<SharedFactor, 4>& factors, std::size_t row_chunks,
                      const RowBody& row_body) {
    std::size_t weight_chunks = 0;
    std::array<Preparation, N> preparations;
    for (std::size_t i = 0; i < N; ++i) {
        weight_chunks += chunks_of_outputs(tasks[i].shape.outputs);
        preparations[i] = for_weight_gradient(factors[i], tasks[i].shape, rows, tasks[i].x);
    }
    prepare(workers, preparations);
    const auto body = [&](std::size_t chunk) {
        if (chunk >= weight_chunks) {
            row_body(chunk - weight_chunks);
            return;
        }
        for (std::size_t i = 0; i < N; ++i) {
            const WeightTask& task = tasks[i];
            const std::size_t outputs = task.shape.outputs;
            if (chunk < chunks_of_outputs(outputs)) {
                const std::size_t first = chunk * chunk_of_outputs(outputs);
                accumulate(rows, task.dy, outputs, first,
                           std::min(outputs, first + chunk_of_outputs(outputs)), factors[i],
                           task.dweight);
                return;
            }
            chunk -= chunks_of_outputs(outputs);
        }
    };
    workers.run(weight_chunks + row_chunks, std::cref(body));
}

/// to += the vector number `which` of each of `parts` groups of `group` vectors, in order.
void add_parts(const float* parts, std::size_t count, std::size_t group, std::size_t which,
               std::span<float> to) {
    for (std::size_t i = 0; i < count; ++i) {
        const float* const from = parts + (i * group + which) * to.size();
        for (std::size_t c = 0; c < to.size(); ++c) {
            to[c] += from[c];
        }
    }
}

}  // namespace

double SequenceModel::Impl::loss_gradient(std::span<const int> targets, double positions,
                                          double l2_wrap) {
    const bool with_gradient = positions > 0.0;
    over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
        const auto scale = with_gradient ? static_cast<float>(1.0 / positions) : 0.0F;
        const auto wrap = with_gradient ? static_cast<float>(l2_wrap / positions) : 0.0F;
        double sum = 0.0;
        for (std::size_t row = first; row < last; ++row) {
            float* const z = logits.data() + row * vocabulary;
            const auto target = static_cast<std::size_t>(targets[row]);
            const auto largest = static_cast<std::size_t>(std::max_element(z, z + vocabulary) - z);
            const float most = z[largest];
            const float at_target = z[target];
            float total = 0.0F;
#pragma omp simd reduction(+ : total)
            for (std::size_t i = 0; i < vocabulary; ++i) {
                total += exponential(z[i] - most);
            }
            sum += std::log(static_cast<double>(total)) + most - at_target;
            if (with_gradient) {
                const float factor = scale / total;
#pragma omp simd
                for (std::size_t i = 0; i < vocabulary; ++i) {
                    z[i] = exponential(z[i] - most) * factor;
                }
                z[target] -= scale;
                z[largest] += wrap * most;
            }
        }
        scratch.chunk_loss[chunk] = sum;
    });
    double loss = 0.0;
    for (std::size_t chunk = 0; chunk < row_chunks; ++chunk) {
        loss += scratch.chunk_loss[chunk];
    }
    return loss;
}

void SequenceModel::Impl::head_backward(const ModelTensors<const float>& tensors,
                                        ModelTensors<float>& gradients) {
    const Linear shape{vocabulary, channels};
    const std::array<WeightTask, 1> weights{
        {{shape, logits.data(), scratch.mixed_k.data(), gradients.head.data()}}};
    prepare_head(tensors, for_input_gradient);
    run_with_weights(workers, rows, weights, factors.inputs, row_chunks, [&](std::size_t chunk) {
        const std::size_t first = chunk * kChunkRows;
        const std::size_t last = std::min(rows, first + kChunkRows);
        multiply(last - first, logits.data() + first * vocabulary, factors.output,
                 scratch.d1.data() + first * channels);
        final_norm_rows_backward(first, last, chunk);
    });
    add_final_norm_sums(gradients);
}

void SequenceModel::Impl::final_norm_backward(std::span<const float> dfeatures,
                                              ModelTensors<float>& gradients) {
    over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
        std::copy_n(dfeatures.data() + first * channels, (last - first) * channels,
                    scratch.d1.data() + first * channels);
        final_norm_rows_backward(first, last, chunk);
    });
    add_final_norm_sums(gradients);
}

void SequenceModel::Impl::final_norm_rows_backward(std::size_t first, std::size_t last,
                                                   std::size_t chunk) {
    const ModelTensors<const float>& tensors = parameters.tensors();
    const Norm last_norm = norm(tensors.ln_out_weight, tensors.ln_out_bias);
    const float* const x = input_of(layers).data();
    float* const sums = scratch.row_sums.data() + chunk * kRowSums * channels;
    std::fill_n(sums, 2 * channels, 0.0F);
    std::fill_n(scratch.dx.data() + first * channels, (last - first) * channels, 0.0F);
    for (std::size_t row = first; row < last; ++row) {
        const std::size_t at = row * channels;
        normalise_row_backward(last_norm, row_statistics(x + at, channels, eps), x + at,
                               scratch.d1.data() + at, scratch.dx.data() + at, sums,
                               sums + channels);
    }
}

void SequenceModel::Impl::add_final_norm_sums(ModelTensors<float>& gradients) {
    add_parts(scratch.row_sums.data(), row_chunks, kRowSums, 0, gradients.ln_out_weight);
    add_parts(scratch.row_sums.data(), row_chunks, kRowSums, 1, gradients.ln_out_bias);
}

void SequenceModel::Impl::body_backward(ModelTensors<float>& gradients) {
    const ModelTensors<const float>& tensors = parameters.tensors();
    for (std::size_t l = layers; l-- > 0;) {
        channel_mix_backward(l, tensors.layers[l], gradients.layers[l]);
        time_mix_backward(l, tensors.layers[l], gradients.layers[l]);
    }
    embed_backward(tensors, gradients);
}

void SequenceModel::Impl::lif_gradient(const Buffer& membrane, const TimeBlock& time,
                                       std::size_t block, std::size_t at) {
    if (config.spikes_behind()) {
        lif_backward(lif, time, membrane.data() + at, scratch.dx.data() + at,
                     scratch.ddrive.data() + at, scratch.carry.data() + block * kChunkChannels);
        return;
    }
    for (std::size_t t = 0; t < time.tokens; ++t) {
        const std::size_t row = at + t * time.stride;
        std::copy_n(scratch.dx.data() + row, time.channels, scratch.ddrive.data() + row);
    }
}

void SequenceModel::Impl::front_gradient(LifSite site, const Kept& k, Buffer& gradient) {
    over_time_blocks(lif_width(config, site), [&](const TimeBlock& time, std::size_t block,
                                                  std::size_t, std::size_t, std::size_t at) {
        float* const d = gradient.data() + at;
        lif_backward(lif, time, k.membranes[site].data() + at, d, d,
                     scratch.carry.data() + block * kChunkChannels);
    });
}

void SequenceModel::Impl::spikes_again(LifSite site, const Kept& k, Buffer& spikes) {
    const std::size_t width = lif_width(config, site);
    over_rows([&](std::size_t first, std::size_t last, std::size_t) {
        lif_spikes(lif, {1, (last - first) * width, 0}, k.membranes[site].data() + first * width,
                   spikes.data() + first * width);
    });
}

void SequenceModel::Impl::rectify_backward(std::size_t n, const float* rectified,
                                           float* activations, float* gradient) const {
    const bool squared = config.ffn_activation == FfnActivation::relu_squared;
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) {
        activations[i] = squared ? rectified[i] * rectified[i] : rectified[i];
        gradient[i] *= squared ? 2.0F * rectified[i] : (rectified[i] > 0.0F ? 1.0F : 0.0F);
    }
}

void SequenceModel::Impl::channel_mix_backward(std::size_t l, const Layer& layer,
                                               LayerTensors<float>& gradients) {
    Kept& k = kept_of(l);
    const Buffer& x = input_of(l);
    Scratch& s = scratch;
    const std::uint32_t salt = dropout_salt(l);
    over_time_blocks(channels, [&](const TimeBlock& time, std::size_t block, std::size_t,
                                   std::size_t, std::size_t at) {
        if (dropout.rate > 0.0) {
            for (std::size_t t = 0; t < time.tokens; ++t) {
                const std::size_t row = at + t * time.stride;
                for (std::size_t i = row; i < row + time.channels; ++i) {
                    s.dx[i] *= dropout_factor(salt, i);
                }
            }
        }
        lif_gradient(k.membranes[LifSite::ffn], time, block, at);
        for (std::size_t t = 0; t < time.tokens; ++t) {
            const std::size_t row = at + t * time.stride;
            for (std::size_t i = row; i < row + time.channels; ++i) {
                const float gate = k.ffn_gate[i];
                s.d1[i] = s.ddrive[i] * gate;
                s.d2[i] = s.ddrive[i] * k.ffn_value[i] * gate * (1.0F - gate);
                s.middle[i] = x[i] + added(k.membranes[LifSite::att][i]);
            }
        }
    });

    const Norm ln2 = norm(layer.ln2_weight, layer.ln2_bias);
    const Linear widen{hidden, channels};
    const Linear narrow{channels, hidden};
    const Linear square{channels, channels};
    prepare_channel_mix(layer, for_input_gradient);
    const auto mixes_again = [&](std::size_t first, std::size_t last, std::size_t chunk) {
        const auto mix = [&](std::size_t row, const RowStatistics&, const float* now,
                             const float* before) {
            const std::size_t at = row * channels;
            mix_row(channels, layer.ffn.time_mix_k.data(), now, before, s.mixed_k.data() + at);
            mix_row(channels, layer.ffn.time_mix_r.data(), now, before, s.mixed_r.data() + at);
        };
        walk_normalised(first, last, chunk, ln2, s.middle.data(), empty_shift(), mix);
    };
    const auto through_value = [&](std::size_t first, std::size_t last) {
        const std::size_t n = last - first;
        float* const dhidden = s.dhidden.data() + first * hidden;
        multiply(n, s.d1.data() + first * channels, factors.value, dhidden);
        if (!config.hidden_spikes()) {
            rectify_backward(n * hidden, k.membranes[LifSite::ffn_value].data() + first * hidden,
                             s.wide.data() + first * hidden, dhidden);
        }
    };
    const auto through_key = [&](std::size_t first, std::size_t last) {
        const std::size_t n = last - first;
        const std::size_t at = first * channels;
        multiply(n, s.dhidden.data() + first * hidden, factors.key, s.dmixed_k.data() + at);
        multiply(n, s.d2.data() + at, factors.receptance, s.dmixed_r.data() + at);
    };
    if (!config.hidden_spikes()) {
        over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
            mixes_again(first, last, chunk);
            through_value(first, last);
            through_key(first, last);
        });
    } else {
        over_rows(
            [&](std::size_t first, std::size_t last, std::size_t) { through_value(first, last); });
        spikes_again(LifSite::ffn_value, k, s.wide);
        front_gradient(LifSite::ffn_value, k, s.dhidden);
        over_rows(
            [&](std::size_t first, std::size_t last, std::size_t) { through_key(first, last); });
        if (config.spikes_in_front()) {
            spikes_again(LifSite::ffn_key, k, s.mixed_k);
            spikes_again(LifSite::ffn_receptance, k, s.mixed_r);
            front_gradient(LifSite::ffn_key, k, s.dmixed_k);
            front_gradient(LifSite::ffn_receptance, k, s.dmixed_r);
        } else {
            over_rows(mixes_again);
        }
    }

    const std::array<WeightTask, 3> weights{
        {{narrow, s.d1.data(), s.wide.data(), gradients.ffn.value.data()},
         {widen, s.dhidden.data(), s.mixed_k.data(), gradients.ffn.key.data()},
         {square, s.d2.data(), s.mixed_r.data(), gradients.ffn.receptance.data()}}};
    const std::array<MixTask, 2> mixes{
        {{layer.ffn.time_mix_k.data(), s.dmixed_k.data(), gradients.ffn.time_mix_k},
         {layer.ffn.time_mix_r.data(), s.dmixed_r.data(), gradients.ffn.time_mix_r}}};
    finish_sub_block(weights, mixes, ln2, s.middle.data(), gradients.ln2_weight,
                     gradients.ln2_bias);
}

void SequenceModel::Impl::time_mix_backward(std::size_t l, const Layer& layer,
                                            LayerTensors<float>& gradients) {
    Kept& k = kept_of(l);
    const Buffer& x = input_of(l);
    Scratch& s = scratch;
    const Linear square{channels, channels};
    prepare_time_mix(layer, for_input_gradient);
    over_time_blocks(channels, [&](const TimeBlock& time, std::size_t block, std::size_t,
                                   std::size_t, std::size_t at) {
        lif_gradient(k.membranes[LifSite::att], time, block, at);
    });
    over_rows([&](std::size_t first, std::size_t last, std::size_t) {
        multiply(last - first, s.ddrive.data() + first * channels, factors.output,
                 s.d1.data() + first * channels);
    });

    if (config.spikes_in_front()) {
        front_gradient(LifSite::att_output, k, s.d1);
    }

    // The receptance's gradient replaces that of the gated vector; the mixes' buffers are free yet.
    std::fill_n(s.block_sums.begin(), sequences * 2 * channels, 0.0F);
    over_time_blocks(channels, [&](const TimeBlock& time, std::size_t block, std::size_t sequence,
                                   std::size_t first, std::size_t at) {
        float* const sums = s.block_sums.data() + sequence * 2 * channels + first;
        wkv_backward(time, decay.data() + l * channels + first, layer.att.time_first.data() + first,
                     k.key.data() + at, k.value.data() + at, k.gate.data() + at, s.d1.data() + at,
                     s.gated.data() + at,
                     {s.dmixed_k.data() + at, s.dmixed_v.data() + at, s.dmixed_r.data() + at,
                      s.carry.data() + block * kCarry * kChunkChannels},
                     {s.d2.data() + at, s.d3.data() + at, s.d1.data() + at, sums, sums + channels});
    });
    for (std::size_t sequence = 0; sequence < sequences; ++sequence) {
        float* const dw = s.block_sums.data() + sequence * 2 * channels;
        for (std::size_t c = 0; c < channels; ++c) {
            dw[c] *= decay[l * channels + c];  // dw/dtime_decay = w
        }
    }
    add_parts(s.block_sums.data(), sequences, 2, 0, gradients.att.time_decay);
    add_parts(s.block_sums.data(), sequences, 2, 1, gradients.att.time_first);

    const Norm ln1 = norm(layer.ln1_weight, layer.ln1_bias);
    over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
        const auto mix = [&](std::size_t row, const RowStatistics&, const float* now,
                             const float* before) {
            const std::size_t at = row * channels;
            mix_row(channels, layer.att.time_mix_k.data(), now, before, s.mixed_k.data() + at);
            mix_row(channels, layer.att.time_mix_v.data(), now, before, s.mixed_v.data() + at);
            mix_row(channels, layer.att.time_mix_r.data(), now, before, s.mixed_r.data() + at);
        };
        if (!config.spikes_in_front()) {
            walk_normalised(first, last, chunk, ln1, x.data(), empty_shift(), mix);
        }
        const std::size_t n = last - first;
        const std::size_t at = first * channels;
        multiply(n, s.d2.data() + at, factors.key, s.dmixed_k.data() + at);
        multiply(n, s.d3.data() + at, factors.value, s.dmixed_v.data() + at);
        multiply(n, s.d1.data() + at, factors.receptance, s.dmixed_r.data() + at);
    });
    if (config.spikes_in_front()) {
        spikes_again(LifSite::att_output, k, s.gated);
        spikes_again(LifSite::att_key, k, s.mixed_k);
        spikes_again(LifSite::att_value, k, s.mixed_v);
        spikes_again(LifSite::att_receptance, k, s.mixed_r);
        front_gradient(LifSite::att_key, k, s.dmixed_k);
        front_gradient(LifSite::att_value, k, s.dmixed_v);
        front_gradient(LifSite::att_receptance, k, s.dmixed_r);
    }

    const std::array<WeightTask, 4> weights{
        {{square, s.ddrive.data(), s.gated.data(), gradients.att.output.data()},
         {square, s.d2.data(), s.mixed_k.data(), gradients.att.key.data()},
         {square, s.d3.data(), s.mixed_v.data(), gradients.att.value.data()},
         {square, s.d1.data(), s.mixed_r.data(), gradients.att.receptance.data()}}};
    const std::array<MixTask, 3> mixes{
        {{layer.att.time_mix_k.data(), s.dmixed_k.data(), gradients.att.time_mix_k},
         {layer.att.time_mix_v.data(), s.dmixed_v.data(), gradients.att.time_mix_v},
         {layer.att.time_mix_r.data(), s.dmixed_r.data(), gradients.att.time_mix_r}}};
    finish_sub_block(weights, mixes, ln1, x.data(), gradients.ln1_weight, gradients.ln1_bias);
}

template <std::size_t W, std::size_t M>
void SequenceModel::Impl::finish_sub_block(const std::array<WeightTask, W>& weights,
                                           const std::array<MixTask, M>& mixes, const Norm& norm,
                                           const float* x, std::span<float> dgain,
                                           std::span<float> dbias) {
    Scratch& s = scratch;
    run_with_weights(workers, rows, weights, factors.inputs, row_chunks, [&](std::size_t chunk) {
        const std::size_t first = chunk * kChunkRows;
        const std::size_t last = std::min(rows, first + kChunkRows);
        float* const dnorm = s.rows.data() + (chunk * 3 + 2) * channels;
        float* const sums = s.row_sums.data() + chunk * kRowSums * channels;
        std::fill_n(sums, kRowSums * channels, 0.0F);
        const auto unmix = [&](std::size_t row, const RowStatistics& statistics, const float* now,
                               const float* before) {
            const std::size_t at = row * channels;
            std::fill_n(dnorm, channels, 0.0F);
            for (std::size_t m = 0; m < M; ++m) {
                const float* const dout = mixes[m].dmixed + at;
                mix_row_backward(channels, mixes[m].mix, now, before, dout,
                                 ends_sequence(row) ? nullptr : dout + channels, dnorm,
                                 sums + (2 + m) * channels);
            }
            normalise_row_backward(norm, statistics, x + at, dnorm, s.dx.data() + at, sums,
                                   sums + channels);
        };
        walk_normalised(first, last, chunk, norm, x, empty_shift(), unmix);
    });
    add_parts(s.row_sums.data(), row_chunks, kRowSums, 0, dgain);
    add_parts(s.row_sums.data(), row_chunks, kRowSums, 1, dbias);
    for (std::size_t m = 0; m < M; ++m) {
        add_parts(s.row_sums.data(), row_chunks, kRowSums, 2 + m, mixes[m].dmix);
    }
}

void SequenceModel::Impl::embed_backward(const ModelTensors<const float>& tensors,
                                         ModelTensors<float>& gradients) {
    const Norm ln0 = norm(tensors.ln0_weight, tensors.ln0_bias);
    Buffer& dseen = scratch.d1;
    over_rows([&](std::size_t first, std::size_t last, std::size_t chunk) {
        float* const seen = scratch.rows.data() + chunk * 3 * channels;
        float* const sums = scratch.row_sums.data() + chunk * kRowSums * channels;
        std::fill_n(sums, 2 * channels, 0.0F);
        std::fill_n(dseen.data() + first * channels, (last - first) * channels, 0.0F);
        for (std::size_t row = first; row < last; ++row) {
            embedded(tensors, row, seen);
            normalise_row_backward(ln0, row_statistics(seen, channels, eps), seen,
                                   scratch.dx.data() + row * channels,
                                   dseen.data() + row * channels, sums, sums + channels);
        }
    });
    add_parts(scratch.row_sums.data(), row_chunks, kRowSums, 0, gradients.ln0_weight);
    add_parts(scratch.row_sums.data(), row_chunks, kRowSums, 1, gradients.ln0_bias);

    // Tokens share rows of the embedding, so the chunks are of channels, not of tokens.
    const auto scatter = [&](std::size_t block) {
        const std::size_t first = block * kChunkChannels;
        const std::size_t last = std::min(channels, first + kChunkChannels);
        with_slope(lif.surrogate, [&](const auto& slope) {
            for (std::size_t row = 0; row < rows; ++row) {
                const std::size_t at = static_cast<std::size_t>(tokens[row]) * channels;
                for (std::size_t c = first; c < last; ++c) {
                    const float through = config.binary_embedding
                                              ? slope(tensors.embedding[at + c], lif.alpha)
                                              : 1.0F;
                    gradients.embedding[at + c] += dseen[row * channels + c] * through;
                }
            }
        });
    };
    workers.run(channel_blocks_of(channels), std::cref(scatter));
}

}  // namespace spikeloom::models
