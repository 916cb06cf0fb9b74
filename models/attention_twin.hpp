// The quadratic-attention twin: what SpikeGPT's shape costs with softmax attention in the place of
// the WKV recurrence and without spikes, for comparisons of cost against sequence length.
//
// It reads the matrices of a SpikeGPT, with the receptance as the query:
//     q, k, v = Wr h, Wk h, Wv h            h = LN1(x)
//     a_t     = softmax(q_t k_i / sqrt(D), i <= t) v_i      per head of D channels
//     x      += Wo a
//     x      += sigmoid(Wr h) * Wv max(Wk h, 0)^2           h = LN2(x)
// so both networks have the same matrix products, and only the mixing over time differs. Nobody has
// trained it: time and operations do not depend on the values.
#pragma once

#include "base/parallel.hpp"
#include "models/aligned_vector.hpp"
#include "models/parameters.hpp"

#include <cstddef>
#include <span>

namespace spikeloom::models {

class AttentionTwin {
  public:
    /// Channels of a head: 64, as in the Transformers of SpikeGPT's Table 2, or all where they are
    /// no multiple of 64.
    static std::size_t head_width(const ModelConfig& config);

    /// Keeps references: both must outlive it.
    AttentionTwin(const Parameters& parameters, Workers& workers);

    /// Logits [T, V] of a sequence, valid until the next call. Throws InputError for a token
    /// outside the vocabulary.
    std::span<const float> forward(std::span<const int> tokens);

  private:
    void project(std::size_t layer);
    void attend_and_mix(std::size_t layer);

    const Parameters& parameters_;
    Workers& workers_;
    std::size_t length_ = 0;
    AlignedVector<float> x_, query_, key_, value_;  // [T, C]
    AlignedVector<float> logits_;                   // [T, V]
};

/// What mixing over time costs a token of a sequence of `length` tokens, in all layers, averaged
/// over the sequence; and what a generator must hold behind its last token.
struct MixingCost {
    double macs = 0.0;   ///< multiply-accumulates
    double bytes = 0.0;  ///< of state, or of keys and values, in float32
};
/// WKV: 7 multiply-accumulates a channel (SpikeGPT's Table 1), whatever the length. State: that of
/// models/state.hpp.
MixingCost wkv_cost(const ModelConfig& config);
/// Causal attention: token t reads t keys and t values of C channels.
MixingCost attention_cost(const ModelConfig& config, std::size_t length);

}  // namespace spikeloom::models
