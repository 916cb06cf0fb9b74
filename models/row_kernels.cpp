#include "models/row_kernels.hpp"

#include <cmath>

namespace spikeloom::models {

RowStatistics row_statistics(const float* x, std::size_t n, float eps) {
    float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (std::size_t c = 0; c < n; ++c) {
        sum += x[c];
    }
    const float mean = sum / static_cast<float>(n);
    float squares = 0.0F;
#pragma omp simd reduction(+ : squares)
    for (std::size_t c = 0; c < n; ++c) {
        squares += (x[c] - mean) * (x[c] - mean);
    }
    return {mean, 1.0F / std::sqrt(squares / static_cast<float>(n) + eps)};
}

void normalise_row(const Norm& norm, const RowStatistics& statistics, const float* x, float* y) {
#pragma omp simd
    for (std::size_t c = 0; c < norm.n; ++c) {
        const float unit = (x[c] - statistics.mean) * statistics.inverse_deviation;
        y[c] = unit * norm.gain[c] + norm.bias[c];
    }
}

void normalise_row_backward(const Norm& norm, const RowStatistics& statistics, const float* x,
                            const float* dy, float* dx, float* dgain, float* dbias) {
    float sum = 0.0F;
    float dot = 0.0F;
#pragma omp simd reduction(+ : sum, dot)
    for (std::size_t c = 0; c < norm.n; ++c) {
        const float unit = (x[c] - statistics.mean) * statistics.inverse_deviation;
        const float dunit = dy[c] * norm.gain[c];
        dgain[c] += dy[c] * unit;
        dbias[c] += dy[c];
        sum += dunit;
        dot += dunit * unit;
    }
    sum /= static_cast<float>(norm.n);
    dot /= static_cast<float>(norm.n);
#pragma omp simd
    for (std::size_t c = 0; c < norm.n; ++c) {
        const float unit = (x[c] - statistics.mean) * statistics.inverse_deviation;
        dx[c] += (dy[c] * norm.gain[c] - sum - unit * dot) * statistics.inverse_deviation;
    }
}

void mix_row(std::size_t n, const float* mix, const float* now, const float* before, float* out) {
#pragma omp simd
    for (std::size_t c = 0; c < n; ++c) {
        out[c] = now[c] * mix[c] + before[c] * (1.0F - mix[c]);
    }
}

void mix_row_backward(std::size_t n, const float* mix, const float* now, const float* before,
                      const float* dout, const float* dout_next, float* dnow, float* dmix) {
    if (dout_next == nullptr) {
#pragma omp simd
        for (std::size_t c = 0; c < n; ++c) {
            dnow[c] += dout[c] * mix[c];
            dmix[c] += dout[c] * (now[c] - before[c]);
        }
        return;
    }
#pragma omp simd
    for (std::size_t c = 0; c < n; ++c) {
        dnow[c] += dout[c] * mix[c] + dout_next[c] * (1.0F - mix[c]);
        dmix[c] += dout[c] * (now[c] - before[c]);
    }
}

}  // namespace spikeloom::models
