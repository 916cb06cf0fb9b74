// Checkpoints of PyTorch: what they hold is read as it is, and nothing in them is ever run.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/pytorch_file.hpp"
#include "base/random.hpp"
#include "tests/support/pth_writer.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/shared_files.hpp"

#include <cmath>
#include <filesystem>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace spikeloom {
namespace {

using Catch::Contains;
using tests::PickleWriter;
using tests::PthTensor;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

/// The line by which a data.pkl is refused.
std::string refusal(const std::string& pickle) {
    return tests::refusal_of([&] { PytorchFile::describe(bytes_of(pickle), "m.pth"); });
}

/// An archive in memory, written and read back through a file.
std::string zip_of(const std::map<std::string, std::string>& entries,
                   int compression = ZIP_CM_STORE) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("spikeloom-zip-" + std::to_string(::getpid()) + ".pth");
    tests::write_zip(path, entries, compression);
    std::string bytes = read_file(path);
    std::filesystem::remove(path);
    return bytes;
}

/// A checkpoint with one tensor "w".
std::string checkpoint_of(const PthTensor& tensor, const std::string& storage) {
    return zip_of({{"m/data.pkl", tests::state_dict_pickle({tensor})},
                   {"m/data/" + tensor.storage, storage},
                   {"m/version", "3\n"}});
}

std::vector<float> values_of(const PthTensor& tensor, const std::string& storage) {
    const std::string bytes = checkpoint_of(tensor, storage);
    PytorchFile file = PytorchFile::from_bytes(bytes_of(bytes), "m.pth");
    return file.floats(file.state_dicts().at("").at("w"), "w");
}

