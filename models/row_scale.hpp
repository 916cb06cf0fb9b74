// The scale of a row of weights that become integers of few bits: what the quantiser and training
// for it agree on.
#pragma once

#include <cmath>
#include <span>

namespace spikeloom::models {

/// The largest level of symmetric weights of `bits` bits: levels are -most ... most. Two bits are
/// ternary weights.
inline double largest_level(int bits) {
    return std::ldexp(1.0, bits - 1) - 1.0;
}

/// The scale of a row with the least squared error sum_i importance_i (w_i - scale level_i)^2,
/// among the one that just holds the largest weight and smaller ones, which clip a few weights and
/// round the others finer. `importance` has a weight each, or is empty where all count the same.
/// 0 for a row of zeros. A row that already consists of levels times a scale gives that scale back.
double row_scale(std::span<const float> row, std::span<const float> importance, int bits);

/// A weight's level at a scale above 0.
inline double level_of(double weight, double scale, double most) {
    const double level = std::nearbyint(weight / scale);
    return level > most ? most : level < -most ? -most : level;
}

}  // namespace spikeloom::models
