#include "models/calibration.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::models {

Calibration::Calibration(const Parameters& parameters, std::span<const int> tokens,
                         const EvaluationProgress& progress)
    : tokens_(tokens.size()), layers_(static_cast<std::size_t>(parameters.config().layers)) {
    RecurrentModel model(parameters);
    model.observe([this](Site site, int layer, std::span<const float> values) {
        Statistics& seen = layers_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(site)];
        seen.squares.resize(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double value = values[i];
            seen.largest = std::max(seen.largest, std::fabs(value));
            seen.squares[i] += value * value;
        }
    });
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        model.step(tokens[i]);
        if (progress) {
            progress(i + 1);
        }
    }
}

const Calibration::Statistics& Calibration::at(Site site, int layer) const {
    return layers_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(site)];
}

double Calibration::largest(Site site, int layer) const {
    return at(site, layer).largest;
}

std::vector<float> Calibration::mean_squares(Site site, int layer) const {
    std::vector<float> means;
    for (const double sum : at(site, layer).squares) {
        means.push_back(static_cast<float>(sum / static_cast<double>(tokens_)));
    }
    return means;
}

}  // namespace spikeloom::models
