// The three products of a linear layer, as the model makes them, beside Eigen's product of the same
// extents, by turns: on one thread and on all. Ours include the preparation of the shared factor
// (models/products.hpp), which a training step makes anew each time. Eigen's rows are cut evenly
// over the threads.
#include "base/parallel.hpp"
#include "base/random.hpp"
#include "bench/measure.hpp"
#include "models/aligned_vector.hpp"
#include "models/products.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

#include <Eigen/Core>

namespace {

using namespace spikeloom;
using namespace spikeloom::models;
using Vector = AlignedVector<float>;
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::size_t kChunkRows = 128;  // as in SequenceModel

Vector random_values(std::size_t count) {
    Random random(1);
    Vector values(count);
    std::generate(values.begin(), values.end(),
                  [&] { return static_cast<float>(random.normal()); });
    return values;
}

/// body(first, last) over [0, count) in chunks.
template <class Body>
void in_chunks(Workers& workers, std::size_t count, std::size_t chunk, const Body& body) {
    const auto one = [&](std::size_t i) { body(i * chunk, std::min(count, (i + 1) * chunk)); };
    workers.run((count + chunk - 1) / chunk, std::cref(one));
}

void compare(Workers& workers, const Linear& shape, std::size_t rows) {
    const auto [outputs, inputs] = shape;
    const Vector w = random_values(outputs * inputs);
    const Vector x = random_values(rows * inputs);
    const Vector dy = random_values(rows * outputs);
    Vector y(rows * outputs);
    Vector dx(rows * inputs);
    Vector dw(outputs * inputs, 0.0F);
    SharedFactor factor;

    const auto index = [](std::size_t n) { return static_cast<Eigen::Index>(n); };
    const Eigen::MatrixXf a = Eigen::MatrixXf::Random(index(outputs), index(inputs));
    const Eigen::MatrixXf b = Eigen::MatrixXf::Random(index(inputs), index(rows));
    Eigen::MatrixXf c(index(outputs), index(rows));
    const auto threads = static_cast<std::size_t>(workers.threads());
    const auto eigen = [&] {
        in_chunks(workers, rows, (rows + threads - 1) / threads,
                  [&](std::size_t first, std::size_t last) {
                      c.middleCols(index(first), index(last - first)).noalias() =
                          a * b.middleCols(index(first), index(last - first));
                  });
    };
    const auto forward = [&] {
        prepare(workers, for_outputs(factor, shape, w.data()));
        in_chunks(workers, rows, kChunkRows, [&](std::size_t first, std::size_t last) {
            multiply(last - first, x.data() + first * inputs, factor, y.data() + first * outputs);
        });
    };
    const auto input_gradient = [&] {
        prepare(workers, for_input_gradient(factor, shape, w.data()));
        in_chunks(workers, rows, kChunkRows, [&](std::size_t first, std::size_t last) {
            multiply(last - first, dy.data() + first * outputs, factor, dx.data() + first * inputs);
        });
    };
    const auto weight_gradient = [&] {
        prepare(workers, for_weight_gradient(factor, shape, rows, x.data()));
        in_chunks(workers, outputs, chunk_of_outputs(outputs),
                  [&](std::size_t first, std::size_t last) {
                      accumulate(rows, dy.data(), outputs, first, last, factor, dw.data());
                  });
    };
    const auto times = bench::by_turns({eigen, forward, input_gradient, weight_gradient}, 1.5);
    const double operations = 2e-9 * static_cast<double>(outputs * inputs * rows);
    std::printf("| %d | %zu x %zu x %zu | %.0f |", workers.threads(), outputs, inputs, rows,
                operations / bench::median(times[0]));
    for (std::size_t i = 1; i < times.size(); ++i) {
        std::printf(" %.0f | %.2f |", operations / bench::median(times[i]),
                    bench::median_ratio(times[0], times[i]));
    }
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace

int main() {
    std::printf(
        "| threads | outputs x inputs x rows | Eigen, GFLOP/s | y = x W^T | ratio | dx = dy W | "
        "ratio | dW += dy^T x | ratio |\n|---|---|---|---|---|---|---|---|---|\n");
    for (const int threads : {1, 0}) {
        Workers workers(threads);
        for (const std::size_t channels : {128, 512}) {
            const std::size_t rows = 4 * channels;
            compare(workers, {channels, channels}, rows);
            compare(workers, {4 * channels, channels}, rows);
            compare(workers, {channels, 4 * channels}, rows);
        }
    }
    return 0;
}
