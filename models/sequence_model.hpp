// SpikeGPT over whole sequences at once: the form in which it trains and is evaluated.
//
// Matrix products see all tokens of a batch as rows; only WKV and LIF walk along time, vectorised
// over channels. Work is shared out in chunks of rows, or of (sequence, block of channels), whose
// number depends on the shapes alone, so every result has the same bits for any number of threads.
#pragma once

#include "base/parallel.hpp"
#include "models/parameters.hpp"
#include "models/state.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace spikeloom::models {

/// Sequences of equal length, one behind the other: [sequences, length].
struct Batch {
    std::span<const int> tokens;
    std::size_t sequences = 1;
};

/// Inverted dropout on the residual stream behind every layer. Which elements fall is a hash of
/// `seed` and their place, so nothing need be kept for the way back.
struct Dropout {
    double rate = 0.0;
    std::uint64_t seed = 0;
};

/// What a layer of neurons did over a number of tokens.
struct NeuronActivity {
    std::size_t neurons = 0;
    std::size_t dead = 0;       ///< fired at no token
    std::size_t saturated = 0;  ///< fired at every token
    double firing_rate = 0.0;   ///< spikes a neuron and token
};

class SequenceModel {
  public:
    /// Keeps references: both must outlive it. The parameters may change between calls.
    SequenceModel(const Parameters& parameters, Workers& workers);
    ~SequenceModel();
    SequenceModel(SequenceModel&&) noexcept;

    /// Logits [sequences * length, V], valid until the next call. With `state` (of as many
    /// sequences) the sequences continue where it left off, and it is moved behind their last
    /// token; without, they start afresh. Memory for one layer. Throws InputError for a token
    /// outside the vocabulary.
    std::span<const float> forward(const Batch& batch, State* state = nullptr);

    /// The same from the empty state, keeping what `backward` and `spikes` need of every layer.
    std::span<const float> forward_for_training(const Batch& batch, const Dropout& dropout = {});

    /// Sum over the positions of the last forward pass of -ln p(target), in nats.
    double cross_entropy(std::span<const int> targets);

    /// Adds d(loss)/d(parameter) to `gradients`, where the loss is the cross-entropy summed over
    /// this batch and divided by `positions`, plus the published L2Wrap: the largest logit m of
    /// each position adds `l2_wrap` * m / positions to its own logit's gradient. Behind
    /// `forward_for_training`; uses up its logits. Returns the sum `cross_entropy` would.
    double backward(std::span<const int> targets, double positions, double l2_wrap,
                    Parameters& gradients);

    /// Spikes of a LIF layer in the last training pass, [sequences * length, neurons] of 0 and 1.
    /// The model must have that site.
    std::vector<std::uint8_t> spikes(int layer, LifSite site) const;
    /// The same in sums.
    NeuronActivity activity(int layer, LifSite site) const;

    /// Bytes held for activations and gradients of activations.
    std::size_t bytes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spikeloom::models
