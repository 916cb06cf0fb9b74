// Corpora: ids in the width they are stored, from maps; the published index format; the split.
#include "base/files.hpp"
#include "base/mapped_file.hpp"
#include "base/random.hpp"
#include "models/corpus.hpp"
#include "models/indexed_tokens.hpp"
#include "models/text_size.hpp"
#include "models/tokenizer.hpp"
#include "models/trainer.hpp"
#include "tests/models/tiny_tokenizer.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/shared_files.hpp"

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::models {
namespace {

using Catch::Contains;
using tests::refusal_of;
using Ids = std::vector<int>;

/// A folder for the files of one test.
struct CorpusFolder {
    CorpusFolder()
        : path(std::filesystem::temp_directory_path() /
               ("spikeloom-corpus-" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path);
    }
    ~CorpusFolder() { std::filesystem::remove_all(path); }
    CorpusFolder(const CorpusFolder&) = delete;
    CorpusFolder& operator=(const CorpusFolder&) = delete;

    std::filesystem::path file(const std::string& name, const std::string& bytes) const {
        write_file(path / name, bytes);
        return path / name;
    }
    std::filesystem::path path;
};

TEST_CASE("Ids are read in the width in which they are stored") {
    const CorpusFolder folder;
    const Ids ids{0, 255, 256, 65535};
    CHECK(stored_ids(Ids{1, 515}, TokenType::uint16) == std::string("\1\0\3\2", 4));
    CHECK(stored_ids(Ids{65536}, TokenType::int32) == std::string("\0\0\1\0", 4));
    const auto two = folder.file("two", stored_ids(ids, TokenType::uint16));
    CHECK(open_stored_ids(two, TokenType::uint16).ids() == ids);
    const auto four = folder.file("four", stored_ids(ids, TokenType::int32));
    CHECK(open_stored_ids(four, TokenType::int32).ids(1, 2) == Ids{255, 256});
    CHECK(open_stored_ids(four, TokenType::int32).part(1, 3).part(1, 2).ids() == Ids{256, 65535});
    CHECK_THAT(refusal_of([&] { open_stored_ids(folder.file("odd", "abc"), TokenType::uint16); }),
               Contains("3 bytes are no whole number of 2-byte ids"));
    CHECK(open_stored_ids(folder.file("none", ""), TokenType::uint16).empty());
    CHECK(token_type_for(65536) == TokenType::uint16);
    CHECK(token_type_for(65537) == TokenType::int32);
}

TEST_CASE("An id outside the vocabulary is refused when it is read, with its place") {
    const CorpusFolder folder;
    const auto path = folder.file("text", "abc\xff");
    Tokenizer bytes = Tokenizer::bytes();
    CHECK(open_tokens(path, &bytes, 256).ids() == Ids{'a', 'b', 'c', 0xff});
    const Tokens ascii = open_tokens(path, &bytes, 128);
    CHECK(ascii.ids(0, 3).size() == 3);
    CHECK_THAT(refusal_of([&] { ascii.part(1, 3).ids(); }),
               Contains("text: byte 3 is 255; the model's vocabulary ends at 127"));
    folder.file("x.bin", stored_ids(Ids{5, -1}, TokenType::int32));
    folder.file("x.idx", index_of(2, TokenType::int32));
    const Tokens pair = open_tokens(folder.path / "x.bin", nullptr, 100);
    CHECK(pair.ids(0, 1) == Ids{5});
    CHECK_THAT(refusal_of([&] { pair.ids(); }), Contains("x.bin: token 1 is -1"));
}

TEST_CASE("A text is split at its end, and a short one is refused") {
    const Ids ids{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const Corpus corpus(ids, 0.3, 4);
    CHECK(corpus.training().ids() == Ids{0, 1, 2, 3, 4, 5, 6});
    CHECK(corpus.validation().ids() == Ids{7, 8, 9});
    CHECK(Corpus(ids, 0.0, 4).validation().empty());
    CHECK_THAT(refusal_of([&] { Corpus(ids, 0.3, 7); }), Contains("10 tokens, 7 of them"));
    CHECK_NOTHROW(Corpus(ids, 0.3, 6));
}

TEST_CASE("A text is tokenised, a pair is taken as it is") {
    const CorpusFolder folder;
    Tokenizer tiny = Tokenizer::parse(tests::tiny_tokenizer({"a b"}).dump(), "tiny");
    const auto text = folder.file("text", "abba");
    CHECK(open_tokens(text, &tiny, 257).ids() == Ids{256, 'b', 'a'});
    CHECK_THAT(refusal_of([&] { open_tokens(text, nullptr, 257); }), Contains("--tokenizer"));
    folder.file("x.bin", stored_ids(Ids{7, 8, 9}, TokenType::uint16));
    CHECK_THAT(refusal_of([&] { open_tokens(folder.path / "x.bin", &tiny, 257); }),
               Contains("x.idx: cannot be read"));
    folder.file("x.idx", index_of(3, TokenType::uint16));
    for (const char* name : {"x.bin", "x.idx"}) {
        CHECK(open_tokens(folder.path / name, &tiny, 257).ids() == Ids{7, 8, 9});
    }
    const auto unknown = folder.file("unknown", "a\u00e9");
    Tokenizer characters = Tokenizer::parse("{\"0\": \"a\"}", "characters");
    CHECK_THAT(refusal_of([&] { open_tokens(unknown, &characters, 1); }),
               Contains("unknown: byte 1") && Contains("U+00E9"));
}

/// An index with these sequences, written field by field.
std::string index_bytes(std::uint64_t version, std::uint8_t code, const std::vector<int>& sizes,
                        const std::vector<std::int64_t>& offsets,
                        const std::vector<std::int64_t>& documents) {
    std::string bytes("MMIDIDX\0\0", 9);
    const auto put = [&](auto value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    put(version);
    put(code);
    put(std::uint64_t{sizes.size()});
    put(std::uint64_t{documents.size()});
    for (const std::int32_t size : sizes) {
        put(size);
    }
    for (const std::int64_t offset : offsets) {
        put(offset);
    }
    for (const std::int64_t document : documents) {
        put(document);
    }
    return bytes;
}

TEST_CASE("Sequences and documents of an index are one text") {
    const CorpusFolder folder;
    folder.file("x.bin", stored_ids(Ids{1, 2, 3, 4, 5}, TokenType::uint16));
    Ids read;
    const auto opened = [&](const std::string& index) {
        folder.file("x.idx", index);
        return refusal_of([&] { read = open_indexed_tokens(folder.path / "x.idx", 100).ids(); });
    };
    CHECK(opened(index_bytes(1, 8, {2, 0, 3}, {0, 4, 4}, {0, 1, 3})) == "accepted");
    CHECK(read == Ids{1, 2, 3, 4, 5});
    CHECK(opened(index_of(5, TokenType::uint16)) == "accepted");
    CHECK_THAT(opened(index_bytes(2, 8, {5}, {0}, {0, 1})), Contains("version 2"));
    CHECK_THAT(opened(index_bytes(1, 7, {5}, {0}, {0, 1})), Contains("ids of type 7"));
    CHECK_THAT(opened(index_bytes(1, 4, {5}, {0}, {0, 1})), Contains("10 bytes; its index"));
    CHECK_THAT(opened(index_bytes(1, 8, {4}, {0}, {0, 1})), Contains("describes 8"));
    CHECK_THAT(opened(index_bytes(1, 8, {2, 3}, {0, 6}, {0, 2})),
               Contains("sequence 1 of 3 ids lies at byte 6; the one before ends at 4"));
    CHECK_THAT(opened(index_bytes(1, 8, {-5}, {0}, {0, 1})), Contains("-5 ids"));
    CHECK_THAT(opened(index_bytes(1, 8, {5}, {0}, {0, 2})), Contains("begins at sequence 2"));
    CHECK_THAT(opened(index_bytes(1, 8, {5}, {0}, {1, 0})), Contains("document 1"));
    CHECK_THAT(opened(index_bytes(1, 8, {5}, {0}, {0, 1}) + "x"), Contains("do not fill"));
    CHECK_THAT(opened("MMIDIDX"), Contains("34 bytes"));
    CHECK_THAT(opened(std::string(100, 'x')), Contains("no index"));
}

TEST_CASE("An index is read or refused, whatever was done to its bytes") {
    const CorpusFolder folder;
    folder.file("x.bin", stored_ids(Ids{1, 2, 3, 4, 5}, TokenType::uint16));
    const std::string good = index_bytes(1, 8, {2, 3}, {0, 4}, {0, 1, 2});
    Random random(4);
    int accepted = 0;
    for (int round = 0; round < 500; ++round) {
        std::string bytes = good;
        for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        }
        if (random.below(4) == 0) {
            bytes.resize(random.below(bytes.size() + 8));
        }
        folder.file("x.idx", bytes);
        accepted +=
            refusal_of([&] { open_indexed_tokens(folder.path / "x.bin", 100).ids(); }) == "accepted"
                ? 1
                : 0;
    }
    CHECK(accepted < 500);
}

TEST_CASE("A model trains on a pair as on the ids in memory") {
    const CorpusFolder folder;
    Random random(2);
    Ids ids(600);
    for (int& id : ids) {
        id = static_cast<int>(random.below(40));
    }
    folder.file("x.bin", stored_ids(ids, TokenType::uint16));
    folder.file("x.idx", index_of(ids.size(), TokenType::uint16));
    TrainingRun run;
    run.model.layers = 1;
    run.model.channels = 16;
    run.model.vocabulary = 40;
    run.model.context = 16;
    run.training.batch = 2;
    run.training.steps = 3;
    Workers workers(1);
    const auto trained = [&](const Tokens& tokens) {
        Trainer trainer(run, workers);
        trainer.train(Corpus(tokens, 0.1, 16), 0, {});
        const auto values = trainer.parameters().flat();
        return std::vector<float>(values.begin(), values.end());
    };
    CHECK((trained(open_tokens(folder.path / "x.bin", nullptr, 40)) == trained(ids)));
}

TEST_CASE("A file is mapped, and what is no file on disk is read") {
    const CorpusFolder folder;
    const MappedFile map(folder.file("text", "some bytes"));
    CHECK(map.bytes() == "some bytes");
    CHECK(MappedFile(folder.file("empty", "")).bytes().empty());
    CHECK(MappedFile("/dev/null").bytes().empty());
    CHECK_THAT(refusal_of([&] { MappedFile(folder.path / "none"); }), Contains("cannot be read"));
    CHECK_THAT(refusal_of([&] { MappedFile{folder.path}; }), Contains("is a folder"));
}

TEST_CASE("Text is counted in bytes, characters and words") {
    const auto size = size_of_text("one  two\n\u00e9t\u00e9\u00a0\xff x ");
    CHECK(size.bytes == 20);
    CHECK(size.characters == 17);  // the byte that is no character is one
    CHECK(size.words == 5);        // one, two, été, the byte, x
    CHECK(size_of_text("").words == 0);

    auto json = tests::tiny_tokenizer({"a b"});
    json["added_tokens"] = {tests::added_token(257, "<|end|>", true, false)};
    Tokenizer tiny = Tokenizer::parse(json.dump(), "tiny");
    const Ids ids = tiny.encode("ab c<|end|>");
    CHECK(size_of_text(tiny, ids).bytes == 4);  // a mark is no text
    CHECK(size_of_text(tiny, ids).words == 2);
}

TEST_CASE("The published index of WikiText-2 is the one that would be written") {
    SPIKELOOM_NEED_SHARED(index, "data/pretokenized/wikitext-2.test_text_document.idx");
    CHECK((read_file(index) == index_of(294'086, TokenType::uint16)));
}

TEST_CASE("WikiText-2's test set has its published number of words") {
    SPIKELOOM_NEED_SHARED(text, "data/pretokenized/wikitext-2.test.joined.txt.xz");
    CHECK(size_of_text(tests::unpacked(text)).words == 241'211);
}

}  // namespace
}  // namespace spikeloom::models
