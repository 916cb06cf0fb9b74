// Training: it learns, it is repeatable to the bit, and its parts do what their formulas say.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/schema.hpp"
#include "models/evaluation.hpp"
#include "models/tokenizer.hpp"
#include "models/trainer.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/support/refusal.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using Catch::Contains;

namespace {

std::string tiny_text() {
    std::string text;
    Random random(1);
    const char* const words[] = {"liberty ", "congress ", "peace ", "the ", "and "};
    while (text.size() < 4000) {
        text += words[random.below(5)];
    }
    return text;
}

Corpus tiny_corpus() {
    return {Tokenizer::bytes().encode(tiny_text()), 0.1, 16};
}

TrainingRun tiny_run() {
    TrainingRun run;
    run.model.layers = 2;
    run.model.channels = 20;
    run.model.context = 16;
    run.training.batch = 5;
    run.training.learning_rate = 0.01;
    run.training.warmup_steps = 3;
    run.training.steps = 8;
    run.training.evaluation_interval = 0;
    run.training.evaluation_tokens = 100;
    run.training.dropout = 0.05;
    return run;
}

std::vector<float> trained(const TrainingRun& run, int threads = 1) {
    Workers workers(threads);
    Trainer trainer(run, workers);
    trainer.train(tiny_corpus(), 0, {});
    const std::span<const float> values = trainer.parameters().flat();
    return {values.begin(), values.end()};
}

std::string run_refusal(const std::string& yaml) {
    return tests::refusal_of([&] { schema::read_string<TrainingRun>(yaml, "run.yaml"); });
}

}  // namespace

TEST_CASE("Training lowers the loss on training and held-out text") {
    const Variant variant = GENERATE(Variant::linear_lif, Variant::lif_linear, Variant::dense);
    TrainingRun run = tiny_run();
    run.model.variant = variant;
    run.training.steps = 60;
    run.training.evaluation_interval = 20;
    Workers workers(2);
    Trainer trainer(run, workers);
    trainer.train(tiny_corpus(), 0, {});
    REQUIRE(trainer.curve().size() == 3);
    CHECK(trainer.curve()[0].train_bits > trainer.curve()[1].train_bits);
    CHECK(trainer.curve()[1].train_bits > trainer.curve()[2].train_bits);
    CHECK(trainer.curve()[2].train_bits < 4.0);  // 8 bits a byte at first
    CHECK(trainer.curve()[2].valid_bits < 4.0);
    CHECK(trainer.curve()[2].step == 60);
    CHECK(trainer.curve()[2].tokens == 60 * 5 * 16);
    for (const CurvePoint& point : trainer.curve()) {
        CHECK(point.activity.size() == 2 * lif_sites(run.model).size());
    }
}

TEST_CASE("Validation can read windows of the context's length that overlap") {
    TrainingRun run = tiny_run();
    run.training.evaluation_stride = 4;
    run.training.evaluation_tokens = 60;
    Workers workers(1);
    Trainer trainer(run, workers);
    const Corpus corpus = tiny_corpus();
    trainer.train(corpus, 0, {});
    const Windows windows{static_cast<std::size_t>(run.model.context), 4};
    CHECK(trainer.curve().back().valid_bits ==
          evaluate(trainer.parameters(), corpus.validation().ids(0, 60), windows, workers));
    run.training.evaluation_stride = run.model.context + 1;
    CHECK_THROWS_AS(Trainer(run, workers), InputError);
}

TEST_CASE("The number of threads changes no bit of a trained model; the seed does") {
    TrainingRun run = tiny_run();
    const std::vector<float> one = trained(run, 1);
    CHECK(trained(run, 2) == one);
    CHECK(trained(run, 3) == one);
    run.training.seed = 2;
    CHECK(trained(run, 1) != one);
}

