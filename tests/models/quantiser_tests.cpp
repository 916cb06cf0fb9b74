#include "base/error.hpp"
#include "base/parallel.hpp"
#include "models/corpus.hpp"
#include "models/integer_model.hpp"
#include "models/quantiser.hpp"
#include "models/tokenizer.hpp"
#include "models/trainer.hpp"
#include "tests/models/integer_fixtures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using tests::quantised;
using tests::random_parameters;
using tests::random_tokens;
using tests::small_config;

namespace {

/// What a weight means: its level times its row's scale.
double weight_of(const QuantisedMatrix& matrix, std::size_t index) {
    const std::size_t row = index / static_cast<std::size_t>(matrix.columns);
    const double scale = std::ldexp(static_cast<double>(matrix.multiplier[row]), -matrix.shift) *
                         std::ldexp(1.0, matrix.input.fraction - fixed::kFraction);
    return matrix.weights[index] * scale;
}

double squared_error(const QuantisedMatrix& matrix, std::span<const float> weights) {
    double total = 0.0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        total += std::pow(weight_of(matrix, i) - double{weights[i]}, 2.0);
    }
    return total;
}

}  // namespace

TEST_CASE("Levels times scales are the weights, to half a step") {
    const Parameters parameters = random_parameters(small_config());
    const QuantisedModel model = quantised(parameters, {12, 16, 1.25});
    const QuantisedMatrix& key = model.layers[1].channel_mix.key;
    const auto weights = parameters.tensors().layers[1].ffn.key;
    REQUIRE(key.rows == 64);
    REQUIRE(key.columns == 16);
    REQUIRE(key.weights.size() == weights.size());
    for (std::size_t r = 0; r < 64; ++r) {
        double largest = 0.0;
        for (std::size_t c = 0; c < 16; ++c) {
            largest = std::max(largest, std::fabs(double{weights[r * 16 + c]}));
        }
        // The search may clip, but never at the price of a larger error than half a step of the
        // scale that holds the largest weight, over the row.
        const double step = largest / 2047.0;
        double error = 0.0;
        for (std::size_t c = 0; c < 16; ++c) {
            error += std::pow(weight_of(key, r * 16 + c) - double{weights[r * 16 + c]}, 2.0);
        }
        CHECK(error <= 16 * std::pow(0.51 * step, 2.0));
    }
}

TEST_CASE("A row that the levels can express is expressed exactly") {
    Parameters parameters = random_parameters(small_config());
    auto& weights = parameters.tensors().layers[0].att.key;
    for (std::size_t c = 0; c < 16; ++c) {  // multiples of 1/64 up to 7/64, both signs
        weights[c] = static_cast<float>(static_cast<int>(c) - 8 + (c == 0 ? 1 : 0)) / 64.0F;
    }
    const QuantisedModel model = quantised(parameters, {4, 12, 1.25});
    for (std::size_t c = 0; c < 16; ++c) {
        CHECK(weight_of(model.layers[0].time_mix.key, c) == Approx(double{weights[c]}));
    }
    CHECK(model.layers[0].time_mix.key.weights[15] == 7);
}

TEST_CASE("More bits never make a matrix worse, and 2 bits are three levels") {
    const Parameters parameters = random_parameters(small_config());
    const auto weights = parameters.tensors().layers[0].att.receptance;
    double before = 1e9;
    for (const int bits : {2, 3, 4, 6, 8, 10}) {
        const QuantisedModel model = quantised(parameters, {bits, 12, 1.25});
        const QuantisedMatrix& matrix = model.layers[0].time_mix.receptance;
        CHECK(matrix.weight_bits == bits);
        const double error = squared_error(matrix, weights);
        CHECK(error < before);
        before = error;
        for (const std::int16_t level : matrix.weights) {
            REQUIRE(std::abs(level) <= (1 << (bits - 1)) - 1);
        }
    }
}

