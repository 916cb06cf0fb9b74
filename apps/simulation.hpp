// A simulated run from a model and a chip to the record that analysis keeps: what `simulate` and
// `demo` share.
#pragma once

#include "analysis/energy_table.hpp"
#include "analysis/run.hpp"
#include "arch/config.hpp"
#include "arch/program.hpp"
#include "models/quantised_model.hpp"
#include "models/sampler.hpp"
#include "models/tokenizer.hpp"
#include "noc/trace.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace spikeloom::apps {

inline constexpr std::int64_t kPowerCycles = 10000;

struct Simulation {
    std::string label;
    const models::Tokenizer* tokenizer = nullptr;  // of the ids; none: texts are left out
    std::vector<int> prompt;
    std::uint64_t generate = 0;  // tokens
    models::SamplerConfig sampling;
    std::uint64_t seed = 1;
    std::uint64_t power_cycles = kPowerCycles;  // of a row of power over time
    bool record_activity = true;        // spikes and membranes of two sub-blocks, for the report
    std::filesystem::path trace;        // Chrome trace events; empty: none
    bool keep_packets = false;          // all that the network carried
    std::vector<std::string> commands;  // how the run was asked for
};

struct Simulated {
    analysis::Run run;
    std::string first_mismatch;          // in words; empty where there is none
    std::string power_csv;               // power over time, where asked for
    std::vector<noc::TraceRow> packets;  // where asked for
    double prompt_bits = 0.0;  // of the prompt's tokens but the first, by the fabric's logits
};

/// Runs the Program on the chip with a progress bar, verifies it and records it.
Simulated simulate(const arch::Program& program, const arch::ChipConfig& chip,
                   const models::QuantisedModel& model,
                   const std::vector<analysis::EnergyTable>& tables, const Simulation& asked);

/// The run's result.json as an object, with what only the text of a run says.
nlohmann::ordered_json result_of(const Simulated& simulated);

/// The figures of a run in a few lines for a terminal.
std::string summary_of(const analysis::Run& run);

}  // namespace spikeloom::apps
