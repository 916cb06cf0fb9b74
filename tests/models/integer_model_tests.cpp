#include "base/error.hpp"
#include "models/integer_model.hpp"
#include "models/integer_product.hpp"
#include "models/recurrent_model.hpp"
#include "models/state.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/models/integer_reference.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using tests::quantised;
using tests::random_parameters;
using tests::random_tokens;
using tests::small_config;
namespace fixed = spikeloom::models::fixed;

namespace {

double to_double(fixed::Value value) {
    return static_cast<double>(value) / fixed::kOne;
}

void copy_rounded(std::span<const float> from, fixed::Results to) {
    std::transform(from.begin(), from.end(), to.begin(), [](float x) {
        return static_cast<fixed::Value>(std::llround(std::clamp(
            double{x} * fixed::kOne, static_cast<double>(fixed::kEmptyExponent), 0x1.0p31 - 1.0)));
    });
}

/// The float model's state in the integer model's formats.
IntegerState rounded_state(State from, const ModelConfig& config) {
    IntegerState result(config);
    for (std::size_t l = 0; l < static_cast<std::size_t>(config.layers); ++l) {
        const State::Layer a = from.layer(l);
        const IntegerState::Layer b = result.layer(l);
        copy_rounded(a.att_shift, b.att_shift);
        copy_rounded(a.numerator, b.numerator);
        copy_rounded(a.denominator, b.denominator);
        copy_rounded(a.exponent, b.exponent);
        copy_rounded(a.ffn_shift, b.ffn_shift);
        for (const LifSite site : lif_sites(config)) {
            copy_rounded(a.membranes[site], b.membranes[site]);
        }
    }
    return result;
}

std::vector<fixed::Value> run(IntegerModel& model, std::span<const int> tokens) {
    std::vector<fixed::Value> logits;
    for (const int token : tokens) {
        const fixed::Values step = model.step(token);
        logits.insert(logits.end(), step.begin(), step.end());
    }
    return logits;
}

}  // namespace

TEST_CASE("The golden model equals a scalar, event-by-event program of its description") {
    for (const ModelConfig& config : tests::all_kinds(small_config)) {
        for (const int weight_bits : {4, 8, 12}) {
            const Parameters parameters = random_parameters(config, 17);
            const QuantisedModel integer = quantised(parameters, {weight_bits, 12, 1.0});
            IntegerModel model(integer);
            tests::IntegerReference reference(integer);
            for (const int token : random_tokens(integer.config, 30, 4)) {
                const fixed::Values logits = model.step(token);
                CAPTURE(weight_bits);
                REQUIRE(std::vector<fixed::Value>(logits.begin(), logits.end()) ==
                        reference.step(token));
            }
        }
    }
}

TEST_CASE("From the float model's state, a step gives the float model's spikes and drives") {
    ModelConfig config = small_config(GENERATE(Variant::linear_lif, Variant::lif_linear));
    config.layers = 3;
    config.channels = 32;
    const Parameters parameters = random_parameters(config, 5);
    const QuantisedModel integer = quantised(parameters, {16, 16, 1.25});
    IntegerModel model(integer);
    RecurrentModel exact(parameters);
    std::map<std::pair<int, Site>, std::vector<float>> spikes;
    std::vector<float> first_drive;
    exact.observe([&](Site site, int layer, std::span<const float> values) {
        spikes[{layer, site}].assign(values.begin(), values.end());
        if (site == Site::att_drive && layer == 0) {
            first_drive.assign(values.begin(), values.end());
        }
    });

    std::size_t agreeing = 0;
    std::size_t fired = 0;
    std::size_t all = 0;
    std::size_t tokens_alike = 0;
    double worst_drive = 0.0;
    double worst_logit = 0.0;  // of tokens whose spikes all agree
    const auto tokens = random_tokens(config, 200, 8);
    for (const int token : tokens) {
        model.restore(rounded_state(exact.state(), config));
        spikes.clear();
        const std::span<const float> expected = exact.step(token);
        const fixed::Values logits = model.step(token);
        const Trace& trace = model.trace();
        std::size_t differing = 0;
        std::size_t compared = 0;
        for (int l = 0; l < config.layers; ++l) {
            for (const LifSite site : lif_sites(config)) {
                const std::vector<fixed::Value>& row =
                    trace.spikes[static_cast<std::size_t>(l)][site];
                const std::vector<float>& wanted = spikes.at({l, spikes_of(site)});
                for (std::size_t c = 0; c < row.size(); ++c) {
                    differing += (row[c] != 0) != (wanted[c] != 0.0F) ? 1 : 0;
                    fired += row[c] != 0 ? 1 : 0;
                    ++compared;
                }
            }
        }
        all += compared;
        agreeing += compared - differing;
        for (std::size_t c = 0; c < trace.channels; ++c) {
            worst_drive = std::max(worst_drive, std::fabs(to_double(trace.row(trace.drive, 0)[c]) -
                                                          double{first_drive[c]}));
        }
        if (differing == 0) {
            ++tokens_alike;
            for (std::size_t v = 0; v < logits.size(); ++v) {
                worst_logit =
                    std::max(worst_logit, std::fabs(to_double(logits[v]) - double{expected[v]}));
            }
        }
    }
    const double agreement = static_cast<double>(agreeing) / static_cast<double>(all);
    const double rate = static_cast<double>(fired) / static_cast<double>(all);
    CAPTURE(agreement, rate, worst_drive, worst_logit, tokens_alike);
    CHECK(rate > 0.05);  // the agreement is not one of silence
    CHECK(agreement > 0.995);
    CHECK(tokens_alike > tokens.size() / 2);
    CHECK(worst_drive < 0.02);
    CHECK(worst_logit < 0.02);
}

