#include "models/row_scale.hpp"

#include <algorithm>

namespace spikeloom::models {

namespace {

/// Scales that are tried: these fortieths of the one that holds the largest weight. Ternary rows
/// want the smallest: a row of 2048 normal weights has its largest at 3.5 deviations and its best
/// ternary scale at 1.22.
constexpr int kScaleSteps = 40;
constexpr int kSmallestScale = 8;

double rounding_error(std::span<const float> row, std::span<const float> importance, double scale,
                      double most) {
    const auto inverse = static_cast<float>(1.0 / scale);
    const auto step = static_cast<float>(scale);
    const auto limit = static_cast<float>(most);
    const auto error_of = [&](float weight) {
        const float level = std::nearbyint(weight * inverse);
        const float error = weight - std::min(std::max(level, -limit), limit) * step;
        return error * error;
    };
    float total = 0.0F;
    if (importance.empty()) {
#pragma omp simd reduction(+ : total)
        for (std::size_t i = 0; i < row.size(); ++i) {
            total += error_of(row[i]);
        }
    } else {
#pragma omp simd reduction(+ : total)
        for (std::size_t i = 0; i < row.size(); ++i) {
            total += importance[i] * error_of(row[i]);
        }
    }
    return double{total};
}

}  // namespace

double row_scale(std::span<const float> row, std::span<const float> importance, int bits) {
    const double most = largest_level(bits);
    double largest = 0.0;
    for (const float weight : row) {
        largest = std::max(largest, std::fabs(double{weight}));
    }
    if (largest == 0.0) {
        return 0.0;
    }
    double best = largest / most;
    double least_error = rounding_error(row, importance, best, most);
    for (int k = kScaleSteps - 1; k >= kSmallestScale; --k) {
        const double scale = largest / most * k / kScaleSteps;
        const double error = rounding_error(row, importance, scale, most);
        if (error < least_error) {
            best = scale;
            least_error = error;
        }
    }
    return best;
}

}  // namespace spikeloom::models
