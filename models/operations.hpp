// How many operations of its matrices a token costs a model, by kind: what `info` says and reports
// compare with what a chip has counted.
#pragma once

#include "models/config.hpp"

#include <cstdint>

namespace spikeloom::models {

/// Products of weights with what a matrix reads: values are multiplied, spikes only select which
/// weights are added.
struct Products {
    std::uint64_t multiplies = 0;   ///< multiply-accumulates
    std::uint64_t accumulates = 0;  ///< if every neuron fired; times the firing rate in truth
};

struct Operations {
    Products time_mix;     ///< all layers
    Products channel_mix;  ///< all layers
    Products head;
    std::uint64_t neuron_updates = 0;  ///< each neuron is updated once a token, whether it fires
    Products total() const;
};

Operations operations_of(const ModelConfig& config);

}  // namespace spikeloom::models
