#include "models/products.hpp"

#include <Eigen/Core>

namespace spikeloom::models {

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;
using Strided = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;

Eigen::Index index(std::size_t n) {
    return static_cast<Eigen::Index>(n);
}

}  // namespace

void linear(const Linear& shape, const float* weight, std::size_t rows, const float* x, float* y) {
    const ConstMap w(weight, index(shape.outputs), index(shape.inputs));
    const ConstMap in(x, index(rows), index(shape.inputs));
    Map(y, index(rows), index(shape.outputs)).noalias() = in * w.transpose();
}

void linear_input_gradient(const Linear& shape, const float* weight, std::size_t rows,
                           const float* dy, float* dx) {
    const ConstMap w(weight, index(shape.outputs), index(shape.inputs));
    const ConstMap out(dy, index(rows), index(shape.outputs));
    Map(dx, index(rows), index(shape.inputs)).noalias() = out * w;
}

void linear_weight_gradient(const Linear& shape, std::size_t first, std::size_t last,
                            std::size_t rows, const float* dy, const float* x, float* dweight) {
    const Strided out(dy + first, index(rows), index(last - first),
                      Eigen::OuterStride<>(index(shape.outputs)));
    const ConstMap in(x, index(rows), index(shape.inputs));
    Map(dweight + first * shape.inputs, index(last - first), index(shape.inputs)).noalias() +=
        out.transpose() * in;
}

void linear(const Linear& shape, const float* weight, const float* x, float* y) {
    using Vector = Eigen::Matrix<float, Eigen::Dynamic, 1>;
    const ConstMap w(weight, index(shape.outputs), index(shape.inputs));
    const Eigen::Map<const Vector> in(x, index(shape.inputs));
    Eigen::Map<Vector>(y, index(shape.outputs)).noalias() = w * in;
}

}  // namespace spikeloom::models
