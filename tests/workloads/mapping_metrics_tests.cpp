#include "tests/workloads/chips.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "workloads/compiler.hpp"
#include "workloads/estimate.hpp"
#include "workloads/mapping_metrics.hpp"
#include "workloads/program_file.hpp"
#include "workloads/session.hpp"
#include "workloads/ways.hpp"

#include <map>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

/// Two stages on a chip of 3 x 2 tiles with 64-bit flits and headers: the host on tile 0 sends a
/// token to `a` on tile 1, which sends 4 values of 16 bits to `b` on tile 5, which sends one of 32
/// bits back to the host.
arch::Program two_stages() {
    arch::Program program;
    program.stages.resize(2);
    arch::Stage& a = program.stages[0];
    a.name = "a";
    a.tile = 1;
    arch::AxonBlock tokens;
    tokens.axons = 8;
    tokens.row_length = 20;
    tokens.weight_bits = 8;
    tokens.row_stride = 20;
    a.axons = {tokens};
    a.registers = {{"sum", arch::Register::Kind::accumulator, 20, {}},
                   {"x", arch::Register::Kind::scratch, 20, {}}};
    arch::Instruction copy;
    copy.length = 20;
    copy.to = {1, 0};
    a.program = {copy};
    a.outputs = {{"a.x", {1, 0}, 4, arch::Encoding::dense, 16, {{1, 0}}}};
    arch::Stage& b = program.stages[1];
    b.name = "b";
    b.tile = 5;
    arch::AxonBlock values;
    values.kind = arch::AxonBlock::Kind::direct;
    values.axons = 4;
    values.row_length = 1;
    values.value_bits = 16;
    b.axons = {values};
    b.registers = {{"sum", arch::Register::Kind::accumulator, 4, {}},
                   {"y", arch::Register::Kind::scratch, 4, {}}};
    copy.length = 4;
    b.program = {copy};
    b.outputs = {{"b.y", {1, 0}, 1, arch::Encoding::dense, 32, {{2, 0}}}};
    program.host = {0, 0, 1, {}};
    connect_producers(program);
    program.synapse_images = {{1, 0, std::vector<std::uint8_t>(160, 1)}};
    return program;
}

arch::ChipConfig two_stage_chip() {
    arch::ChipConfig chip = tests::chip_of(3, 2);
    chip.memory_tiles = {4};
    return chip;
}

TEST_CASE("the metrics of two stages are those worked out by hand") {
    // Flits a token, links:   host 0 -> a 1: token 2, marker 1, 1 link;  credit back 1, 1 link
    //   a 1 -> b 5: values 2, marker 1, 2 links (1-2-5);                 credit back 1, 2 (5-4-1)
    //   b 5 -> host 0: value 2, marker 1, 3 links (5-4-3-0);             credit back 1, 3 (0-1-2-5)
    const MappingMetrics metrics = mapping_metrics(two_stages(), two_stage_chip(), {});
    CHECK(metrics.cores_used == 2);
    CHECK(metrics.packets == 9.0);
    CHECK(metrics.flits == 12.0);
    CHECK(metrics.flit_links == 3.0 + 1.0 + 6.0 + 2.0 + 9.0 + 3.0);
    CHECK(metrics.flit_routers == 36.0);
    CHECK(metrics.packet_routers == 2 * 2 + 2 + 2 * 3 + 3 + 2 * 4 + 4);
    CHECK(metrics.hops_average == 2.0);
    CHECK(metrics.hops_max == 3);
    CHECK(metrics.congestion_max == 4.0);  // 0-1: 3 + 1; 5-4: 1 + 3
    CHECK(metrics.memory_utilisation == 160.0 / (2 * 65536));
}

TEST_CASE("the other dimension order loads other links") {
    arch::ChipConfig chip = two_stage_chip();
    chip.network.routing = noc::Routing::yx;
    // 1-4-5 and 5-2-1; 5-2-1-0 and 0-3-4-5: link 1-0 has 1 + 3, link 5-2 has 1 + 3, 4-5 has 3 + 1.
    const MappingMetrics metrics = mapping_metrics(two_stages(), chip, {});
    CHECK(metrics.flit_links == 24.0);
    CHECK(metrics.flit_mm == Approx(24.0));  // links of 1 mm
    CHECK(metrics.congestion_max == 4.0);
    const Ways ways(chip);
    const std::vector<noc::PortId> links = ways.links(0, 5);
    REQUIRE(links.size() == 3);
    CHECK(ways.graph().router_of(ways.graph().link(links[0]).to) == 3);
    CHECK(ways.graph().router_of(ways.graph().link(links[1]).to) == 4);
}

