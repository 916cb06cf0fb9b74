// SpikeGPT written down once more, straight from its equations (docs/model.md), token by token, in
// scalars of any type: with double it is a reference for the outputs, with Dual for derivatives. It
// shares no code with models/.
#pragma once

#include "models/parameters.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace spikeloom::tests {

/// A number and its derivative along one direction (forward-mode differentiation).
struct Dual {
    double value = 0.0;
    double slope = 0.0;
    Dual() = default;
    Dual(double v) : value(v) {}
    Dual(double v, double s) : value(v), slope(s) {}
};
inline Dual operator+(Dual a, Dual b) {
    return {a.value + b.value, a.slope + b.slope};
}
inline Dual operator-(Dual a, Dual b) {
    return {a.value - b.value, a.slope - b.slope};
}
inline Dual operator*(Dual a, Dual b) {
    return {a.value * b.value, a.slope * b.value + a.value * b.slope};
}
inline Dual operator/(Dual a, Dual b) {
    return {a.value / b.value, (a.slope * b.value - a.value * b.slope) / (b.value * b.value)};
}
inline Dual exp(Dual a) {
    const double e = std::exp(a.value);
    return {e, e * a.slope};
}
inline Dual log(Dual a) {
    return {std::log(a.value), a.slope / a.value};
}
inline Dual sqrt(Dual a) {
    const double root = std::sqrt(a.value);
    return {root, a.slope / (2.0 * root)};
}
inline double value_of(Dual a) {
    return a.value;
}
inline double value_of(double a) {
    return a;
}

/// 1 from 0 on; backwards the surrogate's slope.
inline double heaviside(double x, const models::ModelConfig&) {
    return x >= 0.0 ? 1.0 : 0.0;
}
inline Dual heaviside(Dual x, const models::ModelConfig& config) {
    const double alpha = config.surrogate_alpha;
    const double z = x.value;
    double slope = 0.0;
    switch (config.surrogate) {
        case models::Surrogate::arctangent:
            slope = alpha / 2.0 / (1.0 + std::pow(std::acos(-1.0) / 2.0 * alpha * z, 2.0));
            break;
        case models::Surrogate::sigmoid:
            slope = alpha / std::pow(2.0 * std::cosh(alpha * z / 2.0), 2.0);
            break;
        case models::Surrogate::triangle:
            slope = std::abs(z) < 1.0 / alpha ? alpha * (1.0 - alpha * std::abs(z)) : 0.0;
    }
    return {z >= 0.0 ? 1.0 : 0.0, slope * x.slope};
}
inline double l2_wrap_term(double, double) {
    return 0.0;
}
/// The published L2Wrap has a gradient and no value.
inline Dual l2_wrap_term(Dual most, double factor) {
    return {0.0, factor * most.value * most.slope};
}

template <class Real>
class ReferenceSpikeGpt {
  public:
    using Vector = std::vector<Real>;
    /// `lift(name, index, value)` makes a parameter's scalar.
    using Lift = std::function<Real(const std::string&, std::size_t, float)>;

    ReferenceSpikeGpt(const models::Parameters& parameters, const Lift& lift)
        : config_(parameters.config()), C_(static_cast<std::size_t>(config_.channels)) {
        for (const models::TensorInfo& info : parameters.layout()) {
            const auto values = parameters.tensor(info.name);
            for (std::size_t i = 0; i < values.size(); ++i) {
                tensors_[info.name].push_back(lift(info.name, i, values[i]));
            }
        }
        reset();
    }

    void reset() {
        memory_.assign(static_cast<std::size_t>(config_.layers),
                       Memory{zeros(), zeros(), zeros(), zeros(), {}});
    }

    /// Logits of the next token; `spikes` gets every LIF's output, in order.
    Vector step(int token, std::vector<int>* spikes = nullptr) {
        Vector x(C_);
        for (std::size_t c = 0; c < C_; ++c) {
            const Real& value = at("emb.weight")[static_cast<std::size_t>(token) * C_ + c];
            x[c] = config_.binary_embedding ? heaviside(value, config_) : value;
        }
        x = norm(x, "blocks.0.ln0");
        for (std::size_t l = 0; l < memory_.size(); ++l) {
            const std::string block = "blocks." + std::to_string(l) + ".";
            Memory& m = memory_[l];
            x = plus(x, behind("att", time_mix(norm(x, block + "ln1"), block + "att.", m, spikes),
                               m, spikes));
            x = plus(
                x, behind("ffn", channel_mix(norm(x, block + "ln2"), block + "ffn.", m, spikes), m,
                          spikes));
        }
        return product(config_.tied_head ? "emb.weight" : "head.weight", norm(x, "ln_out"));
    }

