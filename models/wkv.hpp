// The WKV recurrence of RWKV-4 / SpikeGPT over a sequence, forwards and backwards in time.
//
// Per channel, with key k, value v, decay w = -exp(time_decay) and bonus u = time_first:
//     y_t = (e^(u + k_t) v_t + P_(t-1)) / (e^(u + k_t) + Q_(t-1))
//     P_t = e^w P_(t-1) + e^(k_t) v_t,   Q_t = e^w Q_(t-1) + e^(k_t)
// P and Q are kept as p e^o and q e^o with o the largest exponent so far, so that nothing overflows
// (the published CUDA kernel's form).
#pragma once

#include "models/lif.hpp"

namespace spikeloom::models {

/// o before the first token: below every key (the published kernel's value).
inline constexpr float kEmptyWkvExponent = -1e38F;

/// p, q and o of a block of channels.
struct WkvState {
    float* numerator;
    float* denominator;
    float* exponent;
};

/// gated = sigmoid'ed receptance `gate` times y. `w` and `u` start at the block's first channel.
void wkv_forward(const TimeBlock& block, const float* w, const float* u, const float* key,
                 const float* value, const float* gate, WkvState state, float* gated);

/// Memory of the backward pass over one block. The first three have the layout of the activations,
/// the rest `channels` floats each.
struct WkvScratch {
    float* dnum;      ///< gradient of the numerator, scaled by e^(-exponent)
    float* dden;      ///< gradient of the denominator, likewise
    float* exponent;  ///< scale of the two
    float* carry;     ///< 5 * channels floats
};

/// What comes out: gradients in the layout of the activations, but for the last two, which are
/// added to: `channels` floats each.
struct WkvGradients {
    float* key;
    float* value;
    float* gate_input;  ///< of the receptance before its sigmoid
    float* w;           ///< d/dw; d/dtime_decay is w times that
    float* u;
};

/// From the gradient of `gated` to those of the inputs. Recomputes the forward pass from the empty
/// state, and writes `gated` again, which the gradient of the matrix behind it needs.
void wkv_backward(const TimeBlock& block, const float* w, const float* u, const float* key,
                  const float* value, const float* gate, const float* dgated, float* gated,
                  const WkvScratch& scratch, const WkvGradients& gradients);

}  // namespace spikeloom::models