TEST_CASE("A state dict's tensors are views of their storages, whatever their strides") {
    const std::string storage = tests::float_bytes({0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(values_of({"w", {2, 3}, "0", 8}, storage) == std::vector<float>{0, 1, 2, 3, 4, 5});
    // A transposed view, two elements into the storage: element (i, j) is storage[2 + i + 2 j].
    CHECK(values_of({"w", {2, 3}, "0", 8, "FloatStorage", 2, {1, 2}}, storage) ==
          std::vector<float>{2, 4, 6, 3, 5, 7});
    CHECK(values_of({"w", {}, "0", 8, "FloatStorage", 7}, storage) == std::vector<float>{7});
    CHECK(values_of({"w", {0, 3}, "0", 8}, storage).empty());
    CHECK(values_of({"w", {1, 1, 2}, "0", 8, "FloatStorage", 6}, storage) ==
          std::vector<float>{6, 7});
}

TEST_CASE("bfloat16 and float16 become the same numbers in float32") {
    const std::vector<float> exact{0.0F, -1.5F, 0x1p-130F, 3.0e38F};
    const auto brain = values_of({"w", {4}, "0", 4, "BFloat16Storage"}, tests::bfloat_bytes(exact));
    CHECK(brain[1] == -1.5F);
    CHECK(brain[2] == 0x1p-130F);
    CHECK(brain[3] == Approx(3.0e38F).epsilon(0.01));

    // IEEE 754 binary16 by its definition: sign, 5 bits of exponent, 10 of fraction.
    std::string halves;
    for (int code = 0; code < 65536; ++code) {
        halves += static_cast<char>(code & 0xff);
        halves += static_cast<char>(code >> 8);
    }
    const auto values = values_of({"w", {65536}, "0", 65536, "HalfStorage"}, halves);
    for (int code = 0; code < 65536; ++code) {
        const int exponent = code >> 10 & 31;
        const int fraction = code & 1023;
        const float sign = (code & 0x8000) != 0 ? -1.0F : 1.0F;
        const float value = values[static_cast<std::size_t>(code)];
        if (exponent == 31) {
            REQUIRE((fraction == 0 ? std::isinf(value) : std::isnan(value)));
            continue;
        }
        const float expected = exponent == 0
                                   ? std::ldexp(static_cast<float>(fraction), -24)
                                   : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
        REQUIRE(value == sign * expected);
    }
}

TEST_CASE("State dicts are found where training scripts put them") {
    PickleWriter out;
    out.raw("\x80\x02").op('}').op('(');
    out.text("epoch").integer(3);
    out.text("model");
    tests::write_state_dict(out, {{"a.weight", {2}, "0", 2}, {"a.bias", {2}, "1", 2}});
    out.text("ema").op('}').text("shadow");
    tests::write_state_dict(out, {{"a.weight", {2}, "2", 2}});
    out.op('s').op('u').op('.');
    const auto found = PytorchFile::describe(bytes_of(out.bytes()), "m.pth");
    REQUIRE(found.size() == 2);
    CHECK(found.at("model").size() == 2);
    CHECK(found.at("model").at("a.bias").storage == "1");
    CHECK(found.at("ema/shadow").at("a.weight").storage == "2");
}

TEST_CASE("A parameter is the tensor that it wraps") {
    PickleWriter out;
    out.raw("\x80\x02").op('}').text("w").global("torch._utils", "_rebuild_parameter").op('(');
    // What state_dict_pickle writes for one tensor, between the name and the end of the dict.
    out.global("torch._utils", "_rebuild_tensor_v2").op('(');
    out.op('(').text("storage").global("torch", "HalfStorage").text("5").text("cuda:0");
    out.integer(6).op('t').op('Q').integer(0).tuple({2, 3}).tuple({3, 1}).op('\x89');
    out.op('}').op('t').op('R');
    out.op('\x88').op('}').op('t').op('R').op('s').op('.');
    const auto found = PytorchFile::describe(bytes_of(out.bytes()), "m.pth");
    CHECK(found.at("").at("w").shape == std::vector<std::size_t>{2, 3});
    CHECK(found.at("").at("w").dtype == DType::f16);
}

TEST_CASE("Whatever could run code is refused by its name") {
    CHECK_THAT(
        refusal(PickleWriter()
                    .raw("\x80\x02")
                    .global("os", "system")
                    .text("true")
                    .op('\x85')
                    .op('R')
                    .op('.')
                    .bytes()),
        Contains("global 'os.system' is not allowed") && Contains("collections.OrderedDict"));
    // Protocol 4 names the global by two texts on the stack.
    CHECK_THAT(refusal(PickleWriter()
                           .raw("\x80\x04")
                           .text("builtins")
                           .text("eval")
                           .op('\x93')
                           .op('.')
                           .bytes()),
               Contains("global 'builtins.eval' is not allowed"));
    // Allowed words side by side are no allowed name.
    CHECK_THAT(refusal(PickleWriter().global("torch", "_utils").op('.').bytes()),
               Contains("global 'torch._utils' is not allowed"));
    CHECK_THAT(refusal(PickleWriter().raw("(cos\nsystem\n").op('.').bytes()),
               Contains("global 'os.system'"));
    CHECK_THAT(refusal(PickleWriter().op('(').raw("ios\nsystem\n").op('.').bytes()),
               Contains("INST"));
    CHECK_THAT(refusal(PickleWriter().op('(').op('o').op('.').bytes()), Contains("OBJ"));
    CHECK_THAT(refusal(PickleWriter().global("torch", "Size").op(')').op('\x81').op('.').bytes()),
               Contains("NEWOBJ"));
    CHECK_THAT(refusal(PickleWriter().raw("\x82\x01").op('.').bytes()), Contains("EXT1"));
    CHECK_THAT(refusal(PickleWriter().raw("Pabc\n").op('.').bytes()), Contains("PERSID"));
    // Attributes may be set on what a call made and on nothing else.
    CHECK_THAT(refusal(PickleWriter().op(']').op('}').op('b').op('.').bytes()), Contains("BUILD"));
    // A call must be of a global that was allowed.
    CHECK_THAT(refusal(PickleWriter().text("os.system").op(')').op('R').op('.').bytes()),
               Contains("REDUCE calls text 'os.system'"));
}

TEST_CASE("A name of unprintable bytes stays one line of a message") {
    CHECK_THAT(refusal(PickleWriter().raw("\x8c\x03os\n\x8c\x06\x1b[31m\n\x93.").bytes()),
               Contains("global 'os?.?[31m?'"));
}

TEST_CASE("A pickle that takes what is not there is refused") {
    CHECK_THAT(refusal(""), Contains("cut short"));
    CHECK_THAT(refusal("."), Contains("not there"));
    CHECK_THAT(refusal("(."), Contains("not there"));
    CHECK_THAT(refusal("t."), Contains("mark"));
    CHECK_THAT(refusal("N(0."), Contains("not there"));
    CHECK_THAT(refusal("h\x07."), Contains("refers to value 7"));
    CHECK_THAT(refusal("X\xff\xff\xff\x7f."), Contains("cut short"));
    CHECK_THAT(refusal("N."), Contains("accepted"));
    CHECK_THAT(refusal("N.N"), Contains("left over"));
    CHECK_THAT(refusal("NN."), Contains("left over"));
    CHECK_THAT(refusal("\x80\x06N."), Contains("protocol 6"));
    CHECK_THAT(refusal("Na."), Contains("not there"));
    CHECK_THAT(refusal("NNa."), Contains("APPEND to None"));
    CHECK_THAT(refusal("]NNs."), Contains("SETITEM into a list"));
}

TEST_CASE("Containers that hold themselves are no trap") {
    // d = {}; d['d'] = d; and a thousand keys that all lead to it
    PickleWriter out;
    out.op('}').raw(std::string("q\0", 2));
    for (int i = 0; i < 1000; ++i) {
        out.text("k" + std::to_string(i)).raw(std::string("h\0", 2)).op('s');
    }
    CHECK(refusal(out.op('.').bytes()) == "accepted");
}

TEST_CASE("A tensor that does not lie within its storage is refused by name") {
    const auto with = [](const PthTensor& tensor) {
        return refusal(tests::state_dict_pickle({tensor}));
    };
    CHECK(with({"w", {2, 4}, "0", 8}) == "accepted");
    CHECK_THAT(with({"w", {3, 3}, "0", 8}), Contains("tensor 'w'") && Contains("more elements"));
    CHECK_THAT(with({"w", {2, 4}, "0", 8, "FloatStorage", 1}), Contains("reaches beyond the 8"));
    CHECK_THAT(with({"w", {2, 2}, "0", 8, "FloatStorage", 0, {8, 1}}), Contains("reaches beyond"));
    CHECK_THAT(with({"w", {100}, "0", 8, "FloatStorage", 0, {0}}), Contains("more elements"));
    CHECK_THAT(with({"w", {1}, "0", 0}), Contains("more elements"));
    CHECK_THAT(with({"w", {1UL << 32, 1UL << 32}, "0", 1UL << 40}), Contains("more elements"));
    CHECK_THAT(with({"w", {2}, "0", 1UL << 40, "FloatStorage", 0, {(1UL << 63) - 1}}),
               Contains("reaches beyond"));
    CHECK_THAT(with({"w", {1UL << 63}, "0", 8}), Contains("a whole number is needed"));
    CHECK_THAT(with({"w", {1, 1, 1, 1, 1, 1, 1, 1, 1}, "0", 8}), Contains("at most 8"));
}

TEST_CASE(
    "A storage of another size than its tensors say is refused before anything is made of it") {
    CHECK_THROWS_WITH(values_of({"w", {2}, "0", 2}, std::string(12, '\0')),
                      Contains("storage '0' has 12 bytes"));
    CHECK_THROWS_WITH(values_of({"w", {1UL << 40}, "0", 1UL << 40}, std::string(8, '\0')),
                      Contains("storage '0' has 8 bytes"));
    CHECK_THROWS_WITH(values_of({"w", {2}, "0", 2, "DoubleStorage"}, std::string(16, '\0')),
                      Contains("has type F64; float32, float16 and bfloat16 are read"));
    const std::string missing = zip_of(
        {{"m/data.pkl", tests::state_dict_pickle({{"w", {2}, "7", 2}})}, {"m/version", "3\n"}});
    PytorchFile file = PytorchFile::from_bytes(bytes_of(missing), "m.pth");
    CHECK_THROWS_WITH(file.floats(file.state_dicts().at("").at("w"), "w"),
                      "m.pth: the zip has no entry 'm/data/7'");
}

TEST_CASE("An archive that is none of torch.save's is refused") {
    const auto why = [](const std::string& bytes) {
        return tests::refusal_of([&] { PytorchFile::from_bytes(bytes_of(bytes), "m.pth"); });
    };
    CHECK_THAT(why("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),  // before 1.6
               Contains("m.pth: cannot be read as a zip archive"));
    CHECK_THAT(why(""), Contains("a zip without data.pkl"));
    CHECK_THAT(why(zip_of({{"readme", "x"}})), Contains("a zip without data.pkl"));
    CHECK_THAT(why(zip_of({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}})),
               Contains("two files data.pkl"));
    CHECK_THAT(why(zip_of({{"a/data.pkl", "N."}, {"a/byteorder", "big"}})), Contains("byte order"));
    CHECK(why(zip_of({{"a/data.pkl", "N."}, {"a/byteorder", "little"}})) == "accepted");
    CHECK_THAT(why(zip_of({{"a/data.pkl", std::string(5000, 'N')}}, ZIP_CM_DEFLATE)),
               Contains("entry 'a/data.pkl' is compressed"));
    const auto folder = std::filesystem::temp_directory_path();
    CHECK_THROWS_WITH(PytorchFile::open(folder), Contains("is a folder"));
    CHECK_THROWS_WITH(PytorchFile::open(folder / "spikeloom-no-such-file.pth"),
                      Contains("No such file"));
}

TEST_CASE("A checkpoint with a flipped bit in a storage is refused by its checksum") {
    std::string bytes =
        checkpoint_of({"w", {64}, "0", 64}, tests::float_bytes(std::vector<float>(64, 1.25F)));
    const std::size_t at = bytes.find(tests::float_bytes({1.25F, 1.25F, 1.25F}));
    REQUIRE(at != std::string::npos);
    bytes[at + 5] ^= 1;
    PytorchFile file = PytorchFile::from_bytes(bytes_of(bytes), "m.pth");
    CHECK_THROWS_WITH(file.floats(file.state_dicts().at("").at("w"), "w"),
                      Contains("entry 'm/data/0' cannot be read") && Contains("CRC"));
}

/// Changes a few bytes, cuts, or repeats a piece.
std::string mutated(std::string bytes, Random& random) {
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
        const std::size_t at = random.below(bytes.size());
        switch (random.below(5)) {
            case 0:
                bytes[at] = static_cast<char>(random.below(256));
                break;
            case 1:
                bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
                break;
            case 2:
                bytes.resize(at);
                break;
            case 3:
                bytes.erase(at, 1 + random.below(8));
                break;
            default:
                bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(40)));
        }
    }
    return bytes;
}

