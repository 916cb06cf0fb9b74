// Weights of few bits while training: what the network computes with is rounded as the quantiser
// will round it, what the optimiser moves is not. The gradient passes the rounding as if it were
// not there (the straight-through estimator: Bengio, Leonard, Courville, arXiv 1308.3432).
#pragma once

#include "base/parallel.hpp"
#include "models/parameters.hpp"

namespace spikeloom::models {

/// Fills `rounded` (of the same configuration) with the parameters, the rows of every matrix
/// replaced by levels of `bits` bits times the row's scale; the embedding, whose signs alone count,
/// and all vectors are copied. The quantiser finds the same levels and scales again in `rounded`.
void round_matrices(const Parameters& parameters, int bits, Workers& workers, Parameters& rounded);

}  // namespace spikeloom::models
