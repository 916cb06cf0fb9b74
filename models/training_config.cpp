#include "models/training_config.hpp"

#include "base/schema.hpp"

namespace spikeloom::models {

void describe(schema::Walk& walk, TrainingConfig& config) {
    walk.integer("batch", config.batch, {1, 65536}, "sequences a step, of model.context tokens");
    walk.integer("micro_batch", config.micro_batch, {0, 65536},
                 "sequences in memory at a time; 0: the whole batch");
    describe_optimisation(walk, config);
    walk.integer("weight_bits", config.weight_bits, {0, 16},
                 "of the matrices while training, 2 (ternary) to 16, for a model that is to be "
                 "quantised so; 0: float");
    walk.number("l2_wrap", config.l2_wrap, {0.0, 1.0},
                "pull of each position's largest logit towards 0");
    walk.integer("steps", config.steps, {0, 1'000'000'000'000},
                 "length of the run and its schedule; 0: by time alone");
    walk.number(
        "minutes", config.minutes, {0.0, 1e6},
        "longest time; the schedule follows whichever of steps and time is further on; 0: any");
    walk.integer("seed", config.seed, {0}, "of starting values, windows and dropout");
    walk.number("validation_fraction", config.validation_fraction, {0.0, 0.9},
                "share of the text, its end, that is kept for validation");
    walk.integer("evaluation_interval", config.evaluation_interval, {0, 1'000'000'000'000},
                 "steps between evaluations; 0: at the end alone");
    walk.integer("evaluation_tokens", config.evaluation_tokens, {2, 1'000'000'000'000},
                 "tokens of the validation text an evaluation reads, from its beginning");
    walk.integer("evaluation_stride", config.evaluation_stride, {0, 1'048'576},
                 "an evaluation reads windows of model.context tokens that start so many tokens "
                 "apart, at most the context; 0: one context, from its first token on");
    walk.integer("checkpoint_interval", config.checkpoint_interval, {0, 1'000'000'000'000},
                 "steps between checkpoints; 0: at the end alone");
}

void describe(schema::Walk& walk, TrainingRun& run) {
    walk.section("model", "the network", [&] { describe(walk, run.model); });
    walk.section("training", "how it is trained", [&] { describe(walk, run.training); });
}

}  // namespace spikeloom::models
