// SpikeGPT over sequences and token by token, against a plain reference and against each other.
#include "base/error.hpp"
#include "models/recurrent_model.hpp"
#include "models/sequence_model.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/models/reference_spikegpt.hpp"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using tests::Dual;
using tests::random_parameters;
using tests::random_tokens;
using tests::ReferenceSpikeGpt;

namespace {

/// No extent is a multiple of a vector unit's width, and the rows do not fill a chunk.
ModelConfig odd_config(Variant variant) {
    ModelConfig config;
    config.variant = variant;
    config.layers = 3;
    config.channels = 13;
    config.ffn_multiple = 3;
    config.vocabulary = 11;
    return config;
}

double plain(const std::string&, std::size_t, float value) {
    return value;
}

struct Gradients {
    double loss;
    Parameters of;
};

Gradients gradients_of(const Parameters& parameters, const std::vector<int>& tokens,
                       const std::vector<int>& targets, std::size_t sequences, int threads = 1,
                       const Dropout& dropout = {}) {
    Workers workers(threads);
    SequenceModel model(parameters, workers);
    Gradients result{0.0, Parameters(parameters.config())};
    const auto positions = static_cast<double>(tokens.size());
    model.forward_for_training({tokens, sequences}, dropout);
    result.loss = model.backward(targets, positions, 0.01, result.of) / positions;
    return result;
}

}  // namespace

TEST_CASE("Logits and spikes are those of the equations, at odd shapes, in every variant") {
    const ModelConfig config = GENERATE(from_range(tests::all_kinds(odd_config)));
    const Parameters parameters = random_parameters(config, 3);
    const std::size_t sequences = 3;
    const std::vector<int> tokens = random_tokens(config, sequences * 17, 4);
    Workers workers(1);
    SequenceModel model(parameters, workers);
    const std::span<const float> logits = model.forward_for_training({tokens, sequences});

    // By token: the neurons of all layers in the order of the data.
    std::vector<std::vector<int>> spikes(tokens.size());
    for (int l = 0; l < config.layers; ++l) {
        for (const LifSite site : lif_sites(config)) {
            const std::vector<std::uint8_t> fired = model.spikes(l, site);
            const std::size_t width = lif_width(config, site);
            const auto count = std::count(fired.begin(), fired.end(), 1);
            INFO("layer " << l << " " << name_of(site));
            CHECK(count > 5);  // otherwise nothing was compared
            CHECK(count < static_cast<std::ptrdiff_t>(fired.size()) - 5);
            const NeuronActivity activity = model.activity(l, site);
            CHECK(activity.neurons == width);
            CHECK(activity.firing_rate ==
                  Approx(static_cast<double>(count) / static_cast<double>(fired.size())));
            std::size_t dead = 0;
            std::size_t saturated = 0;
            for (std::size_t c = 0; c < width; ++c) {
                std::size_t spikes_of = 0;
                for (std::size_t i = 0; i < tokens.size(); ++i) {
                    spikes_of += fired[i * width + c];
                }
                dead += spikes_of == 0 ? 1 : 0;
                saturated += spikes_of == tokens.size() ? 1 : 0;
            }
            CHECK(activity.dead == dead);
            CHECK(activity.saturated == saturated);
            for (std::size_t i = 0; i < tokens.size(); ++i) {
                const auto row = fired.begin() + static_cast<std::ptrdiff_t>(i * width);
                spikes[i].insert(spikes[i].end(), row, row + static_cast<std::ptrdiff_t>(width));
            }
        }
    }
    ReferenceSpikeGpt<double> reference(parameters, plain);
    double worst = 0.0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (i % 17 == 0) {
            reference.reset();
        }
        std::vector<int> expected;
        const auto z = reference.step(tokens[i], &expected);
        for (std::size_t v = 0; v < z.size(); ++v) {
            worst = std::max(worst, std::abs(z[v] - logits[i * z.size() + v]));
        }
        CHECK(spikes[i] == expected);
    }
    CHECK(worst < 2e-5);
    CHECK(spikes.front().empty() == !config.spiking());
}

