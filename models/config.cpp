#include "models/config.hpp"

#include "base/schema.hpp"

namespace spikeloom::models {

const char* name_of(Variant variant) {
    static constexpr const char* kNames[] = {"linear_lif", "lif_linear", "dense"};
    return kNames[static_cast<std::size_t>(variant)];
}

ModelConfig ModelConfig::dense_twin() const {
    ModelConfig twin = *this;
    twin.variant = Variant::dense;
    if (hidden_spikes()) {
        twin.ffn_activation = FfnActivation::relu_squared;
    }
    return twin;
}

void describe(schema::Walk& walk, ModelConfig& config) {
    walk.choice("variant", config.variant,
                {{"linear_lif", Variant::linear_lif},
                 {"lif_linear", Variant::lif_linear},
                 {"dense", Variant::dense}},
                "linear_lif: as published; lif_linear: a LIF in front of every matrix but the "
                "head; dense: the twin without spikes");
    walk.integer("layers", config.layers, {1, 256}, "blocks of time-mix and channel-mix");
    walk.integer("channels", config.channels, {2, 16384}, "width of the residual stream");
    walk.integer("vocabulary", config.vocabulary, {2, 1'048'576}, "number of token ids");
    walk.integer("ffn_multiple", config.ffn_multiple, {1, 16},
                 "hidden width of the channel-mix in units of channels");
    if (config.spikes_in_front()) {
        config.ffn_activation = FfnActivation::lif;
    }
    walk.choice("ffn_activation", config.ffn_activation,
                {{"relu_squared", FfnActivation::relu_squared},
                 {"relu", FfnActivation::relu},
                 {"lif", FfnActivation::lif}},
                "of the hidden channels; published: relu_squared. In lif_linear it is lif");
    if (config.spikes_in_front() && config.ffn_activation != FfnActivation::lif) {
        walk.fail("ffn_activation",
                  "not 'lif'; lif_linear has a LIF in front of the matrix that reads it");
    }
    if (!config.spiking() && config.ffn_activation == FfnActivation::lif) {
        walk.fail("ffn_activation",
                  "'lif' in the dense variant, which has no neurons; allowed are relu_squared, "
                  "relu");
    }
    walk.flag("binary_embedding", config.binary_embedding,
              "whether the network sees the embedding's signs (published) or its values");
    walk.flag("tied_head", config.tied_head,
              "whether the head's matrix is the embedding's; published: its own");
    walk.integer("classes", config.classes, {0, 65536},
                 "of a classifier, told by its training texts; 0: a language model");
    walk.integer("context", config.context, {1, 1'048'576}, "tokens of a training sequence");
    walk.number("tau", config.tau, {1.0, 1e6}, "membrane time constant of the LIF in tokens");
    walk.number("threshold", config.threshold, {1e-6, 1e6}, "membrane at which the LIF fires");
    walk.choice("surrogate", config.surrogate,
                {{"atan", Surrogate::arctangent},
                 {"sigmoid", Surrogate::sigmoid},
                 {"triangle", Surrogate::triangle}},
                "what stands in for a spike's derivative in training; published: atan");
    walk.number("surrogate_alpha", config.surrogate_alpha, {1e-3, 1e3},
                "steepness of the surrogate gradient");
    walk.number("layer_norm_eps", config.layer_norm_eps, {1e-12, 1.0},
                "added to the variance in each LayerNorm");
}

}  // namespace spikeloom::models
