// How a model is trained.
#pragma once

#include "models/config.hpp"
#include "models/optimisation.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::models {

struct TrainingConfig : Optimisation {
    int batch = 8;        ///< sequences a step; their length is the model's `context`
    int micro_batch = 0;  ///< sequences in memory at a time; 0: all of a batch
    int weight_bits = 0;  ///< of the matrices while training (fake_quantisation.hpp); 0: float
    double l2_wrap = 1e-4;
    std::int64_t steps = 0;  ///< length of the run and of its schedule; 0: by time alone
    double minutes = 0.0;    ///< longest time, evaluations included; 0: any
    std::uint64_t seed = 1;
    double validation_fraction = 0.05;
    std::int64_t evaluation_interval = 250;  ///< steps between evaluations; 0: at the end alone
    std::int64_t evaluation_tokens = 16384;  ///< of the validation text, from its beginning
    int evaluation_stride = 0;  ///< of windows of `context` tokens; 0: one context, all of them
    std::int64_t checkpoint_interval = 0;  ///< steps between checkpoints; 0: at the end alone
};

void describe(schema::Walk& walk, TrainingConfig& config);

/// What `spikeloom train --config` reads: the sections `model` and `training`.
struct TrainingRun {
    ModelConfig model;
    TrainingConfig training;
    std::string tokenizer;  ///< no key: the description of the one that the ids are from
};

void describe(schema::Walk& walk, TrainingRun& run);

}  // namespace spikeloom::models