TEST_CASE("Gradients are those of forward-mode differentiation with the same surrogate") {
    const ModelConfig config = GENERATE(from_range(tests::all_kinds(odd_config)));
    const Parameters parameters = random_parameters(config, 5);
    const std::size_t sequences = 2;
    const std::vector<int> tokens = random_tokens(config, sequences * 9, 6);
    const std::vector<int> targets = random_tokens(config, sequences * 9, 7);
    const Gradients found = gradients_of(parameters, tokens, targets, sequences);

    // One random direction a tensor: an error in any of its elements shows in the product.
    for (const TensorInfo& info : parameters.layout()) {
        Random random(17);
        std::vector<double> direction(info.elements);
        for (double& d : direction) {
            d = random.normal();
        }
        ReferenceSpikeGpt<Dual> reference(
            parameters, [&](const std::string& name, std::size_t i, float value) {
                return Dual(value, name == info.name ? direction[i] : 0.0);
            });
        const Dual loss = reference.loss(tokens, targets, sequences, 0.01);
        double product = 0.0;
        double norm = 0.0;
        const std::span<const float> gradient = found.of.tensor(info.name);
        for (std::size_t i = 0; i < gradient.size(); ++i) {
            product += gradient[i] * direction[i];
            norm += static_cast<double>(gradient[i]) * gradient[i];
        }
        INFO(info.name);
        CHECK(found.loss == Approx(loss.value).epsilon(1e-5));
        CHECK(product == Approx(loss.slope).margin(1e-4 * std::sqrt(norm) + 1e-7));
        CHECK(norm > 0.0);
    }
}

TEST_CASE("Gradients hold where a batch spans several chunks of rows and of channels") {
    ModelConfig config = odd_config(GENERATE(Variant::dense, Variant::lif_linear));
    config.layers = 1;
    config.channels = 70;
    config.ffn_multiple = 2;
    const Parameters parameters = random_parameters(config, 8);
    const std::vector<int> tokens = random_tokens(config, 2 * 150, 9);
    const std::vector<int> targets = random_tokens(config, 2 * 150, 10);
    const Gradients found = gradients_of(parameters, tokens, targets, 2);
    for (const char* name : {"blocks.0.att.time_mix_k", "blocks.0.ln1.weight", "emb.weight",
                             "blocks.0.att.time_decay", "blocks.0.ffn.key.weight"}) {
        ReferenceSpikeGpt<Dual> reference(
            parameters, [&](const std::string& tensor, std::size_t i, float value) {
                return Dual(value, tensor == name ? (i % 3 == 0 ? 1.0 : -0.5) : 0.0);
            });
        const Dual loss = reference.loss(tokens, targets, 2, 0.01);
        double product = 0.0;
        double norm = 0.0;
        const std::span<const float> gradient = found.of.tensor(name);
        for (std::size_t i = 0; i < gradient.size(); ++i) {
            product += gradient[i] * (i % 3 == 0 ? 1.0 : -0.5);
            norm += static_cast<double>(gradient[i]) * gradient[i];
        }
        INFO(name);
        CHECK(product == Approx(loss.slope).margin(1e-4 * std::sqrt(norm)));
    }
}

TEST_CASE("With dropout, the gradient belongs to the network that was run") {
    const ModelConfig config = odd_config(Variant::dense);
    Parameters parameters = random_parameters(config, 11);
    const std::vector<int> tokens = random_tokens(config, 30, 12);
    const std::vector<int> targets = random_tokens(config, 30, 13);
    const Dropout dropout{0.3, 99};
    const Gradients found = gradients_of(parameters, tokens, targets, 2, 1, dropout);
    CHECK(found.loss != gradients_of(parameters, tokens, targets, 2).loss);
    CHECK(found.loss != gradients_of(parameters, tokens, targets, 2, 1, {0.3, 100}).loss);
    // Finite differences; the L2Wrap's gradient is not that of a value, so a tensor that it hardly
    // reaches: the first layer's values.
    const std::span<float> weight = parameters.tensor("blocks.0.att.value.weight");
    const std::span<const float> gradient = found.of.tensor("blocks.0.att.value.weight");
    const std::vector<float> before(weight.begin(), weight.end());
    double squares = 0.0;
    for (const float g : gradient) {
        squares += static_cast<double>(g) * g;
    }
    const double step = 0.02 / std::sqrt(squares);
    std::array<double, 2> losses{};
    for (const int side : {0, 1}) {
        for (std::size_t i = 0; i < weight.size(); ++i) {
            weight[i] = before[i] + static_cast<float>((side == 0 ? step : -step) * gradient[i]);
        }
        Workers workers(1);
        SequenceModel model(parameters, workers);
        model.forward_for_training({tokens, 2}, dropout);
        losses[static_cast<std::size_t>(side)] = model.cross_entropy(targets) / 30.0;
    }
    CHECK((losses[0] - losses[1]) / (2.0 * step) == Approx(squares).epsilon(0.05));
}

