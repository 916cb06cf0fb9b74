#include "models/adam.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace spikeloom::models {

namespace {

constexpr std::size_t kChunk = 16384;

std::size_t chunks_of(std::size_t n) {
    return (n + kChunk - 1) / kChunk;
}

}  // namespace

double norm_of(const Parameters& parameters, Workers& workers) {
    const std::span<const float> values = parameters.flat();
    std::vector<double> sums(chunks_of(values.size()));
    const auto body = [&](std::size_t chunk) {
        const std::size_t last = std::min(values.size(), (chunk + 1) * kChunk);
        double sum = 0.0;
#pragma omp simd reduction(+ : sum)
        for (std::size_t i = chunk * kChunk; i < last; ++i) {
            sum += static_cast<double>(values[i]) * values[i];
        }
        sums[chunk] = sum;
    };
    workers.run(sums.size(), std::cref(body));
    double total = 0.0;
    for (const double sum : sums) {
        total += sum;
    }
    return std::sqrt(total);
}

Adam::Adam(const ModelConfig& model)
    : mean(model), square(model), decays_(mean.flat().size(), 0.0F) {
    for (const TensorInfo& info : mean.layout()) {
        if (info.shape.size() == 2) {
            std::fill_n(decays_.begin() + static_cast<std::ptrdiff_t>(info.offset), info.elements,
                        1.0F);
        }
    }
}

double Adam::step(const AdamConfig& config, double learning_rate, const Parameters& gradients,
                  Parameters& parameters, Workers& workers) {
    ++steps;
    const double norm = norm_of(gradients, workers);
    const double clipped = config.clip > 0.0 && norm > config.clip ? config.clip / norm : 1.0;
    const double power = static_cast<double>(steps);
    const auto scale = static_cast<float>(clipped);
    const auto beta1 = static_cast<float>(config.beta1);
    const auto beta2 = static_cast<float>(config.beta2);
    const auto rate = static_cast<float>(learning_rate / (1.0 - std::pow(config.beta1, power)));
    const auto correction = static_cast<float>(1.0 / (1.0 - std::pow(config.beta2, power)));
    const auto eps = static_cast<float>(config.eps);
    const auto decay = static_cast<float>(learning_rate * config.weight_decay);

    const float* const g = gradients.flat().data();
    float* const m = mean.flat().data();
    float* const v = square.flat().data();
    float* const x = parameters.flat().data();
    const std::size_t n = parameters.flat().size();
    const auto body = [&](std::size_t chunk) {
        const std::size_t last = std::min(n, (chunk + 1) * kChunk);
#pragma omp simd
        for (std::size_t i = chunk * kChunk; i < last; ++i) {
            const float gradient = g[i] * scale;
            m[i] = beta1 * m[i] + (1.0F - beta1) * gradient;
            v[i] = beta2 * v[i] + (1.0F - beta2) * gradient * gradient;
            const float step = rate * m[i] / (std::sqrt(v[i] * correction) + eps);
            x[i] -= step + decay * decays_[i] * x[i];
        }
    };
    workers.run(chunks_of(n), std::cref(body));
    return norm;
}

}  // namespace spikeloom::models
