// Generation beside what memory allows: a token needs every weight once, so a model larger than the
// caches cannot be faster than its weights' bytes at the rate at which memory can be read. That
// rate (all threads summing up an array of 1 GiB) and both models are measured by turns.
//
//     generation_bench [LAYERS CHANNELS THREADS]    default 12 512 2: SpikeGPT-46M
#include "base/parallel.hpp"
#include "base/random.hpp"
#include "bench/measure.hpp"
#include "models/calibration.hpp"
#include "models/integer_model.hpp"
#include "models/quantiser.hpp"
#include "models/recurrent_model.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <vector>

#include <Eigen/Core>

namespace {

using namespace spikeloom;
using namespace spikeloom::models;

/// Reads an array from memory on all threads.
class Stream {
  public:
    explicit Stream(Workers& workers) : workers_(workers), values_(kChunks * kChunk, 1.0F) {}

    void read() {
        const auto one = [&](std::size_t chunk) {
            const float* const from = values_.data() + chunk * kChunk;
            sums_[chunk] =
                Eigen::Map<const Eigen::ArrayXf>(from, static_cast<Eigen::Index>(kChunk)).sum();
        };
        workers_.run(kChunks, std::cref(one));
    }
    double bytes() const { return static_cast<double>(values_.size() * sizeof(float)); }
    float sum() const { return std::accumulate(sums_.begin(), sums_.end(), 0.0F); }

  private:
    static constexpr std::size_t kChunks = 256;
    static constexpr std::size_t kChunk = std::size_t{1} << 20;
    Workers& workers_;
    AlignedVector<float> values_;
    std::array<float, kChunks> sums_{};
};

void run(const ModelConfig& config, int threads) {
    constexpr int kTokens = 16;
    Workers workers(threads);
    Parameters parameters(config);
    initialise(parameters, 1);
    RecurrentModel floating(parameters, workers);
    std::vector<int> text(32);
    Random random(1);
    std::generate(text.begin(), text.end(), [&] { return static_cast<int>(random.below(256)); });
    const QuantisedModel quantised = quantise(parameters, Calibration(parameters, text), {});
    IntegerModel integer(quantised, workers);
    Stream stream(workers);

    const auto generate = [&](auto& model) {
        for (int i = 0; i < kTokens; ++i) {
            model.step(text[static_cast<std::size_t>(i) % text.size()]);
        }
    };
    const auto times = bench::by_turns(
        {[&] { stream.read(); }, [&] { generate(floating); }, [&] { generate(integer); }}, 20.0,
        10);
    const double C = config.channels;
    const double weights = 13.0 * config.layers * C * C + config.vocabulary * C;
    const double memory = stream.bytes() / bench::median(times[0]);
    std::printf("%d x %d, %d threads; memory is read at %.1f GB/s (check %.0f)\n\n", config.layers,
                config.channels, workers.threads(), memory * 1e-9, stream.sum());
    std::printf("| weights | MB a token | tokens/s | of what memory allows |\n|---|---|---|---|\n");
    const std::array<std::pair<const char*, double>, 2> kinds{{{"float32", 4.0}, {"8 bits", 1.0}}};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const double bytes = weights * kinds[i].second;
        // Seconds that memory would need, over those that were needed.
        const double share =
            bench::median_ratio(times[0], times[i + 1]) * bytes * kTokens / stream.bytes();
        std::printf("| %s | %.1f | %.1f | %.0f %% |\n", kinds[i].first, bytes * 1e-6,
                    kTokens / bench::median(times[i + 1]), 100.0 * share);
    }
}

}  // namespace

int main(int count, char** arguments) {
    std::array<int, 3> numbers{12, 512, 2};
    for (int i = 1; i < count && i <= 3; ++i) {
        numbers[static_cast<std::size_t>(i) - 1] = std::atoi(arguments[i]);
    }
    ModelConfig config;
    config.layers = numbers[0];
    config.channels = numbers[1];
    run(config, numbers[2]);
    return 0;
}
