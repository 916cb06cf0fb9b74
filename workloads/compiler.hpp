// The compiler: an integer SpikeGPT and a chip become a Program (docs/mapping.md).
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"
#include "models/quantised_model.hpp"
#include "workloads/partition.hpp"
#include "workloads/placement.hpp"
#include "workloads/spikegpt.hpp"
#include "workloads/traffic.hpp"

#include <cstdint>
#include <string>

namespace spikeloom::workloads {

struct CompilerOptions {
    Strategy strategy = Strategy::greedy;
    std::uint64_t seed = 1;  // of the annealing
    HeadHome head = HeadHome::dram;
    RowKind rows = RowKind::shorter;
    Activity activity;  // what the balance between stages is estimated with
};

struct Compiled {
    arch::Program program;
    Layout layout;
    int accumulator_bits = 32;  // that hold every sum of the model, whatever its input
    double interval = 0.0;      // cycles from token to token, estimated
    double latency = 0.0;       // cycles a token, estimated
};

/// Throws InputError, saying what is needed and what the chip has, where the model does not fit.
/// The result passes arch::check.
Compiled compile(const models::QuantisedModel& model, const arch::ChipConfig& chip,
                 const CompilerOptions& options);

/// What was decided, in a few lines for people: parts, residence, estimates.
std::string describe_mapping(const Compiled& compiled, const models::ModelConfig& model,
                             const arch::ChipConfig& chip);

}  // namespace spikeloom::workloads
