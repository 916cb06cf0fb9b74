// A spiking network from YAML on a small chip, step by step, for tests.
#pragma once

#include "arch/stepped_chip.hpp"
#include "base/schema.hpp"
#include "workloads/snn_layout.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace spikeloom::tests {

/// Two tiles of a core each, one clock, the single-cycle router: a spike written in cycle w is in
/// the event queue of the other tile's core in cycle w + 5.
inline arch::ChipConfig two_tiles() {
    arch::ChipConfig chip;
    chip.network.width = 2;
    chip.network.height = 1;
    chip.network.routing_delay = 0;
    chip.network.vc_allocation_delay = 0;
    chip.network.forward_delay = 1;
    chip.network.credit_delay = 1;
    chip.network.injection_delay = 1;
    chip.core.lanes = 1;
    chip.stepped.barrier_cycles = 0;
    return chip;
}

/// A network on a chip, and who has fired.
struct SteppedRun {
    SteppedRun(const workloads::SnnNetwork& described, const arch::ChipConfig& config)
        : network(described), layout(workloads::lay_out(network, config)) {
        chip = std::make_unique<arch::SteppedChip>(config, std::move(layout.network), network.seed);
        chip->observe([this](std::uint64_t step, std::span<const arch::NeuronId> fired) {
            for (const arch::NeuronId neuron : fired) {
                spikes.emplace_back(step, neuron);
            }
        });
    }
    SteppedRun(const std::string& yaml, const arch::ChipConfig& config)
        : SteppedRun(schema::read_string<workloads::SnnNetwork>(yaml, "test"), config) {}

    void run(std::uint64_t steps) {
        for (std::uint64_t i = 0; i < steps; ++i) {
            chip->step();
        }
    }
    /// The steps in which a neuron fired.
    std::vector<std::uint64_t> times(std::size_t population, std::size_t neuron = 0) const {
        std::vector<std::uint64_t> steps;
        for (const auto& [step, fired] : spikes) {
            if (fired == layout.places[population][neuron]) {
                steps.push_back(step);
            }
        }
        return steps;
    }
    std::uint64_t total(arch::Event event) const { return chip->snapshot().total(event); }

    workloads::SnnNetwork network;
    workloads::SnnLayout layout;
    std::unique_ptr<arch::SteppedChip> chip;
    std::vector<std::pair<std::uint64_t, arch::NeuronId>> spikes;
};

using Steps = std::vector<std::uint64_t>;

}  // namespace spikeloom::tests
