// Post-training quantisation: a float SpikeGPT becomes the integer one. No training, no data but a
// short calibration text. docs/numerics.md says what is chosen how, and what it costs.
#pragma once

#include "models/calibration.hpp"
#include "models/parameters.hpp"
#include "models/quantised_model.hpp"

namespace spikeloom::models {

struct QuantiserOptions {
    int weight_bits = 8;     ///< of every matrix, 2 to 16; the embedding has 1
    int event_bits = 16;     ///< of what travels into the matrices, 2 to 16, at most
    double headroom = 1.25;  ///< room above the largest value calibration saw, a factor from 1
    double prune = 0.0;      ///< share of the weights of every row to be left out, below 1

    /// InputError where one is out of its range.
    void check() const;
};

/// Every row of a matrix gets the scale (row_scale.hpp) that makes the least error in its product
/// with what calibration saw coming in. Weights to be left out are those that count least in their
/// row, by magnitude times the root mean square of their input. Every vector that travels gets a
/// power-of-two format that holds what calibration saw. In the spiking variant the residual
/// stream's format follows from the vocabulary and the number of layers, so that it cannot
/// saturate. Where an accumulator could leave 32 bits, the events into its matrix get fewer bits.
/// Throws InputError for options out of range and for parameters that have no integer form (a
/// threshold beyond 32767, say).
QuantisedModel quantise(const Parameters& parameters, const Calibration& calibration,
                        const QuantiserOptions& options);

}  // namespace spikeloom::models
