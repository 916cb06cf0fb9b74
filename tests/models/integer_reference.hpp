// The integer SpikeGPT written a second time, from docs/numerics.md ("A token, kernel by kernel"):
// one channel at a time with the scalar kernels, matrices event by event as a chip walks them.
#pragma once

#include "models/quantised_model.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spikeloom::tests {

class IntegerReference {
  public:
    using Value = models::fixed::Value;
    using Vector = std::vector<Value>;

    explicit IntegerReference(const models::QuantisedModel& model)
        : model_(model), channels_(static_cast<std::size_t>(model.config.channels)) {
        const Vector zero(channels_, 0);
        const Vector empty(channels_, models::fixed::kEmptyExponent);
        for (std::size_t l = 0; l < model.layers.size(); ++l) {
            memory_.push_back({zero, zero, zero, empty, zero, {}});
        }
    }

    Vector step(int token) {
        namespace fixed = models::fixed;
        const int fraction = model_.residual.fraction;
        Vector x(channels_);
        for (std::size_t c = 0; c < channels_; ++c) {
            x[c] = model_.embedding[static_cast<std::size_t>(token) * channels_ + c];
            if (model_.config.binary_embedding) {
                x[c] <<= fraction;
            }
        }
        x = layer_norm(model_.embedding_norm, x);
        for (Value& v : x) {
            v = fixed::narrow(v, 16 - fraction, model_.residual.bits);
        }
        for (std::size_t l = 0; l < model_.layers.size(); ++l) {
            const models::QuantisedTimeMix& time = model_.layers[l].time_mix;
            join(x, time_mix(time, memory_[l], x), memory_[l].membranes["att"], time.sum);
            const models::QuantisedChannelMix& channel = model_.layers[l].channel_mix;
            join(x, channel_mix(channel, memory_[l], x), memory_[l].membranes["ffn"], channel.sum);
        }
        return product(model_.head, layer_norm(model_.final_norm, x));
    }

  private:
    struct Memory {
        Vector h, p, q, o, ffn_h;
        std::map<std::string, Vector> membranes;
    };

    Vector layer_norm(const models::QuantisedNorm& norm, const Vector& x) const {
        namespace fixed = models::fixed;
        Vector y(x.size());
        fixed::normalise(x, static_cast<std::int64_t>(x.size()), fixed::sum(x),
                         fixed::sum_of_squares(x), norm.epsilon, y);
        for (std::size_t c = 0; c < y.size(); ++c) {
            y[c] = fixed::add(fixed::multiply(y[c], norm.gain[c]), norm.bias[c]);
        }
        return y;
    }

    /// 0 or 1 for each neuron.
    Vector fire(Vector& membrane, const Vector& drive) const {
        membrane.resize(drive.size(), 0);
        Vector spikes(drive.size());
        for (std::size_t i = 0; i < drive.size(); ++i) {
            const auto neuron =
                models::fixed::integrate_and_fire(membrane[i], drive[i], model_.lif);
            membrane[i] = neuron.membrane;
            spikes[i] = neuron.spike ? 1 : 0;
        }
        return spikes;
    }

    /// A product behind neurons, where the variant has them there.
    Vector product(const models::QuantisedMatrix& matrix, const Vector& x, Vector& membrane) const {
        return model_.config.variant == models::Variant::lif_linear
                   ? product(matrix, fire(membrane, x))
                   : product(matrix, x);
    }

    static Vector product(const models::QuantisedMatrix& matrix, const Vector& x) {
        namespace fixed = models::fixed;
        const auto rows = static_cast<std::size_t>(matrix.rows);
        Vector sums(rows, 0);
        for (std::size_t c = 0; c < x.size(); ++c) {
            const Value event =
                matrix.input.bits == 1
                    ? x[c]
                    : fixed::narrow(x[c], 16 - matrix.input.fraction, matrix.input.bits);
            for (std::size_t r = 0; event != 0 && r < rows; ++r) {
                sums[r] += matrix.weights[r * x.size() + c] * event;
            }
        }
        for (std::size_t r = 0; r < rows; ++r) {
            sums[r] = fixed::multiply(sums[r], matrix.multiplier[r], matrix.shift);
        }
        return sums;
    }

