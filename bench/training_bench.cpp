// Where a training step's time goes, and the most memory it takes.
//
//     training_bench [LAYERS CHANNELS BATCH LENGTH THREADS]    default 12 512 8 256 2
//
// A whole step (forwards, backwards, Adam) runs by turns with its parts alone: its matrix products
// on the same weights and shapes, prepared and cut into chunks as the model does it; WKV; LIF; the
// optimiser. What the parts leave of the step is everything between them: LayerNorm, token shift,
// activations, residual sums, their gradients, the loss, and threads that wait for each other.
#include "base/parallel.hpp"
#include "base/random.hpp"
#include "bench/measure.hpp"
#include "models/adam.hpp"
#include "models/lif.hpp"
#include "models/products.hpp"
#include "models/sequence_model.hpp"
#include "models/wkv.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace {

using namespace spikeloom;
using namespace spikeloom::models;
using Vector = AlignedVector<float>;

constexpr std::size_t kChunkRows = 128;     // as in SequenceModel
constexpr std::size_t kChunkChannels = 64;  // likewise

Vector random_values(std::size_t count, double deviation = 1.0) {
    Random random(1);
    Vector values(count);
    std::generate(values.begin(), values.end(),
                  [&] { return static_cast<float>(deviation * random.normal()); });
    return values;
}

/// The step's data, and its parts.
class Step {
  public:
    Step(const ModelConfig& config, std::size_t sequences, Workers& workers)
        : config_(config),
          workers_(workers),
          sequences_(sequences),
          length_(static_cast<std::size_t>(config.context)),
          rows_(sequences * length_),
          channels_(static_cast<std::size_t>(config.channels)),
          parameters_(config),
          gradients_(config),
          adam_(config),
          model_(parameters_, workers),
          tokens_(rows_),
          in_(random_values(rows_ * config.hidden())),
          out_(random_values(rows_ * config.hidden())) {
        initialise(parameters_, 1);
        Random random(2);
        std::generate(tokens_.begin(), tokens_.end(),
                      [&] { return static_cast<int>(random.below(256)); });
        for (Vector& activation : activations_) {
            activation = random_values(rows_ * channels_);
        }
    }

    void whole() {
        std::fill(gradients_.flat().begin(), gradients_.flat().end(), 0.0F);
        model_.forward_for_training({tokens_, sequences_});
        model_.backward(tokens_, static_cast<double>(rows_), 1e-4, gradients_);
        optimiser();
    }

    void optimiser() { adam_.step({}, 1e-6, gradients_, parameters_, workers_); }

    void products() {
        const std::size_t C = channels_;
        const std::size_t H = config_.hidden();
        const auto& weights = std::as_const(parameters_).tensors();
        auto& sums = gradients_.tensors();
        for (std::size_t l = 0; l < weights.layers.size(); ++l) {
            const LayerTensors<const float>& w = weights.layers[l];
            LayerTensors<float>& dw = sums.layers[l];
            product({C, C}, w.att.key, dw.att.key);
            product({C, C}, w.att.value, dw.att.value);
            product({C, C}, w.att.receptance, dw.att.receptance);
            product({C, C}, w.att.output, dw.att.output);
            product({H, C}, w.ffn.key, dw.ffn.key);
            product({C, C}, w.ffn.receptance, dw.ffn.receptance);
            product({C, H}, w.ffn.value, dw.ffn.value);
        }
        product({static_cast<std::size_t>(config_.vocabulary), C}, weights.head, sums.head);
    }

    void wkv() {
        auto& [k, v, gate, dgated, gated, dk, dv, dr] = activations_;
        const Vector decay(channels_, -0.3F);
        const Vector first(channels_, 0.1F);
        for (int l = 0; l < config_.layers; ++l) {
            over_blocks([&](const TimeBlock& time, std::size_t c, std::size_t at) {
                std::array<float, 3 * kChunkChannels> state{};
                std::fill_n(state.begin() + 2 * kChunkChannels, kChunkChannels, -1e38F);
                wkv_forward(time, decay.data() + c, first.data() + c, k.data() + at, v.data() + at,
                            gate.data() + at,
                            {state.data(), state.data() + kChunkChannels,
                             state.data() + 2 * kChunkChannels},
                            gated.data() + at);
            });
            over_blocks([&](const TimeBlock& time, std::size_t c, std::size_t at) {
                std::array<float, 7 * kChunkChannels> carry{};
                wkv_backward(
                    time, decay.data() + c, first.data() + c, k.data() + at, v.data() + at,
                    gate.data() + at, dgated.data() + at, gated.data() + at,
                    {in_.data() + at, in_.data() + rows_ * channels_ + at, out_.data() + at,
                     carry.data()},
                    {dk.data() + at, dv.data() + at, dr.data() + at,
                     carry.data() + 5 * kChunkChannels, carry.data() + 6 * kChunkChannels});
            });
        }
    }

    void lif() {
        const Lif neuron = Lif::of(config_);
        for (int layer = 0; layer < 2 * config_.layers; ++layer) {
            over_blocks([&](const TimeBlock& time, std::size_t, std::size_t at) {
                std::array<float, kChunkChannels> state{};
                lif_forward(neuron, time, activations_[0].data() + at, state.data());
            });
            over_blocks([&](const TimeBlock& time, std::size_t, std::size_t at) {
                std::array<float, kChunkChannels> carry{};
                lif_backward(neuron, time, activations_[0].data() + at, activations_[1].data() + at,
                             activations_[2].data() + at, carry.data());
            });
        }
    }

