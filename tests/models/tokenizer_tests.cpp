// Tokenizers: against hand-worked cases, published ids, and each other.
#include "base/files.hpp"
#include "base/random.hpp"
#include "models/tokenizer.hpp"
#include "models/unicode.hpp"
#include "models/utf8_stream.hpp"
#include "models/word_split.hpp"
#include "tests/models/tiny_tokenizer.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/shared_files.hpp"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::models {
namespace {

using Catch::Contains;
using nlohmann::ordered_json;
using tests::added_token;
using tests::refusal_of;
using tests::tiny_tokenizer;

using Ids = std::vector<int>;

Tokenizer parsed(const ordered_json& json) {
    return Tokenizer::parse(json.dump(), "tiny.json");
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        words.emplace_back(text.substr(0, first_word(text)));
        text.remove_prefix(words.back().size());
    }
    return words;
}

std::string composed(std::string_view text) {
    std::string scratch;
    return std::string(unicode::nfc(text, scratch));
}

TEST_CASE("With bytes every text is its own ids") {
    std::string text;
    for (int byte = 0; byte < 256; ++byte) {
        text += static_cast<char>(byte);
    }
    Tokenizer bytes = Tokenizer::bytes();
    const Ids ids = bytes.encode(text);
    REQUIRE(ids.size() == 256);
    for (int byte = 0; byte < 256; ++byte) {
        CHECK(ids[static_cast<std::size_t>(byte)] == byte);
    }
    CHECK(bytes.decode(ids) == text);
    CHECK(bytes.vocabulary() == 256);
    CHECK_THAT(refusal_of([&] { bytes.decode(Ids{65, 256}); }), Contains("token 256"));
}

TEST_CASE("Text is split into words as GPT-2's regular expression does") {
    using Words = std::vector<std::string>;
    CHECK(words_of("Hello world") == Words{"Hello", " world"});
    CHECK(words_of("it's we'll I'LL 'tis") ==
          Words{"it", "'s", " we", "'ll", " I", "'", "LL", " '", "tis"});
    CHECK(words_of("x = 3.14") == Words{"x", " =", " 3", ".", "14"});
    // All of a run of white space but its last character, which the next word takes if it can.
    CHECK(words_of("a   b") == Words{"a", "  ", " b"});
    CHECK(words_of("a\n\nb") == Words{"a", "\n", "\n", "b"});
    CHECK(words_of("a \t") == Words{"a", " \t"});
    CHECK(words_of(" ") == Words{" "});
    // Letters and numbers are Unicode's, and so is white space.
    CHECK(words_of("日本語123 ½x²") == Words{"日本語", "123", " ½", "x", "²"});
    CHECK(words_of("a\u00a0b\u3000\u3000c") == Words{"a", "\u00a0", "b", "\u3000", "\u3000", "c"});
    CHECK(words_of("\x1c\x1d!") == Words{"\x1c\x1d!"});  // separators, but no White_Space
    CHECK(words_of("e\u0301") == Words{"e", "\u0301"});  // a mark is no letter
    CHECK(words_of("ab\xff\xfe"
                   "cd") == Words{"ab", "\xff\xfe", "cd"});
}

TEST_CASE("What is well-formed UTF-8 follows the standard's table") {
    const auto length = [](std::string_view text) {
        const unicode::Character first = unicode::first_character(text);
        return first.code == unicode::kNoCharacter ? 0 : first.bytes;
    };
    CHECK(length("a") == 1);
    CHECK(length("\u00e9") == 2);
    CHECK(length("\ud7ff") == 3);
    CHECK(length("\U0010ffff") == 4);
    CHECK(length("\xc0\x80") == 0);          // overlong
    CHECK(length("\xe0\x9f\xbf") == 0);      // overlong
    CHECK(length("\xf0\x8f\xbf\xbf") == 0);  // overlong
    CHECK(length("\xed\xa0\x80") == 0);      // a surrogate
    CHECK(length("\xf4\x90\x80\x80") == 0);  // above U+10FFFF
    CHECK(length("\xe2\x82") == 0);          // cut short
    CHECK(length("\xe2\x41\x80") == 0);
    CHECK(length("\x80") == 0);
}

