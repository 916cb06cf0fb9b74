#include "base/error.hpp"
#include "base/files.hpp"
#include "base/safetensors.hpp"
#include "models/integer_model.hpp"
#include "models/quantised_model.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/temporary_file.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using tests::quantised;
using tests::random_parameters;
using tests::random_tokens;
using tests::small_config;

namespace {

/// The file of a small model, as it lies on disk.
Safetensors saved(const QuantisedModel& model, const std::string& name) {
    const tests::TemporaryFile file(name);
    model.save(file.path());
    return Safetensors::read(file.path());
}

std::string quantised_refusal(const Safetensors& file) {
    return tests::refusal_of([&] { QuantisedModel::from(file); });
}

std::string quantised_refusal(const QuantisedModel& model) {
    return tests::refusal_of([&] { model.check("model"); });
}

}  // namespace

TEST_CASE("A model comes back from its file bit for bit") {
    for (const ModelConfig& config : tests::all_kinds(small_config)) {
        for (const int weight_bits : {2, 8, 9, 16}) {
            const QuantisedModel model =
                quantised(random_parameters(config), {weight_bits, 14, 1.25});
            const Safetensors file = saved(model, "round-trip.safetensors");
            const QuantisedModel again = QuantisedModel::from(file);
            CHECK(saved(again, "round-trip.safetensors").serialise() == file.serialise());
            CHECK(again.config.variant == config.variant);
            CHECK(again.config.binary_embedding == config.binary_embedding);

            IntegerModel a(model);
            IntegerModel b(again);
            for (const int token : random_tokens(model.config, 20, 1)) {
                const fixed::Values left = a.step(token);
                const fixed::Values right = b.step(token);
                REQUIRE(std::equal(left.begin(), left.end(), right.begin(), right.end()));
            }
        }
    }
}

TEST_CASE("The file carries the published names, integers alone, and says what it is") {
    const Safetensors file = saved(quantised(random_parameters(small_config())), "names");
    CHECK(file.metadata.at("spikeloom_kind") == "integer");
    CHECK_THAT(file.metadata.at("spikeloom"), Catch::Contains("channels: 16"));
    for (const auto& entry : file.tensors) {
        CAPTURE(entry.first);
        const DType type = entry.second.dtype;
        CHECK((type == DType::u8 || type == DType::i8 || type == DType::i32 || type == DType::i64));
    }
    CHECK(file.at("emb.weight").shape == std::vector<std::size_t>{20, 16});
    CHECK(file.at("blocks.1.ffn.value.weight").shape == std::vector<std::size_t>{16, 64});
    CHECK(file.at("blocks.1.ffn.value.multiplier").shape == std::vector<std::size_t>{16});
    CHECK(file.at("blocks.0.ln0.weight").elements() == 16);
    CHECK(file.at("head.format").elements() == 4);
    CHECK(file.values<std::int32_t>("lif") == std::vector<std::int32_t>{32768, 65536, 0});
}

TEST_CASE("A float model is refused as an integer one, and the other way round") {
    const Parameters parameters = random_parameters(small_config());
    const tests::TemporaryFile file("float.safetensors");
    parameters.save(file.path());
    CHECK_THROWS_WITH(QuantisedModel::load(file.path()),
                      Catch::Contains("holds a model of kind 'float'"));
    quantised(parameters).save(file.path());
    CHECK_THROWS_WITH(Parameters::load(file.path()),
                      Catch::Contains("holds a model of kind 'integer'"));
}

TEST_CASE("Files with missing, strange or misshapen tensors are refused by name") {
    const Safetensors good = saved(quantised(random_parameters(small_config())), "shapes");
    CHECK(quantised_refusal(good) == "accepted");
    for (const auto& entry : good.tensors) {
        Safetensors file = good;
        file.tensors.erase(entry.first);
        CHECK_THAT(quantised_refusal(file),
                   Catch::Contains("tensor '" + entry.first + "': is missing"));
        file = good;
        file.tensors[entry.first].dtype = DType::f32;
        CHECK_THAT(quantised_refusal(file), Catch::Contains(entry.first));
        file = good;
        file.tensors[entry.first].shape.push_back(1);
        CHECK_THAT(quantised_refusal(file), Catch::Contains(entry.first));
    }
    Safetensors file = good;
    file.tensors["blocks.2.att.key.weight"] = file.at("blocks.1.att.key.weight");
    CHECK_THAT(quantised_refusal(file), Catch::Contains("'blocks.2.att.key.weight' is no part"));
    file = good;
    file.metadata["spikeloom"] += "colour: blue\n";
    CHECK_THAT(quantised_refusal(file), Catch::Contains("colour"));
}

