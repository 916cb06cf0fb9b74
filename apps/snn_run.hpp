// A run of a spiking network on a chip, as `snn` and `validate` make it.
#pragma once

#include "analysis/run.hpp"
#include "arch/config.hpp"
#include "arch/events.hpp"
#include "workloads/snn_network.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace spikeloom::apps {

struct SnnRequest {
    workloads::SnnNetwork network;
    arch::ChipConfig chip;
    std::uint64_t steps = 1000;
    std::vector<analysis::EnergyTable> tables;  // at least one
    bool keep_spikes = false;
    std::uint64_t power_steps = 0;  // of a row of power over time; 0: none
    std::vector<std::string> commands;
    std::function<void(std::uint64_t steps)> progress = [](std::uint64_t) {};
};

struct SnnResult {
    analysis::Run run;  // its one phase has steps for tokens
    struct PopulationSpikes {
        std::string name;
        std::uint64_t neurons = 0;
        std::uint64_t spikes = 0;
        double rate_hz = 0.0;  // in the network's own time
    };
    std::vector<PopulationSpikes> populations;
    std::uint64_t neurons = 0;
    std::uint64_t synapses = 0;
    std::uint64_t synapse_bytes = 0;  // of the computer's memory
    std::uint64_t spikes = 0;
    std::uint64_t synaptic_operations = 0;
    std::string spikes_csv;
    std::string power_csv;
};

SnnResult run_network(const SnnRequest& asked);

/// The result with the keys that `snn --json` has.
nlohmann::ordered_json snn_json(const SnnResult& result);

}  // namespace spikeloom::apps
