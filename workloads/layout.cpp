#include "workloads/spikegpt.hpp"

#include <algorithm>

namespace spikeloom::workloads {

const char* name_of(MatrixStage stage) {
    constexpr const char* kNames[] = {"att_kvr", "att_out", "ffn_key", "ffn_out", "head"};
    return kNames[static_cast<std::size_t>(stage)];
}

std::uint32_t rows_of(MatrixStage stage, const models::ModelConfig& config) {
    switch (stage) {
        case MatrixStage::ffn_key:
            return static_cast<std::uint32_t>(config.hidden());
        case MatrixStage::head:
            return static_cast<std::uint32_t>(config.vocabulary);
        default:
            return static_cast<std::uint32_t>(config.channels);
    }
}

std::vector<std::uint32_t> cuts(std::uint32_t rows, std::uint32_t parts, std::uint32_t granule) {
    const std::uint64_t granules = (rows + granule - 1) / granule;
    std::vector<std::uint32_t> result;
    for (std::uint64_t part = 0; part <= parts; ++part) {
        const std::uint64_t cut =
            granules < parts ? part * rows / parts : part * granules / parts * granule;
        result.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(cut, rows)));
    }
    return result;
}

std::uint32_t largest_part(std::uint32_t rows, std::uint32_t parts, std::uint32_t granule) {
    const std::vector<std::uint32_t> all = cuts(rows, parts, granule);
    std::uint32_t largest = 0;
    for (std::size_t part = 0; part < parts; ++part) {
        largest = std::max(largest, all[part + 1] - all[part]);
    }
    return largest;
}

}  // namespace spikeloom::workloads