    static Vector mixed(const Vector& now, const Vector& before, const Vector& mix) {
        Vector y(now.size());
        for (std::size_t c = 0; c < y.size(); ++c) {
            y[c] = models::fixed::interpolate(now[c], before[c], mix[c]);
        }
        return y;
    }

    Vector time_mix(const models::QuantisedTimeMix& mix, Memory& memory, const Vector& x) const {
        using namespace models::fixed;
        const Vector h = layer_norm(mix.norm, x);
        const Vector k = product(mix.key, mixed(h, memory.h, mix.mix_key), memory.membranes["k"]);
        const Vector v =
            product(mix.value, mixed(h, memory.h, mix.mix_value), memory.membranes["v"]);
        const Vector r =
            product(mix.receptance, mixed(h, memory.h, mix.mix_receptance), memory.membranes["r"]);
        memory.h = h;
        Vector z(channels_);
        for (std::size_t c = 0; c < channels_; ++c) {
            Value& p = memory.p[c];
            Value& q = memory.q[c];
            Value& o = memory.o[c];
            const Value uk = add(mix.first[c], k[c]);
            const Value no = std::max(o, uk);
            Value a = exponential(subtract(o, no));
            Value b = exponential(subtract(uk, no));
            const Value y = divide(add(multiply(a, p), multiply(b, v[c])), add(multiply(a, q), b));
            const Value wo = add(mix.decay[c], o);
            o = std::max(wo, k[c]);
            a = exponential(subtract(wo, o));
            b = exponential(subtract(k[c], o));
            p = add(multiply(a, p), multiply(b, v[c]));
            q = add(multiply(a, q), b);
            z[c] = multiply(sigmoid(r[c]), y);
        }
        return product(mix.output, z, memory.membranes["o"]);
    }

    Vector channel_mix(const models::QuantisedChannelMix& mix, Memory& memory,
                       const Vector& x) const {
        using namespace models::fixed;
        const Vector h = layer_norm(mix.norm, x);
        Vector k = product(mix.key, mixed(h, memory.ffn_h, mix.mix_key), memory.membranes["fk"]);
        const Vector r = product(mix.receptance, mixed(h, memory.ffn_h, mix.mix_receptance),
                                 memory.membranes["fr"]);
        memory.ffn_h = h;
        if (mix.value.input.bits == 1) {
            k = fire(memory.membranes["fv"], k);
        } else {
            for (Value& element : k) {
                element = std::max(element, 0);
                if (model_.config.ffn_activation == models::FfnActivation::relu_squared) {
                    element = multiply(element, element);
                }
            }
        }
        Vector u = product(mix.value, k);
        for (std::size_t c = 0; c < channels_; ++c) {
            u[c] = multiply(sigmoid(r[c]), u[c]);
        }
        return u;
    }

    void join(Vector& x, const Vector& drive, Vector& membrane, models::EventFormat sum) const {
        namespace fixed = models::fixed;
        const bool behind = model_.config.variant == models::Variant::linear_lif;
        const Vector spikes = behind ? fire(membrane, drive) : Vector();
        for (std::size_t c = 0; c < channels_; ++c) {
            Value added = 0;
            if (behind) {
                added = spikes[c] << model_.residual.fraction;
            } else {
                added = fixed::narrow(drive[c], 16 - sum.fraction, sum.bits) *
                        (1 << (model_.residual.fraction - sum.fraction));
            }
            x[c] = fixed::narrow(fixed::add(x[c], added), 0, model_.residual.bits);
        }
    }

    const models::QuantisedModel& model_;
    std::size_t channels_;
    std::vector<Memory> memory_;
};

}  // namespace spikeloom::tests
