#include "models/integer_model.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "tests/workloads/untimed_machine.hpp"
#include "workloads/compiler.hpp"
#include "workloads/spikegpt.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

using models::Variant;

/// A Program of that layout, its memories filled without any chip.
arch::Program program_of(const models::QuantisedModel& model, const Layout& layout) {
    StageGraph graph = build_spikegpt(model, layout);
    for (arch::TileId tile = 0; tile < graph.program.stages.size(); ++tile) {
        graph.program.stages[tile].tile = tile;
    }
    for (const BlockRows& rows : graph.rows) {
        arch::AxonBlock& block = graph.program.stages[rows.stage].axons[rows.block];
        const bool remote = block.kind == arch::AxonBlock::Kind::remote;
        std::vector<arch::MemoryImage>& images =
            remote ? graph.program.memory_images : graph.program.synapse_images;
        block.memory_tile = 1000;
        block.address = 100000 * (1 + images.size());
        images.push_back({remote ? 1000 : graph.program.stages[rows.stage].tile, block.address,
                          rows.pack().bytes});
    }
    return graph.program;
}

/// Where layer 0 keeps the membranes of a site.
struct Membranes {
    models::LifSite site;
    const char* stage;
    const char* name;
    std::optional<MatrixStage> cut_like = {};

    std::uint32_t parts(const Layout& layout) const {
        return cut_like ? layout.parts[static_cast<std::size_t>(*cut_like)] : 1;
    }
    std::string stage_of(std::uint32_t part) const {
        return stage + (cut_like ? "." + std::to_string(part) : std::string());
    }
};

std::vector<Membranes> membranes_of(const models::ModelConfig& config) {
    using models::LifSite;
    const std::vector<Membranes> all = {
        {LifSite::att_key, "layer0.att_norm", "membrane_k"},
        {LifSite::att_value, "layer0.att_norm", "membrane_v"},
        {LifSite::att_receptance, "layer0.att_norm", "membrane_r"},
        {LifSite::att_output, "layer0.att_kvr", "membrane", MatrixStage::att_kvr},
        {LifSite::att, "layer0.att_out", "membrane", MatrixStage::att_out},
        {LifSite::ffn_key, "layer0.ffn_norm", "membrane_k"},
        {LifSite::ffn_receptance, "layer0.ffn_norm", "membrane_r"},
        {LifSite::ffn_value, "layer0.ffn_key", "membrane", MatrixStage::ffn_key},
        {LifSite::ffn, "layer0.ffn_out", "membrane", MatrixStage::ffn_out}};
    std::vector<Membranes> found;
    for (const LifSite site : models::lif_sites(config)) {
        found.push_back(all[static_cast<std::size_t>(site)]);
    }
    return found;
}

models::ModelConfig tiny_shape(Variant variant) {
    models::ModelConfig config;
    config.variant = variant;
    config.layers = 2;
    config.channels = 12;
    config.vocabulary = 11;
    return config;
}

void check_equal(const models::QuantisedModel& model, const Layout& layout, int tokens) {
    const arch::Program program = program_of(model, layout);
    tests::UntimedMachine machine(program);
    models::IntegerModel golden(model);
    Random random(1);
    for (int t = 0; t < tokens; ++t) {
        const auto token = random.below(static_cast<std::uint64_t>(model.config.vocabulary));
        const auto logits = machine.step(static_cast<std::uint32_t>(token));
        const auto expected = golden.step(static_cast<int>(token));
        REQUIRE(logits == std::vector<std::int32_t>(expected.begin(), expected.end()));
        models::IntegerState state = golden.state();
        for (const Membranes& group : membranes_of(model.config)) {
            std::vector<std::int32_t> found;
            for (std::uint32_t part = 0; part < group.parts(layout); ++part) {
                const auto values = machine.values(group.stage_of(part), group.name);
                found.insert(found.end(), values.begin(), values.end());
            }
            const auto expected_membranes = state.layer(0).membranes[group.site];
            REQUIRE(found == std::vector<std::int32_t>(expected_membranes.begin(),
                                                       expected_membranes.end()));
        }
    }
}

