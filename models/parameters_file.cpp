// Parameters to and from safetensors files.
#include "base/error.hpp"
#include "base/schema.hpp"
#include "models/carried_tokenizer.hpp"
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

std::string listed(const std::vector<std::size_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    }
    return text + "]";
}

[[noreturn]] void refuse_tensor(const std::string& origin, const std::string& name,
                                const std::string& reason) {
    throw InputError(origin + ": tensor '" + name + "': " + reason);
}

/// An extent of a matrix, within what ModelConfig allows.
int extent(const TensorShapes& shapes, const std::string& name, std::size_t axis, std::size_t most,
           const std::string& origin) {
    const auto found = shapes.find(name);
    if (found == shapes.end()) {
        refuse_tensor(origin, name, "is missing");
    }
    const std::vector<std::size_t>& shape = found->second;
    if (shape.size() != 2) {
        refuse_tensor(origin, name,
                      "has " + std::to_string(shape.size()) + " dimensions; a matrix has 2");
    }
    if (shape[axis] < 2 || shape[axis] > most) {
        refuse_tensor(
            origin, name,
            "extent " + std::to_string(shape[axis]) + "; allowed are 2 to " + std::to_string(most));
    }
    return static_cast<int>(shape[axis]);
}

/// Shapes of a file's tensors, those of the optimiser left out.
TensorShapes shapes_of(const Safetensors& file) {
    TensorShapes shapes;
    for (const auto& [name, tensor] : file.tensors) {
        if (!name.starts_with(kTrainingPrefix)) {
            shapes[name] = tensor.shape;
        }
    }
    return shapes;
}

}  // namespace

ModelConfig config_from_shapes(const TensorShapes& shapes, const ModelConfig& constants,
                               const std::string& origin) {
    ModelConfig config = constants;
    config.vocabulary = extent(shapes, "emb.weight", 0, 1'048'576, origin);
    config.channels = extent(shapes, "emb.weight", 1, 16384, origin);
    const std::string key = "blocks.0.ffn.key.weight";
    const int hidden = extent(shapes, key, 0, 16 * 16384, origin);
    config.ffn_multiple = hidden / config.channels;
    if (config.ffn_multiple * config.channels != hidden || config.ffn_multiple > 16) {
        refuse_tensor(origin, key,
                      std::to_string(hidden) + " hidden channels; a multiple of the " +
                          std::to_string(config.channels) +
                          " channels, 16 times at most, is needed");
    }
    int last_block = 0;
    for (const auto& entry : shapes) {
        const std::string_view name = entry.first;
        if (name.starts_with(kBlockPrefix)) {
            last_block =
                std::max(last_block, leading_integer(name.substr(kBlockPrefix.size())).value_or(0));
        }
    }
    if (last_block >= 256) {
        throw InputError(origin + ": block number " + std::to_string(last_block) +
                         "; at most 256 layers are allowed");
    }
    config.layers = last_block + 1;
    return config;
}

void check_shapes(const TensorShapes& shapes, const ModelConfig& config,
                  const std::string& origin) {
    std::set<std::string_view> known;
    const std::vector<TensorInfo> layout = tensor_layout(config);
    for (const TensorInfo& info : layout) {
        const auto found = shapes.find(info.name);
        if (found == shapes.end()) {
            refuse_tensor(origin, info.name, "is missing");
        }
        if (found->second != info.shape) {
            refuse_tensor(
                origin, info.name,
                "has shape " + listed(found->second) + "; expected " + listed(info.shape));
        }
        known.insert(info.name);
    }
    for (const auto& entry : shapes) {
        if (known.count(entry.first) == 0) {
            refuse_tensor(origin, entry.first, "is no part of a SpikeGPT of this shape");
        }
    }
}

std::string kind_of(const Safetensors& file) {
    const auto found = file.metadata.find(kKindKey);
    return found == file.metadata.end() ? "float" : found->second;
}

ModelConfig config_of(const Safetensors& file) {
    const auto found = file.metadata.find(kModelKey);
    if (found == file.metadata.end()) {
        ModelConfig constants;
        if (const auto context = file.metadata.find("ctx_len"); context != file.metadata.end()) {
            constants.context =
                std::max(1, leading_integer(context->second).value_or(constants.context));
        }
        return config_from_shapes(shapes_of(file), constants, file.origin);
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
    if (config.classes != 0) {
        throw InputError(file.origin + ": holds a classifier; a language model is needed here");
    }
    return from(file, config);
}

Parameters Parameters::from(const Safetensors& file, const ModelConfig& config) {
    // Before anything is allocated: a configuration may claim any size.
    check_shapes(shapes_of(file), config, file.origin);
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

void Parameters::save(const std::filesystem::path& path, const std::string& tokenizer) const {
    Safetensors file;
    file.metadata[kModelKey] = schema::write(config_);
    file.metadata[kKindKey] = "float";
    carry_tokenizer(file, tokenizer);
    add_to(file);
    file.write(path);
}

}  // namespace spikeloom::models
