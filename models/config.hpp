// The shape and the neuron constants of a SpikeGPT.
#pragma once

#include <cstddef>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::models {

/// Which network the parameters are read as (docs/model.md, "Variants").
enum class Variant {
    linear_lif,  ///< as published: a LIF behind each sub-block, its spikes added to the residual
                 ///< stream
    lif_linear,  ///< a LIF in front of every matrix but the head, which all read spikes; what comes
                 ///< out of the sub-blocks enters the residual stream as it is
    dense,       ///< the twin without spikes: every LIF is the identity, the embedding's bits stay
};
/// "linear_lif" and so on.
const char* name_of(Variant variant);

/// What stands in for the derivative of a spike (lif.hpp has the formulas).
enum class Surrogate { arctangent, sigmoid, triangle };

/// What the hidden channels of the channel-mix do with their sum.
enum class FfnActivation {
    relu_squared,  ///< as published
    relu,
    lif,  ///< a spiking neuron; in lif_linear always, where it is the LIF in front of `value`
};

/// Defaults are the published constants (SpikeGPT, arXiv 2302.13939, and the authors' training
/// code), but for the size, which is the demo's.
struct ModelConfig {
    Variant variant = Variant::linear_lif;
    int layers = 3;
    int channels = 128;
    int vocabulary = 256;  ///< token ids are 0 ... vocabulary - 1; 256: bytes
    int ffn_multiple = 4;  ///< hidden width of the channel-mix in units of `channels`
    FfnActivation ffn_activation = FfnActivation::relu_squared;
    bool binary_embedding = true;  ///< the network sees the embedding's signs, not its values
    bool tied_head = false;        ///< the head's matrix is the embedding's
    int classes = 0;               ///< of a classifier; 0: a language model
    int context = 128;             ///< tokens of a training sequence
    double tau = 2.0;              ///< LIF membrane time constant, tokens
    double threshold = 1.0;        ///< LIF fires where the membrane is at or above it
    Surrogate surrogate = Surrogate::arctangent;
    double surrogate_alpha = 2.0;  ///< its steepness
    double layer_norm_eps = 1e-5;

    std::size_t hidden() const {
        return static_cast<std::size_t>(channels) * static_cast<std::size_t>(ffn_multiple);
    }
    bool spiking() const { return variant != Variant::dense; }
    /// Whether spikes, not values, are added to the residual stream.
    bool spikes_behind() const { return variant == Variant::linear_lif; }
    /// Whether the layers' matrices read spikes.
    bool spikes_in_front() const { return variant == Variant::lif_linear; }
    /// Whether the hidden channels are spiking neurons.
    bool hidden_spikes() const { return spikes_in_front() || ffn_activation == FfnActivation::lif; }
    /// The same shape without spikes. A hidden layer of spiking neurons becomes the published one.
    ModelConfig dense_twin() const;
};

void describe(schema::Walk& walk, ModelConfig& config);

}  // namespace spikeloom::models
