// classify, from labelled texts to a measured classifier.
#include "tests/apps/command_line.hpp"
#include "tests/support/shared_files.hpp"

#include <filesystem>
#include <string>

namespace spikeloom {
namespace {

using nlohmann::json;
using tests::Scratch;

/// Reviews whose verdict is one word among others.
std::string reviews(std::uint64_t seed, int count) {
    const char* const filler[] = {"the", "film", "is", "a", "story", "of", "two", "friends"};
    Random random(seed);
    std::string rows = "text\tlabel\n";
    for (int i = 0; i < count; ++i) {
        std::string text;
        const std::uint64_t place = random.below(6);
        for (std::uint64_t word = 0; word < 6; ++word) {
            text += word == place ? (i % 2 == 0 ? "superb " : "tedious ")
                                  : std::string(filler[random.below(8)]) + " ";
        }
        rows += text + "\t" + (i % 2 == 0 ? "good" : "bad") + "\n";
    }
    return rows;
}

constexpr const char* kClassifying =
    "model: {layers: 1, channels: 16, ffn_multiple: 2}\n"
    "classifier: {tokens: words, batch: 8, epochs: 8, learning_rate: 0.01, warmup_steps: 5}\n";

TEST_CASE("labelled texts become a classifier, which is measured again from its file") {
    const Scratch scratch;
    const std::string test = " --test " + scratch.file("test.tsv", reviews(2, 40));
    const std::string model = scratch.path("c.safetensors");
    const json trained =
        scratch.json_of("classify --config " + scratch.file("c.yaml", kClassifying) + " --train " +
                        scratch.file("train.tsv", reviews(1, 160)) + test + " --out " + model);
    CHECK(trained["examples"] == 40);
    CHECK(trained["accuracy"] >= 0.9);
    CHECK(trained["majority_accuracy"] == 0.5);
    CHECK(trained["labels"] == json({"bad", "good"}));
    CHECK(trained["valid_examples"] == 16);  // a tenth of the training texts
    CHECK(trained["train_examples"] == 144);
    CHECK(std::filesystem::exists(scratch.path("c.curve.csv")));

    const json again = scratch.json_of("classify --model " + model + test);
    CHECK(again["accuracy"] == trained["accuracy"]);
    CHECK(again["loss"] == trained["loss"]);
    // A column without a header, and labels that the classifier does not know.
    CHECK_THAT(scratch.refusal("classify --model " + model + " --test " +
                               scratch.file("other.tsv", "5\tfine film\n")),
               Catch::Contains("other.tsv: label '5'"));
    CHECK_THAT(scratch.refusal("eval --model " + model + " --text " +
                               scratch.file("ids", std::string(9, '\1'))),
               Catch::Contains("classifier"));
}

TEST_CASE("a classifier may start from a language model over bytes") {
    const tests::TinyModel tiny;
    const std::string yaml = tiny.file(
        "c.yaml", "classifier: {tokens: tokenizer, batch: 8, epochs: 1, learning_rate: 0.001}\n");
    const std::string train = " --train " + tiny.file("train.tsv", reviews(1, 40)) + " --test " +
                              tiny.file("test.tsv", reviews(2, 20));
    const json result =
        tiny.json_of("classify --config " + yaml + train + " --model " +
                     tiny.path("m.safetensors") + " --out " + tiny.path("c.safetensors"));
    // The tiny model's body, and a head of 2 x 16 weights and 2 biases in place of its own.
    CHECK(result["parameters"] == 2 * (13 * 16 * 16 + 11 * 16) + 256 * 16 + 4 * 16 + 2 * 16 + 2);
    CHECK_THAT(tiny.refusal("classify --config " + tiny.file("w.yaml", kClassifying) + train +
                            " --model " + tiny.path("m.safetensors") + " --out x"),
               Catch::Contains("--model with classifier.tokens: words"));
}

TEST_CASE("what is missing or mistyped in a classification is told in one line") {
    const Scratch scratch;
    const std::string tsv = scratch.file("t.tsv", "1\tgood\n0\tbad\n");
    CHECK_THAT(scratch.refusal("classify --train " + tsv), Catch::Contains("--test is missing"));
    CHECK_THAT(scratch.refusal("classify --test " + tsv), Catch::Contains("--model is missing"));
    CHECK_THAT(scratch.refusal("classify --test " + tsv + " --train " + tsv + " --out x --config " +
                               scratch.file("c.yaml", "classifier: {epoch: 3}\n")),
               Catch::Contains("c.yaml:1:14: classifier.epoch: unknown key"));
    CHECK_THAT(scratch.refusal("classify --model x --test " + scratch.file("bad.tsv", "1 good\n")),
               Catch::Contains("bad.tsv:1: 1 columns"));
}

}  // namespace
}  // namespace spikeloom
