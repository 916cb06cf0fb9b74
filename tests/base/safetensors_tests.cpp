#include "base/error.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/shared_files.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom {
namespace {

/// A file written down by hand from the format's description.
std::string file_of(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + std::string(data_bytes, '\1');
}

Safetensors parse(const std::string& bytes) {
    return Safetensors::parse(std::as_bytes(std::span(bytes)), "x.safetensors");
}

std::string safetensors_refusal(const std::string& bytes) {
    return tests::refusal_of([&] { parse(bytes); });
}

TEST_CASE("a hand-written file is read as the format says") {
    const Safetensors file = parse(file_of(
        R"({"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[2,2],"data_offsets":[4,8]},)"
        R"("a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}})",
        8));
    CHECK(file.metadata.at("k") == "v");
    CHECK(file.values<std::int32_t>("a") == std::vector<std::int32_t>{0x01010101});
    CHECK(file.values<std::uint8_t>("b", {2, 2}).size() == 4);
}

TEST_CASE("what is written reads back the same, and the data is aligned to 8 bytes") {
    Safetensors file;
    file.metadata["model"] = "layers: 2\n";
    const std::vector<float> weights{1.5F, -2.0F, 3.25F};
    file.add<float>("w", {3}, weights);
    file.add<std::int8_t>("empty", {0, 4}, {});
    const std::string bytes = file.serialise();
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    CHECK(length % 8 == 0);
    const Safetensors back = parse(bytes);
    CHECK(back.values<float>("w") == weights);
    CHECK(back.at("empty").shape == std::vector<std::size_t>{0, 4});
    CHECK(back.metadata == file.metadata);
}

TEST_CASE("a file that contradicts itself is refused with the tensor and the reason") {
    const auto one = [](const std::string& entry, std::size_t bytes) {
        return safetensors_refusal(file_of(R"({"w":)" + entry + "}", bytes));
    };
    CHECK(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", 4) ==
          "x.safetensors: tensor 'w': data_offsets hold 4 bytes, shape [2] of F32 needs 8");
    CHECK_THAT(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 4),
               Catch::Contains("do not lie in"));
    CHECK_THAT(one(R"({"dtype":"F33","shape":[1],"data_offsets":[0,4]})", 4),
               Catch::Contains("allowed are BOOL"));
    CHECK_THAT(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", 4),
               Catch::Contains("whole numbers"));
    CHECK_THAT(one(R"({"dtype":"F32","shape":[1],"data_offsets":[8,4]})", 8),
               Catch::Contains("do not lie in"));
    CHECK_THAT(one(R"({"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,4]})", 4),
               Catch::Contains("larger than any memory"));
    CHECK_THAT(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", 9),
               Catch::Contains("behind the last tensor"));
    CHECK_THAT(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})", 8),
               Catch::Contains("leave holes"));
    CHECK_THAT(
        safetensors_refusal(file_of(R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                    R"("w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                                    2)),
        Catch::Contains("twice"));
    CHECK_THAT(safetensors_refusal("abc"), Catch::Contains("cut short"));
    CHECK_THAT(safetensors_refusal(file_of("{}", 0).substr(0, 9)), Catch::Contains("cut short"));
    CHECK_THAT(safetensors_refusal(std::string(8, '\xff')), Catch::Contains("no safetensors file"));
    CHECK_THAT(safetensors_refusal(file_of("[1]", 0)), Catch::Contains("no JSON object"));
    CHECK_THAT(safetensors_refusal(file_of(std::string(100000, '['), 0)),
               Catch::Contains("nests deeper"));
}

TEST_CASE("a tensor asked for by the wrong name, type or shape is an error that says so") {
    Safetensors file;
    file.origin = "m.safetensors";
    file.add<float>("w", {1}, std::vector<float>{1.0F});
    CHECK_THROWS_WITH(file.values<float>("v"), "m.safetensors: tensor 'v': is missing");
    CHECK_THROWS_WITH(file.values<std::int8_t>("w"),
                      "m.safetensors: tensor 'w': has type F32; expected I8");
    CHECK_THROWS_WITH(file.values<float>("w", {2}),
                      "m.safetensors: tensor 'w': has shape [1]; expected [2]");
}

TEST_CASE("mutated and truncated files end in tensors or an InputError") {
    Safetensors file;
    file.metadata["a"] = "b";
    file.add<float>("w", {3, 2}, std::vector<float>(6, 1.0F));
    file.add<std::int64_t>("n", {2}, std::vector<std::int64_t>{1, 2});
    const std::string good = file.serialise();
    for (std::size_t length = 0; length < good.size(); ++length) {
        INFO(length);
        CHECK(safetensors_refusal(good.substr(0, length)) != "accepted");
    }
    Random random(2);
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = good;
        for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        }
        try {
            parse(bytes);
        } catch (const InputError&) {
        }
    }
}

TEST_CASE("a file written by another program is read whole") {
    SPIKELOOM_NEED_SHARED(path, "golden/spikegpt-3x64.weights.safetensors");
    const Safetensors file = Safetensors::read(path);
    CHECK(file.metadata.at("n_layer") == "3");
    CHECK(file.at("emb.weight").shape == std::vector<std::size_t>{96, 64});
}

}  // namespace
}  // namespace spikeloom
