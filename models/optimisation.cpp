#include "models/optimisation.hpp"

#include "base/schema.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::models {

void describe_optimisation(schema::Walk& walk, Optimisation& config) {
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
}

double learning_rate_at(const Optimisation& config, std::int64_t step, double progress) {
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
