// Exponential and sigmoid without branches or calls, so that loops over channels become vector
// code.
#pragma once

#include <bit>
#include <cstdint>

namespace spikeloom::models {

/// e^x with a relative error below 2e-7; 0 below -87.3, the largest finite power above 88.3.
/// Range reduction by ln 2 in two parts and the polynomial of the Cephes library's expf (S.
/// Moshier).
inline float exponential(float x) {
    constexpr float kLeast = -87.3F;
    constexpr float kMost = 88.3F;
    constexpr float kRounder =
        12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer below
    const float clamped = x < kLeast ? kLeast : (x > kMost ? kMost : x);
    const float shifted = clamped * 1.44269504088896341F + kRounder;
    const float n = shifted - kRounder;
    const float r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    // The integer sits in the low bits of `shifted`; 127 is the exponent's bias.
    const std::int32_t biased =
        std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(kRounder) + 127;
    const float result = p * std::bit_cast<float>(biased << 23);
    return x < kLeast ? 0.0F : result;
}

inline float sigmoid(float x) {
    return 1.0F / (1.0F + exponential(-x));
}

}  // namespace spikeloom::models
