// How large a float model's intermediate values become on a text: what the quantiser chooses the
// event formats by.
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

  private:
    static constexpr std::size_t kSites = static_cast<std::size_t>(Site::logits) + 1;
    std::vector<std::array<double, kSites>> layers_;
};

}  // namespace spikeloom::models