TEST_CASE("Token by token gives the same logits as whole sequences") {
    const ModelConfig config = GENERATE(from_range(tests::all_kinds(odd_config)));
    const Parameters parameters = random_parameters(config, 20);
    const std::vector<int> tokens = random_tokens(config, 200, 21);
    Workers workers(1);
    SequenceModel parallel(parameters, workers);
    const std::span<const float> expected = parallel.forward({tokens});
    RecurrentModel recurrent(parameters);
    double worst = 0.0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::span<const float> logits = recurrent.step(tokens[i]);
        for (std::size_t v = 0; v < logits.size(); ++v) {
            worst = std::max(
                worst, std::abs(static_cast<double>(logits[v]) - expected[i * logits.size() + v]));
        }
    }
    CHECK(worst < 1e-4);
}

TEST_CASE("A text in pieces, its state carried on, gives the same logits as in one") {
    const ModelConfig config = GENERATE(from_range(tests::all_kinds(odd_config)));
    const Parameters parameters = random_parameters(config, 22);
    const std::vector<int> tokens = random_tokens(config, 300, 23);
    Workers workers(1);
    SequenceModel whole(parameters, workers);
    const std::span<const float> expected = whole.forward({tokens});
    SequenceModel pieces(parameters, workers);
    State state(config);
    double worst = 0.0;
    for (const auto& [first, count] :
         {std::pair<std::size_t, std::size_t>{0, 1}, {1, 140}, {141, 159}}) {
        const std::span<const float> logits =
            pieces.forward({std::span(tokens).subspan(first, count)}, &state);
        for (std::size_t i = 0; i < logits.size(); ++i) {
            worst = std::max(worst,
                             std::abs(static_cast<double>(logits[i]) - expected[first * 11 + i]));
        }
    }
    CHECK(worst < 1e-4);
}

TEST_CASE("The number of threads changes no bit of outputs and gradients") {
    ModelConfig config = odd_config(GENERATE(Variant::linear_lif, Variant::lif_linear));
    config.channels = 70;
    const Parameters parameters = random_parameters(config, 30);
    const std::vector<int> tokens = random_tokens(config, 4 * 75, 31);
    const std::vector<int> targets = random_tokens(config, 4 * 75, 32);
    const Gradients one = gradients_of(parameters, tokens, targets, 4, 1, {0.1, 5});
    for (const int threads : {2, 3}) {
        const Gradients more = gradients_of(parameters, tokens, targets, 4, threads, {0.1, 5});
        CHECK(more.loss == one.loss);
        CHECK(std::equal(more.of.flat().begin(), more.of.flat().end(), one.of.flat().begin()));
    }
}

TEST_CASE("The number of threads changes no bit of what the recurrent form says") {
    ModelConfig config;
    config.layers = 2;
    config.channels = 150;  // more than one chunk of outputs, and a part of one
    const Parameters parameters = random_parameters(config, 41);
    RecurrentModel one(parameters);
    Workers workers(3);
    RecurrentModel three(parameters, workers);
    for (const int token : {0, 200, 31, 7}) {
        const std::span<const float> expected = one.step(token);
        const std::span<const float> found = three.step(token);
        CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
    }
}

TEST_CASE("A snapshot of the recurrent state can be gone back to") {
    const Parameters parameters = random_parameters(odd_config(Variant::linear_lif), 40);
    RecurrentModel model(parameters);
    for (const int token : {1, 2, 3, 4, 5}) {
        model.step(token);
    }
    const State snapshot = model.state();
    const auto copied = [](std::span<const float> x) { return std::vector(x.begin(), x.end()); };
    const auto first = copied(model.step(6));
    model.step(7);
    model.restore(snapshot);
    CHECK(copied(model.step(6)) == first);
    model.reset();
    CHECK(copied(model.step(6)) != first);
    CHECK_THROWS_AS(model.restore(State(tests::small_config())), InputError);
}

