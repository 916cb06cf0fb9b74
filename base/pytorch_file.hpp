// Checkpoints as torch.save writes them since PyTorch 1.6: a zip archive with a pickle, data.pkl,
// that describes tensors, and an entry data/KEY for the bytes of each storage they are views of.
#pragma once

#include "base/safetensors.hpp"
#include "base/zip_archive.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace spikeloom {

/// A tensor as the checkpoint describes it: a view of a storage.
struct StoredTensor {
    std::string storage;  ///< its key
    DType dtype = DType::f32;
    std::size_t storage_elements = 0;
    std::size_t offset = 0;  ///< of the first element, in elements
    std::vector<std::size_t> shape;
    std::vector<std::size_t> strides;  ///< in elements

    std::size_t elements() const;
    friend bool operator==(const StoredTensor&, const StoredTensor&) = default;
};

/// A checkpoint whose description has been read and checked, and whose storages are read when they
/// are asked for. Nothing in the file is run: only tensors, containers, numbers and text are
/// understood, and a pickle that names anything else is refused by that name. Every error is an
/// InputError of one line that names the file.
class PytorchFile {
  public:
    static PytorchFile open(const std::filesystem::path& path);
    /// The same from memory, which must outlive the file; `origin` names it in errors.
    static PytorchFile from_bytes(std::span<const std::byte> bytes, const std::string& origin);
    /// The tensors of a data.pkl alone, whose storages are nowhere.
    using StateDict = std::map<std::string, StoredTensor>;
    static std::map<std::string, StateDict> describe(std::span<const std::byte> pickle,
                                                     const std::string& origin);

    /// Every dict that holds tensors under names, by the keys that lead to it, joined by '/': ""
    /// where the checkpoint is a state dict itself, "model" where it is {'model': state dict, ...}.
    const std::map<std::string, StateDict>& state_dicts() const { return state_dicts_; }

    /// The values of a float32, float16 or bfloat16 tensor, row-major. `name` is for errors.
    std::vector<float> floats(const StoredTensor& tensor, const std::string& name);

    const std::string& origin() const { return archive_.origin(); }

  private:
    explicit PytorchFile(ZipArchive archive);

    ZipArchive archive_;
    std::string folder_;  // what stands before "data.pkl" in the names of entries
    std::map<std::string, StateDict> state_dicts_;
    // The storage read last: tensors that share one follow each other in most checkpoints.
    std::string held_key_;
    std::string held_bytes_;
    bool holds_ = false;
};

}  // namespace spikeloom