TEST_CASE("Formats hold what calibration saw, with headroom, and are the finest that do") {
    const Parameters parameters = random_parameters(small_config());
    const auto tokens = random_tokens(parameters.config(), 80, 1);
    const Calibration calibration(parameters, tokens);
    for (const double headroom : {1.0, 1.25, 3.0}) {
        const QuantisedModel model = quantise(parameters, calibration, {8, 10, headroom});
        const auto check = [&](const QuantisedMatrix& matrix, Site site, int layer) {
            const double largest = calibration.largest(site, layer) * headroom;
            CAPTURE(largest, matrix.input.bits, matrix.input.fraction);
            CHECK(largest > 0.0);
            CHECK(std::ldexp(largest, matrix.input.fraction) <= 511.0);
            CHECK(std::ldexp(largest, matrix.input.fraction + 1) > 511.0);
        };
        check(model.layers[0].time_mix.key, Site::att_mixed_k, 0);
        check(model.layers[1].time_mix.value, Site::att_mixed_v, 1);
        check(model.layers[1].time_mix.receptance, Site::att_mixed_r, 1);
        check(model.layers[0].time_mix.output, Site::att_gated, 0);
        check(model.layers[0].channel_mix.key, Site::ffn_mixed_k, 0);
        check(model.layers[1].channel_mix.receptance, Site::ffn_mixed_r, 1);
        check(model.layers[1].channel_mix.value, Site::ffn_hidden, 1);
        check(model.head, Site::head_input, 1);
    }
}

TEST_CASE("Calibration keeps the largest magnitude of each site and layer") {
    const Parameters parameters = random_parameters(small_config());
    const auto tokens = random_tokens(parameters.config(), 30, 2);
    const Calibration calibration(parameters, tokens);
    CHECK(calibration.largest(Site::embedding, 0) == 1.0);
    CHECK(calibration.largest(Site::embedding, 1) == 0.0);  // only layer 0 has one
    double largest = 0.0;
    RecurrentModel model(parameters);
    model.observe([&](Site site, int layer, std::span<const float> values) {
        if (site == Site::ffn_key && layer == 1) {
            for (const float value : values) {
                largest = std::max(largest, std::fabs(double{value}));
            }
        }
    });
    for (const int token : tokens) {
        model.step(token);
    }
    CHECK(calibration.largest(Site::ffn_key, 1) == largest);
}

TEST_CASE("The residual stream's format holds any token and every spike, and is the finest") {
    for (const int layers : {1, 4, 20}) {
        ModelConfig config = small_config();
        config.layers = layers;
        const Parameters parameters = random_parameters(config);
        const QuantisedModel model = quantised(parameters);
        CHECK(model.residual.bits == 16);
        double largest = 0.0;  // of the normalised embedding over the vocabulary, in double
        for (std::size_t token = 0; token < 20; ++token) {
            const auto& tensors = parameters.tensors();
            double mean = 0.0;
            for (std::size_t c = 0; c < 16; ++c) {
                mean += model.embedding[token * 16 + c] / 16.0;
            }
            for (std::size_t c = 0; c < 16; ++c) {
                const double bit = model.embedding[token * 16 + c];
                const double x = (bit - mean) / std::sqrt(mean * (1.0 - mean) + 1e-5) *
                                     double{tensors.ln0_weight[c]} +
                                 double{tensors.ln0_bias[c]};
                largest = std::max(largest, std::fabs(x));
            }
        }
        const double most = largest + 2.0 * layers;
        CHECK(std::ldexp(most, model.residual.fraction) < 32767.0);
        CHECK(std::ldexp(most, model.residual.fraction + 1) > 32765.0);
    }
}

TEST_CASE("Events get fewer bits where an accumulator could leave 32 bits") {
    ModelConfig config = small_config();
    config.channels = 64;
    Parameters parameters = random_parameters(config);
    auto& value = parameters.tensors().layers[0].ffn.value;
    std::fill(value.begin(), value.end(), 0.5F);  // every weight the largest of its row
    const QuantisedModel model = quantised(parameters, {16, 16, 1.25});
    const QuantisedMatrix& matrix = model.layers[0].channel_mix.value;
    CHECK(largest_row_sum(matrix) == 256 * 32767);  // 2^23 - 256
    CHECK(matrix.input.bits == 9);                  // 2^23 times 2^8 just fits
    CHECK(accumulators_fit(largest_row_sum(matrix), 9));
    CHECK_FALSE(accumulators_fit(largest_row_sum(matrix), 10));
    // Elsewhere likewise: the bound holds, and one bit more would break it (or was not asked for).
    for (const QuantisedMatrix* other :
         {&model.head, &model.layers[1].time_mix.key, &model.layers[1].channel_mix.value}) {
        CHECK(accumulators_fit(largest_row_sum(*other), other->input.bits));
        CHECK((other->input.bits == 16 ||
               !accumulators_fit(largest_row_sum(*other), other->input.bits + 1)));
    }
}

