// Models in files: what is written is read again, and what does not fit is refused by name.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/schema.hpp"
#include "models/parameters.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/support/refusal.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using Catch::Contains;
using tests::random_parameters;
using tests::small_config;

namespace {

/// A model's tensors without metadata, as other programs write them.
Safetensors bare_file(const Parameters& parameters) {
    Safetensors file;
    file.origin = "bare.safetensors";
    parameters.add_to(file);
    return file;
}

std::string parameters_refusal(const Safetensors& file) {
    return tests::refusal_of([&] { Parameters::from(file); });
}

}  // namespace

TEST_CASE("A model that is saved and loaded is the same, configuration included") {
    ModelConfig config = small_config(Variant::dense);
    config.tau = 3.5;
    config.context = 77;
    const Parameters parameters = random_parameters(config);
    const auto path = std::filesystem::temp_directory_path() / "spikeloom-parameters.safetensors";
    parameters.save(path);
    const Parameters again = Parameters::load(path);
    CHECK(again.config().variant == Variant::dense);
    CHECK(again.config().tau == 3.5);
    CHECK(again.config().context == 77);
    CHECK(std::equal(again.flat().begin(), again.flat().end(), parameters.flat().begin()));
    CHECK(kind_of(Safetensors::read(path)) == "float");

    const std::string bytes = read_file(path);
    write_file(path, bytes.substr(0, bytes.size() - 10));
    CHECK_THROWS_AS(Parameters::load(path), InputError);
    std::filesystem::remove(path);
    CHECK_THROWS_AS(Parameters::load(path), InputError);
}

TEST_CASE("Without metadata the shapes say what the model is") {
    ModelConfig config = small_config();
    config.layers = 3;
    config.ffn_multiple = 2;
    Safetensors file = bare_file(random_parameters(config));
    file.metadata["ctx_len"] = "48";
    const Parameters loaded = Parameters::from(file);
    CHECK(loaded.config().layers == 3);
    CHECK(loaded.config().channels == 16);
    CHECK(loaded.config().vocabulary == 20);
    CHECK(loaded.config().hidden() == 32);
    CHECK(loaded.config().context == 48);
    CHECK(loaded.config().spiking());
}

TEST_CASE("A file that is no SpikeGPT is refused, and the error names the tensor") {
    const Parameters parameters = random_parameters(small_config());
    const Safetensors good = bare_file(parameters);
    CHECK(parameters_refusal(good) == "accepted");

    Safetensors file = good;
    file.tensors.erase("blocks.1.att.key.weight");
    CHECK_THAT(parameters_refusal(file), Contains("bare.safetensors") &&
                                             Contains("blocks.1.att.key.weight") &&
                                             Contains("missing"));

    file = good;
    file.tensors.erase("emb.weight");
    CHECK_THAT(parameters_refusal(file), Contains("emb.weight"));

    file = good;
    file.tensors["ln_out.bias"].shape = {4, 4};
    CHECK_THAT(parameters_refusal(file), Contains("ln_out.bias") && Contains("[4, 4]"));

    file = good;
    file.tensors["head.weight"].shape = {16, 20};
    CHECK_THAT(parameters_refusal(file), Contains("head.weight"));

    file = good;
    file.tensors["emb.weight"].shape = {320};
    CHECK_THAT(parameters_refusal(file), Contains("emb.weight") && Contains("dimensions"));

    file = good;
    file.tensors["blocks.0.ln1.bias"].dtype = DType::i32;
    CHECK_THAT(parameters_refusal(file), Contains("blocks.0.ln1.bias") && Contains("I32"));

    file = good;
    file.add<float>("blocks.0.ffn.key.weight", {65, 16}, std::vector<float>(65 * 16));
    CHECK_THAT(parameters_refusal(file), Contains("65") && Contains("multiple"));

    file = good;
    file.add<float>("blocks.0.att.gate.weight", {16, 16}, std::vector<float>(256));
    CHECK_THAT(parameters_refusal(file), Contains("blocks.0.att.gate.weight"));

    file = good;
    file.add<float>("blocks.900.ln1.bias", {16}, std::vector<float>(16));
    CHECK_THAT(parameters_refusal(file), Contains("900"));

    file = good;
    std::vector<float> bias(16, 0.0F);
    bias[3] = std::numeric_limits<float>::quiet_NaN();
    file.add<float>("ln_out.bias", {16}, bias);
    CHECK_THAT(parameters_refusal(file), Contains("ln_out.bias") && Contains("finite"));

    file = good;
    file.metadata[kKindKey] = "integer";
    CHECK_THAT(parameters_refusal(file), Contains("integer"));
}