TEST_CASE("only active elements of binary and graded outputs are expected to travel") {
    const Activity activity{0.25, 0.5};
    arch::Output output;
    output.length = 40;
    output.encoding = arch::Encoding::binary;
    CHECK(expected_events(output, activity) == 10.0);
    output.encoding = arch::Encoding::graded;
    CHECK(expected_events(output, activity) == 20.0);
    output.encoding = arch::Encoding::dense;
    CHECK(expected_events(output, activity) == 40.0);
}

TEST_CASE("the work of two stages is that worked out by hand") {
    // a: one token, a row of 20 bytes: 3 words of 64 bits, 3 groups of 8 lanes. Copy of 20 values
    // in 3 groups: 1 issue + 2 intervals + 2 latency. 2 flits of values and 1 of the marker.
    const std::vector<StageWork> work = estimate_work(two_stages(), two_stage_chip(), {});
    CHECK(work[0].accumulate == 3.0);
    CHECK(work[0].vector == 5.0);
    CHECK(work[0].emit == 3.0);
    // b: 4 direct events of a cycle each; a copy of one group; 2 flits of the value, 1 marker.
    CHECK(work[1].accumulate == 4.0);
    CHECK(work[1].vector == 3.0);
    CHECK(work[1].emit == 3.0);

    const arch::ChipConfig chip = two_stage_chip();
    CHECK(interval(work[0], chip) == 8.0);  // vector and emission follow one another
    CHECK(interval(work[1], chip) == 6.0);
    CHECK(interval(work, chip) == 8.0);  // on one core: 7 of each unit, no more than a's own
    arch::ChipConfig one_slot = chip;
    one_slot.core.accumulator_slots = 1;
    CHECK(interval(work[1], one_slot) == 10.0);

    const Timetable times = timetable(two_stages(), work);
    CHECK(times.begin == std::vector<double>{3.0, 12.0});  // b accumulates while a sends
    CHECK(times.last_result == 18.0);
}

TEST_CASE("the expected traffic of a model without sparsity is what the network carries") {
    const auto strategy = GENERATE(Strategy::linear, Strategy::greedy);
    const tests::TinyModel model(1, 12, 11, models::Variant::dense);
    const arch::ChipConfig chip = tests::chip_of(4, 4);
    CompilerOptions options;
    options.strategy = strategy;
    const arch::Program program = compile(model(), chip, options).program;
    SessionOptions session;
    session.prompt = {3, 1, 4, 1, 5};
    const PhaseResult phase = run_session(program, chip, model(), session).phases.at(0);

    const MappingMetrics metrics = mapping_metrics(program, chip, {});
    const double bits = 5.0 * chip.network.flit_bits;
    CHECK(static_cast<double>(phase.counts.total(arch::Event::noc_link_bits)) ==
          metrics.flit_links * bits);
    CHECK(static_cast<double>(phase.counts.total(arch::Event::noc_crossbar_bits)) ==
          metrics.flit_routers * bits);
    CHECK(static_cast<double>(phase.counts.total(arch::Event::noc_routes)) ==
          5.0 * metrics.packet_routers);
    CHECK(static_cast<double>(phase.counts.total(arch::Event::noc_interface_bits)) ==
          2.0 * metrics.flits * bits);
}

TEST_CASE("the expected work of a model without sparsity is what the cores do") {
    const tests::TinyModel model(1, 16, 11, models::Variant::dense);
    const arch::ChipConfig chip = tests::chip_of(4, 4);
    const arch::Program program = compile(model(), chip, {}).program;
    SessionOptions session;
    session.prompt = {3, 1, 4, 1, 5};
    const arch::Counts counts = run_session(program, chip, model(), session).phases.at(0).counts;

    std::map<arch::TileId, double> vector;
    const std::vector<StageWork> work = estimate_work(program, chip, {});
    for (std::size_t s = 0; s < work.size(); ++s) {
        vector[program.stages[s].tile] += 5.0 * work[s].vector;
    }
    for (const auto& [tile, cycles] : vector) {
        CHECK(static_cast<double>(counts.at(tile, arch::Event::vector_busy_cycles)) == cycles);
    }
}

}  // namespace
}  // namespace spikeloom::workloads
