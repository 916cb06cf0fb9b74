// Parameters to and from safetensors files.
#include "base/error.hpp"
#include "base/schema.hpp"
#include "models/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

namespace spikeloom::models {

namespace {

constexpr std::string_view kBlockPrefix = "blocks.";
/// Tensors under this prefix belong to the optimiser (checkpoint.cpp), not to the model.
constexpr std::string_view kTrainingPrefix = "training.";

std::optional<int> leading_integer(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end != text.data() ? std::optional(value) : std::nullopt;
}

/// A matrix's shape within what ModelConfig allows; `what` says which extent was out of bounds.
int extent(const Safetensors& file, const std::string& name, std::size_t axis, std::size_t most) {
    const auto& shape = file.at(name).shape;
    if (shape.size() != 2) {
        throw InputError(file.origin + ": tensor '" + name + "': has " +
                         std::to_string(shape.size()) + " dimensions; a matrix has 2");
    }
    if (shape[axis] < 2 || shape[axis] > most) {
        throw InputError(file.origin + ": tensor '" + name + "': extent " +
                         std::to_string(shape[axis]) + "; allowed are 2 to " +
                         std::to_string(most));
    }
    return static_cast<int>(shape[axis]);
}

ModelConfig config_from_shapes(const Safetensors& file) {
    ModelConfig config;
    config.vocabulary = extent(file, "emb.weight", 0, 1'048'576);
    config.channels = extent(file, "emb.weight", 1, 16384);
    const int hidden = extent(file, "blocks.0.ffn.key.weight", 0, 16 * 16384);
    config.ffn_multiple = hidden / config.channels;
    if (config.ffn_multiple * config.channels != hidden) {
        throw InputError(file.origin + ": tensor 'blocks.0.ffn.key.weight': " +
                         std::to_string(hidden) + " hidden channels; a multiple of the " +
                         std::to_string(config.channels) + " channels is needed");
    }
    int last_block = 0;
    for (const auto& entry : file.tensors) {
        const std::string_view name = entry.first;
        if (name.starts_with(kBlockPrefix)) {
            last_block =
                std::max(last_block, leading_integer(name.substr(kBlockPrefix.size())).value_or(0));
        }
    }
    if (last_block >= 256) {
        throw InputError(file.origin + ": block number " + std::to_string(last_block) +
                         "; at most 256 layers are allowed");
    }
    config.layers = last_block + 1;
    if (const auto found = file.metadata.find("ctx_len"); found != file.metadata.end()) {
        config.context = std::max(1, leading_integer(found->second).value_or(config.context));
    }
    return config;
}

void refuse_strangers(const Safetensors& file, const std::vector<TensorInfo>& layout) {
    std::set<std::string_view> known;
    for (const TensorInfo& info : layout) {
        known.insert(info.name);
    }
    for (const auto& entry : file.tensors) {
        if (known.count(entry.first) == 0 && !entry.first.starts_with(kTrainingPrefix)) {
            throw InputError(file.origin + ": tensor '" + entry.first +
                             "' is no part of a SpikeGPT of this shape");
        }
    }
}

}  // namespace

std::string kind_of(const Safetensors& file) {
    const auto found = file.metadata.find(kKindKey);
    return found == file.metadata.end() ? "float" : found->second;
}

ModelConfig config_of(const Safetensors& file) {
    const auto found = file.metadata.find(kModelKey);
    if (found == file.metadata.end()) {
        return config_from_shapes(file);
    }
    return schema::read_string<ModelConfig>(found->second,
                                            file.origin + ": metadata '" + kModelKey + "'");
}

Parameters Parameters::load(const std::filesystem::path& path) {
    return from(Safetensors::read(path));
}

Parameters Parameters::from(const Safetensors& file) {
    const std::string kind = kind_of(file);
    if (kind != "float" && kind != "training") {
        throw InputError(file.origin + ": holds a model of kind '" + kind +
                         "'; a float model is needed here");
    }
    const ModelConfig config = config_of(file);
    const std::vector<TensorInfo> layout = tensor_layout(config);
    // Before anything is allocated: a configuration may claim any size.
    for (const TensorInfo& info : layout) {
        file.check<float>(info.name, info.shape);
    }
    refuse_strangers(file, layout);
    Parameters parameters(config);
    parameters.read_from(file);
    return parameters;
}

void Parameters::read_from(const Safetensors& file, const std::string& prefix) {
    for (const TensorInfo& info : layout_) {
        const std::vector<float> values = file.values<float>(prefix + info.name, info.shape);
        if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
            throw InputError(file.origin + ": tensor '" + prefix + info.name +
                             "': holds a value that is not finite");
        }
        std::copy(values.begin(), values.end(),
                  values_.begin() + static_cast<std::ptrdiff_t>(info.offset));
    }
}

void Parameters::add_to(Safetensors& file, const std::string& prefix) const {
    for (const TensorInfo& info : layout_) {
        file.add<float>(prefix + info.name, info.shape,
                        {values_.data() + info.offset, info.elements});
    }
}

void Parameters::save(const std::filesystem::path& path) const {
    Safetensors file;
    file.metadata[kModelKey] = schema::write(config_);
    file.metadata[kKindKey] = "float";
    add_to(file);
    file.write(path);
}

}  // namespace spikeloom::models
