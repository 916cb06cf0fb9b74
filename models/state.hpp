// What a sequence carries from one token to the next.
#pragma once

#include "models/aligned_vector.hpp"
#include "models/config.hpp"
#include "models/lif_sites.hpp"

#include <cstddef>
#include <span>

namespace spikeloom::models {

/// Five vectors of C floats a layer and the membranes of its neurons, for each of `sequences`
/// independent sequences. It is a value: copy it to keep a snapshot, assign it to go back.
class State {
  public:
    /// The state before the first token.
    explicit State(const ModelConfig& config, std::size_t sequences = 1);

    struct Layer {
        std::span<float> att_shift;  ///< LN1(x) of the token before
        std::span<float> numerator;  ///< WKV: sum of weights times values, scaled by exp(-exponent)
        std::span<float> denominator;            ///< WKV: sum of weights, on the same scale
        std::span<float> exponent;               ///< WKV: the scale
        std::span<float> ffn_shift;              ///< LN2(x) of the token before
        PerLifSite<std::span<float>> membranes;  ///< after the reset; empty where there is no LIF
    };
    Layer layer(std::size_t layer, std::size_t sequence = 0);

    void reset();
    std::size_t sequences() const { return sequences_; }
    std::span<const float> flat() const { return values_; }

  private:
    ModelConfig config_;
    std::size_t sequences_;
    std::size_t layer_size_;
    AlignedVector<float> values_;
};

}  // namespace spikeloom::models
