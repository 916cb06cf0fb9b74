// Comparison with reference outputs and gradients of another implementation.
//
// A golden file (safetensors) holds `tokens` and `targets` [B, T] int64; `logits` [B, T, V], `loss`
// [1] (mean cross-entropy, nats); `spikes.{l}.att`, `spikes.{l}.ffn` [B, T, C] uint8; and
// `grad.{parameter}`, the gradients of the loss with the published L2Wrap of 1e-4.
#pragma once

#include "base/parallel.hpp"
#include "base/safetensors.hpp"
#include "models/parameters.hpp"

#include <string>
#include <utility>
#include <vector>

namespace spikeloom::models {

struct GoldenReport {
    double logits_max_abs_error = 0.0;
    double logits_rms = 0.0;  ///< of the reference's logits, for scale
    double loss_rel_error = 0.0;
    double spike_agreement = 0.0;  ///< fraction of all spikes and silences that are equal
    /// |g - reference| / |reference| a parameter, in the order of the parameters.
    std::vector<std::pair<std::string, double>> grad_rel_l2;
    double grad_rel_l2_max = 0.0;
};

/// What two float32 implementations of the same equations stay within.
struct GoldenTolerance {
    double logits_max_abs_error = 1e-4;
    double loss_rel_error = 1e-5;
    double spike_agreement = 0.9999;
    double grad_rel_l2 = 1e-3;
};

/// Runs the model forwards and backwards on the golden file's tokens. Throws InputError where the
/// file does not fit the model.
GoldenReport compare_with_golden(const Parameters& parameters, const Safetensors& golden,
                                 Workers& workers);

/// Throws CheckFailed naming the first figure that is beyond its tolerance.
void require_within(const GoldenReport& report, const GoldenTolerance& tolerance);

}  // namespace spikeloom::models
