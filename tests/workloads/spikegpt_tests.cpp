#include "models/integer_model.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "tests/workloads/untimed_machine.hpp"
#include "workloads/compiler.hpp"
#include "workloads/spikegpt.hpp"

#include <set>
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
        if (model.config.spiking()) {
            const std::uint32_t parts = layout.parts[1];
            std::vector<std::int32_t> membranes;
            for (std::uint32_t part = 0; part < parts; ++part) {
                const auto values =
                    machine.values("layer0.att_out." + std::to_string(part), "membrane");
                membranes.insert(membranes.end(), values.begin(), values.end());
            }
            const auto row = golden.trace().row(golden.trace().membrane, 0);
            REQUIRE(membranes == std::vector<std::int32_t>(row.begin(), row.end()));
        }
    }
}

TEST_CASE("the stages mean what the integer model computes, whatever the layout") {
    const auto variant = GENERATE(Variant::linear_lif, Variant::dense);
    const tests::TinyModel model(2, 12, 11, variant);
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
    for (const std::uint64_t seed : {7, 8}) {
        const tests::TinyModel model(2, 12, 11, Variant::linear_lif, seed);
        models::IntegerModel golden(model());
        std::vector<int> fired(4, 0);
        for (int t = 0; t < 50; ++t) {
            golden.step(t % 11);
            for (std::size_t block = 0; block < 4; ++block) {
                for (const std::int32_t spike : golden.trace().row(golden.trace().spikes, block)) {
                    fired[block] += spike;
                }
            }
        }
        for (const int count : fired) {
            CHECK(count > 15);  // of 600
            CHECK(count < 400);
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
    CHECK(encodings(tests::TinyModel(1, 4, 3, Variant::dense)()) ==
          std::set<arch::Encoding>{arch::Encoding::dense});
}

}  // namespace
}  // namespace spikeloom::workloads
