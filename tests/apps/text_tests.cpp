// Tokenizers, corpora, evaluation and generation through the command line.
#include "base/safetensors.hpp"
#include "tests/apps/command_line.hpp"
#include "tests/models/tiny_tokenizer.hpp"
#include "tests/support/shared_files.hpp"

#include <cmath>
#include <filesystem>
#include <string>

namespace spikeloom {
namespace {

using Catch::Contains;
using tests::json;
using tests::Outcome;
using tests::Scratch;

/// A byte-level BPE of 261 ids with a special end of text, and a text for it.
struct TinyText : Scratch {
    TinyText() {
        auto tokenizer = tests::tiny_tokenizer({"t h", "th e", "\u0120 s", "o n"});
        tokenizer["added_tokens"] = {tests::added_token(260, "<|endoftext|>", true, false)};
        file("tokenizer.json", tokenizer.dump());
        file("text.txt", tests::tiny_text());
        file("train.yaml",
             "model: {layers: 2, channels: 16, context: 32, vocabulary: 261}\n"
             "training: {batch: 4, steps: 8, warmup_steps: 2, learning_rate: 0.01}\n");
    }
    std::string tokenizer() const { return " --tokenizer " + path("tokenizer.json") + " "; }
    std::string text() const { return " --text " + path("text.txt") + " "; }
    json train() const {
        return json_of("train --config " + path("train.yaml") + text() + tokenizer() + "--out " +
                       path("m.safetensors"));
    }
};

TEST_CASE("tokenize writes ids that decode to the text, and says what it saw") {
    const TinyText tiny;
    const json result =
        tiny.json_of("tokenize" + tiny.tokenizer() + tiny.text() + "--out " + tiny.path("ids"));
    const std::string ids = read_file(tiny.path("ids"));
    CHECK(ids.size() == 2 * result["tokens"].get<std::size_t>());
    CHECK(result["bytes"] == tests::tiny_text().size());
    CHECK(result["characters"] == tests::tiny_text().size());
    CHECK(result["round_trip"] == true);
    CHECK(result["vocabulary"] == 261);
    CHECK(result.contains("megabytes_per_second"));
    // "the " is the merge 257 and a space that begins the next word.
    CHECK(tiny.file("small", "the").size() > 0);
    tiny.json_of("tokenize" + tiny.tokenizer() + "--text " + tiny.path("small") + " --out " +
                 tiny.path("small.ids"));
    CHECK(read_file(tiny.path("small.ids")) == std::string("\x01\x01", 2));

    const json decoded = tiny.json_of("tokenize --decode" + tiny.tokenizer() + "--text " +
                                      tiny.path("ids") + " --out " + tiny.path("back"));
    CHECK(decoded["tokens"] == result["tokens"]);
    CHECK(read_file(tiny.path("back")) == tests::tiny_text());
}

TEST_CASE("tokenize says where decoding does not give the text back, and why") {
    const Scratch scratch;
    auto tokenizer = tests::tiny_tokenizer({});
    tokenizer["normalizer"] = {{"type", "NFC"}};
    scratch.file("t.json", tokenizer.dump());
    scratch.file("text", "caf\u00e9, cafe\u0301");
    const json result =
        scratch.json_of("tokenize --tokenizer " + scratch.path("t.json") + " --text " +
                        scratch.path("text") + " --out " + scratch.path("ids"));
    CHECK(result["round_trip"] == false);
    CHECK_THAT(result["round_trip_difference"].get<std::string>(),
               Contains("byte 10") && Contains("form C"));
}

TEST_CASE("bad tokenizers, texts and ids are refused with one line") {
    const TinyText tiny;
    const std::string out = " --out " + tiny.path("out");
    CHECK_THAT(tiny.refusal("tokenize --tokenizer " + tiny.path("text.txt") + tiny.text() + out),
               Contains("text.txt: no valid JSON"));
    CHECK_THAT(tiny.refusal("tokenize" + tiny.tokenizer() + "--text " + tiny.path("none") + out),
               Contains("none: cannot be read"));
    CHECK_THAT(tiny.refusal("tokenize" + tiny.tokenizer() + tiny.text() + "--index" + out),
               Contains(".bin"));
    CHECK_THAT(tiny.refusal("tokenize --end-of-text" + tiny.text() + out), Contains("endoftext"));
    tiny.file("odd", "abc");
    CHECK_THAT(
        tiny.refusal("tokenize --decode" + tiny.tokenizer() + "--text " + tiny.path("odd") + out),
        Contains("odd: 3 bytes"));
    tiny.file("high", "\xff\xff");
    CHECK_THAT(
        tiny.refusal("tokenize --decode" + tiny.tokenizer() + "--text " + tiny.path("high") + out),
        Contains("high: token 65535"));
    tiny.file("characters.json", "{\"0\": \"t\"}");
    CHECK_THAT(
        tiny.refusal("tokenize --tokenizer " + tiny.path("characters.json") + tiny.text() + out),
        Contains("text.txt: byte") && Contains("not in the vocabulary"));
    CHECK_FALSE(std::filesystem::exists(tiny.path("out")));
}

TEST_CASE("a BPE model carries its tokenizer through training, evaluation and simulation") {
    const TinyText tiny;
    const std::string m = " --model " + tiny.path("m.safetensors") + " ";
    CHECK_THAT(tiny.refusal("train --config " + tiny.path("train.yaml") + tiny.text() + "--out " +
                            tiny.path("m.safetensors")),
               Contains("--tokenizer"));
    tiny.train();
    CHECK(tiny.json_of("info" + m)["tokenizer"] == "byte-level BPE");
    std::filesystem::rename(tiny.path("tokenizer.json"), tiny.path("elsewhere.json"));

    const json evaluated = tiny.json_of("eval" + m + tiny.text() + "--max-tokens 400");
    const double bits = evaluated["bits_per_token"].get<double>();
    CHECK(evaluated["tokens"] == 399);
    const double total = 399.0 * bits;
    const auto bytes = evaluated["bytes"].get<double>();
    CHECK(bytes > 399.0);
    CHECK(evaluated["bits_per_byte"].get<double>() == Approx(total / bytes));
    CHECK(evaluated["bits_per_character"] == evaluated["bits_per_byte"]);  // ASCII
    CHECK(evaluated["perplexity"].get<double>() == Approx(std::exp2(bits)));
    CHECK(evaluated["perplexity_word"].get<double>() ==
          Approx(std::exp2(total / evaluated["words"].get<double>())));
    const Outcome shown = tiny.run("eval" + m + tiny.text() + "--max-tokens 50");
    for (const char* label : {"bits per token", "bits per byte", "bits per character",
                              "perplexity per token", "perplexity per word"}) {
        CHECK_THAT(shown.out, Contains(label));
    }

    const json generated =
        tiny.json_of("generate" + m + "--prompt 'the union' --tokens 12 --top-p 0.9");
    CHECK(generated["tokens"] == 12);
    CHECK(generated["prompt_tokens"].get<int>() < 9);
    CHECK(generated == [&] {
        json again = tiny.json_of("generate" + m + "--prompt 'the union' --tokens 12 --top-p 0.9");
        for (const char* rate : {"tokens_per_second", "prompt_tokens_per_second"}) {
            again[rate] = generated[rate];
        }
        return again;
    }());

    const std::string q = " --model " + tiny.path("q.safetensors") + " ";
    const json quantised = tiny.json_of("quantize" + m + tiny.text() + "--max-tokens 100 --out " +
                                        tiny.path("q.safetensors"));
    CHECK(quantised["bits_per_byte_float"].get<double>() <
          quantised["bits_per_token_float"].get<double>());
    const json integer =
        tiny.json_of("eval --precision integer" + q + tiny.text() + "--max-tokens 60");
    const std::string chip = " --chip " + tests::kChip + " ";
    const json fabric =
        tiny.json_of("eval --precision fabric" + q + chip + tiny.text() + "--max-tokens 60");
    // Summed in another order.
    CHECK(fabric["bits_per_byte"].get<double>() ==
          Approx(integer["bits_per_byte"].get<double>()).epsilon(1e-12));
    const json simulated = tiny.json_of("simulate" + q + chip + "--prompt 'the state' --tokens 3");
    CHECK(simulated["bit_exact"] == true);
    CHECK(simulated["prompt"] == "the state");
}

TEST_CASE("a pair of ids trains and is evaluated like its text") {
    const TinyText tiny;
    tiny.json_of("tokenize --index --end-of-text" + tiny.tokenizer() + tiny.text() + "--out " +
                 tiny.path("x.bin"));
    CHECK(std::filesystem::file_size(tiny.path("x.idx")) == 62);
    const std::string ids = read_file(tiny.path("x.bin"));
    CHECK(ids.substr(ids.size() - 2) == std::string("\x04\x01", 2));  // 260
    const std::string trained =
        "train --config " + tiny.path("train.yaml") + " --text " + tiny.path("x.bin") + " --out ";
    tiny.json_of(trained + tiny.path("n.safetensors"));
    tiny.json_of(trained + tiny.path("t.safetensors") + tiny.tokenizer());
    const Safetensors plain = Safetensors::read(tiny.path("n.safetensors"));
    const Safetensors carrying = Safetensors::read(tiny.path("t.safetensors"));
    CHECK((plain.at("head.weight").bytes == carrying.at("head.weight").bytes));

    const std::string asked = " --max-tokens 100 --text ";
    const json with_text =
        tiny.json_of("eval --model " + tiny.path("t.safetensors") + asked + tiny.path("text.txt"));
    const json with_ids =
        tiny.json_of("eval --model " + tiny.path("t.safetensors") + asked + tiny.path("x.idx"));
    CHECK(with_text == with_ids);
    // Without a tokenizer there is no text to relate bits to.
    const json bare =
        tiny.json_of("eval --model " + tiny.path("n.safetensors") + asked + tiny.path("x.bin"));
    CHECK(bare["bits_per_token"] == with_ids["bits_per_token"]);
    CHECK(bare["bits_per_byte"].is_null());
    CHECK_THAT(tiny.refusal("generate --prompt the --model " + tiny.path("n.safetensors")),
               Contains("--tokenizer"));
    CHECK(tiny.json_of("generate --prompt the --tokens 2 --model " + tiny.path("n.safetensors") +
                       tiny.tokenizer())["tokens"] == 2);
}

TEST_CASE("a model and a tokenizer that do not fit are told apart") {
    const TinyText tiny;
    tiny.file("small.yaml",
              "model: {layers: 1, channels: 16, context: 16}\n"
              "training: {batch: 2, steps: 1}\n");
    CHECK_THAT(tiny.refusal("train --config " + tiny.path("small.yaml") + tiny.text() +
                            tiny.tokenizer() + "--out " + tiny.path("m")),
               Contains("256 ids") && Contains("needs 261"));
    tiny.train();
    CHECK_THAT(tiny.refusal("train --resume --config " + tiny.path("train.yaml") + " --text " +
                            tiny.path("text.txt") + " --tokenizer " +
                            tiny.file("c.json", "{\"0\": \"t\"}") + " --out " +
                            tiny.path("m.safetensors")),
               Contains("not in the vocabulary"));
    Safetensors model = Safetensors::read(tiny.path("m.safetensors"));
    model.metadata["spikeloom_tokenizer"] = "{\"model\": 3}";
    model.write(tiny.path("broken.safetensors"));
    CHECK_THAT(tiny.refusal("eval --model " + tiny.path("broken.safetensors") + tiny.text()),
               Contains("broken.safetensors: metadata 'spikeloom_tokenizer'"));
}

TEST_CASE("eval takes windows, and one as long as the text changes nothing") {
    const TinyText tiny;
    tiny.train();
    const std::string words =
        "eval --model " + tiny.path("m.safetensors") + tiny.text() + "--max-tokens 200 ";
    const double whole = tiny.json_of(words)["bits_per_token"].get<double>();
    const json windows = tiny.json_of(words + "--stride 8");
    CHECK(windows["tokens"] == 199);
    CHECK(windows["stride"] == 8);
    CHECK(windows["context"] == 32);  // the model's
    CHECK(tiny.json_of(words + "--stride 100 --context 500")["bits_per_token"].get<double>() ==
          Approx(whole).epsilon(1e-5));
    CHECK_THAT(tiny.refusal(words + "--stride 33"), Contains("--stride 33"));
    CHECK_THAT(tiny.refusal(words + "--stride 8 --precision fabric --chip x"),
               Contains("float and integer"));
}

TEST_CASE("generate shows whole characters as they come") {
    const TinyText tiny;
    tiny.train();
    // Random bytes: an untrained model at a high temperature draws them all.
    const Outcome shown = tiny.run("generate --model " + tiny.path("m.safetensors") +
                                   " --prompt the --tokens 300 --temperature 50");
    CHECK(shown.exit_code == 0);
    CHECK_THAT(shown.out, Contains("\ufffd"));
    CHECK_NOTHROW(json(shown.out).dump());  // throws for what is no UTF-8
}

TEST_CASE("tokenize gives the published pair of WikiText-2, byte for byte") {
    SPIKELOOM_NEED_SHARED(tokenizer, "data/tokenizers/20B_tokenizer.json.xz");
    SPIKELOOM_NEED_SHARED(text, "data/pretokenized/wikitext-2.test.joined.txt.xz");
    SPIKELOOM_NEED_SHARED(bin, "data/pretokenized/wikitext-2.test_text_document.bin.xz");
    SPIKELOOM_NEED_SHARED(idx, "data/pretokenized/wikitext-2.test_text_document.idx");
    const Scratch scratch;
    scratch.file("20B_tokenizer.json", tests::unpacked(tokenizer));
    scratch.file("joined.txt", tests::unpacked(text));
    const json result = scratch.json_of(
        "tokenize --tokenizer " + scratch.path("20B_tokenizer.json") + " --text " +
        scratch.path("joined.txt") + " --end-of-text --index --out " + scratch.path("w.bin"));
    CHECK(result["tokens"] == 294'086);
    CHECK(result["round_trip"] == true);
    CHECK((read_file(scratch.path("w.bin")) == tests::unpacked(bin)));
    CHECK((read_file(scratch.path("w.idx")) == read_file(idx)));
}

}  // namespace
}  // namespace spikeloom
