// The classifier's head: mean over a text's tokens, dropout, matrix, bias, softmax.
#pragma once

#include "models/classifier.hpp"
#include "models/sequence_model.hpp"

#include <span>
#include <vector>

namespace spikeloom::models {

class PooledHead {
  public:
    explicit PooledHead(const Parameters& parameters) : parameters_(parameters) {}

    /// From features [examples * length, C] to logits [examples, classes], valid until the next
    /// call. `dropout` falls on the pooled vector.
    std::span<const float> forward(const PaddedBatch& batch, std::span<const float> features,
                                   const Dropout& dropout = {});

    /// Cross-entropy summed over the batch, nats, and the number of texts whose largest logit is at
    /// their label.
    struct Loss {
        double nats = 0.0;
        std::size_t correct = 0;
    };
    Loss loss(const PaddedBatch& batch) const;

    /// Adds the gradient of the mean cross-entropy to the head's tensors in `gradients` and writes
    /// that of the features, zero at the padding. Behind `forward`.
    void backward(const PaddedBatch& batch, Parameters& gradients, std::span<float> dfeatures);

  private:
    const Parameters& parameters_;
    std::vector<float> kept_;    // [examples, C], factors of the dropout
    std::vector<float> pooled_;  // [examples, C], behind the dropout
    std::vector<float> logits_;  // [examples, classes]
};

}  // namespace spikeloom::models