TEST_CASE("The observer sees what the names promise") {
    const ModelConfig config = odd_config(Variant::linear_lif);
    const Parameters parameters = random_parameters(config, 41);
    RecurrentModel model(parameters);
    std::map<std::pair<Site, int>, std::vector<float>> seen;
    model.observe([&](Site site, int layer, std::span<const float> values) {
        seen[{site, layer}].assign(values.begin(), values.end());
    });
    for (const int token : {3, 1, 4, 1, 5, 9, 2, 6}) {
        model.step(token);
    }
    for (int l = 0; l < config.layers; ++l) {
        for (std::size_t c = 0; c < 13; ++c) {
            const auto at = [&](Site site) { return seen.at({site, l})[c]; };
            const float sigmoid = 1.0F / (1.0F + std::exp(-at(Site::att_receptance)));
            CHECK(at(Site::att_gated) == Approx(sigmoid * at(Site::att_wkv)).margin(1e-6));
            CHECK(at(Site::att_spikes) == (at(Site::att_membrane) >= 1.0F ? 1.0F : 0.0F));
            CHECK(at(Site::att_residual) == at(Site::block_input) + at(Site::att_spikes));
            CHECK(at(Site::ffn_residual) == at(Site::att_residual) + at(Site::ffn_spikes));
            CHECK(at(Site::ffn_hidden) == Approx(std::pow(std::max(0.0F, at(Site::ffn_key)), 2)));
        }
        CHECK(seen.at({Site::ffn_hidden, l}).size() == config.hidden());
    }
    const std::size_t sites = seen.size();
    seen.clear();
    model.observe({});
    model.step(1);
    CHECK(seen.empty());
    CHECK(sites == 3 * 25 + 3);  // 25 a layer; embedding, head_input and logits once
    CHECK(std::string(name_of(Site::logits)) == "logits");
    CHECK(std::string(name_of(Site::ffn_value_spikes)) == "ffn_value_spikes");
}

TEST_CASE("The observer sees the neurons in front of the matrices and what they read") {
    const ModelConfig config = odd_config(Variant::lif_linear);
    const Parameters parameters = random_parameters(config, 42);
    RecurrentModel model(parameters);
    std::map<std::pair<Site, int>, std::vector<float>> seen;
    model.observe([&](Site site, int layer, std::span<const float> values) {
        seen[{site, layer}].assign(values.begin(), values.end());
    });
    for (const int token : {3, 1, 4, 1, 5, 9, 2, 6}) {
        model.step(token);
    }
    for (int l = 0; l < config.layers; ++l) {
        for (const LifSite site : lif_sites(config)) {
            const std::vector<float>& membranes = seen.at({membranes_of(site), l});
            const std::vector<float>& spikes = seen.at({spikes_of(site), l});
            REQUIRE(membranes.size() == lif_width(config, site));
            REQUIRE(spikes.size() == lif_width(config, site));
            for (std::size_t i = 0; i < spikes.size(); ++i) {
                CHECK(spikes[i] == (membranes[i] >= 1.0F ? 1.0F : 0.0F));
            }
        }
        CHECK(seen.at({Site::ffn_hidden, l}) == seen.at({Site::ffn_value_spikes, l}));
        const auto& weight = parameters.tensors().layers[static_cast<std::size_t>(l)].att.output;
        for (std::size_t c = 0; c < 13; ++c) {
            const auto at = [&](Site site) { return seen.at({site, l})[c]; };
            double drive = 0.0;
            for (std::size_t i = 0; i < 13; ++i) {
                drive += weight[c * 13 + i] * seen.at({Site::att_output_spikes, l})[i];
            }
            CHECK(at(Site::att_drive) == Approx(drive).margin(1e-6));
            CHECK(at(Site::att_residual) == at(Site::block_input) + at(Site::att_drive));
            CHECK(at(Site::ffn_residual) == at(Site::att_residual) + at(Site::ffn_drive));
        }
    }
    CHECK(seen.count({Site::att_membrane, 0}) == 0);
}

TEST_CASE("Tokens outside the vocabulary and ragged batches are refused") {
    const Parameters parameters = random_parameters(odd_config(Variant::linear_lif), 50);
    Workers workers(1);
    SequenceModel model(parameters, workers);
    RecurrentModel recurrent(parameters);
    CHECK_THROWS_AS(recurrent.step(11), InputError);
    CHECK_THROWS_AS(recurrent.step(-1), InputError);
    CHECK_THROWS_AS(model.forward({std::vector<int>{1, 11}}), InputError);
    CHECK_THROWS_AS(model.forward({std::vector<int>{1, 2, 3}, 2}), InputError);
    CHECK_THROWS_AS(model.forward({std::vector<int>{}}), InputError);
    model.forward({std::vector<int>{1, 2}});
    CHECK_THROWS_AS(model.cross_entropy(std::vector<int>{1}), InputError);
    CHECK_THROWS_AS(model.cross_entropy(std::vector<int>{1, 12}), InputError);
}
