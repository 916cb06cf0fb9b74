// SpikeGPT token by token: the form in which it generates, and the reference for what a chip
// computes.
#pragma once

#include "models/parameters.hpp"
#include "models/state.hpp"

#include <functional>
#include <memory>
#include <span>

namespace spikeloom::models {

/// The named intermediate vectors of one token, in the order in which they arise. [C] unless said.
enum class Site {
    embedding,       ///< Heaviside of the embedding row, 0 or 1 (layer 0)
    block_input,     ///< the residual stream at a layer's entry (layer 0: after ln0)
    att_normalised,  ///< LN1
    att_mixed_k,     ///< token-shift mixes, the inputs of the matrices
    att_mixed_v,
    att_mixed_r,
    att_key,  ///< the matrices' outputs
    att_value,
    att_receptance,  ///< before the sigmoid
    att_wkv,         ///< y of the WKV recurrence
    att_gated,       ///< sigmoid(receptance) * y, the input of `output`
    att_drive,       ///< what LIF1 receives
    att_membrane,    ///< LIF1's membrane when it is compared with the threshold, before its reset
    att_spikes,      ///< 0 or 1 (dense variant: the drive itself)
    att_residual,    ///< the residual stream behind the time-mix
    ffn_normalised,  ///< LN2
    ffn_mixed_k,
    ffn_mixed_r,
    ffn_key,     ///< [H], before ReLU
    ffn_hidden,  ///< [H], ReLU squared, the input of `value`
    ffn_value,
    ffn_receptance,  ///< before the sigmoid
    ffn_drive,       ///< sigmoid(receptance) * value, what LIF2 receives
    ffn_membrane,
    ffn_spikes,
    ffn_residual,  ///< the residual stream at the layer's end
    head_input,    ///< ln_out (layer: the last)
    logits,        ///< [V] (layer: the last)
};

/// "att_mixed_k" and so on.
const char* name_of(Site site);

class RecurrentModel {
  public:
    using Observer = std::function<void(Site site, int layer, std::span<const float> values)>;

    /// Starts at the state before the first token. Keeps a reference: the parameters must outlive
    /// it.
    explicit RecurrentModel(const Parameters& parameters);
    ~RecurrentModel();
    RecurrentModel(RecurrentModel&&) noexcept;

    /// Takes one token in and returns the logits of the next, valid until the next step. Throws
    /// InputError where the token is outside the vocabulary.
    std::span<const float> step(int token);

    /// The state is a value: a copy of it is a snapshot, which `restore` goes back to. A snapshot
    /// of another model's shape is an InputError.
    const State& state() const;
    void restore(const State& state);
    void reset();

    /// Shows every intermediate vector of every later step to `observer`; an empty one ends that.
    void observe(Observer observer);

    const ModelConfig& config() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spikeloom::models