TEST_CASE("The dense variant follows the float model from the first token to the last") {
    const Parameters parameters = random_parameters(small_config(Variant::dense), 6);
    const QuantisedModel integer = quantised(parameters, {12, 16, 1.25});
    IntegerModel model(integer);
    RecurrentModel exact(parameters);
    double squares = 0.0;
    double errors = 0.0;
    for (const int token : random_tokens(integer.config, 150, 9)) {
        const std::span<const float> expected = exact.step(token);
        const fixed::Values logits = model.step(token);
        for (std::size_t v = 0; v < logits.size(); ++v) {
            const double error = to_double(logits[v]) - double{expected[v]};
            squares += double{expected[v]} * double{expected[v]};
            errors += error * error;
        }
    }
    CAPTURE(std::sqrt(errors / squares));
    CHECK(errors < 1e-4 * squares);  // 1 %
}

TEST_CASE("The trace is consistent: spikes are what the residual stream and the membranes show") {
    const QuantisedModel integer = quantised(random_parameters(small_config(), 2));
    IntegerModel model(integer);
    std::size_t fired = 0;
    for (const int token : random_tokens(integer.config, 60, 3)) {
        IntegerState before = model.state();
        model.step(token);
        IntegerState after = model.state();
        const Trace& trace = model.trace();
        for (std::size_t block = 0; block < 4; ++block) {
            const LifSite site = block % 2 == 0 ? LifSite::att : LifSite::ffn;
            for (std::size_t c = 0; c < 16; ++c) {
                const fixed::Value spike = trace.spikes[block / 2][site][c];
                const fixed::Value added =
                    trace.row(trace.residual, block + 1)[c] - trace.row(trace.residual, block)[c];
                REQUIRE(added == spike << integer.residual.fraction);
                const fixed::LifResult neuron =
                    fixed::integrate_and_fire(before.layer(block / 2).membranes[site][c],
                                              trace.row(trace.drive, block)[c], integer.lif);
                REQUIRE(spike == (neuron.spike ? 1 : 0));
                REQUIRE(after.layer(block / 2).membranes[site][c] == neuron.membrane);
                fired += neuron.spike ? 1 : 0;
            }
        }
    }
    CHECK(fired > 0);
    for (const Saturation& site : model.saturations()) {
        if (site.site == "residual") {
            CHECK(site.values == 60 * 16 * (1 + 2 * 2));
            CHECK(site.saturated == 0);
        }
    }
}

TEST_CASE("The number of threads changes no bit of the golden model") {
    ModelConfig config = small_config();
    config.channels = 150;  // more than one chunk of rows, and a part of one
    const QuantisedModel integer = quantised(random_parameters(config, 23), {8, 16, 1.25});
    IntegerModel one(integer);
    Workers workers(3);
    IntegerModel three(integer, workers);
    for (const int token : random_tokens(integer.config, 5, 6)) {
        const fixed::Values expected = one.step(token);
        const fixed::Values found = three.step(token);
        CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
    }
    CHECK(one.state() == three.state());
}

TEST_CASE("A reset, a restored state and a second model give the same bits again") {
    const QuantisedModel integer = quantised(random_parameters(small_config(), 3));
    const auto tokens = random_tokens(integer.config, 40, 1);
    IntegerModel model(integer);
    const auto all = run(model, tokens);
    CHECK_FALSE(model.state() == IntegerState(integer.config));
    model.reset();
    CHECK(model.state() == IntegerState(integer.config));
    CHECK(run(model, tokens) == all);

    model.reset();
    run(model, std::span(tokens).first(25));
    const IntegerState snapshot = model.state();
    const auto rest = run(model, std::span(tokens).subspan(25));
    model.restore(snapshot);
    CHECK(run(model, std::span(tokens).subspan(25)) == rest);

    IntegerModel second(integer);
    second.restore(snapshot);
    CHECK(run(second, std::span(tokens).subspan(25)) == rest);
}

