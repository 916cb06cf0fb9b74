// Everything a simulation is made from, as a file: what `simulate` leaves as config.yaml in a run
// directory and reads again with --config.
#pragma once

#include "arch/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::apps {

enum class Mode { prefill, generate };

struct EnergyFile {
    std::string table;
};
void describe(schema::Walk& walk, EnergyFile& file);

struct RunConfig {
    std::string model;    // the integer model's file
    std::string program;  // a Program's file; empty: the model is compiled for the chip
    std::vector<int> prompt;
    Mode mode = Mode::generate;
    std::uint64_t tokens = 64;  // to generate
    double temperature = 0.8;
    double top_p = 0.95;
    std::uint64_t seed = 1;
    std::string strategy = "greedy";  // of the placement
    std::string head = "dram";        // where the head's weights live
    std::string rows = "shorter";     // of weights: dense, or sparse where that is shorter
    std::vector<EnergyFile> energy;
    arch::ChipConfig chip;
};

void describe(schema::Walk& walk, RunConfig& config);

}  // namespace spikeloom::apps
