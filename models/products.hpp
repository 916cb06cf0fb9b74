// The three matrix products of a linear layer y = W x over many rows, on row-major arrays. They are
// the only users of Eigen's general product, which is slow to compile.
#pragma once

#include <cstddef>

namespace spikeloom::models {

/// Extents of W: [outputs, inputs].
struct Linear {
    std::size_t outputs;
    std::size_t inputs;
};

/// y[rows, outputs] = x[rows, inputs] W^T.
void linear(const Linear& shape, const float* weight, std::size_t rows, const float* x, float* y);

/// dx[rows, inputs] = dy[rows, outputs] W.
void linear_input_gradient(const Linear& shape, const float* weight, std::size_t rows,
                           const float* dy, float* dx);

/// dW[o, :] += sum over rows of dy[row, o] x[row, :], for the outputs first <= o < last.
void linear_weight_gradient(const Linear& shape, std::size_t first, std::size_t last,
                            std::size_t rows, const float* dy, const float* x, float* dweight);

/// y = W x for one row.
void linear(const Linear& shape, const float* weight, const float* x, float* y);

}  // namespace spikeloom::models