TEST_CASE("Values outside their format are refused") {
    const QuantisedModel good = quantised(random_parameters(small_config()));
    CHECK(quantised_refusal(good) == "accepted");
    const auto with = [&](const std::function<void(QuantisedModel&)>& change) {
        QuantisedModel model = good;
        change(model);
        return quantised_refusal(model);
    };
    using Model = QuantisedModel;
    CHECK(with([](Model& m) { m.layers[1].time_mix.key.weights[5] = 128; }) ==
          "model: tensor 'blocks.1.att.key.weight': value 128; allowed are -128 to 127");
    CHECK_THAT(with([](Model& m) { m.head.multiplier[3] = 0; }),
               Catch::Contains("'head.multiplier': value 0"));
    CHECK_THAT(with([](Model& m) { m.head.multiplier[3] = 1 << 23; }),
               Catch::Contains("allowed are 1 to 8388607"));
    CHECK_THAT(with([](Model& m) { m.head.weight_bits = 1; }), Catch::Contains("weight bits 1"));
    CHECK_THAT(with([](Model& m) { m.head.weight_bits = 17; }), Catch::Contains("2 to 16"));
    CHECK_THAT(with([](Model& m) { m.head.shift = 63; }), Catch::Contains("shift 63"));
    CHECK_THAT(with([](Model& m) { m.head.shift = -1; }), Catch::Contains("shift -1"));
    CHECK_THAT(with([](Model& m) { m.head.input.bits = 17; }), Catch::Contains("bits 17"));
    CHECK_THAT(with([](Model& m) { m.head.input.fraction = 17; }), Catch::Contains("fraction 17"));
    CHECK_THAT(with([](Model& m) { m.head.rows = 19; }), Catch::Contains("rows 19"));
    CHECK_THAT(with([](Model& m) { m.head.weights.pop_back(); }),
               Catch::Contains("319 values; expected 320"));
    CHECK_THAT(with([](Model& m) { m.layers[0].time_mix.decay[0] = 1; }),
               Catch::Contains("'blocks.0.att.decay': value 1"));
    CHECK_THAT(with([](Model& m) { m.layers[0].channel_mix.mix_key[0] = 1 << 30; }),
               Catch::Contains("'blocks.0.ffn.time_mix_k'"));
    CHECK_THAT(with([](Model& m) { m.final_norm.epsilon = 0; }),
               Catch::Contains("'ln_out.epsilon'"));
    CHECK_THAT(with([](Model& m) { m.final_norm.gain.pop_back(); }),
               Catch::Contains("'ln_out.weight': 15 values"));
    CHECK_THAT(with([](Model& m) { m.embedding[9] = 2; }), Catch::Contains("'emb.weight'"));
    CHECK_THAT(with([](Model& m) { m.lif.inverse_tau = 0; }), Catch::Contains("inverse tau"));
    CHECK_THAT(with([](Model& m) { m.lif.reset = m.lif.threshold; }), Catch::Contains("reset"));
    CHECK_THAT(with([](Model& m) { m.residual.fraction = 15; }), Catch::Contains("0 to 14"));
    CHECK_THAT(with([](Model& m) { m.layers.pop_back(); }),
               Catch::Contains("1 values; expected 2"));
    CHECK_THAT(with([](Model& m) {
                   m.config.variant = Variant::dense;
                   m.layers[1].channel_mix.sum.fraction = m.residual.fraction + 1;
               }),
               Catch::Contains("'blocks.1.ffn.sum.format'"));
}

TEST_CASE("A matrix behind neurons reads spikes, any other does not") {
    QuantisedModel model = quantised(random_parameters(small_config(Variant::lif_linear)));
    CHECK(model.layers[1].time_mix.output.input.spikes());
    CHECK(model.layers[0].channel_mix.value.input.spikes());
    CHECK_FALSE(model.head.input.spikes());
    model.layers[1].time_mix.output.input.bits = 2;
    CHECK_THAT(quantised_refusal(model), Catch::Contains("'blocks.1.att.output.format'") &&
                                             Catch::Contains("event bits 2; allowed are 1 to 1"));
    model.layers[1].time_mix.output.input = {1, 3};
    CHECK_THAT(quantised_refusal(model), Catch::Contains("event fraction 3"));
    model = quantised(random_parameters(small_config()));
    model.layers[0].channel_mix.value.input = kSpikes;
    CHECK_THAT(quantised_refusal(model), Catch::Contains("event bits 1; allowed are 2 to 16"));
}

