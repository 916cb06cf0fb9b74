// A PyTorch checkpoint of a SpikeGPT becomes a model whose sizes its tensors tell.
#include "base/error.hpp"
#include "models/import.hpp"
#include "models/parameters.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/support/pth_writer.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/shared_files.hpp"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using Catch::Contains;
using tests::PthTensor;

namespace {

ModelConfig shaped(int layers, int channels, int vocabulary, int ffn_multiple) {
    ModelConfig config;
    config.layers = layers;
    config.channels = channels;
    config.vocabulary = vocabulary;
    config.ffn_multiple = ffn_multiple;
    return config;
}

/// The tensors of a model, each with a storage of its own.
std::vector<PthTensor> described(const ModelConfig& config, const std::string& prefix = {}) {
    std::vector<PthTensor> tensors;
    for (const TensorInfo& info : tensor_layout(config)) {
        tensors.push_back(
            {prefix + info.name, info.shape, std::to_string(tensors.size()), info.elements});
    }
    return tensors;
}

ImportPlan plan(const std::vector<PthTensor>& tensors, const ImportOptions& options = {}) {
    const std::string pickle = tests::state_dict_pickle(tensors);
    return plan_import(PytorchFile::describe(std::as_bytes(std::span(pickle)), "m.pth"), options,
                       "m.pth");
}

/// A checkpoint file that goes when the test does.
class Checkpoint {
  public:
    explicit Checkpoint(const std::map<std::string, std::string>& entries)
        : path_(std::filesystem::temp_directory_path() /
                ("spikeloom-import-" + std::to_string(::getpid()) + ".pth")) {
        tests::write_zip(path_, entries);
    }
    ~Checkpoint() { std::filesystem::remove(path_); }
    Checkpoint(const Checkpoint&) = delete;
    Checkpoint& operator=(const Checkpoint&) = delete;
    PytorchFile open() const { return PytorchFile::open(path_); }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("The sizes of the published models follow from their tensors' shapes") {
    // 12 x 512 over 205 characters and 18 x 768 over the GPT-NeoX vocabulary, as in the paper's
    // table 2; the parameters by the formula L (13 C^2 + 11 C) + 2 V C + 4 C.
    struct Published {
        int layers, channels, vocabulary;
        std::size_t parameters;
    };
    for (const Published& model :
         {Published{12, 512, 205, 41'174'016}, {18, 768, 50277, 215'399'424}}) {
        const ImportPlan found =
            plan(described(shaped(model.layers, model.channels, model.vocabulary, 4)));
        CHECK(found.config.layers == model.layers);
        CHECK(found.config.channels == model.channels);
        CHECK(found.config.vocabulary == model.vocabulary);
        CHECK(found.config.ffn_multiple == 4);
        std::size_t parameters = 0;
        for (const auto& [name, tensor] : found.tensors) {
            parameters += tensor.elements();
        }
        const auto L = static_cast<std::size_t>(model.layers);
        const auto C = static_cast<std::size_t>(model.channels);
        const auto V = static_cast<std::size_t>(model.vocabulary);
        CHECK(parameters == L * (13 * C * C + 11 * C) + 2 * V * C + 4 * C);
        CHECK(parameters == model.parameters);
    }
}

TEST_CASE("A checkpoint in any of the three types gives the model it was written from") {
    const ModelConfig config = shaped(2, 6, 11, 3);
    const Parameters parameters = tests::random_parameters(config);
    const std::string type = GENERATE(as<std::string>(), "FloatStorage", "BFloat16Storage");
    std::vector<PthTensor> tensors = described(config);
    std::map<std::string, std::string> entries;
    for (PthTensor& tensor : tensors) {
        const auto values = parameters.tensor(tensor.name);
        const std::vector<float> copy(values.begin(), values.end());
        tensor.type = type;
        entries["m/data/" + tensor.storage] =
            type == "FloatStorage" ? tests::float_bytes(copy) : tests::bfloat_bytes(copy);
    }
    entries["m/data.pkl"] = tests::state_dict_pickle(tensors);
    const Checkpoint checkpoint(entries);
    PytorchFile file = checkpoint.open();
    ImportOptions options;
    options.constants.tau = 3.0;
    const Parameters imported = Parameters::from(
        import_checkpoint(file, plan_import(file.state_dicts(), options, file.origin())));
    CHECK(imported.config().layers == 2);
    CHECK(imported.config().ffn_multiple == 3);
    CHECK(imported.config().tau == 3.0);
    for (const TensorInfo& info : parameters.layout()) {
        const auto expected = parameters.tensor(info.name);
        const auto found = imported.tensor(info.name);
        for (std::size_t i = 0; i < found.size(); ++i) {
            // bfloat16 keeps 8 bits of the fraction and was cut here, not rounded.
            const float error = type == "FloatStorage" ? 0.0F : std::fabs(expected[i]) / 128.0F;
            REQUIRE(std::fabs(found[i] - expected[i]) <= error);
        }
    }
}

TEST_CASE("Names behind a common prefix are the published names") {
    const ImportPlan found = plan(described(shaped(1, 4, 5, 4), "module."));
    CHECK(found.prefix == "module.");
    CHECK(found.tensors.count("blocks.0.att.key.weight") == 1);
    auto mixed = described(shaped(1, 4, 5, 4), "module.");
    mixed.push_back({"loss.weight", {2}, "99", 2});
    CHECK_THROWS_WITH(plan(mixed), Contains("tensor 'loss.weight' does not begin with 'module.'"));
}

TEST_CASE("A head that shares the embedding's storage, or is not there, is tied to it") {
    const ModelConfig config = shaped(1, 4, 5, 4);
    std::vector<PthTensor> tensors = described(config);
    REQUIRE(tensors.back().name == "head.weight");
    CHECK_FALSE(plan(tensors).config.tied_head);
    tensors.back().storage = tensors.front().storage;
    const ImportPlan shared = plan(tensors);
    CHECK(shared.config.tied_head);
    CHECK(shared.tensors.count("head.weight") == 0);
    tensors.pop_back();
    CHECK(plan(tensors).config.tied_head);
}

TEST_CASE("Of several models in a checkpoint one must be chosen") {
    tests::PickleWriter out;
    out.op('}').op('(');
    for (const char* key : {"ema", "model"}) {
        out.text(key);
        tests::write_state_dict(out, described(shaped(1, key[0] == 'e' ? 4 : 6, 5, 4)));
    }
    out.op('u').op('.');
    const auto dicts = PytorchFile::describe(std::as_bytes(std::span(out.bytes())), "m.pth");
    CHECK_THROWS_WITH(plan_import(dicts, {}, "m.pth"),
                      "m.pth: holds more than one SpikeGPT ('ema', 'model'); --state-dict chooses "
                      "one");
    CHECK(plan_import(dicts, {"model", {}}, "m.pth").config.channels == 6);
    CHECK_THROWS_WITH(plan_import(dicts, {"teacher", {}}, "m.pth"),
                      Contains("holds no state dict 'teacher'"));
}

TEST_CASE("What is no SpikeGPT is refused by the tensor that does not fit") {
    const ModelConfig config = shaped(2, 4, 5, 4);
    const auto refused = [](const std::vector<PthTensor>& tensors) {
        return tests::refusal_of([&] { plan(tensors); });
    };
    CHECK(refused(described(config)) == "accepted");
    auto extra = described(config);
    extra.push_back({"head_q.weight", {4, 4}, "99", 16});
    CHECK_THAT(refused(extra), Contains("tensor 'head_q.weight'") && Contains("no part"));
    auto missing = described(config);
    missing.erase(missing.begin() + 6);
    CHECK_THAT(refused(missing), Contains("is missing"));
    auto misshapen = described(config);
    misshapen[5].shape = {4, 1};
    CHECK_THAT(refused(misshapen), Contains("has shape [4, 1]; expected [4]"));
    CHECK_THAT(refused({{"encoder.weight", {2}, "0", 2}}),
               Contains("holds no tensor 'emb.weight'") && Contains("encoder.weight"));
    CHECK_THAT(refused({}), Contains("holds no tensors at all"));
    // 2 x 4 x 4 matrices that are all views of one
    auto repeated = described(shaped(200, 4, 5, 4));
    for (PthTensor& tensor : repeated) {
        tensor.storage = "0";
        tensor.storage_elements = 64;
    }
    CHECK_THAT(refused(repeated), Contains("the storages they are views of only 64"));
}

TEST_CASE("A value that is not finite is refused by its tensor's name") {
    const ModelConfig config = shaped(1, 2, 2, 1);
    std::vector<PthTensor> tensors = described(config);
    std::map<std::string, std::string> entries;
    for (const PthTensor& tensor : tensors) {
        std::vector<float> values(tensor.storage_elements, 0.5F);
        values[0] = tensor.name == "ln_out.bias" ? std::numeric_limits<float>::infinity() : 0.5F;
        entries["m/data/" + tensor.storage] = tests::float_bytes(values);
    }
    entries["m/data.pkl"] = tests::state_dict_pickle(tensors);
    const Checkpoint checkpoint(entries);
    PytorchFile file = checkpoint.open();
    CHECK_THROWS_WITH(import_checkpoint(file, plan_import(file.state_dicts(), {}, file.origin())),
                      Contains("tensor 'ln_out.bias': holds a value that is not finite"));
}

TEST_CASE("The published code's checkpoint gives exactly the tensors of its safetensors") {
    SPIKELOOM_NEED_SHARED(path, "golden/spikegpt-3x64.pth");
    SPIKELOOM_NEED_SHARED(same, "golden/spikegpt-3x64.weights.safetensors");
    PytorchFile file = PytorchFile::open(path);
    const Parameters imported = Parameters::from(
        import_checkpoint(file, plan_import(file.state_dicts(), {}, file.origin())));
    const Parameters expected = Parameters::load(same);
    REQUIRE(imported.layout().size() == expected.layout().size());
    CHECK(std::equal(imported.flat().begin(), imported.flat().end(), expected.flat().begin(),
                     expected.flat().end()));
}
