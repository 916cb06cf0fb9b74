// How parameters are moved, whatever is trained: Adam under a schedule, with dropout.
#pragma once

#include "models/adam.hpp"

#include <cstdint>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::models {

struct Optimisation {
    double learning_rate = 6e-4;
    double final_learning_rate = 1e-5;
    int warmup_steps = 0;
    AdamConfig adam;
    double dropout = 0.0;  ///< of the residual stream, behind each layer
};

/// The keys, among those of the configuration that has them.
void describe_optimisation(schema::Walk& walk, Optimisation& config);

/// The rate at a step (from 0) when `progress` (0 to 1) of the run is done: linear warm-up, then
/// half a cosine from learning_rate to final_learning_rate.
double learning_rate_at(const Optimisation& config, std::int64_t step, double progress);

}  // namespace spikeloom::models
