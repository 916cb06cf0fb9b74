// The shape and the neuron constants of a SpikeGPT.
#pragma once

#include <cstddef>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::models {

/// Which network the parameters are read as.
enum class Variant {
    linear_lif,  ///< as published: a LIF behind each sub-block, its spikes added to the residual
                 ///< stream
    dense,       ///< the twin without spikes: every LIF is the identity, the embedding's bits stay
};

/// Defaults are the published constants (SpikeGPT, arXiv 2302.13939, and the authors' training
/// code), but for the size, which is the demo's.
struct ModelConfig {
    Variant variant = Variant::linear_lif;
    int layers = 3;
    int channels = 128;
    int vocabulary = 256;          ///< token ids are 0 ... vocabulary - 1; 256: bytes
    int ffn_multiple = 4;          ///< hidden width of the channel-mix in units of `channels`
    int context = 128;             ///< tokens of a training sequence
    double tau = 2.0;              ///< LIF membrane time constant, tokens
    double threshold = 1.0;        ///< LIF fires where the membrane is at or above it
    double surrogate_alpha = 2.0;  ///< steepness of the arctangent surrogate
    double layer_norm_eps = 1e-5;

    std::size_t hidden() const {
        return static_cast<std::size_t>(channels) * static_cast<std::size_t>(ffn_multiple);
    }
    bool spiking() const { return variant == Variant::linear_lif; }
};

void describe(schema::Walk& walk, ModelConfig& config);

}  // namespace spikeloom::models
