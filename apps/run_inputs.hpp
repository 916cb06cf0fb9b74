// What a run of a model on a chip needs, as the command line says it: what `simulate` and
// `noc --traffic program` share.
#pragma once

#include "analysis/energy_table.hpp"
#include "apps/command.hpp"
#include "apps/run_config.hpp"
#include "apps/simulation.hpp"
#include "arch/program.hpp"
#include "models/quantised_model.hpp"
#include "models/tokenizer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace spikeloom::apps {

/// Adds the model, the Program, the prompt, how much is generated and how, and the placement.
void add_run_options(options::options_description& described);

struct RunInputs {
    RunConfig config;  // with all that the options say
    models::QuantisedModel model;
    std::optional<models::Tokenizer> tokenizer;
    arch::Program program;
    std::vector<analysis::EnergyTable> tables;

    /// The run that was asked for; what is recorded of it is the caller's to add. The tokenizer is
    /// the one in here.
    Simulation simulation() const;
};

/// Reads all that the options and, beneath them, `config` name. Without energy tables the standard
/// ones. The Program is checked against the chip. Throws InputError, of the options in the name of
/// `command`.
RunInputs read_run_inputs(const options::variables_map& values, RunConfig config,
                          const std::string& command);

}  // namespace spikeloom::apps
