#include "models/config.hpp"

#include "base/schema.hpp"

namespace spikeloom::models {

void describe(schema::Walk& walk, ModelConfig& config) {
    walk.choice("variant", config.variant,
                {{"linear_lif", Variant::linear_lif}, {"dense", Variant::dense}},
                "linear_lif: as published; dense: the twin without spikes");
    walk.integer("layers", config.layers, {1, 256}, "blocks of time-mix and channel-mix");
    walk.integer("channels", config.channels, {2, 16384}, "width of the residual stream");
    walk.integer("vocabulary", config.vocabulary, {2, 1'048'576}, "number of token ids");
    walk.integer("ffn_multiple", config.ffn_multiple, {1, 16},
                 "hidden width of the channel-mix in units of channels");
    walk.integer("context", config.context, {1, 1'048'576}, "tokens of a training sequence");
    walk.number("tau", config.tau, {1.0, 1e6}, "membrane time constant of the LIF in tokens");
    walk.number("threshold", config.threshold, {1e-6, 1e6}, "membrane at which the LIF fires");
    walk.number("surrogate_alpha", config.surrogate_alpha, {1e-3, 1e3},
                "steepness of the arctangent surrogate gradient");
    walk.number("layer_norm_eps", config.layer_norm_eps, {1e-12, 1.0},
                "added to the variance in each LayerNorm");
}

}  // namespace spikeloom::models
