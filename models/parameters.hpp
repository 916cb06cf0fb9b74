// The parameters of a SpikeGPT under their published names, in one allocation.
//
// Matrices are row-major [outputs, inputs], as published: y = W x. The names are those of the
// authors' code: emb.weight; blocks.{l}.{ln1,ln2}.{weight,bias}, blocks.0.ln0.{weight,bias};
// blocks.{l}.att.{time_decay,time_first,time_mix_k,time_mix_v,time_mix_r} and
// blocks.{l}.att.{key,value,receptance,output}.weight; blocks.{l}.ffn.{time_mix_k,time_mix_r} and
// blocks.{l}.ffn.{key,receptance,value}.weight; ln_out.{weight,bias}; head.weight (none where it is
// tied to the embedding).
// A classifier (classifier.hpp) has classifier.{weight,bias} instead of the head.
#pragma once

#include "base/safetensors.hpp"
#include "models/aligned_vector.hpp"
#include "models/config.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::models {

template <class T>
struct TimeMixTensors {
    std::span<T> time_decay;  ///< [C]; the decay per token is exp(-exp(time_decay))
    std::span<T> time_first;  ///< [C]; bonus of the present token, in the exponent
    std::span<T> time_mix_k, time_mix_v, time_mix_r;  ///< [1, 1, C]; share of the present token
    std::span<T> key, value, receptance, output;      ///< [C, C]
};

template <class T>
struct ChannelMixTensors {
    std::span<T> time_mix_k, time_mix_r;  ///< [1, 1, C]
    std::span<T> key;                     ///< [H, C]
    std::span<T> receptance;              ///< [C, C]
    std::span<T> value;                   ///< [C, H]
};

template <class T>
struct LayerTensors {
    std::span<T> ln1_weight, ln1_bias;  ///< [C], before the time-mix
    std::span<T> ln2_weight, ln2_bias;  ///< [C], before the channel-mix
    TimeMixTensors<T> att;
    ChannelMixTensors<T> ffn;
};

template <class T>
struct ModelTensors {
    std::span<T> embedding;             ///< [V, C]; binary: its sign is what the network sees
    std::span<T> ln0_weight, ln0_bias;  ///< [C], on the embedding's bits
    std::vector<LayerTensors<T>> layers;
    std::span<T> ln_out_weight, ln_out_bias;   ///< [C], before the head
    std::span<T> head;                         ///< [V, C]; tied: the embedding's memory
    std::span<T> classifier, classifier_bias;  ///< [classes, C], [classes]; of a classifier alone
};

/// Name, shape and place of one tensor in the flat array.
struct TensorInfo {
    std::string name;
    std::vector<std::size_t> shape;
    std::size_t offset = 0;
    std::size_t elements = 0;
};

/// The flat array of a model of that configuration.
std::vector<TensorInfo> tensor_layout(const ModelConfig& config);

/// All tensors of one model; also the type of its gradients and of the optimiser's moments.
class Parameters {
  public:
    /// All zero.
    explicit Parameters(const ModelConfig& config);
    Parameters(const Parameters& other);
    Parameters& operator=(const Parameters& other);
    Parameters(Parameters&&) noexcept = default;
    Parameters& operator=(Parameters&&) noexcept = default;
    ~Parameters() = default;

    const ModelConfig& config() const { return config_; }

    /// The whole allocation. Tensors start on cache lines; what lies between them is zero.
    std::span<float> flat() { return values_; }
    std::span<const float> flat() const { return values_; }

    ModelTensors<float>& tensors() { return tensors_; }
    const ModelTensors<const float>& tensors() const { return const_tensors_; }

    /// In the order of the flat array.
    const std::vector<TensorInfo>& layout() const { return layout_; }
    std::span<float> tensor(std::string_view name);
    std::span<const float> tensor(std::string_view name) const;
    /// Number of trainable values.
    std::size_t count() const;

    /// Reads the tensors from a file. Where its metadata holds the model's YAML, that is the
    /// configuration and the shapes must agree; otherwise the shapes decide and the rest of the
    /// configuration has its defaults. Throws InputError naming file and tensor, also for a file
    /// that says it holds something else than a language model.
    static Parameters load(const std::filesystem::path& path);
    static Parameters from(const Safetensors& file);
    /// The tensors of that configuration, whatever the file says it holds.
    static Parameters from(const Safetensors& file, const ModelConfig& config);
    /// With the description of the tokenizer that its ids are from (carried_tokenizer.hpp).
    void save(const std::filesystem::path& path, const std::string& tokenizer = {}) const;
    /// Adds every tensor as `prefix` + its name, and no metadata.
    void add_to(Safetensors& file, const std::string& prefix = {}) const;
    /// Fills every tensor from `prefix` + its name; the shapes must be this model's.
    void read_from(const Safetensors& file, const std::string& prefix = {});

  private:
    void bind();

    ModelConfig config_;
    std::vector<TensorInfo> layout_;
    AlignedVector<float> values_;
    ModelTensors<float> tensors_;
    ModelTensors<const float> const_tensors_;
};

/// Metadata key under which a file carries its model's YAML (the keys of ModelConfig).
constexpr const char* kModelKey = "spikeloom";
/// Metadata key that says what a file holds: "float" (also where the key is missing), "training" (a
/// float model with its optimiser's state, which may be read as a float model), "integer",
/// "classifier".
constexpr const char* kKindKey = "spikeloom_kind";

/// Shapes of tensors by their names.
using TensorShapes = std::map<std::string, std::vector<std::size_t>>;

/// The sizes of the SpikeGPT whose tensors have these shapes, and the `constants` for the rest.
/// InputError, beginning with `origin`, where the shapes do not tell.
ModelConfig config_from_shapes(const TensorShapes& shapes, const ModelConfig& constants,
                               const std::string& origin);

/// InputError naming the tensor where one of that model is missing, one has another shape, or one
/// is no part of it.
void check_shapes(const TensorShapes& shapes, const ModelConfig& config, const std::string& origin);

/// What kind of model a file holds, by its metadata.
std::string kind_of(const Safetensors& file);

/// The configuration a file's metadata or, without any, its shapes say.
ModelConfig config_of(const Safetensors& file);

/// Fills the parameters with starting values (docs/model.md, "Starting values").
void initialise(Parameters& parameters, std::uint64_t seed);

}  // namespace spikeloom::models