    /// Operations of all products, in 1e9.
    double operations() const {
        const auto C = static_cast<double>(channels_);
        return 6e-9 * static_cast<double>(rows_) *
               (13.0 * config_.layers * C * C + config_.vocabulary * C);
    }
    std::size_t rows() const { return rows_; }
    std::size_t activation_bytes() const { return model_.bytes(); }

  private:
    template <class Body>
    void in_chunks(std::size_t count, std::size_t chunk, const Body& body) {
        const auto one = [&](std::size_t i) { body(i * chunk, std::min(count, (i + 1) * chunk)); };
        workers_.run((count + chunk - 1) / chunk, std::cref(one));
    }

    /// body(block, first channel, offset of its first element).
    template <class Body>
    void over_blocks(const Body& body) {
        const std::size_t blocks = (channels_ + kChunkChannels - 1) / kChunkChannels;
        const auto one = [&](std::size_t i) {
            const std::size_t first = i % blocks * kChunkChannels;
            const TimeBlock time{length_, std::min(kChunkChannels, channels_ - first), channels_};
            body(time, first, i / blocks * length_ * channels_ + first);
        };
        workers_.run(sequences_ * blocks, std::cref(one));
    }

    /// Forwards, and backwards to the inputs and to the weight.
    void product(const Linear& shape, std::span<const float> weight, std::span<float> dweight) {
        const auto rowwise = [&](std::size_t from, std::size_t to) {
            in_chunks(rows_, kChunkRows, [&, from, to](std::size_t first, std::size_t last) {
                multiply(last - first, in_.data() + first * from, factor_,
                         out_.data() + first * to);
            });
        };
        prepare(workers_, for_outputs(factor_, shape, weight.data()));
        rowwise(shape.inputs, shape.outputs);
        prepare(workers_, for_input_gradient(factor_, shape, weight.data()));
        rowwise(shape.outputs, shape.inputs);
        prepare(workers_, for_weight_gradient(factor_, shape, rows_, in_.data()));
        in_chunks(shape.outputs, chunk_of_outputs(shape.outputs),
                  [&](std::size_t first, std::size_t last) {
                      accumulate(rows_, out_.data(), shape.outputs, first, last, factor_,
                                 dweight.data());
                  });
    }

    ModelConfig config_;
    Workers& workers_;
    std::size_t sequences_, length_, rows_, channels_;
    Parameters parameters_, gradients_;
    Adam adam_;
    SequenceModel model_;
    std::vector<int> tokens_;
    Vector in_, out_;
    std::array<Vector, 8> activations_;
    SharedFactor factor_;
};

void print_peak() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("most memory: %.2f GB resident\n", static_cast<double>(usage.ru_maxrss) * 1024e-9);
}

void run(const ModelConfig& config, std::size_t sequences, int threads) {
    Workers workers(threads);
    Step step(config, sequences, workers);
    step.whole();
    std::printf("%d x %d, %zu sequences of %d tokens, %d threads; activations %.2f GB\n",
                config.layers, config.channels, sequences, config.context, workers.threads(),
                static_cast<double>(step.activation_bytes()) * 1e-9);
    print_peak();
    const std::array<const char*, 5> names{"whole step", "matrix products", "WKV", "LIF",
                                           "optimiser"};
    const auto times =
        bench::by_turns({[&] { step.whole(); }, [&] { step.products(); }, [&] { step.wkv(); },
                         [&] { step.lif(); }, [&] { step.optimiser(); }},
                        30.0);
    std::printf("\n| part | ms | of the step | |\n|---|---|---|---|\n");
    double parts = 0.0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const double share = bench::median_ratio(times[i], times[0]);
        parts += i > 0 ? share : 0.0;
        std::printf("| %s | %.1f | %.1f %% |", names[i], 1e3 * bench::median(times[i]),
                    100.0 * share);
        if (i == 0) {
            std::printf(" %.0f tokens/s |\n",
                        static_cast<double>(step.rows()) / bench::median(times[0]));
        } else if (i == 1) {
            std::printf(" %.0f GFLOP/s |\n", step.operations() / bench::median(times[1]));
        } else {
            std::printf(" |\n");
        }
    }
    std::printf("| all else | | %.1f %% | |\n", 100.0 * (1.0 - parts));
    std::printf("| everything but products | | %.1f %% | |\n",
                100.0 * (1.0 - bench::median_ratio(times[1], times[0])));
}

}  // namespace

int main(int count, char** arguments) {
    std::array<int, 5> numbers{12, 512, 8, 256, 2};
    for (int i = 1; i < count && i <= 5; ++i) {
        numbers[static_cast<std::size_t>(i) - 1] = std::atoi(arguments[i]);
    }
    ModelConfig config;
    config.layers = numbers[0];
    config.channels = numbers[1];
    config.context = numbers[3];
    run(config, static_cast<std::size_t>(numbers[2]), numbers[4]);
    return 0;
}
