#include "analysis/paper_formula.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom::analysis;

namespace {

/// The published models: hidden width 4 d, one rate everywhere.
FormulaModel published(std::size_t layers, double channels, double vocabulary, double rate) {
    FormulaModel model;
    model.channels = channels;
    model.hidden = 4 * channels;
    model.vocabulary = vocabulary;
    model.context = 3072;
    model.layers.assign(layers, FormulaModel::rates_behind(rate, rate));
    return model;
}

const FormulaTerm& term(const FormulaColumn& column, const std::string& words) {
    for (const FormulaTerm& candidate : column.terms) {
        if (candidate.operation.find(words) != std::string::npos) {
            return candidate;
        }
    }
    FAIL("no term " << words);
    return column.terms.front();
}

}  // namespace

TEST_CASE("SpikeGPT-216M as built costs 794.8 microjoules a token at 4.5 pJ a MAC", "[analysis]") {
    // Published count: 176.6 M multiply-accumulates, 38.6 M of them in the head.
    const FormulaColumn column = as_built_formula(published(18, 768, 50277, 0.15));
    CHECK(column.joules() == Approx(794.84e-6).epsilon(1e-4));
    CHECK(column.accumulate_joules() == 0.0);
    CHECK(term(column, "logits").operations == Approx(38.61e6).epsilon(1e-3));
    double all = 0.0;
    for (const FormulaTerm& part : column.terms) {
        all += part.operations;
    }
    CHECK(all == Approx(13.0 * 18 * 768 * 768 + 50277.0 * 768));
}

TEST_CASE("at the paper's rate of 0.15 its projections cost 33.3 times less than multiplied ones",
          "[analysis]") {
    const FormulaModel model = published(12, 512, 256, kPaperFiringRate);
    const FormulaColumn spiking = spikegpt_formula(model);
    const FormulaColumn vanilla = vanilla_gpt_formula(model);
    CHECK(term(vanilla, "Q, K, V").joules / term(spiking, "K, V, R").joules == Approx(100.0 / 3.0));
    CHECK(term(vanilla, "layer 1").joules / term(spiking, "key").joules == Approx(100.0 / 3.0));
    // 12 d^2 of projections in both, and 7 d of recurrence: the 32.1 behind the abstract's 32.2.
    const double projections = 12.0 * 512 * 512 * kPaperMacPicojoules * 1e-12;
    CHECK(projections / (spiking.joules() / 12.0) == Approx(32.11).epsilon(1e-3));
}

TEST_CASE("each layer's own rates scale its own projections", "[analysis]") {
    FormulaModel model = published(2, 10, 0, 0.0);
    model.layers = {FormulaModel::rates_behind(0.5, 0.1), FormulaModel::rates_behind(0.25, 0.3)};
    const FormulaColumn column = spikegpt_formula(model);
    CHECK(term(column, "K, V, R").operations == Approx(0.75 * 300));
    CHECK(term(column, "receptance").operations == Approx(0.4 * 100));
    CHECK(term(column, "key").operations == Approx(0.4 * 400));
    CHECK(term(column, "value").operations == Approx(0.4 * 400));
    CHECK(term(column, "WKV").operations == Approx(2 * 70));
    // 225 + 360 accumulates at 0.9 pJ and 140 multiply-accumulates at 4.5 pJ
    CHECK(column.accumulate_joules() == Approx(585 * 0.9e-12));
    CHECK(column.mac_joules() == Approx(140 * 4.5e-12));
    CHECK(column.joules() == Approx(1156.5e-12));
}

TEST_CASE("a vanilla GPT's attention grows with the context, a SpikeGPT's does not", "[analysis]") {
    FormulaModel model = published(1, 512, 256, 0.15);
    const FormulaColumn vanilla = vanilla_gpt_formula(model);
    // Per token: 2 T d products, T for the scale, 2 T for the softmax.
    CHECK(term(vanilla, "products").operations == Approx(2.0 * 3072 * 512));
    CHECK(term(vanilla, "scale").operations == Approx(3072));
    CHECK(term(vanilla, "softmax").operations == Approx(2 * 3072));
    const double spiking = spikegpt_formula(model).joules();
    const double before = vanilla.joules();
    model.context *= 2;
    CHECK(spikegpt_formula(model).joules() == spiking);
    CHECK(vanilla_gpt_formula(model).joules() - before ==
          Approx((2.0 * 512 + 3) * 3072 * kPaperMacPicojoules * 1e-12));
}

TEST_CASE("with neurons in front, each matrix is priced at what it reads, the head multiplies",
          "[analysis]") {
    FormulaModel model = published(1, 10, 7, 0.0);
    model.layers = {formula_rates({{"att_key", 0.1},
                                   {"att_value", 0.2},
                                   {"att_receptance", 0.3},
                                   {"att_output", 0.4},
                                   {"ffn_key", 0.5},
                                   {"ffn_receptance", 0.6},
                                   {"ffn_value", 0.05}})};
    const FormulaColumn column = spikes_in_front_formula(model);
    CHECK(term(column, "K, V, R").operations == Approx((0.1 + 0.2 + 0.3) * 100));
    CHECK(term(column, "W_o").operations == Approx(0.4 * 100));
    CHECK(term(column, "key").operations == Approx(0.5 * 400));
    CHECK(term(column, "receptance").operations == Approx(0.6 * 100));
    CHECK(term(column, "value").operations == Approx(0.05 * 400));
    CHECK(column.accumulate_joules() == Approx((60 + 40 + 200 + 60 + 20) * 0.9e-12));
    CHECK(column.mac_joules() == Approx((70 + 70) * 4.5e-12));  // recurrence and head
}

TEST_CASE("rates behind the sub-blocks scale all of a sub-block's projections", "[analysis]") {
    const FormulaModel::Rates rates = formula_rates({{"att", 0.2}, {"ffn", 0.3}});
    CHECK(rates.key_value_receptance == 0.2);
    CHECK(rates.ffn_key == 0.3);
    CHECK(rates.ffn_value == 0.3);
    CHECK(formula_rates({}).ffn_key == 0.0);
}
