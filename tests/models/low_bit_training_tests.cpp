// Training for weights of few bits: what the network computes with is what the quantiser finds.
#include "base/random.hpp"
#include "models/fake_quantisation.hpp"
#include "models/integer_model.hpp"
#include "models/quantiser.hpp"
#include "models/row_scale.hpp"
#include "models/trainer.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/support/refusal.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using Catch::Contains;

namespace {

/// Words in an order that is half random: something to learn in a few steps.
std::vector<int> word_salad(std::size_t tokens) {
    Random random(1);
    const char* const words[] = {"liberty ", "congress ", "peace ", "the ", "and "};
    std::string text;
    while (text.size() < tokens) {
        text += words[random.below(5)];
    }
    return {text.begin(), text.end()};
}

Corpus salad_corpus() {
    return {word_salad(4000), 0.1, 16};
}

TrainingRun low_bit_run(int weight_bits) {
    TrainingRun run;
    run.model.layers = 2;
    run.model.channels = 24;
    run.model.context = 16;
    run.training.weight_bits = weight_bits;
    run.training.batch = 6;
    run.training.learning_rate = 0.01;
    run.training.warmup_steps = 3;
    run.training.steps = 60;
    run.training.evaluation_interval = 0;
    run.training.evaluation_tokens = 100;
    return run;
}

bool rounded_matrix(const TensorInfo& info) {
    return info.shape.size() == 2 && info.name != "emb.weight";
}

/// The quantised matrices by the names of their float originals.
std::vector<std::pair<std::string, const QuantisedMatrix*>> matrices_of(const QuantisedModel& q) {
    std::vector<std::pair<std::string, const QuantisedMatrix*>> all{{"head.weight", &q.head}};
    for (std::size_t l = 0; l < q.layers.size(); ++l) {
        const std::string block = "blocks." + std::to_string(l) + ".";
        const QuantisedTimeMix& time = q.layers[l].time_mix;
        const QuantisedChannelMix& channel = q.layers[l].channel_mix;
        all.insert(all.end(), {{block + "att.key.weight", &time.key},
                               {block + "att.value.weight", &time.value},
                               {block + "att.receptance.weight", &time.receptance},
                               {block + "att.output.weight", &time.output},
                               {block + "ffn.key.weight", &channel.key},
                               {block + "ffn.value.weight", &channel.value},
                               {block + "ffn.receptance.weight", &channel.receptance}});
    }
    return all;
}

}  // namespace

TEST_CASE("A row's scale is that of its levels, where it has levels") {
    const std::vector<float> levels{0.5F, -3.5F, 1.5F, 0.0F, 2.0F};  // half of 1, -7, 3, 0, 4
    CHECK(row_scale(levels, {}, 4) == Approx(0.5));
    const std::vector<float> ternary{0.25F, 0.0F, -0.25F, 0.25F};
    CHECK(row_scale(ternary, {}, 2) == Approx(0.25));
    CHECK(row_scale(std::vector<float>(4, 0.0F), {}, 4) == 0.0);
}

TEST_CASE("A weight that hardly matters does not coarsen the rest of its row") {
    // Levels of 4 bits at scale 1, and one weight of 21: three times what holds.
    const std::vector<float> row{1.0F, -7.0F, 3.0F, 5.0F, -2.0F, 6.0F, 21.0F};
    const std::vector<float> same(7, 1.0F);
    std::vector<float> unequal(7, 1.0F);
    unequal.back() = 1e-4F;
    CHECK(row_scale(row, {}, 4) == row_scale(row, same, 4));
    CHECK(row_scale(row, same, 4) > 1.3);
    CHECK(row_scale(row, unequal, 4) == Approx(1.0).epsilon(0.03));
}

TEST_CASE("The ternary scale of normal weights is the known 1.22 deviations") {
    // Least squares over a normal distribution: weights beyond 0.612 deviations become +-1.224 of
    // them (Max, "Quantizing for minimum distortion", 1960, the three-level quantiser).
    Random random(4);
    std::vector<float> row(4096);
    for (float& weight : row) {
        weight = static_cast<float>(0.1 * random.normal());
    }
    CHECK(row_scale(row, {}, 2) == Approx(0.1224).epsilon(0.05));
}

TEST_CASE(
    "Rounded matrices are levels times a scale a row, and rounding them again changes nothing") {
    const int bits = GENERATE(2, 4, 8);
    const Parameters parameters = tests::random_parameters(tests::small_config());
    Workers workers(2);
    Parameters rounded(parameters.config());
    round_matrices(parameters, bits, workers, rounded);
    Parameters again(parameters.config());
    round_matrices(rounded, bits, workers, again);
    const int most = (1 << (bits - 1)) - 1;
    for (const TensorInfo& info : parameters.layout()) {
        INFO(info.name);
        const auto before = parameters.tensor(info.name);
        const auto after = rounded.tensor(info.name);
        if (!rounded_matrix(info)) {
            CHECK(std::equal(before.begin(), before.end(), after.begin()));
            continue;
        }
        for (std::size_t i = 0; i < after.size(); ++i) {
            REQUIRE(again.tensor(info.name)[i] == Approx(after[i]).epsilon(1e-6));
        }
        for (std::size_t row = 0; row < info.shape[0]; ++row) {
            std::set<float> magnitudes;
            for (std::size_t c = 0; c < info.shape[1]; ++c) {
                magnitudes.insert(std::fabs(after[row * info.shape[1] + c]));
            }
            magnitudes.insert(0.0F);
            CHECK(magnitudes.size() <= static_cast<std::size_t>(most) + 1);
            const double scale = *magnitudes.rbegin() / most;
            for (const float magnitude : magnitudes) {
                CHECK(std::fabs(magnitude / scale - std::round(magnitude / scale)) < 1e-4);
            }
        }
    }
}