TEST_CASE("Normalisation composes, reorders marks, and leaves what is no character alone") {
    CHECK(composed("plain, na\u00efve") == "plain, na\u00efve");
    CHECK(composed("e\u0301") == "\u00e9");
    CHECK(composed("xe\u0301y a\u0300") == "x\u00e9y \u00e0");
    CHECK(composed("q\u0307\u0323") == "q\u0323\u0307");  // by their classes
    CHECK(composed("\u1100\u1161\u11a8") == "\uac01");    // Hangul
    CHECK(composed("\u212b \u2126") == "\u00c5 \u03a9");  // singletons
    CHECK(composed("\u0958") == "\u0915\u093c");          // excluded from composition
    CHECK(composed("e\xff\u0301") == "e\xff\u0301");
    CHECK(composed("\xe2\x82"
                   "e\u0301\xf0") == "\xe2\x82\u00e9\xf0");
}

TEST_CASE("Pairs merge by rank, the leftmost of equals first") {
    // 256: aa, 257: ab, 258: aab
    Tokenizer tiny = parsed(tiny_tokenizer({"a a", "a b", "aa b"}));
    CHECK(tiny.encode("aab") == Ids{258});
    CHECK(tiny.encode("ab") == Ids{257});
    CHECK(tiny.encode("aaab") == Ids{256, 257});  // aa|ab: the pair (aa, b) never stands together
    CHECK(tiny.encode("aaa") == Ids{256, 'a'});
    CHECK(tiny.encode("aaaa") == Ids{256, 256});
    CHECK(tiny.encode("") == Ids{});
    CHECK(tiny.decode(Ids{258, 'c'}) == "aabc");
    CHECK(tiny.vocabulary() == 259);
}

TEST_CASE("No merge reaches over a word's end, and a space belongs to the word behind it") {
    // U+0120 is how a space is written. 256: Ġw, 257: he, 258: o followed by Ġ, which never merges.
    Tokenizer tiny = parsed(tiny_tokenizer({"\u0120 w", "h e", "o \u0120"}));
    CHECK(tiny.encode("he wo w") == Ids{257, 256, 'o', 256});
    CHECK(tiny.decode(tiny.encode("he wo w")) == "he wo w");
}

TEST_CASE("A word is encoded the same when it is met again") {
    Tokenizer tiny = parsed(tiny_tokenizer({"t h", "th e", "\u0120 the"}));
    const Ids once = tiny.encode(" the cat");
    std::string text;
    Ids expected;
    for (int i = 0; i < 50; ++i) {
        text += " the cat";
        expected.insert(expected.end(), once.begin(), once.end());
    }
    CHECK(tiny.encode(text) == expected);
}

TEST_CASE("A text of many blocks has the ids of its sentences") {
    ordered_json json = tiny_tokenizer({"t h", "th e", "\u0120 the", "i n", "\u0120 \u0120"});
    json["normalizer"] = {{"type", "NFC"}};
    json["added_tokens"] = {added_token(261, "   ", false, true)};
    Tokenizer tiny = parsed(json);
    // It begins with a space and ends with another character, so sentences do not touch.
    const std::string sentence = "  the thin\n\nthing   in cafe\u0301s isn't there.";
    const Ids once = tiny.encode(sentence);
    std::string text;
    Ids expected;
    while (text.size() < 2'500'000) {
        text += sentence;
        expected.insert(expected.end(), once.begin(), once.end());
    }
    std::size_t parts = 0;
    std::size_t read = 0;
    Ids ids;
    tiny.encode(text, [&](std::size_t done, std::span<const int> part) {
        ++parts;
        read = done;
        ids.insert(ids.end(), part.begin(), part.end());
    });
    CHECK(parts >= 2);
    CHECK(read == text.size());
    CHECK(ids == expected);
}

TEST_CASE("Added tokens are found first, the leftmost, then the longest") {
    ordered_json json = tiny_tokenizer({"a b"});
    json["added_tokens"] = {
        added_token(257, "<|end|>", true, false), added_token(258, "  ", false, true),
        added_token(259, "    ", false, true), added_token(260, "b c", false, false)};
    Tokenizer tiny = parsed(json);
    CHECK(tiny.encode("ab<|end|>ab") == Ids{256, 257, 256});
    CHECK(tiny.encode("<|end|") == Ids{'<', '|', 'e', 'n', 'd', '|'});
    CHECK(tiny.encode("x     y") == Ids{'x', 259, ' ', 'y'});  // 4 + 1
    CHECK(tiny.encode("x      y") == Ids{'x', 259, 258, 'y'});
    CHECK(tiny.encode("ab cab") == Ids{'a', 260, 256});
    CHECK(tiny.special(257));
    CHECK_FALSE(tiny.special(258));
    CHECK_FALSE(tiny.special(1'000'000));
    CHECK(tiny.decode(Ids{257, 259, 'x'}) == "<|end|>    x");
}