TEST_CASE("A run that is stopped and resumed ends in the same bits as one that is not") {
    TrainingRun run = tiny_run();
    run.training.evaluation_interval = 4;
    const auto folder = std::filesystem::temp_directory_path();
    const auto path = folder / "spikeloom-resumed.safetensors";
    const auto whole_path = folder / "spikeloom-whole.safetensors";
    // Optimiser, generator and the sums of the curve included, on other numbers of threads.
    Workers alone(1);
    Trainer whole(run, alone);
    whole.train(tiny_corpus(), 0, {});
    whole.save_checkpoint(whole_path);
    {
        Workers two(2);
        Trainer first(run, two);
        Trainer::Watch watch;
        watch.checkpoint = [&] { first.save_checkpoint(path); };
        first.train(tiny_corpus(), 5, watch);
        CHECK(first.steps() == 5);
    }
    Workers three(3);
    Trainer second(run, three);
    second.resume(path);
    CHECK(second.steps() == 5);
    second.train(tiny_corpus(), 0, {});
    CHECK(second.steps() == 8);
    second.save_checkpoint(path);
    CHECK(spikeloom::read_file(path) == spikeloom::read_file(whole_path));
    CHECK(second.curve().back().train_bits == whole.curve().back().train_bits);
    CHECK(second.curve().back().valid_bits == whole.curve().back().valid_bits);

    // A checkpoint can be read as a model, but not be gone on from with another one.
    CHECK(Parameters::load(path).config().channels == 20);
    TrainingRun other = run;
    other.model.layers = 1;
    Trainer third(other, alone);
    CHECK_THROWS_AS(third.resume(path), InputError);
    TrainingRun relabelled = run;
    relabelled.tokenizer = "{}";
    Trainer fourth(relabelled, alone);
    CHECK_THROWS_WITH(fourth.resume(path), Contains("another tokenizer"));
    second.parameters().save(path);
    CHECK_THROWS_AS(second.resume(path), InputError);
    std::filesystem::remove(path);
    std::filesystem::remove(whole_path);
}

TEST_CASE("A batch in parts has the gradient of the whole") {
    TrainingRun run = tiny_run();
    run.training.steps = 1;
    run.training.dropout = 0.0;
    run.training.adam.eps = 1.0;  // so that the update is as smooth as the gradient
    run.training.warmup_steps = 0;
    const std::vector<float> whole = trained(run);
    run.training.micro_batch = 2;  // 2, 2 and 1
    const std::vector<float> parts = trained(run);
    double worst = 0.0;
    double largest = 0.0;
    Parameters start(run.model);
    initialise(start, run.training.seed);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(whole[i]) - parts[i]));
        largest = std::max(largest, std::abs(static_cast<double>(whole[i]) - start.flat()[i]));
    }
    CHECK(largest > 1e-5);
    CHECK(worst < 1e-3 * largest);
}

TEST_CASE("Adam's first step has the size of the rate, whatever the gradient's") {
    ModelConfig config = tests::small_config();
    Parameters parameters(config);
    Parameters gradients(config);
    gradients.tensors().head[0] = 40.0F;
    gradients.tensors().head[1] = -1e-3F;
    Adam adam(config);
    Workers workers(1);
    AdamConfig settings;
    settings.clip = 0.0;
    CHECK(adam.step(settings, 0.01, gradients, parameters, workers) == Approx(40.0));
    CHECK(parameters.tensors().head[0] == Approx(-0.01).epsilon(1e-4));
    CHECK(parameters.tensors().head[1] == Approx(0.01).epsilon(1e-3));
    CHECK(parameters.tensors().head[2] == 0.0F);
    // Second step with gradient 0: m = 0.9 * 0.1 g, v = 0.99 * 0.01 g^2, both corrected.
    gradients.tensors().head[0] = 0.0F;
    adam.step(settings, 0.01, gradients, parameters, workers);
    const double m = 0.9 * 0.1 / (1.0 - 0.81);
    const double v = 0.99 * 0.01 / (1.0 - 0.9801);
    CHECK(parameters.tensors().head[0] == Approx(-0.01 - 0.01 * m / std::sqrt(v)).epsilon(1e-4));
}

