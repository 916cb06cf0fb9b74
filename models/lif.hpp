// The leaky integrate-and-fire neuron of SpikeGPT over a sequence, forwards and backwards in time.
//
// Per neuron and token, with the drive x and the membrane v left by the token before
// (SpikingJelly's LIFNode with decay_input, a hard reset to 0 and a reset that is part of the
// graph):
//     h = v + (x - v) / tau       membrane when it is compared
//     s = 1 where h >= threshold  spike
//     v' = h (1 - s)              membrane that is left
// Backwards ds/dh is the derivative of the arctangent surrogate,
//     surrogate(z) = alpha / 2 / (1 + (pi / 2 alpha z)^2),  z = h - threshold.
#pragma once

#include "models/config.hpp"

#include <cstddef>

namespace spikeloom::models {

struct Lif {
    float gain;       ///< 1 / tau
    float threshold;  ///< fires at or above it
    float alpha;      ///< of the surrogate

    static Lif of(const ModelConfig& config) {
        return {static_cast<float>(1.0 / config.tau), static_cast<float>(config.threshold),
                static_cast<float>(config.surrogate_alpha)};
    }
};

/// Derivative of the arctangent surrogate at `z`.
inline float surrogate(float z, float alpha) {
    const float scaled = 1.57079632679489662F * alpha * z;
    return 0.5F * alpha / (1.0F + scaled * scaled);
}

/// A block of neighbouring channels over consecutive tokens: element (t, c) is data[t * stride +
/// c].
struct TimeBlock {
    std::size_t tokens;
    std::size_t channels;
    std::size_t stride;
};

/// Replaces the drive in `membrane` by h; carries v in `state` from before the first token to
/// behind the last. Spikes are membrane >= threshold.
void lif_forward(const Lif& lif, const TimeBlock& block, float* membrane, float* state);

/// From the spikes' gradient to the drive's. `membrane` holds h; `gradient` comes in as d/ds and
/// goes out into `drive_gradient` (which may be the same memory). `carry` is scratch of `channels`
/// floats.
void lif_backward(const Lif& lif, const TimeBlock& block, const float* membrane,
                  const float* gradient, float* drive_gradient, float* carry);

}  // namespace spikeloom::models
