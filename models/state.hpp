// What a sequence carries from one token to the next.
#pragma once

#include "models/aligned_vector.hpp"
#include "models/config.hpp"

#include <cstddef>
#include <span>

namespace spikeloom::models {

/// Seven vectors of C floats a layer, for each of `sequences` independent sequences. It is a value:
/// copy it to keep a snapshot, assign it to go back.
class State {
  public:
    /// The state before the first token.
    explicit State(const ModelConfig& config, std::size_t sequences = 1);

    struct Layer {
        std::span<float> att_shift;  ///< LN1(x) of the token before
        std::span<float> numerator;  ///< WKV: sum of weights times values, scaled by exp(-exponent)
        std::span<float> denominator;   ///< WKV: sum of weights, on the same scale
        std::span<float> exponent;      ///< WKV: the scale
        std::span<float> att_membrane;  ///< LIF behind the time-mix, after its reset
        std::span<float> ffn_shift;     ///< LN2(x) of the token before
        std::span<float> ffn_membrane;  ///< LIF behind the channel-mix, after its reset
    };
    Layer layer(std::size_t layer, std::size_t sequence = 0);

    void reset();
    std::size_t sequences() const { return sequences_; }
    std::span<const float> flat() const { return values_; }

  private:
    std::size_t layers_;
    std::size_t channels_;
    std::size_t sequences_;
    AlignedVector<float> values_;
};

}  // namespace spikeloom::models
