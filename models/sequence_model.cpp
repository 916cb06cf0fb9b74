#include "models/sequence_model.hpp"

#include "base/error.hpp"
#include "models/sequence_impl.hpp"

#include <string>

namespace spikeloom::models {

namespace {

void check_targets(std::span<const int> targets, std::size_t rows, std::size_t vocabulary) {
    if (targets.size() != rows) {
        throw InputError(std::to_string(targets.size()) + " targets for " + std::to_string(rows) +
                         " tokens");
    }
    for (const int target : targets) {
        if (target < 0 || static_cast<std::size_t>(target) >= vocabulary) {
            throw InputError("target " + std::to_string(target) + " is outside the vocabulary of " +
                             std::to_string(vocabulary));
        }
    }
}

}  // namespace

SequenceModel::SequenceModel(const Parameters& parameters, Workers& workers)
    : impl_(std::make_unique<Impl>(parameters, workers)) {}

SequenceModel::~SequenceModel() = default;
SequenceModel::SequenceModel(SequenceModel&&) noexcept = default;

std::span<const float> SequenceModel::forward(const Batch& batch, State* state) {
    if (state != nullptr) {
        return impl_->forward(batch, *state, false, {});
    }
    return impl_->forward(batch, impl_->fresh_state(batch.sequences), false, {});
}

std::span<const float> SequenceModel::forward_for_training(const Batch& batch,
                                                           const Dropout& dropout) {
    return impl_->forward(batch, impl_->fresh_state(batch.sequences), true, dropout);
}

double SequenceModel::cross_entropy(std::span<const int> targets) {
    check_targets(targets, impl_->rows, impl_->vocabulary);
    return impl_->loss_gradient(targets, 0.0, 0.0);
}

double SequenceModel::backward(std::span<const int> targets, double positions, double l2_wrap,
                               Parameters& gradients) {
    Impl& m = *impl_;
    check_targets(targets, m.rows, m.vocabulary);
    const ModelTensors<const float>& tensors = m.parameters.tensors();
    ModelTensors<float>& sums = gradients.tensors();
    const double loss = m.loss_gradient(targets, positions, l2_wrap);
    m.head_backward(tensors, sums);
    for (std::size_t l = m.layers; l-- > 0;) {
        m.channel_mix_backward(l, tensors.layers[l], sums.layers[l]);
        m.time_mix_backward(l, tensors.layers[l], sums.layers[l]);
    }
    m.embed_backward(tensors, sums);
    return loss;
}

std::vector<std::uint8_t> SequenceModel::spikes(int layer, LifSite site) const {
    const Impl::Kept& kept = impl_->kept.at(static_cast<std::size_t>(layer));
    const auto& membrane = kept.membranes[site];
    std::vector<std::uint8_t> fired(impl_->rows * lif_width(impl_->parameters.config(), site));
    for (std::size_t i = 0; i < fired.size(); ++i) {
        fired[i] = membrane[i] >= impl_->lif.threshold ? 1 : 0;
    }
    return fired;
}

NeuronActivity SequenceModel::activity(int layer, LifSite site) const {
    const std::size_t width = lif_width(impl_->config, site);
    const float* membrane = impl_->kept.at(static_cast<std::size_t>(layer)).membranes[site].data();
    std::vector<std::uint32_t> spikes_of(width, 0);
    for (std::size_t row = 0; row < impl_->rows; ++row, membrane += width) {
        for (std::size_t c = 0; c < width; ++c) {
            spikes_of[c] += membrane[c] >= impl_->lif.threshold ? 1 : 0;
        }
    }
    NeuronActivity activity{width, 0, 0, 0.0};
    std::uint64_t spikes = 0;
    for (const std::uint32_t count : spikes_of) {
        spikes += count;
        activity.dead += count == 0 ? 1 : 0;
        activity.saturated += count == impl_->rows ? 1 : 0;
    }
    activity.firing_rate = static_cast<double>(spikes) / static_cast<double>(impl_->rows * width);
    return activity;
}

std::size_t SequenceModel::bytes() const {
    return impl_->bytes();
}

}  // namespace spikeloom::models