    /// Mean cross-entropy over sequences of equal length, with the L2Wrap.
    Real loss(const std::vector<int>& tokens, const std::vector<int>& targets,
              std::size_t sequences, double l2_wrap) {
        using std::exp;
        using std::log;
        Real sum = 0.0;
        const double positions = static_cast<double>(tokens.size());
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (i % (tokens.size() / sequences) == 0) {
                reset();
            }
            const Vector z = step(tokens[i]);
            Real total = 0.0;
            std::size_t most = 0;
            for (std::size_t v = 0; v < z.size(); ++v) {
                total = total + exp(z[v]);
                most = value_of(z[v]) > value_of(z[most]) ? v : most;
            }
            sum = sum + log(total) - z[static_cast<std::size_t>(targets[i])];
            sum = sum + l2_wrap_term(z[most], l2_wrap);
        }
        return sum / Real(positions);
    }

  private:
    struct Memory {
        Vector att_before, ffn_before, numerator, denominator;
        std::map<std::string, Vector> membranes;
    };

    Vector zeros() const { return Vector(C_, Real(0.0)); }
    const Vector& at(const std::string& name) const { return tensors_.at(name); }

    static Vector plus(const Vector& a, const Vector& b) {
        Vector sum(a.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }

    Vector norm(const Vector& x, const std::string& name) const {
        using std::sqrt;
        const Real n = static_cast<double>(C_);
        Real mean = 0.0;
        for (const Real& value : x) {
            mean = mean + value / n;
        }
        Real variance = 0.0;
        for (const Real& value : x) {
            variance = variance + (value - mean) * (value - mean) / n;
        }
        Vector y(C_);
        for (std::size_t c = 0; c < C_; ++c) {
            y[c] = (x[c] - mean) / sqrt(variance + Real(config_.layer_norm_eps)) *
                       at(name + ".weight")[c] +
                   at(name + ".bias")[c];
        }
        return y;
    }

    Vector mix(const std::string& name, const Vector& now, const Vector& before) const {
        Vector y(C_);
        for (std::size_t c = 0; c < C_; ++c) {
            y[c] = now[c] * at(name)[c] + before[c] * (Real(1.0) - at(name)[c]);
        }
        return y;
    }

    Vector product(const std::string& name, const Vector& x) const {
        const Vector& w = at(name);
        Vector y(w.size() / x.size(), Real(0.0));
        for (std::size_t i = 0; i < w.size(); ++i) {
            y[i / x.size()] = y[i / x.size()] + w[i] * x[i % x.size()];
        }
        return y;
    }

    static Real logistic(const Real& x) {
        using std::exp;
        return Real(1.0) / (Real(1.0) + exp(Real(0.0) - x));
    }

    /// The recurrence as it is defined, without the exponent that keeps it in range.
    Vector time_mix(const Vector& now, const std::string& att, Memory& m,
                    std::vector<int>* spikes) const {
        using std::exp;
        const auto projected = [&](const std::string& matrix, const std::string& mixed) {
            return product(
                att + matrix + ".weight",
                in_front("att " + matrix, mix(att + mixed, now, m.att_before), m, spikes));
        };
        const Vector k = projected("key", "time_mix_k");
        const Vector v = projected("value", "time_mix_v");
        const Vector r = projected("receptance", "time_mix_r");
        m.att_before = now;
        Vector gated(C_);
        for (std::size_t c = 0; c < C_; ++c) {
            const Real bonus = exp(at(att + "time_first")[c] + k[c]);
            gated[c] =
                logistic(r[c]) * (m.numerator[c] + bonus * v[c]) / (m.denominator[c] + bonus);
            const Real decay = exp(Real(0.0) - exp(at(att + "time_decay")[c]));
            m.numerator[c] = decay * m.numerator[c] + exp(k[c]) * v[c];
            m.denominator[c] = decay * m.denominator[c] + exp(k[c]);
        }
        return product(att + "output.weight", in_front("att output", gated, m, spikes));
    }

    Vector channel_mix(const Vector& now, const std::string& ffn, Memory& m,
                       std::vector<int>* spikes) const {
        const auto projected = [&](const std::string& matrix, const std::string& mixed) {
            return product(
                ffn + matrix + ".weight",
                in_front("ffn " + matrix, mix(ffn + mixed, now, m.ffn_before), m, spikes));
        };
        Vector k = projected("key", "time_mix_k");
        const Vector r = projected("receptance", "time_mix_r");
        m.ffn_before = now;
        if (config_.variant == models::Variant::lif_linear ||
            config_.ffn_activation == models::FfnActivation::lif) {
            k = fire(k, m.membranes["ffn value"], spikes);
        } else {
            for (Real& value : k) {
                value = value_of(value) > 0.0 ? value : Real(0.0);
                if (config_.ffn_activation == models::FfnActivation::relu_squared) {
                    value = value * value;
                }
            }
        }
        Vector y = product(ffn + "value.weight", k);
        for (std::size_t c = 0; c < C_; ++c) {
            y[c] = logistic(r[c]) * y[c];
        }
        return y;
    }

    Vector behind(const std::string& site, const Vector& drive, Memory& m,
                  std::vector<int>* spikes) const {
        return config_.variant == models::Variant::linear_lif
                   ? fire(drive, m.membranes[site], spikes)
                   : drive;
    }

    Vector in_front(const std::string& site, const Vector& drive, Memory& m,
                    std::vector<int>* spikes) const {
        return config_.variant == models::Variant::lif_linear
                   ? fire(drive, m.membranes[site], spikes)
                   : drive;
    }

    Vector fire(const Vector& drive, Vector& membrane, std::vector<int>* spikes) const {
        membrane.resize(drive.size(), Real(0.0));
        Vector s(drive.size());
        for (std::size_t c = 0; c < drive.size(); ++c) {
            const Real h = membrane[c] + (drive[c] - membrane[c]) / Real(config_.tau);
            s[c] = heaviside(h - Real(config_.threshold), config_);
            membrane[c] = h * (Real(1.0) - s[c]);
            if (spikes != nullptr) {
                spikes->push_back(value_of(s[c]) > 0.5 ? 1 : 0);
            }
        }
        return s;
    }

    models::ModelConfig config_;
    std::size_t C_;
    std::map<std::string, Vector> tensors_;
    std::vector<Memory> memory_;
};

}  // namespace spikeloom::tests