TEST_CASE("Clipping scales the whole gradient; weight decay shrinks matrices alone") {
    ModelConfig config = tests::small_config();
    Parameters parameters(config);
    Parameters gradients(config);
    gradients.tensors().head[0] = 30.0F;
    gradients.tensors().ln_out_bias[0] = 40.0F;
    AdamConfig settings;
    settings.clip = 1.0;
    Adam adam(config);
    Workers workers(1);
    CHECK(adam.step(settings, 0.01, gradients, parameters, workers) == Approx(50.0));
    CHECK(adam.mean.tensors().head[0] == Approx(0.1 * 30.0 / 50.0));
    CHECK(adam.square.tensors().ln_out_bias[0] == Approx(0.01 * 0.8 * 0.8));

    Parameters ones(config);
    std::fill(ones.flat().begin(), ones.flat().end(), 1.0F);
    const Parameters none(config);
    settings.weight_decay = 0.5;
    Adam(config).step(settings, 0.1, none, ones, workers);
    CHECK(ones.tensors().layers[0].att.key[7] == Approx(0.95));
    CHECK(ones.tensors().embedding[0] == Approx(0.95));
    CHECK(ones.tensors().ln_out_weight[0] == 1.0F);
    CHECK(ones.tensors().layers[1].att.time_mix_k[2] == 1.0F);
}

TEST_CASE("The learning rate rises linearly and falls along half a cosine") {
    TrainingConfig config;
    config.learning_rate = 1.0;
    config.final_learning_rate = 0.2;
    config.warmup_steps = 4;
    CHECK(learning_rate_at(config, 0, 0.0) == Approx(0.25));
    CHECK(learning_rate_at(config, 3, 0.0) == Approx(1.0));
    CHECK(learning_rate_at(config, 10, 0.5) == Approx(0.6));
    CHECK(learning_rate_at(config, 10, 1.0) == Approx(0.2));
    CHECK(learning_rate_at(config, 10, 7.0) == Approx(0.2));
}

TEST_CASE("A run by time ends, and one without an end is refused") {
    TrainingRun run = tiny_run();
    run.training.steps = 0;
    Workers workers(1);
    Trainer endless(run, workers);
    CHECK_THROWS_AS(endless.train(tiny_corpus(), 0, {}), InputError);
    run.training.minutes = 1e-9;
    Trainer timed(run, workers);
    timed.train(tiny_corpus(), 0, {});
    CHECK(timed.steps() <= 1);
    // An interrupt ends it like a last step: with an evaluation and a checkpoint.
    run.training.minutes = 1000.0;
    Trainer stopped(run, workers);
    Trainer::Watch watch;
    int checkpoints = 0;
    watch.stop = [&] { return stopped.steps() == 2; };
    watch.checkpoint = [&] { ++checkpoints; };
    stopped.train(tiny_corpus(), 0, watch);
    CHECK(stopped.steps() == 2);
    CHECK(stopped.curve().size() == 1);
    CHECK(checkpoints == 1);
}

TEST_CASE("A loss that is not finite ends training with an explanation") {
    TrainingRun run = tiny_run();
    run.training.learning_rate = 1e30;
    run.training.warmup_steps = 0;
    Workers workers(1);
    Trainer trainer(run, workers);
    CHECK_THROWS_AS(trainer.train(tiny_corpus(), 0, {}), CheckFailed);
}

TEST_CASE("Mistakes in a training file are told by line and key") {
    CHECK(run_refusal("model: {layers: 2}\ntraining: {steps: 10}\n") == "accepted");
    CHECK_THAT(run_refusal("model: {layres: 2}\n"), Contains("run.yaml:1") && Contains("'layers'"));
    CHECK_THAT(run_refusal("training:\n  batch: 0\n"), Contains("run.yaml:2") && Contains("batch"));
    CHECK_THAT(run_refusal("training: {dropout: 1.5}\n"), Contains("dropout"));
    CHECK_THAT(run_refusal("model: {variant: lif}\n"), Contains("linear_lif") && Contains("dense"));
    CHECK_THAT(run_refusal("modle: {layers: 2}\n"), Contains("model"));
}
