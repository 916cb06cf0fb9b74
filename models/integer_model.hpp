// The golden model: the integer SpikeGPT token by token. Whatever a chip makes of a compiled model
// must equal this bit for bit. docs/numerics.md lists the kernel calls in order.
#pragma once

#include "base/parallel.hpp"
#include "models/evaluation.hpp"
#include "models/lif_sites.hpp"
#include "models/quantised_model.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::models {

/// What a sequence carries from one token to the next: five vectors of C values a layer and the
/// membranes of its neurons. It is a value: copy it to keep a snapshot.
class IntegerState {
  public:
    /// The state before the first token.
    explicit IntegerState(const ModelConfig& config);

    struct Layer {
        fixed::Results att_shift;    ///< norm(x) of the token before, Q.16
        fixed::Results numerator;    ///< WKV: sum of weights times values, Q.16
        fixed::Results denominator;  ///< WKV: sum of weights, Q.16
        fixed::Results exponent;     ///< WKV: the scale of both, Q.16
        fixed::Results ffn_shift;
        /// After the step, Q.16, as a chip's state register holds them: where a neuron has fired,
        /// the reset value. Empty where there are no neurons.
        PerLifSite<fixed::Results> membranes;
    };
    Layer layer(std::size_t layer);

    void reset();
    fixed::Values flat() const { return values_; }

    friend bool operator==(const IntegerState& a, const IntegerState& b) {
        return a.values_ == b.values_;
    }

  private:
    std::size_t layers_;
    std::size_t channels_;
    std::span<const LifSite> sites_;
    PerLifSite<std::size_t> widths_;
    std::vector<fixed::Value> values_;  // a layer behind the other
};

/// What happened in the last step. Sub-block 2 l is the time-mix of layer l, 2 l + 1 its
/// channel-mix.
struct Trace {
    std::size_t channels = 0;
    std::vector<fixed::Value> residual;  ///< [2 layers + 1, C] before each sub-block and at the end
    std::vector<fixed::Value> drive;     ///< [2 layers, C] what each sub-block made, Q.16
    /// By layer: what the neurons of a site did, 0 or 1; empty where there are none.
    std::vector<PerLifSite<std::vector<fixed::Value>>> spikes;

    fixed::Values row(const std::vector<fixed::Value>& of, std::size_t index) const {
        return fixed::Values(of).subspan(index * channels, channels);
    }
};

/// How often a value did not fit where it travelled, since the model was made.
struct Saturation {
    std::string site;  ///< the matrix that reads the events ("blocks.0.att.key"), "residual", or
                       ///< a drive that enters the residual stream as it is
    std::uint64_t values = 0;
    std::uint64_t saturated = 0;
};

class IntegerModel {
  public:
    /// Keeps a reference: the model must outlive it, and pass its `check`. `functions` are those of
    /// the machine that it stands for.
    explicit IntegerModel(const QuantisedModel& model, const fixed::Functions& functions = {});
    /// The same on several threads, whose number changes no bit.
    IntegerModel(const QuantisedModel& model, Workers& workers,
                 const fixed::Functions& functions = {});
    ~IntegerModel();
    IntegerModel(IntegerModel&&) noexcept;

    /// Takes one token in and returns the logits of the next, Q.16, valid until the next step.
    /// Throws InputError where the token is outside the vocabulary.
    fixed::Values step(int token);

    /// Of the last step.
    const Trace& trace() const;

    /// A snapshot of another model's shape is an InputError.
    const IntegerState& state() const;
    void restore(const IntegerState& state);
    void reset();

    std::vector<Saturation> saturations() const;

    const ModelConfig& config() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Mean bits per token from the empty state, as evaluation.hpp defines it. Throws InputError for
/// fewer than two tokens and for one outside the vocabulary.
double evaluate(IntegerModel& model, std::span<const int> tokens,
                const EvaluationProgress& progress = {});
/// The same by windows.
double evaluate(IntegerModel& model, std::span<const int> tokens, const Windows& windows,
                const EvaluationProgress& progress = {});

}  // namespace spikeloom::models
