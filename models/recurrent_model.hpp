// SpikeGPT token by token: the form in which it generates, and the reference for what a chip
// computes.
#pragma once

#include "base/parallel.hpp"
#include "models/parameters.hpp"
#include "models/state.hpp"

#include <functional>
#include <memory>
#include <span>

namespace spikeloom::models {

/// The named intermediate vectors of one token, in the order in which they arise. [C] unless said.
/// Membranes are those that are compared with the threshold, before a reset; spikes are 0 or 1.
/// Both exist in front of a matrix only where the variant has neurons there.
enum class Site {
    embedding,       ///< the embedding row as the network sees it, binary: 0 or 1 (layer 0)
    block_input,     ///< the residual stream at a layer's entry (layer 0: after ln0)
    att_normalised,  ///< LN1
    att_mixed_k,     ///< token-shift mixes
    att_mixed_v,
    att_mixed_r,
    att_key_membrane,  ///< of the neurons in front of the matrices, driven by the mixes
    att_key_spikes,
    att_value_membrane,
    att_value_spikes,
    att_receptance_membrane,
    att_receptance_spikes,
    att_key,  ///< the matrices' outputs
    att_value,
    att_receptance,       ///< before the sigmoid
    att_wkv,              ///< y of the WKV recurrence
    att_gated,            ///< sigmoid(receptance) * y
    att_output_membrane,  ///< of the neurons that `att_gated` drives
    att_output_spikes,
    att_drive,       ///< of the matrix `output`
    att_membrane,    ///< of the neurons behind the time-mix
    att_spikes,      ///< what enters the residual stream (without neurons there: the drive)
    att_residual,    ///< the residual stream behind the time-mix
    ffn_normalised,  ///< LN2
    ffn_mixed_k,
    ffn_mixed_r,
    ffn_key_membrane,
    ffn_key_spikes,
    ffn_receptance_membrane,
    ffn_receptance_spikes,
    ffn_key,             ///< [H], before the activation
    ffn_receptance,      ///< before the sigmoid
    ffn_value_membrane,  ///< [H], of hidden neurons
    ffn_value_spikes,    ///< [H]
    ffn_hidden,          ///< [H], the input of `value`: rectified values or spikes
    ffn_value,
    ffn_drive,     ///< sigmoid(receptance) * value
    ffn_membrane,  ///< of the neurons behind the channel-mix
    ffn_spikes,    ///< what enters the residual stream
    ffn_residual,  ///< the residual stream at the layer's end
    head_input,    ///< ln_out (layer: the last)
    logits,        ///< [V] (layer: the last)
};

/// "att_mixed_k" and so on.
const char* name_of(Site site);

/// Where a layer of neurons shows its membranes and its spikes.
Site membranes_of(LifSite site);
Site spikes_of(LifSite site);

class RecurrentModel {
  public:
    using Observer = std::function<void(Site site, int layer, std::span<const float> values)>;

    /// Starts at the state before the first token. Keeps a reference: the parameters must outlive
    /// it.
    explicit RecurrentModel(const Parameters& parameters);
    /// The same on several threads, whose number changes no bit.
    RecurrentModel(const Parameters& parameters, Workers& workers);
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
