// The integer kernels beside the limits they can hope for.
//
// `accumulate` handles one event at a time, as a core does, so every call must read and write its
// accumulators: `accumulators_alone` does only that, and bounds it. `integer_product` is bounded by
// reading the weights: `weights_alone` sums them up.
#include "base/random.hpp"
#include "models/integer_product.hpp"

#include <cstdint>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace spikeloom::models;
using fixed::Value;

template <class T>
std::vector<T> random_values(std::size_t count, int shift) {
    spikeloom::Random random(1);
    std::vector<T> values(count);
    for (T& value : values) {
        value = static_cast<T>(static_cast<std::int32_t>(random.next()) >> shift);
    }
    return values;
}

/// Arguments: synapses of a row, rows (events).
template <class Weight>
void accumulate(benchmark::State& state) {
    const auto length = static_cast<std::size_t>(state.range(0));
    const auto rows = static_cast<std::size_t>(state.range(1));
    const auto weights = random_values<Weight>(rows * length, 24);
    std::vector<Value> sums(length);
    for (auto _ : state) {
        for (std::size_t row = 0; row < rows; ++row) {
            fixed::accumulate(std::span(weights).subspan(row * length, length),
                              static_cast<Value>(row) - 100, sums);
        }
        benchmark::DoNotOptimize(sums.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(accumulate<std::int8_t>)->Args({64, 256})->Args({512, 256})->Args({2048, 256});
BENCHMARK(accumulate<std::int16_t>)->Args({64, 256})->Args({512, 256})->Args({2048, 256});

void accumulators_alone(benchmark::State& state) {
    std::vector<Value> sums(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        for (int row = 0; row < 256; ++row) {
            for (Value& sum : sums) {
                sum = static_cast<Value>(static_cast<std::uint32_t>(sum) + 7U);
            }
            benchmark::DoNotOptimize(sums.data());
            benchmark::ClobberMemory();
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * 256);
}
BENCHMARK(accumulators_alone)->Arg(64)->Arg(512)->Arg(2048);

/// Arguments: rows, columns, bits of a weight.
void integer_product(benchmark::State& state) {
    QuantisedMatrix matrix;
    matrix.rows = static_cast<int>(state.range(0));
    matrix.columns = static_cast<int>(state.range(1));
    matrix.weight_bits = static_cast<int>(state.range(2));
    const auto size = static_cast<std::size_t>(state.range(0) * state.range(1));
    matrix.weights = random_values<std::int16_t>(size, 32 - matrix.weight_bits);
    const IntegerProduct product(matrix);
    const auto events = random_values<std::int16_t>(static_cast<std::size_t>(matrix.columns), 20);
    std::vector<Value> sums(static_cast<std::size_t>(matrix.rows));
    for (auto _ : state) {
        product.accumulate(events, 0, sums);
        benchmark::DoNotOptimize(sums.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(integer_product)
    ->Args({512, 512, 8})
    ->Args({512, 512, 10})
    ->Args({50277, 768, 8})
    ->Args({50277, 768, 10});

/// Argument: bytes, as many as the weights of a matrix.
void weights_alone(benchmark::State& state) {
    const auto weights =
        random_values<std::int32_t>(static_cast<std::size_t>(state.range(0)) / 4, 0);
    for (auto _ : state) {
        std::uint32_t total = 0;
        for (const std::int32_t word : weights) {
            total += static_cast<std::uint32_t>(word);
        }
        benchmark::DoNotOptimize(total);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(weights_alone)->Arg(512 * 512)->Arg(50277 * 768);

/// The vector unit's functions over 512 channels.
template <class Kernel>
void vector_kernel(benchmark::State& state, Kernel kernel) {
    const auto a = random_values<Value>(512, 12);
    const auto b = random_values<Value>(512, 12);
    std::vector<Value> to(512);
    for (auto _ : state) {
        kernel(a, b, to);
        benchmark::DoNotOptimize(to.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * 512);
}
#define SPIKELOOM_KERNEL_BENCH(name, call) \
    BENCHMARK_CAPTURE(                     \
        vector_kernel, name,               \
        [](fixed::Values a, [[maybe_unused]] fixed::Values b, fixed::Results to) { fixed::call; })
SPIKELOOM_KERNEL_BENCH(add, add(a, b, to));
SPIKELOOM_KERNEL_BENCH(multiply, multiply(a, b, 16, to));
SPIKELOOM_KERNEL_BENCH(interpolate, interpolate(a, b, a, to));
SPIKELOOM_KERNEL_BENCH(narrow, narrow(a, 6, 16, to));
SPIKELOOM_KERNEL_BENCH(exponential, exponential(a, to));
SPIKELOOM_KERNEL_BENCH(sigmoid, sigmoid(a, to));
SPIKELOOM_KERNEL_BENCH(divide, divide(a, b, to));
SPIKELOOM_KERNEL_BENCH(normalise,
                       normalise(a, 512, fixed::sum(a), fixed::sum_of_squares(a), 1, to));
#undef SPIKELOOM_KERNEL_BENCH

}  // namespace
