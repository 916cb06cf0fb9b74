// The leaky integrate-and-fire neuron of SpikeGPT over a sequence, forwards and backwards in time.
//
// Per neuron and token, with the drive x and the membrane v left by the token before
// (SpikingJelly's LIFNode with decay_input, a hard reset to 0 and a reset that is part of the
// graph):
//     h = v + (x - v) / tau       membrane when it is compared
//     s = 1 where h >= threshold  spike
//     v' = h (1 - s)              membrane that is left
// Backwards ds/dh is the derivative of a surrogate at z = h - threshold. The surrogates are
// SpikingJelly's ATan, Sigmoid and PiecewiseQuadratic; each rises by 1 over all z, steeper for a
// larger alpha:
//     atan      alpha / 2 / (1 + (pi / 2 alpha z)^2)
//     sigmoid   alpha sigmoid(alpha z) (1 - sigmoid(alpha z))
//     triangle  max(0, alpha - alpha^2 |z|)
#pragma once

#include "models/config.hpp"
#include "models/vector_math.hpp"

#include <cstddef>

namespace spikeloom::models {

struct Lif {
    float gain;       ///< 1 / tau
    float threshold;  ///< fires at or above it
    Surrogate surrogate;
    float alpha;  ///< of the surrogate

    static Lif of(const ModelConfig& config) {
        return {static_cast<float>(1.0 / config.tau), static_cast<float>(config.threshold),
                config.surrogate, static_cast<float>(config.surrogate_alpha)};
    }
};

struct ArctangentSlope {
    float operator()(float z, float alpha) const {
        const float scaled = 1.57079632679489662F * alpha * z;
        return 0.5F * alpha / (1.0F + scaled * scaled);
    }
};
struct SigmoidSlope {
    float operator()(float z, float alpha) const {
        const float s = sigmoid(alpha * z);
        return alpha * s * (1.0F - s);
    }
};
struct TriangleSlope {
    float operator()(float z, float alpha) const {
        const float slope = alpha - alpha * alpha * (z < 0.0F ? -z : z);
        return slope < 0.0F ? 0.0F : slope;
    }
};

/// Calls body(slope) with the slope of that surrogate, whose type is known to the compiler there:
/// the choice is made outside of the loops.
template <class Body>
decltype(auto) with_slope(Surrogate surrogate, const Body& body) {
    switch (surrogate) {
        case Surrogate::sigmoid:
            return body(SigmoidSlope{});
        case Surrogate::triangle:
            return body(TriangleSlope{});
        default:
            return body(ArctangentSlope{});
    }
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

/// The spikes of a block: 1 where the membrane h is at the threshold or above, otherwise 0.
void lif_spikes(const Lif& lif, const TimeBlock& block, const float* membrane, float* spikes);

}  // namespace spikeloom::models