TEST_CASE("A graded embedding has levels of 8 bits") {
    ModelConfig config = small_config();
    config.binary_embedding = false;
    QuantisedModel model = quantised(random_parameters(config));
    CHECK(model.embedding_bits() == 8);
    CHECK(*std::max_element(model.embedding.begin(), model.embedding.end()) > 60);
    CHECK(saved(model, "graded").at("emb.weight").dtype == DType::i8);
    model.embedding[5] = 128;
    CHECK_THAT(quantised_refusal(model),
               Catch::Contains("'emb.weight'") && Catch::Contains("-128 to 127"));
}

TEST_CASE("A row whose accumulator could leave 32 bits is refused") {
    QuantisedModel model = quantised(random_parameters(small_config()), {16, 8, 1.25});
    QuantisedMatrix& key = model.layers[0].time_mix.key;
    // 16 magnitudes that sum to 65535: the most that events of 16 bits allow.
    std::fill(key.weights.begin(), key.weights.begin() + 16, std::int16_t{4096});
    key.weights[7] = -4095;
    key.input.bits = 16;
    std::fill(key.weights.begin() + 16, key.weights.end(), std::int16_t{1});
    CHECK(quantised_refusal(model) == "accepted");
    key.weights[7] = -4096;
    CHECK_THAT(quantised_refusal(model), Catch::Contains("'blocks.0.att.key.weight'") &&
                                             Catch::Contains("65536") &&
                                             Catch::Contains("32 bits"));
    key.input.bits = 15;
    CHECK(quantised_refusal(model) == "accepted");
}

TEST_CASE("The worst events that a checked matrix allows stay within an accumulator") {
    // The bound met exactly: sixteen weights of -4096 (one of -4095) and events of -32768.
    fixed::Value sum[1] = {0};
    const std::int16_t weight[1] = {-4096};
    for (int i = 0; i < 15; ++i) {
        fixed::accumulate(weight, -32768, sum);
    }
    const std::int16_t last[1] = {-4095};
    fixed::accumulate(last, -32768, sum);
    CHECK(sum[0] == std::numeric_limits<std::int32_t>::max() - 32767);  // 65535 * 32768
}

TEST_CASE("No mutation of a file crashes: it is refused with a line, or is a model that runs") {
    ModelConfig config = small_config();
    config.layers = 1;
    config.channels = 4;
    config.vocabulary = 4;
    config.ffn_multiple = 1;
    const std::string good = saved(quantised(random_parameters(config)), "fuzz").serialise();
    std::uint64_t header = 0;
    std::memcpy(&header, good.data(), sizeof header);
    Random random(2024);
    int accepted = 0;
    int refused = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string bytes = good;
        const std::uint64_t changes = 1 + random.below(3);
        for (std::uint64_t i = 0; i < changes; ++i) {
            // Half of the changes in the header, half in the data.
            const std::size_t middle = std::min<std::size_t>(8 + header, bytes.size() - 1);
            const std::size_t at = random.below(2) == 0
                                       ? random.below(middle + 1)
                                       : middle + random.below(bytes.size() - middle);
            switch (random.below(6)) {
                case 0:
                    bytes[at] = static_cast<char>(random.next());
                    break;
                case 1:
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
                    break;
                case 2:
                    bytes.resize(at);
                    break;
                case 3:
                    bytes.insert(at, 1 + random.below(8), static_cast<char>(random.next()));
                    break;
                case 4:
                    bytes.replace(at, 1, std::to_string(random.below(100000)));
                    break;
                default:
                    bytes.erase(at, 1 + random.below(8));
                    break;
            }
            if (bytes.empty()) {
                break;
            }
        }
        try {
            const Safetensors file = Safetensors::parse(std::as_bytes(std::span(bytes)), "fuzz");
            const QuantisedModel model = QuantisedModel::from(file);
            IntegerModel runs(model);
            for (int token = 0; token < model.config.vocabulary && token < 4; ++token) {
                runs.step(token);
            }
            ++accepted;
        } catch (const InputError& error) {
            const std::string message = error.what();
            REQUIRE_FALSE(message.empty());
            REQUIRE(message.find('\n') == std::string::npos);
            ++refused;
        }
    }
    CAPTURE(accepted, refused);
    CHECK(accepted > 100);
    CHECK(refused > 1000);
}
