#include "analysis/paper_figures.hpp"

#include <cmath>

#include <catch2/catch.hpp>

namespace spikeloom::analysis {
namespace {

using Catch::Contains;

TEST_CASE("Table 1 evaluated as printed gives 64 times at the paper's shape, not its 32.2") {
    // A layer: 12 d^2 + 2 T d + 3 T = 6,300,672 multiply-accumulates against 12 d^2 accumulates at
    // a rate of 0.15 and 7 d multiply-accumulates; d = 512, T = 3072.
    const double vanilla = 6300672.0 * 4.5;
    const double spiking = 12.0 * 512.0 * 512.0 * 0.15 * 0.9 + 7.0 * 512.0 * 4.5;
    const FormulaModel paper = paper_setting(0.15);
    const double ratio = vanilla_gpt_formula(paper).joules() / spikegpt_formula(paper).joules();
    CHECK(ratio == Approx(vanilla / spiking));
    CHECK(ratio == Approx(64.3).margin(0.05));
    EnergyFormulas formulas{paper, 0.15};
    CHECK_THAT(energy_page(formulas, {}), Contains("64.3 times") && Contains("32.2 times"));
}

TEST_CASE("every formula's terms stand in the table's CSV and add up") {
    EnergyFormulas formulas{paper_setting(0.3), 0.3};
    const std::string csv = energy_csv(formulas);
    double joules = 0.0;
    const std::string name = "\"this model, SpikeGPT, measured rates\"";
    for (std::size_t at = csv.find(name); at != std::string::npos; at = csv.find(name, at + 1)) {
        const std::size_t end = csv.find('\n', at);
        joules += std::stod(csv.substr(csv.rfind(',', end) + 1));
    }
    CHECK(joules == Approx(spikegpt_formula(formulas.measured).joules()));
}

TEST_CASE("a loss curve ends with the mean of its last tenth") {
    LossCurve curve;
    for (int i = 1; i <= 20; ++i) {
        curve.points.push_back({static_cast<std::uint64_t>(i), static_cast<double>(i), {}});
    }
    CHECK(curve.final_train_bits() == 19.5);
    curve.points.resize(3);
    CHECK(curve.final_train_bits() == 3.0);
    curve.label = "2 x 64";
    CHECK_THAT(losses_csv({curve}), Contains("\n2 x 64,0,3,3,\n"));
}

TEST_CASE("the length page says by how much a token's time grew") {
    LengthPoint shortest;
    shortest.tokens = 100;
    shortest.matrix_macs = 1e5;
    shortest.recurrent_seconds = 1e-3;
    shortest.attention_seconds = 1e-3;
    LengthPoint longest = shortest;
    longest.tokens = 400;
    longest.recurrent_seconds = 4e-3;   // as long a token
    longest.attention_seconds = 10e-3;  // 2.5 times as long a token
    const std::string page = length_page({shortest, longest}, {});
    CHECK_THAT(page, Contains("grew 1.00 times in SpikeGPT and 2.50 times in the twin"));
}

}  // namespace
}  // namespace spikeloom::analysis
