// What happens to one token's vector: LayerNorm and the token shift, forwards and backwards.
#pragma once

#include <cstddef>

namespace spikeloom::models {

struct RowStatistics {
    float mean;
    float inverse_deviation;  ///< 1 / sqrt(variance + eps)
};

/// A LayerNorm's parameters over n channels.
struct Norm {
    const float* gain;
    const float* bias;
    std::size_t n;
};

RowStatistics row_statistics(const float* x, std::size_t n, float eps);

/// y = (x - mean) / deviation * gain + bias.
void normalise_row(const Norm& norm, const RowStatistics& statistics, const float* x, float* y);

/// Adds to dx, dgain and dbias.
void normalise_row_backward(const Norm& norm, const RowStatistics& statistics, const float* x,
                            const float* dy, float* dx, float* dgain, float* dbias);

/// Token shift: out = now * mix + before * (1 - mix).
void mix_row(std::size_t n, const float* mix, const float* now, const float* before, float* out);

/// The way back of one mix at one token: with dout of this token, and dout_next of the next one
/// (null at a sequence's end), adds to the gradients of `now` and of the mix.
void mix_row_backward(std::size_t n, const float* mix, const float* now, const float* before,
                      const float* dout, const float* dout_next, float* dnow, float* dmix);

}  // namespace spikeloom::models
