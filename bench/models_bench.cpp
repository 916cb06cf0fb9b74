// The float model's hot parts; its products have their own program (products_bench.cpp).
// `training_step` is everything: its counter `gflops` counts the products' operations alone.
#include "base/random.hpp"
#include "models/aligned_vector.hpp"
#include "models/lif.hpp"
#include "models/recurrent_model.hpp"
#include "models/trainer.hpp"
#include "models/wkv.hpp"

#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace spikeloom::models;
using Vector = AlignedVector<float>;

Vector random_values(std::size_t count, double deviation = 1.0) {
    spikeloom::Random random(1);
    Vector values(count);
    std::generate(values.begin(), values.end(),
                  [&] { return static_cast<float>(deviation * random.normal()); });
    return values;
}

constexpr TimeBlock kBlock{256, 64, 64};
constexpr std::size_t kElements = kBlock.tokens * kBlock.channels;

void items(benchmark::State& state) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kElements));
}

/// Items are channel updates.
void wkv_forward_block(benchmark::State& state) {
    const Vector w(64, -0.3F);
    const Vector u(64, 0.1F);
    const Vector k = random_values(kElements);
    const Vector v = random_values(kElements);
    const Vector gate(kElements, 0.5F);
    Vector gated(kElements);
    Vector p(64, 0.0F);
    Vector q(64, 0.0F);
    Vector o(64, -1e38F);
    for (auto _ : state) {
        wkv_forward(kBlock, w.data(), u.data(), k.data(), v.data(), gate.data(),
                    {p.data(), q.data(), o.data()}, gated.data());
        benchmark::ClobberMemory();
    }
    items(state);
}
BENCHMARK(wkv_forward_block);

void wkv_backward_block(benchmark::State& state) {
    const Vector w(64, -0.3F);
    const Vector u(64, 0.1F);
    const Vector k = random_values(kElements);
    const Vector v = random_values(kElements);
    const Vector gate(kElements, 0.5F);
    const Vector dgated = random_values(kElements);
    std::vector<Vector> out(7, Vector(kElements));
    Vector carry(5 * 64);
    Vector dw(64, 0.0F);
    Vector du(64, 0.0F);
    for (auto _ : state) {
        wkv_backward(kBlock, w.data(), u.data(), k.data(), v.data(), gate.data(), dgated.data(),
                     out[0].data(), {out[1].data(), out[2].data(), out[3].data(), carry.data()},
                     {out[4].data(), out[5].data(), out[6].data(), dw.data(), du.data()});
        benchmark::ClobberMemory();
    }
    items(state);
}
BENCHMARK(wkv_backward_block);

void lif_forward_block(benchmark::State& state) {
    const Lif lif = Lif::of({});
    const Vector drive = random_values(kElements, 2.0);
    Vector membrane = drive;
    Vector v(64, 0.0F);
    for (auto _ : state) {
        lif_forward(lif, kBlock, membrane.data(), v.data());
        benchmark::ClobberMemory();
    }
    items(state);
}
BENCHMARK(lif_forward_block);

void lif_backward_block(benchmark::State& state) {
    const Lif lif = Lif::of({});
    const Vector membrane = random_values(kElements);
    const Vector gradient = random_values(kElements);
    Vector drive_gradient(kElements);
    Vector carry(64);
    for (auto _ : state) {
        lif_backward(lif, kBlock, membrane.data(), gradient.data(), drive_gradient.data(),
                     carry.data());
        benchmark::ClobberMemory();
    }
    items(state);
}
BENCHMARK(lif_backward_block);

TrainingRun run_of(const benchmark::State& state) {
    TrainingRun run;
    run.model.layers = static_cast<int>(state.range(0));
    run.model.channels = static_cast<int>(state.range(1));
    run.training.batch = static_cast<int>(state.range(2));
    run.model.context = static_cast<int>(state.range(3));
    run.training.validation_fraction = 0.0;
    run.training.evaluation_interval = 0;
    return run;
}

/// Multiply-accumulates of all matrices a token.
double products_per_token(const ModelConfig& config) {
    const double c = config.channels;
    return 13.0 * config.layers * c * c + config.vocabulary * c;
}

/// Layers, channels, batch, length, threads. An update: forwards, backwards, Adam.
void training_step(benchmark::State& state) {
    const TrainingRun run = run_of(state);
    spikeloom::Workers workers(static_cast<int>(state.range(4)));
    spikeloom::Random random(1);
    std::vector<int> tokens(100'000);
    std::generate(tokens.begin(), tokens.end(),
                  [&] { return static_cast<int>(random.below(256)); });
    const Corpus corpus(tokens, 0.0, static_cast<std::size_t>(run.model.context));
    Trainer trainer(run, workers);
    trainer.train(corpus, 1, {});  // allocates
    for (auto _ : state) {
        trainer.train(corpus, trainer.steps() + 1, {});
    }
    const auto per_step = static_cast<double>(run.training.batch * run.model.context);
    const auto rate = benchmark::Counter::kIsIterationInvariantRate;
    state.counters["tokens"] = benchmark::Counter(per_step, rate);
    state.counters["gflops"] =
        benchmark::Counter(6e-9 * per_step * products_per_token(run.model), rate);
}
BENCHMARK(training_step)
    ->Args({3, 128, 4, 128, 1})
    ->Args({3, 128, 4, 128, 2})
    ->Args({4, 128, 8, 256, 1})
    ->Args({4, 128, 8, 256, 2})
    ->Args({12, 512, 8, 256, 1})
    ->Args({12, 512, 8, 256, 2})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// Layers, channels. One token, as `generate` takes it.
void recurrent_step(benchmark::State& state) {
    ModelConfig config;
    config.layers = static_cast<int>(state.range(0));
    config.channels = static_cast<int>(state.range(1));
    Parameters parameters(config);
    initialise(parameters, 1);
    RecurrentModel model(parameters);
    int token = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(model.step(token).data());
        token = (token + 1) % 256;
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(recurrent_step)->Args({3, 128})->Args({12, 512})->Unit(benchmark::kMicrosecond);

}  // namespace