TEST_CASE("Added tokens that want it are found in the normalised text, the others before it") {
    ordered_json json = tiny_tokenizer({});
    json["normalizer"] = {{"type", "NFC"}};
    json["added_tokens"] = {added_token(256, "\u00e9!", false, true),
                            added_token(257, "e\u0301?", false, false)};
    Tokenizer tiny = parsed(json);
    CHECK(tiny.encode("e\u0301!") == Ids{256});
    CHECK(tiny.encode("\u00e9!") == Ids{256});
    CHECK(tiny.encode("e\u0301?") == Ids{257});
    CHECK(tiny.encode("\u00e9?") == Ids{0xc3, 0xa9, '?'});
    CHECK(tiny.decode(tiny.encode("cafe\u0301")) == "caf\u00e9");
    CHECK(tiny.normalises());
}

TEST_CASE("Any bytes go through a vocabulary that has all bytes, and come back") {
    Tokenizer tiny = parsed(tiny_tokenizer({"a b", "\u0120 \u0120"}));
    Random random(3);
    for (int round = 0; round < 50; ++round) {
        std::string text;
        for (std::uint64_t i = random.below(200); i > 0; --i) {
            text += static_cast<char>(random.below(round % 2 == 0 ? 256 : 100));
        }
        CHECK(tiny.decode(tiny.encode(text)) == text);
    }
}

TEST_CASE("A byte that no token holds is refused with its place") {
    ordered_json json = tiny_tokenizer({"a b"});
    json["model"]["vocab"].erase(tests::written_byte(0xff));
    json["model"]["vocab"].erase("q");
    Tokenizer tiny = parsed(json);
    CHECK_THAT(refusal_of([&] { tiny.encode("abc \xff"); }),
               Contains("byte 4 of the text is 0xff") && Contains("no valid UTF-8"));
    CHECK_THAT(refusal_of([&] { tiny.encode("ab quit"); }), Contains("byte 3 of the text is 0x71"));
}

TEST_CASE("A tokenizer's description makes the same tokenizer") {
    ordered_json json = tiny_tokenizer({"a b", "ab ab"});
    json["added_tokens"] = {added_token(258, "<|end|>", true, false)};
    Tokenizer tiny = parsed(json);
    Tokenizer again = Tokenizer::parse(tiny.description(), "again");
    const std::string text = "abab<|end|>\u00e9";
    CHECK(again.encode(text) == tiny.encode(text));
    CHECK(again.description() == tiny.description());
    CHECK(Tokenizer::bytes().description().empty());
}

