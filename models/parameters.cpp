#include "models/parameters.hpp"

#include "base/error.hpp"

#include <functional>
#include <numeric>
#include <utility>

namespace spikeloom::models {

namespace {

/// The one place that knows names, shapes and order. Calls visit(name, shape, span) for each
/// tensor.
template <class T, class Visit>
void visit_tensors(const ModelConfig& config, ModelTensors<T>& tensors, Visit visit) {
    const auto C = static_cast<std::size_t>(config.channels);
    const auto V = static_cast<std::size_t>(config.vocabulary);
    const std::size_t H = config.hidden();
    tensors.layers.resize(static_cast<std::size_t>(config.layers));

    visit("emb.weight", {V, C}, tensors.embedding);
    visit("blocks.0.ln0.weight", {C}, tensors.ln0_weight);
    visit("blocks.0.ln0.bias", {C}, tensors.ln0_bias);
    for (std::size_t l = 0; l < tensors.layers.size(); ++l) {
        LayerTensors<T>& layer = tensors.layers[l];
        const std::string block = "blocks." + std::to_string(l) + ".";
        visit(block + "ln1.weight", {C}, layer.ln1_weight);
        visit(block + "ln1.bias", {C}, layer.ln1_bias);
        visit(block + "att.time_decay", {C}, layer.att.time_decay);
        visit(block + "att.time_first", {C}, layer.att.time_first);
        visit(block + "att.time_mix_k", {1, 1, C}, layer.att.time_mix_k);
        visit(block + "att.time_mix_v", {1, 1, C}, layer.att.time_mix_v);
        visit(block + "att.time_mix_r", {1, 1, C}, layer.att.time_mix_r);
        visit(block + "att.key.weight", {C, C}, layer.att.key);
        visit(block + "att.value.weight", {C, C}, layer.att.value);
        visit(block + "att.receptance.weight", {C, C}, layer.att.receptance);
        visit(block + "att.output.weight", {C, C}, layer.att.output);
        visit(block + "ln2.weight", {C}, layer.ln2_weight);
        visit(block + "ln2.bias", {C}, layer.ln2_bias);
        visit(block + "ffn.time_mix_k", {1, 1, C}, layer.ffn.time_mix_k);
        visit(block + "ffn.time_mix_r", {1, 1, C}, layer.ffn.time_mix_r);
        visit(block + "ffn.key.weight", {H, C}, layer.ffn.key);
        visit(block + "ffn.receptance.weight", {C, C}, layer.ffn.receptance);
        visit(block + "ffn.value.weight", {C, H}, layer.ffn.value);
    }
    visit("ln_out.weight", {C}, tensors.ln_out_weight);
    visit("ln_out.bias", {C}, tensors.ln_out_bias);
    if (config.classes > 0) {
        const auto K = static_cast<std::size_t>(config.classes);
        visit("classifier.weight", {K, C}, tensors.classifier);
        visit("classifier.bias", {K}, tensors.classifier_bias);
    } else if (!config.tied_head) {
        visit("head.weight", {V, C}, tensors.head);
    }
}

using Shape = std::vector<std::size_t>;

template <class T>
void bind_views(const ModelConfig& config, const std::vector<TensorInfo>& layout, T* values,
                ModelTensors<T>& tensors) {
    auto info = layout.begin();
    visit_tensors(config, tensors, [&](const std::string&, const Shape&, std::span<T>& view) {
        view = {values + info->offset, info->elements};
        ++info;
    });
    if (config.tied_head) {
        tensors.head = tensors.embedding;
    }
}

}  // namespace

std::vector<TensorInfo> tensor_layout(const ModelConfig& config) {
    constexpr std::size_t kGrain = kCacheLine / sizeof(float);
    std::vector<TensorInfo> layout;
    std::size_t offset = 0;
    ModelTensors<float> unused;
    visit_tensors(
        config, unused, [&](const std::string& name, const Shape& shape, const std::span<float>&) {
            const std::size_t elements =
                std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
            layout.push_back({name, shape, offset, elements});
            offset += (elements + kGrain - 1) / kGrain * kGrain;
        });
    return layout;
}

Parameters::Parameters(const ModelConfig& config)
    : config_(config),
      layout_(tensor_layout(config)),
      values_(layout_.back().offset + layout_.back().elements, 0.0F) {
    bind();
}

Parameters::Parameters(const Parameters& other)
    : config_(other.config_), layout_(other.layout_), values_(other.values_) {
    bind();
}

Parameters& Parameters::operator=(const Parameters& other) {
    config_ = other.config_;
    layout_ = other.layout_;
    values_ = other.values_;
    bind();
    return *this;
}

void Parameters::bind() {
    bind_views<float>(config_, layout_, values_.data(), tensors_);
    bind_views<const float>(config_, layout_, values_.data(), const_tensors_);
}

std::span<const float> Parameters::tensor(std::string_view name) const {
    for (const TensorInfo& info : layout_) {
        if (info.name == name) {
            return {values_.data() + info.offset, info.elements};
        }
    }
    throw InputError("a SpikeGPT of " + std::to_string(config_.layers) + " layers has no tensor '" +
                     std::string(name) + "'");
}

std::span<float> Parameters::tensor(std::string_view name) {
    const std::span<const float> found = std::as_const(*this).tensor(name);
    return {values_.data() + (found.data() - values_.data()), found.size()};
}

std::size_t Parameters::count() const {
    std::size_t sum = 0;
    for (const TensorInfo& info : layout_) {
        sum += info.elements;
    }
    return sum;
}

}  // namespace spikeloom::models
