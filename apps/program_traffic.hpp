// The spike traffic of a model's layers, for the network alone: a Program runs on its chip, and
// every packet its tiles send is written down.
#pragma once

#include "apps/command.hpp"
#include "noc/experiment.hpp"

#include <vector>

#include <nlohmann/json.hpp>

namespace spikeloom::apps {

struct ProgramTraffic {
    std::vector<noc::TraceRow> packets;  // in cycles of the clock of the network to be measured
    nlohmann::ordered_json about;        // the run they come from
};

/// Runs the Program that the options name (run_inputs.hpp) on the chip of --chip. The packets are
/// for a network of as many nodes, in `config`. Throws InputError where it has other nodes,
/// CheckFailed where the run is not bit-exact.
ProgramTraffic record_program(const options::variables_map& values,
                              const noc::ExperimentConfig& config);

}  // namespace spikeloom::apps
