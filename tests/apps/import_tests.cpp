// A checkpoint of PyTorch goes through every command that a trained model goes through.
#include "base/safetensors.hpp"
#include "tests/apps/command_line.hpp"
#include "tests/support/pth_writer.hpp"
#include "tests/support/shared_files.hpp"

#include <filesystem>
#include <string>

namespace spikeloom {
namespace {

using nlohmann::json;
using tests::Scratch;

/// A model's file as torch.save would have written it, inside {'model': ...}.
void write_pth(const std::string& path, const Safetensors& model) {
    std::vector<tests::PthTensor> tensors;
    std::map<std::string, std::string> entries;
    for (const auto& [name, tensor] : model.tensors) {
        const std::string key = std::to_string(tensors.size());
        tensors.push_back({name, tensor.shape, key, tensor.elements()});
        entries["archive/data/" + key] = tests::float_bytes(model.values<float>(name));
    }
    tests::PickleWriter out;
    out.raw("\x80\x02").op('}').text("model");
    tests::write_state_dict(out, tensors);
    entries["archive/data.pkl"] = out.op('s').op('.').bytes();
    tests::write_zip(path, entries);
}

TEST_CASE("an imported model is evaluated, continued and quantised like the one it came from") {
    const tests::TinyModel tiny;
    const std::string original = tiny.path("m.safetensors");
    write_pth(tiny.path("m.pth"), Safetensors::read(original));
    const std::string imported = tiny.path("imported.safetensors");
    const json result = tiny.json_of("import --pth " + tiny.path("m.pth") + " --out " + imported);
    CHECK(result["layers"] == 2);
    CHECK(result["channels"] == 16);
    CHECK(result["vocabulary"] == 256);
    CHECK(result["state_dict"] == "model");
    CHECK(result["tensors"] == Safetensors::read(original).tensors.size());
    // L (13 C^2 + 11 C) + 2 V C + 4 C of the tiny model
    CHECK(result["parameters"] == 2 * (13 * 16 * 16 + 11 * 16) + 2 * 256 * 16 + 4 * 16);

    const std::string text = " --text " + tiny.path("text.txt");
    const std::string some = text + " --max-tokens 100";
    CHECK(tiny.json_of("eval --model " + imported + some)["bits_per_token"] ==
          tiny.json_of("eval --model " + original + some)["bits_per_token"]);
    CHECK(tiny.json_of("generate --model " + imported + " --prompt we --tokens 4")["text"] ==
          tiny.json_of("generate --model " + original + " --prompt we --tokens 4")["text"]);
    CHECK(tiny.json_of("quantize --model " + imported + text + " --max-tokens 100 --out " +
                       tiny.path("q2.safetensors"))["bits_per_byte_integer"] > 0);
}

TEST_CASE("a configuration says what an imported model's tensors do not tell") {
    const tests::TinyModel tiny;
    write_pth(tiny.path("m.pth"), Safetensors::read(tiny.path("m.safetensors")));
    tiny.file("c.yaml", "model: {variant: dense, tau: 3.0, context: 64}\n");
    tiny.json_of("import --pth " + tiny.path("m.pth") + " --config " + tiny.path("c.yaml") +
                 " --out " + tiny.path("d.safetensors"));
    const std::string yaml = Safetensors::read(tiny.path("d.safetensors")).metadata.at("spikeloom");
    CHECK_THAT(yaml, Catch::Contains("variant: dense") && Catch::Contains("layers: 2"));
}

TEST_CASE("what cannot be imported leaves one line and no file") {
    const Scratch scratch;
    const std::string out = " --out " + scratch.path("o.safetensors");
    const std::string hostile = scratch.path("hostile.pth");
    tests::write_zip(hostile, {{"a/data.pkl", tests::PickleWriter()
                                                  .global("os", "system")
                                                  .text("touch " + scratch.path("owned"))
                                                  .op('\x85')
                                                  .op('R')
                                                  .op('.')
                                                  .bytes()}});
    CHECK_THAT(
        scratch.refusal("import --pth " + hostile + out),
        Catch::Contains("hostile.pth") && Catch::Contains("global 'os.system' is not allowed"));
    CHECK_FALSE(std::filesystem::exists(scratch.path("owned")));
    CHECK_THAT(scratch.refusal("import --pth " + scratch.file("t.pth", "no zip at all") + out),
               Catch::Contains("cannot be read as a zip archive"));
    CHECK_THAT(scratch.refusal("import --pth " + scratch.path("none.pth") + out),
               Catch::Contains("none.pth"));
    CHECK_THAT(scratch.refusal("import" + out), Catch::Contains("--pth is missing"));
    CHECK_FALSE(std::filesystem::exists(scratch.path("o.safetensors")));
}

TEST_CASE("the published code's checkpoint passes the golden check behind its import") {
    SPIKELOOM_NEED_SHARED(pth, "golden/spikegpt-3x64.pth");
    SPIKELOOM_NEED_SHARED(golden, "golden/spikegpt-3x64.golden.safetensors");
    const Scratch scratch;
    const json imported =
        scratch.json_of("import --pth " + pth.string() + " --out " + scratch.path("w.safetensors"));
    CHECK(imported["layers"] == 3);
    CHECK(imported["vocabulary"] == 96);
    const json checked = scratch.json_of("check-golden --weights " + scratch.path("w.safetensors") +
                                         " --golden " + golden.string());
    CHECK(checked["spike_agreement"] == 1.0);
}

}  // namespace
}  // namespace spikeloom