TEST_CASE("Metadata that disagrees with the tensors, or is no configuration, is refused") {
    Safetensors file = bare_file(random_parameters(small_config()));
    file.metadata[kModelKey] = "layers: 2\nchannels: 16\nvocabulary: 20\n";
    CHECK(parameters_refusal(file) == "accepted");
    file.metadata[kModelKey] = "layers: 2\nchannels: 8\nvocabulary: 20\n";
    CHECK_THAT(parameters_refusal(file), Contains("emb.weight"));
    // Must be refused by comparison, not by running out of memory.
    file.metadata[kModelKey] = "layers: 256\nchannels: 16384\nvocabulary: 1048576\n";
    CHECK_THAT(parameters_refusal(file), Contains("emb.weight"));
    file.metadata[kModelKey] = "layers: 2\nchanels: 16\n";
    CHECK_THAT(parameters_refusal(file), Contains("chanels") && Contains("channels"));
}

TEST_CASE("A copy has tensors of its own") {
    Parameters parameters = random_parameters(small_config());
    Parameters copy = parameters;
    copy.tensors().head[0] += 1.0F;
    CHECK(copy.tensor("head.weight")[0] == parameters.tensor("head.weight")[0] + 1.0F);
    parameters = copy;
    CHECK(parameters.tensors().head[0] == copy.tensors().head[0]);
    CHECK(parameters.tensors().head.data() != copy.tensors().head.data());
    const Parameters moved = std::move(copy);
    CHECK(moved.tensors().head[0] == parameters.tensors().head[0]);
}

TEST_CASE("The number of parameters is that of the published formula") {
    // 13 d^2 + 11 d a block, 2 V d + 4 d around them.
    ModelConfig config;
    config.layers = 12;
    config.channels = 512;
    config.vocabulary = 256;
    const std::size_t d = 512;
    CHECK(Parameters(config).count() == 12 * (13 * d * d + 11 * d) + 2 * 256 * d + 4 * d);
}

TEST_CASE("Starting values follow the published curves and differ by seed alone") {
    Parameters a(small_config());
    Parameters b(small_config());
    Parameters c(small_config());
    initialise(a, 1);
    initialise(b, 1);
    initialise(c, 2);
    CHECK(std::equal(a.flat().begin(), a.flat().end(), b.flat().begin()));
    CHECK_FALSE(std::equal(a.flat().begin(), a.flat().end(), c.flat().begin()));
    const auto& layers = a.tensors().layers;
    CHECK(layers[0].att.time_decay[0] == -5.0F);
    CHECK(layers[0].att.time_decay[15] == 3.0F);
    CHECK(layers[1].att.time_decay[7] == Approx(-5.0 + 8.0 * std::pow(7.0 / 15.0, 2.0)));
    CHECK(layers[0].att.time_first[0] == Approx(std::log(0.3)));
    CHECK(layers[0].att.time_first[1] == Approx(std::log(0.3) + 0.5));
    CHECK(layers[0].att.time_first[2] == Approx(std::log(0.3) - 0.5));
    CHECK(layers[1].att.time_mix_v[4] == Approx(std::pow(0.25, 0.5) + 0.3));
    CHECK(layers[0].ln2_weight[3] == 1.0F);
}

TEST_CASE("A tied head is the embedding: one tensor, one memory, counted once") {
    ModelConfig config = small_config();
    const std::size_t apart = Parameters(config).count();
    config.tied_head = true;
    Parameters parameters = random_parameters(config);
    CHECK(parameters.count() == apart - 20 * 16);
    CHECK(parameters.tensors().head.data() == parameters.tensors().embedding.data());
    const Safetensors file = bare_file(parameters);
    CHECK(file.tensors.count("head.weight") == 0);
    const Parameters copy = parameters;
    CHECK(copy.tensors().head.data() == copy.tensors().embedding.data());
    CHECK(copy.tensors().head.data() != parameters.tensors().head.data());
    // Without metadata the head is expected.
    CHECK_THAT(parameters_refusal(file), Contains("head.weight"));
}

TEST_CASE("What a variant computes with is what its configuration says") {
    const auto read = [](const std::string& yaml) {
        return schema::read_string<ModelConfig>(yaml, "model.yaml");
    };
    CHECK(read("variant: lif_linear").ffn_activation == FfnActivation::lif);
    CHECK_THAT(schema::write(small_config(Variant::lif_linear)), Contains("ffn_activation: lif"));
    CHECK(read("variant: linear_lif").ffn_activation == FfnActivation::relu_squared);
    CHECK_THROWS_WITH(read("{variant: lif_linear, ffn_activation: relu}"),
                      Contains("model.yaml:1") && Contains("ffn_activation"));
    CHECK_THROWS_WITH(read("{variant: dense, ffn_activation: lif}"),
                      Contains("allowed are relu_squared, relu"));
    ModelConfig config = small_config(Variant::lif_linear);
    config.threshold = 0.5;
    CHECK(config.dense_twin().variant == Variant::dense);
    CHECK(config.dense_twin().ffn_activation == FfnActivation::relu_squared);
    CHECK(config.dense_twin().threshold == 0.5);
}
