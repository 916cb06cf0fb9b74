#include "arch/chip.hpp"
#include "tests/support/refusal.hpp"
#include "tests/workloads/chips.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "workloads/compiler.hpp"
#include "workloads/partition.hpp"
#include "workloads/resources.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

std::string compile_refusal(const models::QuantisedModel& model, const arch::ChipConfig& chip) {
    return tests::refusal_of([&] { compile(model, chip, {}); });
}

TEST_CASE("a compiled Program passes the chip's check and says where everything is") {
    const tests::TinyModel model(2, 20, 11);
    const arch::ChipConfig chip = tests::chip_of(5, 4);
    const Compiled compiled = compile(model(), chip, {});
    CHECK_NOTHROW(arch::check(compiled.program, chip));
    CHECK(compiled.interval > 0.0);
    CHECK(compiled.latency > compiled.interval);
    const std::string text = describe_mapping(compiled, model().config, chip);
    CHECK_THAT(text, Catch::Contains("att_kvr: 20 rows in") && Catch::Contains("a token every"));
}

TEST_CASE("more cores shorten the estimated interval, until nothing is left to cut") {
    const tests::TinyModel model(1, 64, 50);
    double last = 1e9;
    for (const int width : {4, 6, 8}) {
        const arch::ChipConfig chip = tests::chip_of(width, width);
        const Partition cut = partition(model(), chip, {});
        CHECK(cut.interval <= last);
        last = cut.interval;
        CHECK(cut.graph.program.stages.size() - cut.layout.att_relays - cut.layout.ffn_relays <=
              chip.cores());
    }
    const Partition few = partition(model(), tests::chip_of(4, 4), {});
    CHECK(last < 0.8 * few.interval);
    const Partition plenty = partition(model(), tests::chip_of(40, 40), {});
    CHECK(plenty.graph.program.stages.size() < 200);
}

TEST_CASE("what a stage needs decides the fewest parts") {
    const tests::TinyModel model(1, 16, 11);
    arch::ChipConfig chip = tests::chip_of(8, 8);
    SECTION("synapse memory") {
        // ffn_out has 64 rows of 9-bit and 16 of 4-bit weights for each channel: 66 to 80 bytes
        // each.
        chip.core.synapse_bytes = 700;
        const Partition cut = partition(model(), chip, {});
        CHECK(cut.layout.parts[3] >= 2);
        for (const arch::Stage& stage : cut.graph.program.stages) {
            CHECK(use_of(stage).synapse_bytes <= 700);
        }
    }
    SECTION("accumulators") {
        chip.core.accumulators = 33;
        const Partition cut = partition(model(), chip, {});
        CHECK(cut.layout.parts[0] >= 2);  // att_kvr has 3 a channel
        CHECK(cut.layout.parts[2] >= 2);  // ffn_key one a hidden unit
        for (const arch::Stage& stage : cut.graph.program.stages) {
            CHECK(use_of(stage).accumulators <= 33);
        }
    }
}

TEST_CASE("where the weights do not fit, the head is streamed first, and all if need be") {
    const tests::TinyModel model(1, 16, 200);
    arch::ChipConfig chip = tests::chip_of(3, 3);  // 7 cores
    const Partition roomy = partition(model(), chip, {});
    CHECK(std::none_of(roomy.layout.streamed.begin(), roomy.layout.streamed.end(),
                       [](bool streamed) { return streamed; }));
    // The head takes 3200 bytes, all else about 3000.
    chip.core.synapse_bytes = 700;
    const Partition tight = partition(model(), chip, {});
    CHECK(tight.layout.streamed == PerMatrixStage<bool>{false, false, false, false, true});
    chip.core.synapse_bytes = 1;
    const Partition none = partition(model(), chip, {});
    CHECK(none.layout.streamed == PerMatrixStage<bool>{true, true, true, true, true});
}

TEST_CASE("parts of streamed layers share cores, those of a streamed head alone do not") {
    const tests::TinyModel model(1, 64, 3000);  // the head takes longest
    arch::ChipConfig chip = tests::chip_of(4, 4);
    const auto stages = [](const Partition& cut) {
        return cut.graph.program.stages.size() - cut.layout.att_relays - cut.layout.ffn_relays;
    };
    const Partition resident = partition(model(), chip, {}, HeadHome::dram);
    CHECK(resident.layout.streamed == PerMatrixStage<bool>{false, false, false, false, true});
    CHECK(stages(resident) == chip.cores());

    chip.core.synapse_bytes = 1;
    const Partition streamed = partition(model(), chip, {}, HeadHome::dram);
    CHECK(streamed.layout.streamed == PerMatrixStage<bool>{true, true, true, true, true});
    CHECK(stages(streamed) > chip.cores());
}

TEST_CASE("what does not fit is refused with what is needed and what there is") {
    using Catch::Contains;
    const tests::TinyModel model(2, 20, 11);
    arch::ChipConfig chip = tests::chip_of(5, 4);
    SECTION("no memory tile") {
        chip.memory_tiles.clear();
        CHECK_THAT(compile_refusal(model(), chip), Contains("no memory_tiles"));
    }
    SECTION("a norm cannot be cut") {
        chip.core.state_bytes = 256;
        CHECK_THAT(compile_refusal(model(), chip),
                   Contains("needs") && Contains("bytes of state memory, a core has 256"));
    }
    SECTION("axons cannot be cut either") {
        chip.core.axon_entries = 60;
        CHECK_THAT(compile_refusal(model(), chip), Contains("axon entries, a core has 60"));
    }
    SECTION("too many stages for so small cores") {
        chip = tests::chip_of(2, 2);
        chip.core.axon_entries = 110;
        CHECK_THAT(compile_refusal(model(), chip),
                   Contains("2 layers x 20 channels") && Contains("the chip has 2 cores"));
    }
    SECTION("a streamed row longer than a core fetches") {
        chip.core.dma_row_bytes = 2;  // a row of the embedding takes 3
        CHECK_THAT(compile_refusal(model(), chip), Contains("3 bytes in a streamed row"));
    }
}

TEST_CASE("stages that must share a core do, and the others are spread by load") {
    const tests::TinyModel model(1, 12, 11);
    Layout layout;
    layout.att_relays = 1;
    const StageGraph graph = build_spikegpt(model(), layout);
    const std::size_t stages = graph.program.stages.size();
    std::vector<double> cycles(stages, 1.0);
    cycles[3] = 100.0;
    const auto stage = [&](const std::string& name) {
        const auto found = std::find_if(graph.program.stages.begin(), graph.program.stages.end(),
                                        [&](const arch::Stage& s) { return s.name == name; });
        REQUIRE(found != graph.program.stages.end());
        return static_cast<std::size_t>(found - graph.program.stages.begin());
    };
    const std::size_t relay = stage("layer0.att_skip.0");
    const std::size_t norm = stage("layer0.ffn_norm");

    const CoreOfStage roomy =
        group_stages(graph.program, graph.leaders, tests::chip_of(5, 4), cycles);
    CHECK(roomy[relay] == roomy[norm]);
    CHECK(std::set<std::uint32_t>(roomy.begin(), roomy.end()).size() == stages - 1);

    const CoreOfStage shared =
        group_stages(graph.program, graph.leaders, tests::chip_of(3, 2), cycles);
    CHECK(shared[relay] == shared[norm]);
    std::map<std::uint32_t, int> on_core;
    for (const std::uint32_t core : shared) {
        ++on_core[core];
    }
    CHECK(on_core.size() == 4);
    CHECK(on_core[shared[3]] == 1);  // nobody joins the busy one
}

}  // namespace
}  // namespace spikeloom::workloads
