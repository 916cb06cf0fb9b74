#include "models/fake_quantisation.hpp"

#include "models/row_scale.hpp"

#include <algorithm>
#include <functional>

namespace spikeloom::models {

namespace {

/// Weights of a chunk of rows, about.
constexpr std::size_t kChunkWeights = 16384;

struct RowChunk {
    std::size_t first;  // weight in the flat array
    std::size_t rows;
    std::size_t columns;
};

bool is_matrix(const TensorInfo& info) {
    return info.shape.size() == 2 && info.name != "emb.weight";
}

void round_row(std::span<const float> from, int bits, std::span<float> to) {
    const double scale = row_scale(from, {}, bits);
    if (scale == 0.0) {
        std::fill(to.begin(), to.end(), 0.0F);
        return;
    }
    const double most = largest_level(bits);
    for (std::size_t i = 0; i < from.size(); ++i) {
        to[i] = static_cast<float>(level_of(from[i], scale, most) * scale);
    }
}

}  // namespace

void round_matrices(const Parameters& parameters, int bits, Workers& workers, Parameters& rounded) {
    std::vector<RowChunk> chunks;
    for (const TensorInfo& info : parameters.layout()) {
        const auto from = parameters.flat().subspan(info.offset, info.elements);
        if (!is_matrix(info)) {
            std::copy(from.begin(), from.end(),
                      rounded.flat().begin() + static_cast<std::ptrdiff_t>(info.offset));
            continue;
        }
        const std::size_t columns = info.shape[1];
        const std::size_t at_a_time = std::max<std::size_t>(1, kChunkWeights / columns);
        for (std::size_t row = 0; row < info.shape[0]; row += at_a_time) {
            chunks.push_back(
                {info.offset + row * columns, std::min(at_a_time, info.shape[0] - row), columns});
        }
    }
    const auto body = [&](std::size_t index) {
        const RowChunk& chunk = chunks[index];
        for (std::size_t row = 0; row < chunk.rows; ++row) {
            const std::size_t at = chunk.first + row * chunk.columns;
            round_row(parameters.flat().subspan(at, chunk.columns), bits,
                      rounded.flat().subspan(at, chunk.columns));
        }
    };
    workers.run(chunks.size(), std::cref(body));
}

}  // namespace spikeloom::models