TEST_CASE(
    "Training with few bits learns, and its model has exactly the integers that were trained") {
    const int bits = GENERATE(2, 4);
    const TrainingRun run = low_bit_run(bits);
    Workers workers(2);
    Trainer trainer(run, workers);
    const std::vector<int> text = word_salad(600);
    const double before = evaluate(trainer.parameters(), text, workers);
    trainer.train(salad_corpus(), 0, {});
    const Parameters& model = trainer.parameters();
    const double trained = evaluate(model, text, workers);
    CHECK(before > 7.9);
    CHECK(trained < 4.0);

    const Calibration calibration(model, text);
    QuantiserOptions options;
    options.weight_bits = bits;
    const QuantisedModel quantised = quantise(model, calibration, options);
    for (const auto& [name, matrix] : matrices_of(quantised)) {
        INFO(name);
        const auto values = model.tensor(name);
        const double unit = std::ldexp(1.0, -matrix->shift - matrix->input.shift());
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::size_t row = i / static_cast<std::size_t>(matrix->columns);
            const double value = matrix->weights[i] * (matrix->multiplier[row] * unit);
            // The scale lies in the file with 23 bits for the largest row; the level is exact.
            REQUIRE(value == Approx(values[i]).epsilon(1e-3).margin(1e-7));
        }
    }
    IntegerModel integer(quantised);
    CHECK(evaluate(integer, text) == Approx(trained).margin(0.02));
}

TEST_CASE("Training for few bits does better than rounding afterwards") {
    Workers workers(2);
    TrainingRun run = low_bit_run(2);
    run.training.steps = 120;
    Trainer ternary(run, workers);
    ternary.train(salad_corpus(), 0, {});
    run.training.weight_bits = 0;
    Trainer exact(run, workers);
    exact.train(salad_corpus(), 0, {});
    Parameters rounded(run.model);
    round_matrices(exact.parameters(), 2, workers, rounded);
    const std::vector<int> text = word_salad(600);
    CHECK(evaluate(ternary.parameters(), text, workers) < evaluate(rounded, text, workers));
}

TEST_CASE("Training for few bits may start from a float model") {
    Workers workers(2);
    TrainingRun run = low_bit_run(0);
    Trainer exact(run, workers);
    exact.train(salad_corpus(), 0, {});
    run.training.weight_bits = 4;
    Trainer low(run, workers);
    low.start_from(exact.parameters());
    Parameters rounded(run.model);
    round_matrices(exact.parameters(), 4, workers, rounded);
    CHECK(
        std::equal(rounded.flat().begin(), rounded.flat().end(), low.parameters().flat().begin()));
    CHECK_THAT(tests::refusal_of([&] { low.start_from(Parameters(tests::small_config())); }),
               Contains("another shape"));
}

TEST_CASE("A run for few bits goes on from its checkpoint bit for bit") {
    const auto path = std::filesystem::temp_directory_path() /
                      ("spikeloom-low-bit-" + std::to_string(::getpid()));
    TrainingRun run = low_bit_run(4);
    run.training.steps = 8;
    Workers workers(2);
    {
        Trainer first(run, workers);
        Trainer::Watch watch;
        watch.checkpoint = [&] { first.save_checkpoint(path); };
        first.train(salad_corpus(), 5, watch);
        // The checkpoint holds the weights that the optimiser moves, not their rounded values.
        CHECK_FALSE(std::equal(first.parameters().flat().begin(), first.parameters().flat().end(),
                               Parameters::load(path).flat().begin()));
    }
    Trainer second(run, workers);
    second.resume(path);
    second.train(salad_corpus(), 0, {});
    Trainer whole(run, workers);
    whole.train(salad_corpus(), 0, {});
    CHECK(std::equal(whole.parameters().flat().begin(), whole.parameters().flat().end(),
                     second.parameters().flat().begin()));
    std::filesystem::remove(path);
}

TEST_CASE("One bit is no signed weight, and a tied head cannot be rounded") {
    Workers workers(1);
    TrainingRun tied = low_bit_run(4);
    tied.model.tied_head = true;
    CHECK_THAT(tests::refusal_of([&] { Trainer(tied, workers); }), Contains("model.tied_head"));
    CHECK_THAT(tests::refusal_of([&] { Trainer(low_bit_run(1), workers); }),
               Contains("training.weight_bits: found 1; allowed are 0 and 2 to 16"));
}