TEST_CASE("Tokens outside the vocabulary and states of other models are refused") {
    const QuantisedModel integer = quantised(random_parameters(small_config()));
    IntegerModel model(integer);
    CHECK_THROWS_WITH(model.step(20), "token 20; the model's vocabulary is 0 to 19");
    CHECK_THROWS_AS(model.step(-1), InputError);
    ModelConfig other = small_config();
    other.layers = 3;
    CHECK_THROWS_AS(model.restore(IntegerState(other)), InputError);
    const std::vector<int> one = {1};
    const std::vector<int> stranger = {1, 20};
    CHECK_THROWS_AS(evaluate(model, one), InputError);
    CHECK_THROWS_AS(evaluate(model, stranger), InputError);
}

TEST_CASE("Events that do not fit are counted at their site") {
    QuantisedModel integer = quantised(random_parameters(small_config()));
    // Half the range at the same number of bits: some of the mixes must now be cut off.
    QuantisedMatrix& key = integer.layers[1].time_mix.key;
    key.input = {4, 3};
    IntegerModel model(integer);
    run(model, random_tokens(integer.config, 20, 1));
    for (const Saturation& site : model.saturations()) {
        CAPTURE(site.site);
        if (site.site == "blocks.1.att.key") {
            CHECK(site.values == 20 * 16);
            CHECK(site.saturated > 0);
            CHECK(site.saturated < site.values);
        } else {
            CHECK(site.saturated == 0);
        }
    }
}

TEST_CASE("Bits per token are the mean surprise at the next token") {
    // With equal logits every token costs log2(V) bits.
    Parameters parameters = random_parameters(small_config());
    std::fill(parameters.tensors().head.begin(), parameters.tensors().head.end(), 0.0F);
    const QuantisedModel uniform = quantised(parameters);
    IntegerModel model(uniform);
    const auto tokens = random_tokens(uniform.config, 30, 2);
    CHECK(evaluate(model, tokens) == Approx(std::log2(20.0)));

    // Against the softmax written out.
    const QuantisedModel integer = quantised(random_parameters(small_config(), 12));
    IntegerModel other(integer);
    const double bits = evaluate(other, tokens);
    other.reset();
    double expected = 0.0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        const fixed::Values logits = other.step(tokens[i]);
        double sum = 0.0;
        for (const fixed::Value logit : logits) {
            sum += std::exp2(to_double(logit) / std::log(2.0));
        }
        expected -=
            std::log2(std::exp(to_double(logits[static_cast<std::size_t>(tokens[i + 1])])) / sum);
    }
    CHECK(bits == Approx(expected / static_cast<double>(tokens.size() - 1)));
}

TEST_CASE("Products by rows equal events accumulated one by one, at every shape") {
    Random random(21);
    for (const int bits : {2, 8, 9, 16}) {
        for (const int rows : {1, 3, 4, 9}) {
            for (const int columns : {1, 15, 64, 131}) {
                QuantisedMatrix matrix;
                matrix.rows = rows;
                matrix.columns = columns;
                matrix.weight_bits = bits;
                std::vector<std::int16_t> events(static_cast<std::size_t>(columns));
                for (std::int16_t& event : events) {
                    event = static_cast<std::int16_t>(static_cast<int>(random.below(400)) - 200);
                }
                for (int i = 0; i < rows * columns; ++i) {
                    matrix.weights.push_back(static_cast<std::int16_t>(
                        static_cast<int>(random.below(std::uint64_t{1} << bits)) -
                        (1 << (bits - 1))));
                }
                std::vector<fixed::Value> by_rows(static_cast<std::size_t>(rows));
                const std::size_t cut = by_rows.size() / 3;  // in two parts
                const IntegerProduct product(matrix);
                product.accumulate(events, 0, std::span(by_rows).first(cut));
                product.accumulate(events, cut, std::span(by_rows).subspan(cut));
                std::vector<fixed::Value> by_events(static_cast<std::size_t>(rows), 0);
                for (std::size_t c = 0; c < events.size(); ++c) {
                    std::vector<std::int16_t> axon;
                    for (std::size_t r = 0; r < by_events.size(); ++r) {
                        axon.push_back(matrix.weights[r * events.size() + c]);
                    }
                    fixed::accumulate(axon, events[c], by_events);
                }
                REQUIRE(by_rows == by_events);
            }
        }
    }
}
