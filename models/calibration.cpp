#include "models/calibration.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::models {

Calibration::Calibration(const Parameters& parameters, std::span<const int> tokens,
                         const EvaluationProgress& progress)
    : layers_(static_cast<std::size_t>(parameters.config().layers)) {
    RecurrentModel model(parameters);
    model.observe([this](Site site, int layer, std::span<const float> values) {
        double& most = layers_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(site)];
        for (const float value : values) {
            most = std::max(most, std::fabs(static_cast<double>(value)));
        }
    });
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        model.step(tokens[i]);
        if (progress) {
            progress(i + 1);
        }
    }
}

double Calibration::largest(Site site, int layer) const {
    return layers_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(site)];
}

}  // namespace spikeloom::models
