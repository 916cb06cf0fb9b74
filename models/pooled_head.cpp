#include "models/pooled_head.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::models {

namespace {

std::size_t largest_of(std::span<const float> logits) {
    return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) -
                                    logits.begin());
}

/// ln sum_i e^(logits_i)
double log_sum_exp(std::span<const float> logits) {
    const double most = logits[largest_of(logits)];
    double total = 0.0;
    for (const float logit : logits) {
        total += std::exp(logit - most);
    }
    return most + std::log(total);
}

}  // namespace

std::span<const float> PooledHead::forward(const PaddedBatch& batch,
                                           std::span<const float> features,
                                           const Dropout& dropout) {
    const auto channels = static_cast<std::size_t>(parameters_.config().channels);
    const ModelTensors<const float>& tensors = parameters_.tensors();
    const std::size_t classes = tensors.classifier_bias.size();
    kept_.assign(batch.size() * channels, 1.0F);
    if (dropout.rate > 0.0) {
        Random random(dropout.seed);
        const auto scale = static_cast<float>(1.0 / (1.0 - dropout.rate));
        for (float& factor : kept_) {
            factor = random.uniform() < dropout.rate ? 0.0F : scale;
        }
    }
    pooled_.assign(batch.size() * channels, 0.0F);
    logits_.resize(batch.size() * classes);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        float* const mean = pooled_.data() + i * channels;
        const float* const first = features.data() + i * batch.length * channels;
        for (std::size_t t = 0; t < batch.lengths[i]; ++t) {
            for (std::size_t c = 0; c < channels; ++c) {
                mean[c] += first[t * channels + c];
            }
        }
        for (std::size_t c = 0; c < channels; ++c) {
            mean[c] *= kept_[i * channels + c] / static_cast<float>(batch.lengths[i]);
        }
        for (std::size_t k = 0; k < classes; ++k) {
            const float* const row = tensors.classifier.data() + k * channels;
            float sum = tensors.classifier_bias[k];
            for (std::size_t c = 0; c < channels; ++c) {
                sum += row[c] * mean[c];
            }
            logits_[i * classes + k] = sum;
        }
    }
    return logits_;
}

PooledHead::Loss PooledHead::loss(const PaddedBatch& batch) const {
    const std::size_t classes = parameters_.tensors().classifier_bias.size();
    Loss result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto logits = std::span<const float>(logits_).subspan(i * classes, classes);
        const auto label = static_cast<std::size_t>(batch.labels[i]);
        result.nats += log_sum_exp(logits) - logits[label];
        result.correct += largest_of(logits) == label ? 1 : 0;
    }
    return result;
}

void PooledHead::backward(const PaddedBatch& batch, Parameters& gradients,
                          std::span<float> dfeatures) {
    const auto channels = static_cast<std::size_t>(parameters_.config().channels);
    const ModelTensors<const float>& tensors = parameters_.tensors();
    ModelTensors<float>& sums = gradients.tensors();
    const std::size_t classes = tensors.classifier_bias.size();
    std::vector<float> dmean(channels);
    std::fill(dfeatures.begin(), dfeatures.end(), 0.0F);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto logits = std::span<const float>(logits_).subspan(i * classes, classes);
        const double total = log_sum_exp(logits);
        std::fill(dmean.begin(), dmean.end(), 0.0F);
        for (std::size_t k = 0; k < classes; ++k) {
            const double probability = std::exp(logits[k] - total);
            const double wanted = static_cast<std::size_t>(batch.labels[i]) == k ? 1.0 : 0.0;
            const auto dlogit =
                static_cast<float>((probability - wanted) / static_cast<double>(batch.size()));
            sums.classifier_bias[k] += dlogit;
            for (std::size_t c = 0; c < channels; ++c) {
                sums.classifier[k * channels + c] += dlogit * pooled_[i * channels + c];
                dmean[c] += dlogit * tensors.classifier[k * channels + c];
            }
        }
        for (std::size_t c = 0; c < channels; ++c) {
            dmean[c] *= kept_[i * channels + c] / static_cast<float>(batch.lengths[i]);
        }
        float* const first = dfeatures.data() + i * batch.length * channels;
        for (std::size_t t = 0; t < batch.lengths[i]; ++t) {
            std::copy(dmean.begin(), dmean.end(), first + t * channels);
        }
    }
}

}  // namespace spikeloom::models
