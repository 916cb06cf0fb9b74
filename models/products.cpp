#include "models/products.hpp"

#include "models/tile_product.hpp"

#include <functional>

#include <Eigen/Core>

namespace spikeloom::models {

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;
using Strided = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;

/// Blocks along the depth that are laid out at a time: 128 rows of a matrix that is no transpose.
constexpr std::size_t kChunkBlocks = 4;

/// Outputs of a chunk where there is but one row.
constexpr std::size_t kChunkOutputs = 64;

Eigen::Index index(std::size_t n) {
    return static_cast<Eigen::Index>(n);
}

}  // namespace

Preparation for_outputs(SharedFactor& factor, const Linear& shape, const float* weight) {
    return {&factor, weight, shape.outputs, shape.inputs, true};
}

Preparation for_input_gradient(SharedFactor& factor, const Linear& shape, const float* weight) {
    return {&factor, weight, shape.outputs, shape.inputs, false};
}

Preparation for_weight_gradient(SharedFactor& factor, const Linear& shape, std::size_t rows,
                                const float* x) {
    return {&factor, x, rows, shape.inputs, false};
}

void prepare(Workers& workers, std::span<const Preparation> preparations) {
    for (const Preparation& p : preparations) {
        SharedFactor& factor = *p.factor;
        factor.depth_ = p.transposed ? p.columns : p.rows;
        factor.width_ = p.transposed ? p.rows : p.columns;
        factor.data_ = p.matrix;
        factor.transposed_ = p.transposed;
    }
    if (!tiles::available()) {
        return;
    }
    const auto blocks = [](const SharedFactor& factor) {
        return (factor.depth_ + tiles::kBlock - 1) / tiles::kBlock;
    };
    const auto chunks = [&](const SharedFactor& factor) {
        return (blocks(factor) + kChunkBlocks - 1) / kChunkBlocks;
    };
    std::size_t all = 0;
    for (const Preparation& p : preparations) {
        SharedFactor& factor = *p.factor;
        const std::size_t size = tiles::packed_size(factor.width_, factor.depth_);
        if (factor.tiles_.size() < size) {
            factor.tiles_ = AlignedVector<std::uint16_t>(size);
        }
        all += chunks(factor);
    }
    const auto body = [&](std::size_t chunk) {
        const Preparation* p = preparations.data();
        for (; chunk >= chunks(*p->factor); ++p) {
            chunk -= chunks(*p->factor);
        }
        SharedFactor& factor = *p->factor;
        const std::size_t first = chunk * kChunkBlocks;
        const std::size_t last = std::min(blocks(factor), first + kChunkBlocks);
        tiles::pack_right({p->matrix, p->columns, p->transposed}, factor.width_, factor.depth_,
                          first, last, factor.tiles_.data());
    };
    workers.run(all, std::cref(body));
}

void multiply(std::size_t rows, const float* x, const SharedFactor& factor, float* y) {
    if (tiles::available()) {
        tiles::multiply({x, factor.depth_, true}, rows, factor.tiles_.data(), factor.width_,
                        factor.depth_, y, factor.width_, false);
        return;
    }
    const ConstMap in(x, index(rows), index(factor.depth_));
    Map out(y, index(rows), index(factor.width_));
    if (factor.transposed_) {
        const ConstMap w(factor.data_, index(factor.width_), index(factor.depth_));
        out.noalias() = in * w.transpose();
    } else {
        const ConstMap w(factor.data_, index(factor.depth_), index(factor.width_));
        out.noalias() = in * w;
    }
}

void accumulate(std::size_t rows, const float* dy, std::size_t outputs, std::size_t first,
                std::size_t last, const SharedFactor& factor, float* dweight) {
    float* const to = dweight + first * factor.width_;
    if (tiles::available()) {
        tiles::multiply({dy + first, outputs, false}, last - first, factor.tiles_.data(),
                        factor.width_, rows, to, factor.width_, true);
        return;
    }
    const Strided out(dy + first, index(rows), index(last - first),
                      Eigen::OuterStride<>(index(outputs)));
    const ConstMap in(factor.data_, index(rows), index(factor.width_));
    Map(to, index(last - first), index(factor.width_)).noalias() += out.transpose() * in;
}

void multiply_rows(Workers& workers, std::span<const RowProduct> products) {
    using Vector = Eigen::Matrix<float, Eigen::Dynamic, 1>;
    workers.run_parts(
        products, [](const RowProduct& product) { return product.shape.outputs; }, kChunkOutputs,
        [](const RowProduct& product, std::size_t first, std::size_t last) {
            const Eigen::Index rows = index(last - first);
            const Eigen::Index inputs = index(product.shape.inputs);
            const ConstMap w(product.weight + first * product.shape.inputs, rows, inputs);
            const Eigen::Map<const Vector> in(product.x, inputs);
            Eigen::Map<Vector>(product.y + first, rows).noalias() = w * in;
        });
}

}  // namespace spikeloom::models