TEST_CASE("The bound on accumulators is the one of the worst events") {
    CHECK(accumulators_fit(65535, 16));
    CHECK_FALSE(accumulators_fit(65536, 16));  // 65536 * 2^15 = 2^31
    CHECK(accumulators_fit((1 << 30) - 1, 2));
    CHECK_FALSE(accumulators_fit(1 << 30, 2));
}

TEST_CASE("The embedding's bit is 1 from zero upwards, the neuron's constants are exact") {
    ModelConfig config = small_config();
    config.tau = 4.0;
    config.threshold = 0.75;
    Parameters parameters = random_parameters(config);
    parameters.tensors().embedding[0] = 0.0F;
    parameters.tensors().embedding[1] = -0.0F;
    parameters.tensors().embedding[2] = -1e-30F;
    parameters.tensors().embedding[3] = 1e-30F;
    parameters.tensors().layers[1].att.time_decay[2] = std::log(0.25F);
    parameters.tensors().layers[1].att.time_decay[3] = 80.0F;
    const QuantisedModel model = quantised(parameters);
    CHECK(std::vector<std::int16_t>(model.embedding.begin(), model.embedding.begin() + 4) ==
          std::vector<std::int16_t>{1, 1, 0, 1});
    CHECK(model.lif.inverse_tau == 16384);
    CHECK(model.lif.threshold == 49152);
    CHECK(model.lif.reset == 0);
    CHECK(model.layers[1].time_mix.decay[2] == -16384);
    CHECK(model.layers[1].time_mix.decay[3] == -(1 << 29));  // held at the bound
}

TEST_CASE("A graded embedding is normalised to what the float model makes of it") {
    ModelConfig config = small_config();
    config.binary_embedding = false;
    Parameters parameters = random_parameters(config);
    for (float& value : parameters.tensors().embedding) {
        value *= 0.003F;  // so small that LayerNorm's epsilon counts
    }
    const QuantisedModel model = quantised(parameters);
    std::vector<float> expected;
    RecurrentModel exact(parameters);
    exact.observe([&](Site site, int layer, std::span<const float> values) {
        if (site == Site::block_input && layer == 0) {
            expected.assign(values.begin(), values.end());
        }
    });
    std::vector<fixed::Value> x(16);
    for (int token = 0; token < config.vocabulary; ++token) {
        exact.step(token);
        model.embedded(static_cast<std::size_t>(token), x);
        model.embedding_norm.apply(x, x);
        for (std::size_t c = 0; c < 16; ++c) {
            CHECK(static_cast<double>(x[c]) / fixed::kOne ==
                  Approx(double{expected[c]}).margin(0.02));  // a level is about 0.025 of it
        }
    }
}

TEST_CASE("Sums without neurons are no finer than the residual stream and hold what was seen") {
    const Parameters parameters =
        random_parameters(small_config(GENERATE(Variant::dense, Variant::lif_linear)));
    const auto tokens = random_tokens(parameters.config(), 80, 1);
    const Calibration calibration(parameters, tokens);
    const QuantisedModel model = quantise(parameters, calibration, {8, 16, 1.25});
    for (int l = 0; l < 2; ++l) {
        const EventFormat& sum = model.layers[static_cast<std::size_t>(l)].time_mix.sum;
        CHECK(sum.fraction <= model.residual.fraction);
        CHECK(std::ldexp(calibration.largest(Site::att_drive, l), sum.fraction) < 32767.0);
        CHECK(std::ldexp(calibration.largest(Site::ffn_residual, l), model.residual.fraction) <
              32767.0);
    }
}

TEST_CASE("A matrix of zeros, and one of huge weights, quantise or are refused") {
    Parameters parameters = random_parameters(small_config());
    auto& key = parameters.tensors().layers[0].att.key;
    std::fill(key.begin(), key.end(), 0.0F);
    const QuantisedModel model = quantised(parameters);
    CHECK(largest_row_sum(model.layers[0].time_mix.key) == 0);

    std::fill(key.begin(), key.end(), 1e20F);
    CHECK_THROWS_AS(quantised(parameters), InputError);
}