/// A folder for the files of one test.
struct Folder {
    Folder()
        : path(std::filesystem::temp_directory_path() /
               ("spikeloom-tokenizer-" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::filesystem::path path;
};

TEST_CASE("GPT-2's two files mean what the one file does") {
    const Folder folder;
    ordered_json vocab = tiny_tokenizer({"a b", "ab c"})["model"]["vocab"];
    vocab["<|endoftext|>"] = 258;
    write_file(folder.path / "encoder.json", vocab.dump());
    CHECK_THAT(refusal_of([&] { Tokenizer::load(folder.path); }), Contains("vocab.bpe"));
    write_file(folder.path / "vocab.bpe", "#version: 0.2\na b\nab c\n");
    for (const auto& name : {folder.path, folder.path / "encoder.json"}) {
        Tokenizer tiny = Tokenizer::load(name);
        CHECK(tiny.encode("abc ab<|endoftext|>") == Ids{257, ' ', 256, 258});
        CHECK(tiny.special(258));
        CHECK(tiny.vocabulary() == 259);
    }
    std::filesystem::rename(folder.path / "encoder.json", folder.path / "vocab.json");
    std::filesystem::rename(folder.path / "vocab.bpe", folder.path / "merges.txt");
    CHECK(Tokenizer::load(folder.path).encode("abc") == Ids{257});
    write_file(folder.path / "merges.txt", "#version: 0.2\na b c\n");
    CHECK_THAT(refusal_of([&] { Tokenizer::load(folder.path); }), Contains("merge 0"));
}

std::string utf16(std::u16string_view text, bool big_endian) {
    std::string bytes = big_endian ? "\xfe\xff" : "\xff\xfe";
    for (const char16_t unit : text) {
        const char high = static_cast<char>(unit >> 8);
        const char low = static_cast<char>(unit & 0xff);
        bytes += big_endian ? high : low;
        bytes += big_endian ? low : high;
    }
    return bytes;
}

TEST_CASE("A character vocabulary is read from UTF-16 of both orders, and from UTF-8") {
    const Folder folder;
    const std::u16string json =
        u"{\"0\": \"a\", \"1\": \"\\n\", \"2\": \"\u00e9\", \"3\": \"\U0001f600\"}";
    std::vector<std::string> files = {utf16(json, false), utf16(json, true)};
    files.emplace_back("{\"0\": \"a\", \"1\": \"\\n\", \"2\": \"\u00e9\", \"3\": \"\U0001f600\"}");
    for (const std::string& bytes : files) {
        write_file(folder.path / "vocab.json16", bytes);
        Tokenizer characters = Tokenizer::load(folder.path / "vocab.json16");
        CHECK(characters.vocabulary() == 4);
        CHECK(characters.encode("\u00e9a\U0001f600\n") == Ids{2, 0, 3, 1});
        CHECK(characters.decode(Ids{3, 2}) == "\U0001f600\u00e9");
        CHECK_THAT(refusal_of([&] { characters.encode("aab"); }),
                   Contains("byte 2") && Contains("U+0062"));
        CHECK_THAT(refusal_of([&] { characters.encode("\u00e9\xff"); }),
                   Contains("byte 2") && Contains("UTF-8"));
    }
    const auto refused = [&](const std::string& bytes) {
        write_file(folder.path / "vocab.json16", bytes);
        return refusal_of([&] { Tokenizer::load(folder.path / "vocab.json16"); });
    };
    CHECK_THAT(refused(utf16(json, false) + "x"), Contains("odd number"));
    CHECK_THAT(refused(utf16(u"{\"0\": \"\xd83d\"}", false)), Contains("half a character"));
    CHECK_THAT(refused("{\"0\": \"ab\"}"), Contains("one character"));
    CHECK_THAT(refused("{\"0\": \"a\", \"1\": \"a\"}"), Contains("two ids for"));
    CHECK_THAT(refused("{\"0\": \"a\", \"00\": \"b\"}"), Contains("two tokens have the id 0"));
    CHECK_THAT(refused("{\"-1\": \"a\"}"), Contains("token id -1"));
    CHECK_THAT(refused("{\"x\": \"a\"}"), Contains("an id and its character"));
    CHECK_THAT(refused("[]"), Contains("no tokenizer"));
    CHECK_THAT(refused("{"), Contains("no valid JSON"));
}

TEST_CASE("What a tokenizer.json asks for that is not there is refused by name") {
    const auto refused = [](const char* pointer, const ordered_json& value) {
        ordered_json json = tiny_tokenizer({"a b"});
        json[ordered_json::json_pointer(pointer)] = value;
        return refusal_of([&] { parsed(json); });
    };
    CHECK(refused("/version", "2.0") == "accepted");
    CHECK_THAT(refused("/model/type", "Unigram"), Contains("Unigram") && Contains("BPE"));
    CHECK_THAT(refused("/model/dropout", 0.1), Contains("model.dropout: found 0.1"));
    CHECK_THAT(refused("/model/byte_fallback", true), Contains("byte_fallback"));
    CHECK_THAT(refused("/model/ignore_merges", true), Contains("ignore_merges"));
    CHECK_THAT(refused("/model/end_of_word_suffix", "</w>"), Contains("end_of_word_suffix"));
    CHECK_THAT(refused("/model/vocab", 3), Contains("model.vocab"));
    CHECK_THAT(refused("/model/vocab/a", -1), Contains("token id -1"));
    CHECK_THAT(refused("/model/vocab/a", 1e9), Contains("a token id is needed"));
    CHECK_THAT(refused("/model/vocab/a", 2'000'000'000), Contains("token id 2000000000"));
    CHECK_THAT(refused("/model/vocab/a", 5), Contains("two tokens have the id 5"));
    CHECK_THAT(refused("/model/merges", "a b"), Contains("a list is needed"));
    CHECK_THAT(refused("/model/merges/0", "ab"), Contains("merge 0"));
    CHECK_THAT(refused("/model/merges/0", "a zz"), Contains("\"zz\" is not in the vocabulary"));
    CHECK_THAT(refused("/model/merges/0", "b a"), Contains("\"ba\" is not in the vocabulary"));
    CHECK(refused("/model/merges/0", {"a", "b"}) == "accepted");
    CHECK_THAT(refused("/normalizer", {{"type", "NFKC"}}), Contains("NFKC") && Contains("NFC"));
    CHECK_THAT(refused("/normalizer", "NFC"), Contains("an object with a type"));
    CHECK_THAT(refused("/pre_tokenizer", {{"type", "Whitespace"}}), Contains("Whitespace"));
    CHECK_THAT(refused("/pre_tokenizer/add_prefix_space", true), Contains("add_prefix_space"));
    CHECK_THAT(refused("/pre_tokenizer/use_regex", false), Contains("use_regex"));
    CHECK_THAT(refused("/post_processor", {{"type", "TemplateProcessing"}}),
               Contains("TemplateProcessing"));
    CHECK_THAT(refused("/truncation", {{"max_length", 5}}), Contains("truncation"));
    CHECK_THAT(refused("/added_tokens", 1), Contains("added_tokens"));
    const auto refused_token = [&](const char* key, const ordered_json& value) {
        ordered_json token = added_token(300, "<x>", true, false);
        token[key] = value;
        return refused("/added_tokens/0", token);
    };
    CHECK(refused_token("special", false) == "accepted");
    CHECK_THAT(refused_token("lstrip", true), Contains("\"<x>\": lstrip"));
    CHECK_THAT(refused_token("content", ""), Contains("0 bytes"));
    CHECK_THAT(refused_token("content", std::string(5000, 'x')), Contains("5000 bytes"));
    CHECK_THAT(refused_token("content", 7), Contains("no content"));
    CHECK_THAT(refused_token("content", "ab"), Contains("in model.vocab it is 256"));
    CHECK_THAT(refused_token("id", 65), Contains("two tokens have the id 65"));
    CHECK_THAT(refused_token("id", nullptr), Contains("a token id is needed"));
}

TEST_CASE("A tokenizer file is read or refused, whatever was done to its bytes") {
    ordered_json json = tiny_tokenizer({"a b", "ab c"});
    json["added_tokens"] = {added_token(300, "<x>", true, false)};
    const std::vector<std::string> good = {json.dump(), "{\"0\": \"a\", \"1\": \"\u00e9\"}"};
    Random random(11);
    int accepted = 0;
    for (int round = 0; round < 400; ++round) {
        std::string text = good[static_cast<std::size_t>(round) % good.size()];
        for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
            // Where the structure is: the byte vocabulary is most of the file.
            const std::uint64_t tail = std::min<std::uint64_t>(text.size(), 600);
            const std::size_t at = text.size() - 1 - random.below(tail);
            switch (random.below(4)) {
                case 0:
                    text[at] = static_cast<char>(random.below(256));
                    break;
                case 1:
                    text.erase(at, 1 + random.below(20));
                    break;
                case 2:
                    text.insert(at, text.substr(at, random.below(30)));
                    break;
                default:
                    text[at] = "{}[],:\"0-9tfn"[random.below(13)];
            }
            if (text.empty()) {
                text = "{";
            }
        }
        accepted += refusal_of([&] {
                        Tokenizer tokenizer = Tokenizer::parse(text, "fuzzed");
                        tokenizer.decode(tokenizer.encode("a<x>"));
                    }) == "accepted"
                        ? 1
                        : 0;
    }
    CHECK(accepted < 400);
}

TEST_CASE("A stream shows whole characters only") {
    Utf8Stream stream;
    CHECK(stream.take("a\xc3") == "a");
    CHECK(stream.take("\xa9") == "\u00e9");
    CHECK(stream.take("\xf0\x9f") == "");
    CHECK(stream.take("\x98") == "");
    CHECK(stream.take("\x80!") == "\U0001f600!");
    CHECK(stream.take("\xff") == "\ufffd");  // never a character
    CHECK(stream.take("\xe2\x82") == "");
    CHECK(stream.take("x") == "\ufffd\ufffdx");        // not one after all
    CHECK(stream.take("\xed\xa0") == "\ufffd\ufffd");  // would be a surrogate
    CHECK(stream.take("\xe2\x82") == "");
    CHECK(stream.finish() == "\ufffd\ufffd");
    CHECK(stream.finish() == "");
}

/// A file of the shared folder, unpacked into a test's own.
std::filesystem::path unpack(const Folder& folder, const std::filesystem::path& packed) {
    const auto path = folder.path / packed.stem();
    write_file(path, tests::unpacked(packed));
    return path;
}

TEST_CASE("GPT-NeoX's tokenizer gives the ids that SpikeGPT's authors published") {
    SPIKELOOM_NEED_SHARED(tokenizer_path, "data/tokenizers/20B_tokenizer.json.xz");
    SPIKELOOM_NEED_SHARED(text_path, "data/pretokenized/wikitext-2.test.joined.txt.xz");
    SPIKELOOM_NEED_SHARED(ids_path, "data/pretokenized/wikitext-2.test_text_document.bin.xz");
    const Folder folder;
    Tokenizer tokenizer = Tokenizer::load(unpack(folder, tokenizer_path));
    CHECK(tokenizer.vocabulary() == 50277);
    const std::string text = tests::unpacked(text_path);
    const std::string published = tests::unpacked(ids_path);
    Ids expected(published.size() / 2);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        std::uint16_t id = 0;
        std::memcpy(&id, published.data() + 2 * i, 2);
        expected[i] = id;
    }
    REQUIRE(expected.size() == 294'086);
    CHECK(expected.back() == 0);  // <|endoftext|>, put behind the text
    expected.pop_back();
    const Ids ids = tokenizer.encode(text);
    CHECK((ids == expected));
    CHECK((tokenizer.decode(ids) == text));
    // Runs of spaces are tokens of their own, 24 of them id 50254, 2 of them 50276.
    CHECK(tokenizer.encode(std::string(24, ' ')) == Ids{50254});
    CHECK(tokenizer.encode("  ") == Ids{50276});
    CHECK(tokenizer.encode("<|endoftext|>") == Ids{0});
    CHECK_THAT(refusal_of([&] { tokenizer.encode("\xc0"); }), Contains("0xc0"));
}

TEST_CASE("GPT-2's own files give GPT-2's well-known ids") {
    SPIKELOOM_NEED_SHARED(encoder, "data/tokenizers/gpt2/encoder.json.xz");
    SPIKELOOM_NEED_SHARED(merges, "data/tokenizers/gpt2/vocab.bpe.xz");
    const Folder folder;
    unpack(folder, encoder);
    unpack(folder, merges);
    Tokenizer tokenizer = Tokenizer::load(folder.path);
    CHECK(tokenizer.vocabulary() == 50257);
    CHECK(tokenizer.encode("Hello world") == Ids{15496, 995});
    CHECK(tokenizer.encode("Hello, my dog is cute") == Ids{15496, 11, 616, 3290, 318, 13779});
    CHECK(tokenizer.encode("<|endoftext|>") == Ids{50256});
    const std::string bytes = "\xff\xc0 caf\u00e9 \U0001f600";
    CHECK(tokenizer.decode(tokenizer.encode(bytes)) == bytes);
}

TEST_CASE("SpikeGPT's character vocabulary covers the text it was made from") {
    SPIKELOOM_NEED_SHARED(vocabulary, "data/tokenizers/enwik8-vocab.utf16.json.xz");
    SPIKELOOM_NEED_SHARED(text_path, "data/enwik8/enwik8.4154400.xz");
    const Folder folder;
    Tokenizer tokenizer = Tokenizer::load(unpack(folder, vocabulary));
    CHECK(tokenizer.vocabulary() == 6064);
    CHECK(tokenizer.encode("\t\n ") == Ids{0, 1, 2});
    const std::string text = tests::unpacked(text_path);
    const Ids ids = tokenizer.encode(text);
    CHECK(ids.size() < text.size());
    CHECK((tokenizer.decode(ids) == text));
}

}  // namespace
}  // namespace spikeloom::models
