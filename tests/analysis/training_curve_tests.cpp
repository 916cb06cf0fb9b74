#include "analysis/training_curve.hpp"
#include "analysis/training_report.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "tests/support/refusal.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::analysis;

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

TrainingCurve sample_curve() {
    TrainingPoint first;
    first.step = 100;
    first.tokens = 51200;
    first.seconds = 2.5;
    first.learning_rate = 0.001;
    first.gradient_norm = 0.75;
    first.train_bits_per_token = 3.5;
    first.train_bits_per_byte = 3.5;
    first.valid_bits_per_token = kUnknown;
    first.valid_bits_per_byte = kUnknown;
    first.activity = {{0, "att", 0.25, 128, 10, 2}, {0, "ffn", 0.5, 128, 0, 0}};
    TrainingPoint second = first;
    second.step = 200;
    second.tokens = 102400;
    second.train_bits_per_token = second.train_bits_per_byte = 2.75;
    second.valid_bits_per_token = second.valid_bits_per_byte = 2.875;
    second.activity[0] = {0, "att", 0.375, 128, 4, 1};
    return {first, second};
}

std::string csv() {
    return training_curve_csv(sample_curve());
}

}  // namespace

TEST_CASE("a learning curve is a line of columns and a line a point, unknown numbers empty",
          "[analysis]") {
    CHECK(csv() ==
          "step,tokens,seconds,learning_rate,gradient_norm,train_bits_per_token,"
          "train_bits_per_byte,valid_bits_per_token,valid_bits_per_byte,firing_rate,neurons,dead,"
          "saturated,0.att.firing_rate,0.att.neurons,0.att.dead,0.att.saturated,0.ffn.firing_rate,"
          "0.ffn.neurons,0.ffn.dead,0.ffn.saturated\n"
          "100,51200,2.5,0.001,0.75,3.5,3.5,,,0.375,256,10,2,0.25,128,10,2,0.5,128,0,0\n"
          "200,102400,2.5,0.001,0.75,2.75,2.75,2.875,2.875,0.4375,256,4,1,0.375,128,4,1,0.5,128,0,"
          "0\n");
}

TEST_CASE("a learning curve that was written is read again", "[analysis]") {
    const TrainingCurve curve = parse_training_curve(csv(), "curve.csv");
    REQUIRE(curve.size() == 2);
    CHECK(std::isnan(curve[0].valid_bits_per_token));
    CHECK(curve[1].valid_bits_per_byte == 2.875);
    CHECK(curve[1].activity == sample_curve()[1].activity);
    CHECK(training_curve_csv(curve) == csv());
    CHECK(parse_training_curve(training_curve_csv({}), "curve.csv").empty());
}

TEST_CASE("rates are averaged over neurons, not over layers", "[analysis]") {
    TrainingPoint point;
    point.activity = {{0, "att", 1.0, 100, 0, 100}, {0, "ffn", 0.0, 300, 300, 0}};
    CHECK(point.firing_rate() == 0.25);
    CHECK(point.neurons() == 400);
    CHECK(std::isnan(TrainingPoint{}.firing_rate()));
}

TEST_CASE("a malformed learning curve is refused with line and column", "[analysis]") {
    const auto refused = [](const std::string& text) {
        return tests::refusal_of([&] { parse_training_curve(text, "c.csv"); });
    };
    const std::string header = csv().substr(0, csv().find('\n') + 1);
    CHECK(refused("") == "c.csv: the file is empty; a learning curve was expected");
    CHECK_THAT(refused("a,b\n"), Catch::StartsWith("c.csv:1: found 'a,b'"));
    CHECK_THAT(refused(csv().substr(0, csv().size() - 1)), Catch::Contains("cut short"));
    CHECK_THAT(refused(header + "1,2\n"), Catch::Contains("c.csv:2: 2 cells"));
    CHECK_THAT(refused(header + "x,2\n"),
               Catch::StartsWith("c.csv:2: column 1: found 'x'; allowed is a whole number"));
    CHECK_THAT(refused(header + "-1,2\n"), Catch::Contains("column 1: found '-1'"));
    std::string impossible = csv();
    impossible.replace(impossible.find("0.25,128,10"), 11, "1.25,128,10");
    CHECK_THAT(refused(impossible), Catch::Contains("a rate of 0 to 1"));
    std::string stranger = csv();
    stranger.replace(stranger.find("0.ffn.dead"), 10, "0.ffn.deaf");
    CHECK_THAT(refused(stranger), Catch::StartsWith("c.csv:1: found"));
}

TEST_CASE("mutated learning curves end in a curve or an InputError", "[analysis]") {
    Random random(5);
    const std::string good = csv();
    int read = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string text = good;
        for (std::uint64_t change = random.below(3) + 1; change > 0; --change) {
            text[random.below(text.size())] = static_cast<char>(random.below(128));
        }
        text.resize(random.below(4) == 0 ? random.below(text.size()) : text.size());
        try {
            training_curve_csv(parse_training_curve(text, "mutated"));
            ++read;
        } catch (const InputError&) {
        }
    }
    CHECK(read > 0);
}

TEST_CASE("the training report shows bits, rates and silent neurons of every run, escaped",
          "[analysis]") {
    const std::string page = render_training_report(
        {{"first <run>", sample_curve()}, {"second", sample_curve()}}, {"A & B", {"train x"}, "y"});
    CHECK_THAT(page, Catch::Contains("A &amp; B"));
    CHECK_THAT(page, Catch::Contains("first &lt;run&gt;"));
    CHECK_THAT(page, Catch::Contains("2.875"));
    CHECK_THAT(page, Catch::Contains("bits per byte"));
    CHECK_THAT(page, Catch::Contains("Firing rates of att over training"));
    CHECK_THAT(page, Catch::Contains("Dead and saturated neurons over training"));
    CHECK_THAT(page, Catch::Contains("43.8 %"));  // (0.375 + 0.5) / 2
    CHECK_THAT(page, !Catch::Contains("first <run>"));
    CHECK(tests::refusal_of([] { render_training_report({}, {}); }) ==
          "report: no learning curve was given");
    CHECK_THAT(tests::refusal_of([] {
                   render_training_report({{"empty", {}}}, {});
               }),
               Catch::Contains("'empty' has no point"));
}
