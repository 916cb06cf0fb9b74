// A learning curve: what was measured at each evaluation of a training run, as a CSV file with a
// row each. docs/model.md, "The learning curve", describes its columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::analysis {

/// One layer of LIF neurons over the tokens that were counted.
struct LayerActivity {
    int layer = 0;
    std::string site;
    double firing_rate = 0.0;  ///< spikes a neuron and token
    std::uint64_t neurons = 0;
    std::uint64_t dead = 0;       ///< fired at no token
    std::uint64_t saturated = 0;  ///< fired at every token

    friend bool operator==(const LayerActivity&, const LayerActivity&) = default;
};

/// What is not known is not a number, and an empty cell of the file.
struct TrainingPoint {
    std::int64_t step = 0;
    std::int64_t tokens = 0;
    double seconds = 0.0;
    double learning_rate = 0.0;
    double gradient_norm = 0.0;
    double train_bits_per_token = 0.0;
    double train_bits_per_byte = 0.0;
    double valid_bits_per_token = 0.0;
    double valid_bits_per_byte = 0.0;
    std::vector<LayerActivity> activity;  ///< the same layers at every point of a curve

    /// Over all neurons; not a number without any.
    double firing_rate() const;
    std::uint64_t neurons() const;
    std::uint64_t dead() const;
    std::uint64_t saturated() const;
};

using TrainingCurve = std::vector<TrainingPoint>;

/// Throws std::logic_error where two points have different layers.
std::string training_curve_csv(const TrainingCurve& curve);

/// Throws InputError naming origin, line and what was found.
TrainingCurve parse_training_curve(std::string_view text, const std::string& origin);

}  // namespace spikeloom::analysis
