#include "workloads/interleave.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace spikeloom::workloads {

namespace {

std::vector<arch::Output> in_runs(const arch::Output& output, std::uint32_t run) {
    std::vector<arch::Output> runs;
    for (std::uint32_t first = 0; first < output.length; first += run) {
        arch::Output& part = runs.emplace_back(output);
        part.source.first += first;
        part.length = std::min(run, output.length - first);
        for (arch::Destination& to : part.destinations) {
            to.axon += first;
        }
    }
    return runs;
}

}  // namespace

void interleave_destinations(arch::Program& program, const arch::ChipConfig& chip) {
    const std::uint32_t payload_bits =
        chip.max_packet_flits * static_cast<std::uint32_t>(chip.network.flit_bits) -
        chip.header_bits;
    for (arch::Stage& stage : program.stages) {
        std::vector<arch::Output> outputs;
        for (arch::Output& output : stage.outputs) {
            const std::uint32_t run = std::max(1U, payload_bits / output.value_bits);
            if (output.encoding == arch::Encoding::dense && output.destinations.size() > 1) {
                const std::vector<arch::Output> runs = in_runs(output, run);
                outputs.insert(outputs.end(), runs.begin(), runs.end());
            } else {
                outputs.push_back(std::move(output));
            }
        }
        stage.outputs = std::move(outputs);
    }
}

}  // namespace spikeloom::workloads
