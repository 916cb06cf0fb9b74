#include "models/lif.hpp"

#include <algorithm>

namespace spikeloom::models {

void lif_forward(const Lif& lif, const TimeBlock& block, float* membrane, float* state) {
    for (std::size_t t = 0; t < block.tokens; ++t) {
        float* const h_row = membrane + t * block.stride;
        for (std::size_t c = 0; c < block.channels; ++c) {
            const float h = state[c] + (h_row[c] - state[c]) * lif.gain;
            h_row[c] = h;
            state[c] = h >= lif.threshold ? 0.0F : h;
        }
    }
}

void lif_backward(const Lif& lif, const TimeBlock& block, const float* membrane,
                  const float* gradient, float* drive_gradient, float* carry) {
    std::fill(carry, carry + block.channels, 0.0F);
    with_slope(lif.surrogate, [&](const auto& surrogate) {
        for (std::size_t t = block.tokens; t-- > 0;) {
            const float* const h_row = membrane + t * block.stride;
            const float* const in = gradient + t * block.stride;
            float* const out = drive_gradient + t * block.stride;
            for (std::size_t c = 0; c < block.channels; ++c) {
                const float h = h_row[c];
                const float kept = h >= lif.threshold ? 0.0F : carry[c];
                // dv'/ds = -h: the reset is not detached.
                const float slope = surrogate(h - lif.threshold, lif.alpha);
                const float dh = kept + (in[c] - carry[c] * h) * slope;
                out[c] = dh * lif.gain;
                carry[c] = dh * (1.0F - lif.gain);
            }
        }
    });
}

void lif_spikes(const Lif& lif, const TimeBlock& block, const float* membrane, float* spikes) {
    for (std::size_t t = 0; t < block.tokens; ++t) {
        const std::size_t row = t * block.stride;
#pragma omp simd
        for (std::size_t c = row; c < row + block.channels; ++c) {
            spikes[c] = membrane[c] >= lif.threshold ? 1.0F : 0.0F;
        }
    }
}

}  // namespace spikeloom::models