TEST_CASE("the stages mean what the integer model computes, whatever the layout") {
    const models::ModelConfig config = GENERATE(from_range(tests::all_kinds(tiny_shape)));
    const tests::TinyModel model(config);
    Layout layout;
    SECTION("one part each") {}
    SECTION("parts of uneven size") {
        layout.parts = {5, 7, 9, 11, 4};
    }
    SECTION("a row a part") {
        layout.parts = {12, 12, 48, 12, 11};
    }
    SECTION("cut at whole granules") {
        layout.parts = {2, 1, 3, 2, 2};
        layout.granule = 8;
    }
    SECTION("all matrices streamed") {
        layout.parts = {2, 2, 2, 2, 2};
        layout.streamed = {true, true, true, true, true};
    }
    SECTION("relays") {
        layout.att_relays = 2;
        layout.ffn_relays = 1;
    }
    check_equal(model(), layout, 6);
}

TEST_CASE("odd shapes and many layers mean the same too") {
    check_equal(tests::TinyModel(1, 2, 2)(), {}, 10);
    check_equal(tests::TinyModel(5, 7, 3)(), {{2, 3, 5, 1, 1}, {}, 4, 0, 1}, 5);
}

TEST_CASE("the tiny models spike, so comparing them means something") {
    const models::ModelConfig config = GENERATE(from_range(tests::all_kinds(tiny_shape)));
    for (const std::uint64_t seed : {7, 8}) {
        const tests::TinyModel model(config, seed);
        models::IntegerModel golden(model());
        std::vector<models::PerLifSite<int>> fired(2);
        for (int t = 0; t < 50; ++t) {
            golden.step(t % 11);
            for (std::size_t l = 0; l < 2; ++l) {
                for (const models::LifSite site : models::lif_sites(config)) {
                    for (const std::int32_t spike : golden.trace().spikes[l][site]) {
                        fired[l][site] += spike;
                    }
                }
            }
        }
        for (std::size_t l = 0; l < 2; ++l) {
            for (const models::LifSite site : models::lif_sites(config)) {
                const double rate = fired[l][site] / (50.0 * models::lif_width(config, site));
                INFO("layer " << l << " " << models::name_of(site));
                CHECK(rate > 0.02);
                CHECK(rate < 0.7);
            }
        }
    }
}

TEST_CASE("parts are as even as can be, in whole granules where there are enough") {
    CHECK(cuts(10, 3, 1) == std::vector<std::uint32_t>{0, 3, 6, 10});
    CHECK(cuts(128, 6, 8) == std::vector<std::uint32_t>{0, 16, 40, 64, 80, 104, 128});
    CHECK(cuts(20, 3, 8) == std::vector<std::uint32_t>{0, 8, 16, 20});
    CHECK(cuts(20, 4, 8) == std::vector<std::uint32_t>{0, 5, 10, 15, 20});
    CHECK(largest_part(128, 6, 8) == 24);
    CHECK(largest_part(10, 3, 1) == 4);
}

TEST_CASE("the published model sends spikes and rectified events, its dense twin neither") {
    const auto encodings = [](const models::QuantisedModel& model) {
        std::set<arch::Encoding> found;
        for (const arch::Stage& stage : build_spikegpt(model, {}).program.stages) {
            for (const arch::Output& output : stage.outputs) {
                found.insert(output.encoding);
            }
        }
        return found;
    };
    CHECK(encodings(tests::TinyModel(1, 4, 3)()).size() == 3);
    CHECK(encodings(tests::TinyModel(1, 4, 3, Variant::lif_linear)()) ==
          std::set<arch::Encoding>{arch::Encoding::binary, arch::Encoding::dense});
    CHECK(encodings(tests::TinyModel(1, 4, 3, Variant::dense)()) ==
          std::set<arch::Encoding>{arch::Encoding::dense});
}

TEST_CASE("in lif_linear every matrix but the head is driven by spikes alone") {
    const tests::TinyModel model(2, 12, 11, Variant::lif_linear);
    const StageGraph graph = build_spikegpt(model(), {});
    std::size_t blocks = 0;
    for (std::size_t s = 0; s < graph.program.stages.size(); ++s) {
        if (!graph.kinds[s]) {
            continue;  // holds no matrix
        }
        for (const arch::AxonBlock& block : graph.program.stages[s].axons) {
            INFO(graph.program.stages[s].name);
            CHECK((block.value_bits == 1) == (*graph.kinds[s] != MatrixStage::head));
            ++blocks;
        }
    }
    CHECK(blocks == 2 * 7 + 1);  // seven matrices a layer
}

}  // namespace
}  // namespace spikeloom::workloads
