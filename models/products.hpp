// The three matrix products of a linear layer y = W x over many rows, on row-major arrays:
//     y = x W^T,    dx = dy W,    dW += dy^T x.
// One factor of each is shared by all rows that are worked on at a time (W, W and x). It is
// prepared once, by all threads; then chunks of rows, or of dW's outputs, are multiplied
// independently of each other.
//
// Where the processor has a tile unit (tile_product.hpp) it does the work, otherwise Eigen does.
#pragma once

#include "base/parallel.hpp"
#include "models/aligned_vector.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace spikeloom::models {

/// Extents of W: [outputs, inputs].
struct Linear {
    std::size_t outputs;
    std::size_t inputs;
};

/// A matrix [depth, width] ready to be multiplied from the left. The matrix it was prepared from
/// must stay as it is while the factor is used.
class SharedFactor {
  public:
    std::size_t depth() const { return depth_; }
    std::size_t width() const { return width_; }
    std::size_t bytes() const { return tiles_.size() * sizeof(std::uint16_t); }

  private:
    friend void prepare(Workers& workers, std::span<const struct Preparation> preparations);
    friend void multiply(std::size_t rows, const float* x, const SharedFactor& factor, float* y);
    friend void accumulate(std::size_t rows, const float* dy, std::size_t outputs,
                           std::size_t first, std::size_t last, const SharedFactor& factor,
                           float* dweight);

    std::size_t depth_ = 0;
    std::size_t width_ = 0;
    const float* data_ = nullptr;
    bool transposed_ = false;
    AlignedVector<std::uint16_t> tiles_;  // where there is a tile unit
};

/// Which matrix [rows, columns], or which one's transpose, becomes which factor.
struct Preparation {
    SharedFactor* factor;
    const float* matrix;
    std::size_t rows;
    std::size_t columns;
    bool transposed;
};

/// W^T, the factor of y.
Preparation for_outputs(SharedFactor& factor, const Linear& shape, const float* weight);
/// W, the factor of dx.
Preparation for_input_gradient(SharedFactor& factor, const Linear& shape, const float* weight);
/// x of all rows, the factor of dW.
Preparation for_weight_gradient(SharedFactor& factor, const Linear& shape, std::size_t rows,
                                const float* x);

void prepare(Workers& workers, std::span<const Preparation> preparations);
inline void prepare(Workers& workers, const Preparation& preparation) {
    prepare(workers, {&preparation, 1});
}

/// y[rows, width] = x[rows, depth] factor.
void multiply(std::size_t rows, const float* x, const SharedFactor& factor, float* y);

/// Outputs of a chunk of dW: as many as make packing dy count, as few as leave some for each
/// thread.
constexpr std::size_t chunk_of_outputs(std::size_t outputs) {
    return std::clamp<std::size_t>(outputs / 4, 32, 128);
}

/// dW[o, :] += sum over all rows of dy[row, o] x[row, :], for the outputs first <= o < last.
/// dy is [rows, outputs], the factor x.
void accumulate(std::size_t rows, const float* dy, std::size_t outputs, std::size_t first,
                std::size_t last, const SharedFactor& factor, float* dweight);

/// y = W x of one row.
struct RowProduct {
    Linear shape;
    const float* weight;
    const float* x;
    float* y;
};
/// Several that do not depend on each other, shared out among the workers.
void multiply_rows(Workers& workers, std::span<const RowProduct> products);

}  // namespace spikeloom::models
