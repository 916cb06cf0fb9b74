#include "models/import.hpp"

#include "base/error.hpp"
#include "base/schema.hpp"
#include "models/parameters.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <vector>

namespace spikeloom::models {

namespace {

/// The tensor that every SpikeGPT has and by which one is known.
constexpr std::string_view kLandmark = "emb.weight";

/// What stands in front of the landmark in a state dict's names, once for each landmark.
std::vector<std::string> prefixes(const PytorchFile::StateDict& tensors) {
    std::vector<std::string> found;
    for (const auto& [name, tensor] : tensors) {
        if (name == kLandmark || name.ends_with("." + std::string(kLandmark))) {
            found.push_back(name.substr(0, name.size() - kLandmark.size()));
        }
    }
    return found;
}

std::string called(const std::string& state_dict) {
    return state_dict.empty() ? "the checkpoint itself" : "'" + state_dict + "'";
}

/// The names in a state dict, for an error that says what was found instead.
std::string some_names(const PytorchFile::StateDict& tensors) {
    constexpr std::size_t kSome = 3;
    std::string names;
    std::size_t count = 0;
    for (const auto& [name, tensor] : tensors) {
        if (count++ == kSome) {
            return names + ", ...";
        }
        names += (names.empty() ? "" : ", ") + name;
    }
    return names;
}

std::string choose(const std::map<std::string, PytorchFile::StateDict>& state_dicts,
                   const std::string& wanted, const std::string& origin) {
    if (!wanted.empty()) {
        if (state_dicts.count(wanted) == 0) {
            throw InputError(origin + ": holds no state dict '" + wanted + "'");
        }
        return wanted;
    }
    std::vector<std::string> candidates;
    for (const auto& [key, tensors] : state_dicts) {
        if (!prefixes(tensors).empty()) {
            candidates.push_back(key);
        }
    }
    if (candidates.size() > 1) {
        std::string list;
        for (const std::string& candidate : candidates) {
            list += (list.empty() ? "" : ", ") + called(candidate);
        }
        throw InputError(origin + ": holds more than one SpikeGPT (" + list +
                         "); --state-dict chooses one");
    }
    if (candidates.empty()) {
        throw InputError(
            origin + ": holds no tensor '" + std::string(kLandmark) + "', so no SpikeGPT" +
            (state_dicts.empty() ? "; it holds no tensors at all"
                                 : "; found are " + some_names(state_dicts.begin()->second)));
    }
    return candidates.front();
}

/// Views of one storage may overlap, but have no reason to. Bounds what a small file can ask for.
void refuse_repetition(const ImportPlan& plan, const std::string& origin) {
    std::map<std::string, std::size_t> storages;
    std::size_t viewed = 0;
    for (const auto& [name, tensor] : plan.tensors) {
        viewed += tensor.elements();
        storages[tensor.storage] = tensor.storage_elements;
    }
    std::size_t stored = 0;
    for (const auto& [key, elements] : storages) {
        stored += elements;
    }
    if (viewed / 2 > stored) {
        throw InputError(origin + ": its tensors have " + std::to_string(viewed) +
                         " elements, the storages they are views of only " +
                         std::to_string(stored));
    }
}

}  // namespace

ImportPlan plan_import(const std::map<std::string, PytorchFile::StateDict>& state_dicts,
                       const ImportOptions& options, const std::string& origin) {
    ImportPlan plan;
    plan.state_dict = choose(state_dicts, options.state_dict, origin);
    const PytorchFile::StateDict& found = state_dicts.at(plan.state_dict);
    const std::vector<std::string> candidates = prefixes(found);
    if (candidates.size() != 1) {
        throw InputError(origin + ": " + called(plan.state_dict) + " holds " +
                         std::to_string(candidates.size()) + " tensors called '" +
                         std::string(kLandmark) + "' behind a prefix; exactly one is needed");
    }
    plan.prefix = candidates.front();

    TensorShapes shapes;
    for (const auto& [name, tensor] : found) {
        if (!name.starts_with(plan.prefix)) {
            throw InputError(origin + ": tensor '" + name + "' does not begin with '" +
                             plan.prefix + "' as the others do; it is no part of a SpikeGPT");
        }
        const std::string published = name.substr(plan.prefix.size());
        shapes[published] = tensor.shape;
        plan.tensors[published] = tensor;
    }
    // PyTorch lists a tied matrix under both names.
    const auto head = plan.tensors.find("head.weight");
    if (head != plan.tensors.end() && head->second == plan.tensors.at(std::string(kLandmark))) {
        shapes.erase("head.weight");
        plan.tensors.erase(head);
    }
    ModelConfig constants = options.constants;
    constants.tied_head = shapes.count("head.weight") == 0;
    plan.config = config_from_shapes(shapes, constants, origin);
    check_shapes(shapes, plan.config, origin);
    refuse_repetition(plan, origin);
    return plan;
}

Safetensors import_checkpoint(PytorchFile& checkpoint, const ImportPlan& plan) {
    Safetensors file;
    file.origin = checkpoint.origin();
    for (const auto& [name, tensor] : plan.tensors) {
        const std::vector<float> values = checkpoint.floats(tensor, plan.prefix + name);
        if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
            throw InputError(file.origin + ": tensor '" + plan.prefix + name +
                             "': holds a value that is not finite");
        }
        file.add<float>(name, tensor.shape, values);
    }
    file.metadata[kModelKey] = schema::write(plan.config);
    file.metadata[kKindKey] = "float";
    return file;
}

}  // namespace spikeloom::models