TEST_CASE("No mutation of a pickle does anything but be read or refused in one line") {
    const std::string whole = tests::state_dict_pickle({{"emb.weight", {4, 3}, "0", 12},
                                                        {"w", {2, 2}, "1", 4, "HalfStorage"},
                                                        {"v", {2}, "0", 12, "FloatStorage", 10}});
    Random random(7);
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string pickle = mutated(whole, random);
        try {
            for (const auto& [key, tensors] : PytorchFile::describe(bytes_of(pickle), "m.pth")) {
                for (const auto& [name, tensor] : tensors) {
                    CHECK(tensor.elements() <= tensor.storage_elements);
                }
            }
        } catch (const InputError& error) {
            ++refused;
            if (std::string(error.what()).find('\n') != std::string::npos) {
                FAIL_CHECK("more than one line: " << error.what());
            }
        }
    }
    CHECK(refused > 10000);
}

TEST_CASE("No mutation of an archive does anything but be read or refused in one line") {
    const std::string whole = checkpoint_of({"w", {2, 3}, "0", 8, "FloatStorage", 2, {1, 2}},
                                            tests::float_bytes({0, 1, 2, 3, 4, 5, 6, 7}));
    Random random(8);
    int refused = 0;
    for (int i = 0; i < 10000; ++i) {
        const std::string bytes = mutated(whole, random);
        try {
            PytorchFile file = PytorchFile::from_bytes(bytes_of(bytes), "m.pth");
            for (const auto& [key, tensors] : file.state_dicts()) {
                for (const auto& [name, tensor] : tensors) {
                    file.floats(tensor, name);
                }
            }
        } catch (const InputError& error) {
            ++refused;
            if (std::string(error.what()).find('\n') != std::string::npos) {
                FAIL_CHECK("more than one line: " << error.what());
            }
        }
    }
    CHECK(refused > 5000);
}

TEST_CASE("A checkpoint written by PyTorch itself holds the recorded tensors") {
    SPIKELOOM_NEED_SHARED(path, "golden/spikegpt-3x64.pth");
    SPIKELOOM_NEED_SHARED(same, "golden/spikegpt-3x64.weights.safetensors");
    PytorchFile file = PytorchFile::open(path);
    const Safetensors expected = Safetensors::read(same);
    REQUIRE(file.state_dicts().size() == 1);
    const auto& tensors = file.state_dicts().begin()->second;
    REQUIRE(tensors.size() == expected.tensors.size());
    for (const auto& [name, tensor] : tensors) {
        INFO(name);
        CHECK(tensor.shape == expected.at(name).shape);
        CHECK(file.floats(tensor, name) == expected.values<float>(name));
    }
}

}  // namespace
}  // namespace spikeloom
