// How large a float model's intermediate values become on a text: what the quantiser chooses the
// formats of events and the scales of weights by.
#pragma once

#include "models/evaluation.hpp"
#include "models/recurrent_model.hpp"

#include <array>
#include <span>
#include <vector>

namespace spikeloom::models {

class Calibration {
  public:
    /// Runs the model over the tokens from the empty state.
    Calibration(const Parameters& parameters, std::span<const int> tokens,
                const EvaluationProgress& progress = {});

    /// The largest magnitude seen at a site of a layer; 0 where nothing was.
    double largest(Site site, int layer) const;

    /// The mean square of each element of a site's vector; empty where nothing was seen. The error
    /// that a column's weights make in a product grows with that of its input.
    std::vector<float> mean_squares(Site site, int layer) const;

  private:
    static constexpr std::size_t kSites = static_cast<std::size_t>(Site::logits) + 1;
    struct Statistics {
        double largest = 0.0;
        std::vector<double> squares;  // sums
    };
    const Statistics& at(Site site, int layer) const;

    std::size_t tokens_;
    std::vector<std::array<Statistics, kSites>> layers_;
};

}  // namespace spikeloom::models
