// A PyTorch checkpoint of a SpikeGPT becomes a float model's file, its tensors under the published
// names and with their values unchanged.
#pragma once

#include "base/pytorch_file.hpp"
#include "base/safetensors.hpp"
#include "models/config.hpp"

#include <map>
#include <string>

namespace spikeloom::models {

struct ImportOptions {
    /// The keys that lead to the state dict, joined by '/'. Empty: the only one with a SpikeGPT.
    std::string state_dict;
    /// What tensors do not tell: variant, neuron constants, context. Its sizes are not looked at.
    ModelConfig constants;
};

/// Which of a checkpoint's tensors is which parameter, and of what model.
struct ImportPlan {
    ModelConfig config;
    std::string state_dict;
    std::string prefix;  ///< in front of every name, as "module." from data-parallel training
    std::map<std::string, StoredTensor> tensors;  ///< by published name, without the prefix
};

/// Finds the SpikeGPT among a checkpoint's state dicts and infers its sizes from the shapes. Throws
/// InputError, beginning with `origin`, where there is none or more than one, and for a missing,
/// extra or misshapen tensor by its name. Reads no values.
ImportPlan plan_import(const std::map<std::string, PytorchFile::StateDict>& state_dicts,
                       const ImportOptions& options, const std::string& origin);

/// The model's file: every tensor as float32, and the configuration as metadata. Throws InputError
/// for a tensor of another type than float32, float16 and bfloat16 and for a value that is not
/// finite.
Safetensors import_checkpoint(PytorchFile& checkpoint, const ImportPlan& plan);

}  // namespace spikeloom::models
