// The integer SpikeGPT: every weight, constant and format that the golden model and the compiler
// need.
#pragma once

#include "models/config.hpp"
#include "models/fixed_point.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom {
class Safetensors;
}

namespace spikeloom::models {

/// How a vector travels as events: two's complement of `bits` bits, Q.`fraction`, made of a Q.16
/// register by fixed::narrow(x, shift(), bits); or spikes, 0 or 1, as a neuron has them.
struct EventFormat {
    int bits = 16;      // 2 to 16; 1: spikes
    int fraction = 10;  // -15 to 16; spikes: 0
    int shift() const { return fixed::kFraction - fraction; }
    bool spikes() const { return bits == 1; }
};
inline constexpr EventFormat kSpikes{1, 0};

/// A matrix [rows, columns] of `weight_bits`-bit weights with one scale a row. With the events
/// `input`, sum_c weights[r, c] * event[c] is exact in 32 bits, and
/// fixed::multiply(sum, multiplier[r], shift) is the product in Q.16.
struct QuantisedMatrix {
    int rows = 0;
    int columns = 0;
    int weight_bits = 8;  // 2 to 16
    EventFormat input;
    std::vector<std::int16_t> weights;     // [rows, columns], row-major
    std::vector<std::int32_t> multiplier;  // [rows], positive, below 2^23
    int shift = 0;                         // 0 to 62
};

/// LayerNorm over C values of Q.f: fixed::normalise with `epsilon`, then * gain + bias
/// (fixed::multiply by gain, fixed::add bias), all Q.16. `epsilon` is the float model's eps times
/// C^2 2^(2f), at least 1.
struct QuantisedNorm {
    std::vector<std::int32_t> gain;  // [C] Q.16
    std::vector<std::int32_t> bias;  // [C] Q.16
    std::int64_t epsilon = 1;

    /// `to` may be the memory of `x`; `steps` as fixed::Functions has them.
    void apply(fixed::Values x, fixed::Results to,
               int steps = fixed::Functions{}.normalise_steps) const;
};

/// Time mix (SRWKV). With h = norm(x), h' the h of the token before (0 at first):
/// the events into key are narrow(interpolate(h, h', mix_key), key.input), or in lif_linear the
/// spikes of neurons that it drives; likewise value, receptance.
struct QuantisedTimeMix {
    QuantisedNorm norm;
    std::vector<std::int32_t> mix_key, mix_value, mix_receptance;  // [C] Q.16
    QuantisedMatrix key, value, receptance;                        // [C, C]
    std::vector<std::int32_t> decay;                               // [C] Q.16, w = -exp(time_decay)
    std::vector<std::int32_t> first;                               // [C] Q.16, u = time_first
    QuantisedMatrix output;  // [C, C], fed narrow(sigmoid(r) * wkv), or spikes that it drives
    EventFormat sum;         // without neurons behind: how the output enters the residual
};

/// Channel mix (SRFFN): narrow(rectify(key x)^2), or rectify alone, or the spikes that key x
/// drives, into value; sigmoid(receptance x) * value.
struct QuantisedChannelMix {
    QuantisedNorm norm;
    std::vector<std::int32_t> mix_key, mix_receptance;  // [C] Q.16
    QuantisedMatrix key;                                // [H, C]
    QuantisedMatrix value;                              // [C, H]
    QuantisedMatrix receptance;                         // [C, C]
    EventFormat sum;                                    // without neurons behind
};

struct QuantisedLayer {
    QuantisedTimeMix time_mix;
    QuantisedChannelMix channel_mix;
};

/// One token through the integer model, in order (docs/numerics.md):
///   bits = embedding[token] << residual.fraction;  x = narrow(norm0(bits), residual)
///   (graded embedding: norm0(embedding[token]), whose unit cancels)
///   per layer: x += LIF(time_mix(x)) << residual.fraction
///              x += LIF(channel_mix(x)) << residual.fraction
///   logits = head(narrow(final_norm(x), head.input)), Q.16
/// Without neurons behind the sub-blocks (lif_linear, dense) the value itself goes through
/// narrow(u, sum) and enters shifted left by residual.fraction - sum.fraction.
/// Sums into x saturate to `residual.bits`.
struct QuantisedModel {
    ModelConfig config;
    fixed::Lif lif;
    EventFormat residual;                 // of x; 16 bits as it travels
    std::vector<std::int16_t> embedding;  // [V, C], 0 or 1; graded: 8-bit levels of one scale
    QuantisedNorm embedding_norm;         // norm0
    std::vector<QuantisedLayer> layers;
    QuantisedNorm final_norm;
    QuantisedMatrix head;  // [V, C]

    /// Bits of a level of the embedding.
    int embedding_bits() const { return config.binary_embedding ? 1 : 8; }
    /// What norm0 sees of a token.
    void embedded(std::size_t token, fixed::Results to) const;

    /// Reads a safetensors file of the naming in docs/numerics.md. InputError naming the file and
    /// what is wrong: a missing or unknown tensor, whatever `check` refuses.
    static QuantisedModel load(const std::filesystem::path& path);
    static QuantisedModel from(const Safetensors& file);
    /// With the description of the tokenizer that its ids are from (carried_tokenizer.hpp).
    void save(const std::filesystem::path& path, const std::string& tokenizer = {}) const;

    /// Bits of an accumulator that no sum of the model can leave, partial ones included, by the
    /// same bound for every input.
    int accumulator_bits() const;

    /// InputError, in the name of `origin`, where a vector has the wrong length, a value lies
    /// outside its format or an accumulator could leave 32 bits.
    void check(const std::string& origin) const;
};

/// The largest sum_c |weights[r, c]| of a matrix: times the largest event 2^(bits - 1) it must stay
/// below 2^31, which bounds every partial sum in every order.
std::int64_t largest_row_sum(const QuantisedMatrix& matrix);
/// Whether no accumulator of `matrix` can leave 32 bits when its events have `bits` bits.
bool accumulators_fit(std::int64_t largest_row_sum, int bits);

}  // namespace spikeloom::models
