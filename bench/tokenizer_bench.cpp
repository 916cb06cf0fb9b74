// How fast text becomes ids and comes back:
//     build/tokenizer_bench TOKENIZER TEXT [--benchmark_...]
// `encode_fresh` is what `spikeloom tokenize` does: no word of the text has been met before.
// `encode_again` meets known words only, so the difference is what merging costs.
#include "base/error.hpp"
#include "base/files.hpp"
#include "models/tokenizer.hpp"

#include <cstdio>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using spikeloom::models::Tokenizer;

struct Subject {
    Tokenizer tokenizer;
    std::string text;
};

void bytes_of(benchmark::State& state, const Subject& subject) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(subject.text.size()));
}

void encode_fresh(benchmark::State& state, const Subject* subject) {
    for (auto _ : state) {
        state.PauseTiming();
        Tokenizer tokenizer = Tokenizer::parse(subject->tokenizer.description(), "bench");
        state.ResumeTiming();
        benchmark::DoNotOptimize(tokenizer.encode(subject->text).data());
    }
    bytes_of(state, *subject);
}

void encode_again(benchmark::State& state, Subject* subject) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(subject->tokenizer.encode(subject->text).data());
    }
    bytes_of(state, *subject);
}

void decode(benchmark::State& state, Subject* subject) {
    const std::vector<int> ids = subject->tokenizer.encode(subject->text);
    for (auto _ : state) {
        benchmark::DoNotOptimize(subject->tokenizer.decode(ids).data());
    }
    bytes_of(state, *subject);
}

void load(benchmark::State& state, const Subject* subject) {
    for (auto _ : state) {
        Tokenizer tokenizer = Tokenizer::parse(subject->tokenizer.description(), "bench");
        benchmark::DoNotOptimize(tokenizer.vocabulary());
    }
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (argc != 3) {
        std::fprintf(stderr, "usage: tokenizer_bench TOKENIZER TEXT [--benchmark_...]\n");
        return 2;
    }
    try {
        Subject subject{Tokenizer::load(argv[1]), spikeloom::read_file(argv[2])};
        benchmark::RegisterBenchmark("load", load, &subject)->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark("encode_fresh", encode_fresh, &subject)
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark("encode_again", encode_again, &subject)
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark("decode", decode, &subject)->Unit(benchmark::kMillisecond);
        benchmark::RunSpecifiedBenchmarks();
    } catch (const spikeloom::InputError& error) {
        std::fprintf(stderr, "tokenizer_bench: %s\n", error.what());
        return 2;
    }
    return 0;
}
