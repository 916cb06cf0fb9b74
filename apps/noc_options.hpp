// The options of spikeloom noc that set keys of its configuration.
#pragma once

#include "noc/experiment.hpp"

#include <boost/program_options.hpp>

namespace spikeloom::apps {

/// `--config`, `--chip`, `--size`, and an option for every key of the network, the traffic and the
/// run.
void add_noc_options(boost::program_options::options_description& described);

/// The network of `--chip`, over it the file of `--config`, over both the options.
noc::ExperimentConfig read_noc_config(const boost::program_options::variables_map& values);

/// Whether `--traffic program` asks for what a Program sends (apps/program_traffic.hpp); the
/// configuration then keeps the pattern it had.
bool asks_for_program(const boost::program_options::variables_map& values);

}  // namespace spikeloom::apps
