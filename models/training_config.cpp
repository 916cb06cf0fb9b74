#include "models/training_config.hpp"

#include "base/schema.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::models {

void describe(schema::Walk& walk, TrainingConfig& config) {
    walk.integer("batch", config.batch, {1, 65536}, "sequences a step, of model.context tokens");
    walk.integer("micro_batch", config.micro_batch, {0, 65536},
                 "sequences in memory at a time; 0: the whole batch");
    walk.number("learning_rate", config.learning_rate, {0.0, 10.0},
                "Adam's rate behind the warm-up");
    walk.number("final_learning_rate", config.final_learning_rate, {0.0, 10.0},
                "rate at the end of the cosine");
    walk.integer("warmup_steps", config.warmup_steps, {0, 1'000'000'000},
                 "steps over which the rate rises linearly");
    walk.number("beta1", config.adam.beta1, {0.0, 0.999999}, "Adam's memory of the gradient");
    walk.number("beta2", config.adam.beta2, {0.0, 0.999999}, "Adam's memory of its square");
    walk.number("eps", config.adam.eps, {1e-30, 1.0}, "added to the square's root");
    walk.number("weight_decay", config.adam.weight_decay, {0.0, 10.0},
                "decoupled decay of the matrices, times the rate");
    walk.number("clip", config.adam.clip, {0.0, 1e9}, "largest norm of the gradient; 0: any");
    walk.number("dropout", config.dropout, {0.0, 0.99},
                "share of the residual stream dropped behind each layer");
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

double learning_rate_at(const TrainingConfig& config, std::int64_t step, double progress) {
    constexpr double kPi = 3.14159265358979323846;
    const double cosine = 0.5 * (1.0 + std::cos(kPi * std::clamp(progress, 0.0, 1.0)));
    const double rate =
        config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * cosine;
    if (step >= config.warmup_steps) {
        return rate;
    }
    return rate * static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
}

}  // namespace spikeloom::models