TEST_CASE("Of every row the weights that count least are left out, as many as were asked for") {
    const Parameters parameters = random_parameters(small_config());
    const auto tokens = random_tokens(parameters.config(), 100, 99);
    const Calibration calibration(parameters, tokens);
    const std::vector<float> squares = calibration.mean_squares(Site::ffn_mixed_k, 1);
    QuantiserOptions options;
    options.weight_bits = 16;  // fine enough that no weight is rounded to 0
    options.prune = 0.7;
    const QuantisedModel model = quantise(parameters, calibration, options);
    const QuantisedMatrix& key = model.layers[1].channel_mix.key;
    const auto weights = parameters.tensors().layers[1].ffn.key;
    for (std::size_t r = 0; r < 64; ++r) {
        std::vector<double> kept;
        std::vector<double> dropped;
        for (std::size_t c = 0; c < 16; ++c) {
            const double counts =
                std::fabs(double{weights[r * 16 + c]}) * std::sqrt(double{squares[c]});
            (key.weights[r * 16 + c] == 0 ? dropped : kept).push_back(counts);
        }
        REQUIRE(dropped.size() == 11);  // of 16
        CHECK(*std::max_element(dropped.begin(), dropped.end()) <=
              *std::min_element(kept.begin(), kept.end()));
    }
    options.prune = 1.0;
    CHECK_THROWS_WITH(quantise(parameters, calibration, options),
                      Catch::Contains("allowed are 0 to below 1"));
    options.prune = -0.1;
    CHECK_THROWS_AS(quantise(parameters, calibration, options), InputError);
}

TEST_CASE("Options and constants without an integer form are refused") {
    const Parameters parameters = random_parameters(small_config());
    CHECK_THROWS_WITH(quantised(parameters, {1, 16, 1.25}),
                      Catch::Contains("1 weight bits; allowed are 2 to 16"));
    CHECK_THROWS_AS(quantised(parameters, {17, 16, 1.25}), InputError);
    CHECK_THROWS_AS(quantised(parameters, {8, 1, 1.25}), InputError);
    CHECK_THROWS_AS(quantised(parameters, {8, 17, 1.25}), InputError);
    CHECK_THROWS_AS(quantised(parameters, {8, 16, 0.5}), InputError);
    CHECK_THROWS_AS(quantised(parameters, {8, 16, std::nan("")}), InputError);

    ModelConfig config = small_config();
    config.tau = 1e6;  // 1/tau is below half a unit
    CHECK_THROWS_WITH(quantised(random_parameters(config)), Catch::Contains("inverse tau 0"));
}

TEST_CASE("Eight bits cost a trained model at most 0.03 bits a byte, two bits cost more") {
    // Words in random order: enough to learn within seconds, not so easy that nothing is at stake.
    const char* const words[] = {"spike ", "token ", "chip ", "energy ", "router ", "core. "};
    Random random(11);
    std::string text;
    while (text.size() < 12000) {
        text += words[random.below(6)];
    }
    TrainingRun run;
    run.model.layers = 2;
    run.model.channels = 32;
    run.model.context = 32;
    run.model.vocabulary = 128;
    run.training.batch = 8;
    run.training.learning_rate = 1e-2;
    run.training.steps = 120;
    run.training.evaluation_interval = 0;
    run.training.evaluation_tokens = 2;
    Workers workers(1);
    Trainer trainer(run, workers);
    const Corpus corpus(Tokenizer::bytes().encode(text), 0.1, 32);
    trainer.train(corpus, 0, {});

    const Calibration calibration(trainer.parameters(), corpus.training().ids(0, 500));
    const auto bits = [&](int weight_bits) {
        const QuantisedModel model =
            quantise(trainer.parameters(), calibration, {weight_bits, 16, 1.25});
        IntegerModel integer(model);
        return evaluate(integer, corpus.validation().ids());
    };
    const double exact = evaluate(trainer.parameters(), corpus.validation().ids(), workers);
    CAPTURE(exact, bits(8), bits(2));
    CHECK(exact < 2.0);  // it has learned: bytes of this text alone carry 3.9 bits
    CHECK(bits(8) < exact + 0.03);
    CHECK(bits(2) > exact + 0.03);
}
