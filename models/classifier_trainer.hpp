// Trains a classifier: epochs over shuffled examples in batches of similar length, the best epoch
// by validation kept.
#pragma once

#include "models/classifier.hpp"
#include "models/optimisation.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::models {

struct ClassifierConfig : Optimisation {
    ClassifierConfig() : Optimisation{1e-3, 1e-5, 100, {}, 0.0} {}

    TokenUnit tokens = TokenUnit::words;
    int least_count = 2;  ///< of a word in the training text; rarer ones are unknown
    int most_words = 50000;
    int most_tokens = 256;  ///< of a text; the rest is cut off
    int batch = 32;
    int epochs = 20;
    double token_dropout = 0.0;  ///< share of the tokens replaced by the unknown word in training
    double pooled_dropout = 0.0;
    double validation_fraction = 0.1;  ///< of the training examples, where no others are given
    double minutes = 0.0;              ///< longest time; 0: any
    std::uint64_t seed = 1;
};

void describe(schema::Walk& walk, ClassifierConfig& config);

/// What `spikeloom classify --config` reads: the sections `model` and `classifier`.
struct ClassifierRun {
    ModelConfig model;
    ClassifierConfig classifier;
};

void describe(schema::Walk& walk, ClassifierRun& run);

struct EpochPoint {
    int epoch = 0;  // from 1
    double seconds = 0.0;
    double train_loss = 0.0;  // nats, dropout included
    double train_accuracy = 0.0;
    ClassifierScore valid;
};

/// Trains `parameters` in place; they end as they were behind the epoch with the best accuracy on
/// `valid` (among equals the one with the least loss). The same seed gives the same bits for any
/// number of threads, where `minutes` does not end the run. Returns the epochs; `watch` sees each.
std::vector<EpochPoint> train_classifier(Parameters& parameters,
                                         const std::vector<Example>& training,
                                         const std::vector<Example>& valid,
                                         const ClassifierConfig& config, Workers& workers,
                                         const std::function<void(const EpochPoint&)>& watch = {});

}  // namespace spikeloom::models
