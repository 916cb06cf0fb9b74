// Steps, credits and sharing: when programs start, and that they always come to an end or say why
// not.
#include "base/error.hpp"
#include "tests/arch/small_chip.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

TEST_CASE("with one slot a token waits for the credit, with two it is accumulated meanwhile",
          "[protocol]") {
    // The first program starts in 20 (chip_tests.cpp). Its two groups of accumulators are taken in
    // 21 and 22, so they are free in 23, and the credit is written.
    ChipConfig config = small_chip();
    SECTION("one slot") {
        // The credit may be injected in 24, is handed over in 34, and counts from 36 on. So the
        // second token starts 35 cycles after the first, which started in 1, and is ready as much
        // later.
        config.core.accumulator_slots = 1;
        ChipBench bench(config, lookup_program(5, 12));
        bench.run({3, 1});
        CHECK(bench.run_of(0, 0).ready == 20);
        CHECK(bench.run_of(0, 1).ready == 20 + 35);
    }
    SECTION("two slots") {
        // The second token is in the accumulators in 23. The stage's emission ends in 29, and
        // nothing else is missing.
        ChipBench bench(config, lookup_program(5, 12));
        bench.run({3, 1});
        CHECK(bench.run_of(0, 1).ready == 29);
        CHECK(bench.run_of(0, 1).start == 29);
    }
    SECTION("two slots, but the host takes one result at a time") {
        // The host reads the first result in 44; its credit is written in 44, handed over in 55 and
        // counts from 57 on.
        config.host.result_slots = 1;
        ChipBench bench(config, lookup_program(5, 12));
        bench.run({3, 1});
        CHECK(bench.cycles[0] == 44);
        CHECK(bench.run_of(0, 1).ready == 57);
    }
}

TEST_CASE("clocks of any ratio round a crossing up to the next edge", "[protocol][clock]") {
    ChipConfig config = small_chip();
    SECTION("the network at half the cores' clock") {
        // The event's tail is written in 2, at 3 ns; the network sees it in its cycle 2, at 4 ns,
        // and injects head and tail in 2 and 3. The tail is handed over in 13, which ends at 28 ns:
        // popped in 29, looked up until 30, shown in 33. The marker (injected in 4) is there in 31.
        config.network.clock_hz = 0.5e9;
        ChipBench bench(config, lookup_program(5, 12));
        bench.run({3});
        CHECK(bench.runs[0].ready == 33);
    }
    SECTION("the network four thirds as fast") {
        // 3 ns is the start of the network's cycle 4 of 750 ps: injected in 4 and 5, handed over in
        // 15, which ends at 12 ns: popped in 13, shown in 17. The marker is seen at 4.5 ns, in 6,
        // handed over in 16, which ends at 12.75 ns: registered in 14.
        config.network.clock_hz = 4e9 / 3;
        ChipBench bench(config, lookup_program(5, 12));
        bench.run({3});
        CHECK(bench.runs[0].ready == 17);
    }
}

TEST_CASE("generation: a step that depends on a result comes the host's latency later",
          "[protocol]") {
    ChipConfig config = small_chip();
    config.host.latency = 1000;
    ChipBench bench(config, lookup_program(5, 12));
    std::vector<Cycle> cycles;
    bench.chip.host().on_result(
        [&](std::uint64_t step, std::span<const std::int32_t>, Cycle cycle) {
            cycles.push_back(cycle);
            if (step < 2) {
                bench.chip.host().feed_token(0);
            }
        });
    bench.run({3});
    // A token takes 43 cycles from the one in which it may be sent to its result.
    CHECK(cycles == std::vector<Cycle>{44, 44 + 1043, 44 + 2 * 1043});
    CHECK(bench.chip.host().steps_finished() == 3);
}

TEST_CASE("accumulators that an output sends are free when its emission has left", "[protocol]") {
    // As with one slot above, but the credit goes in 29, when the emission ends, not in 23.
    ChipConfig config = small_chip();
    config.core.accumulator_slots = 1;
    Program program = lookup_program(5, 12);
    program.stages[0].outputs[0].source.register_index = 0;
    ChipBench bench(config, program);
    bench.run({3, 1});
    CHECK(bench.emissions[0].end == 29);
    CHECK(bench.run_of(0, 1).ready == 20 + 35 + 6);
    CHECK(bench.results[1][5] == lookup_value(1, 12, 5));
}

namespace {

/// The token stage on tile 1 sends its values to three stages on tile 2, in the order `order`, and
/// each of them sends its own to the host. `lengths` are their rows' lengths.
Program fan_out(const std::vector<StageId>& order, const std::vector<std::uint32_t>& lengths) {
    std::vector<Stage> stages = {
        relay("source", 1, 4, rows(4, 4, 8, 0, 1), send(1, 4, Encoding::binary, 1, {}))};
    for (StageId id = 1; id <= lengths.size(); ++id) {
        const std::uint32_t length = lengths[id - 1];
        stages.push_back(relay("sink " + std::to_string(id), 2, length,
                               rows(4, length, 8, 1000 * id, 1),
                               send(1, length, Encoding::dense, 8, {{0, 0}})));
        stages.back().outputs[0].destinations[0] = {static_cast<StageId>(lengths.size() + 1), 0};
    }
    for (const StageId id : order) {
        stages[0].outputs[0].destinations.push_back({id, 0});
    }
    Program program =
        program_of(std::move(stages), *std::max_element(lengths.begin(), lengths.end()));
    program.synapse_images = {{1, 0, std::vector<std::uint8_t>(16, 1)},
                              {2, 0, std::vector<std::uint8_t>(5000, 1)}};
    return program;
}

}  // namespace

TEST_CASE("stages that share a core run one after another, the oldest first", "[protocol]") {
    // The markers come in the order in which the source's output names the stages.
    ChipConfig config = small_chip();
    config.core.vector.units[static_cast<std::size_t>(OpClass::simple)] = {20, 40};
    ChipBench bench(config, fan_out({2, 3, 1}, {16, 16, 16}));
    bench.run({0});
    const ChipBench::Run first = bench.run_of(2, 0);
    const ChipBench::Run second = bench.run_of(3, 0);
    const ChipBench::Run third = bench.run_of(1, 0);
    CHECK(first.ready < second.ready);
    CHECK(second.ready < third.ready);
    CHECK(first.start == first.ready);
    CHECK(second.start == first.end);
    CHECK(third.start == second.end);
    // 1 + one group more, 20 cycles later, + 40.
    CHECK(first.end - first.start == 61);
}

TEST_CASE("the vector unit keeps a program's outputs until the encoder is free", "[protocol]") {
    // 60 values of 8 bits are 480 bits, 8 flits, and a header and a marker of one; the second
    // program is ready soon after the first and takes 3 cycles, so it waits for that emission.
    ChipConfig config = small_chip();
    config.core.vector.lanes = 64;
    config.core.lanes = 64;
    config.core.synapse_port_bits = 512;
    ChipBench bench(config, fan_out({1, 2}, {60, 60}));
    bench.run({0});
    const ChipBench::Run first = bench.run_of(1, 0);
    const ChipBench::Run second = bench.run_of(2, 0);
    std::vector<EmissionRun> on_tile_2;
    for (const EmissionRun& emission : bench.emissions) {
        if (emission.stage != 0) {
            on_tile_2.push_back(emission);
        }
    }
    REQUIRE(on_tile_2.size() == 2);
    CHECK(on_tile_2[0].start == first.end);
    CHECK(on_tile_2[0].end == first.end + 10);
    CHECK(second.end < on_tile_2[0].end);
    CHECK(on_tile_2[1].start == on_tile_2[0].end);
    CHECK(bench.chip.snapshot().at(2, Event::vector_waits) == on_tile_2[0].end - second.end);
}

TEST_CASE("of stages ready in the same cycle the first in the Program runs first", "[protocol]") {
    // Stage 1 gets no events, so it is ready with its marker. Stage 2 gets one, before that, whose
    // row is made longer until its sums are ready in the same cycle.
    std::size_t ties = 0;
    for (std::uint32_t length = 8; length <= 160; length += 8) {
        Program program = fan_out({2, 1}, {8, length});
        program.synapse_images[0].bytes = {1, 0, 0, 0};
        Stage& source = program.stages[0];
        source.registers.push_back(state("silent", 4));
        source.outputs.push_back(source.outputs[0]);
        source.outputs[0].destinations.pop_back();
        source.outputs[1].destinations.erase(source.outputs[1].destinations.begin());
        source.outputs[1].source.register_index = 2;
        ChipConfig config = small_chip();
        config.core.synapse_latency = 0;
        ChipBench bench(config, program);
        bench.run({0});
        const ChipBench::Run one = bench.run_of(1, 0);
        const ChipBench::Run two = bench.run_of(2, 0);
        if (one.ready == two.ready) {
            ++ties;
            CHECK(one.start == one.ready);
            CHECK(two.start == one.end);
        }
    }
    CHECK(ties == 1);
}

TEST_CASE("a full output queue holds the encoder back and loses nothing", "[protocol]") {
    // Both cores send to the host at once, more than its link takes.
    ChipConfig config = small_chip();
    config.network.buffer = 1;
    config.core.vector.lanes = 64;
    const auto run = [&](std::uint32_t places, std::uint32_t batch) {
        config.core.output_queue = places;
        config.core.output_credits = batch;
        ChipBench bench(config, fan_out({1, 2}, {128, 128}));
        bench.run({0, 1});
        REQUIRE(bench.results.size() == 2);
        for (const std::vector<std::int32_t>& result : bench.results) {
            CHECK(result == std::vector<std::int32_t>(128, 4));
        }
        return bench.chip.snapshot().at(2, Event::encoder_waits);
    };
    // Each of the four emissions is 17 flits in two packets and a marker.
    CHECK(run(4 * 18, 1) == 0);
    const std::uint64_t tight = run(16, 1);
    CHECK(tight > 0);
    CHECK(run(31, 16) > 0);
    CHECK(run(24, 1) < tight);
}

TEST_CASE("a circular wait ends in a report that names who waits for what", "[protocol][stall]") {
    Program program = fan_out({1, 2}, {8, 8});
    // Stage 1 sends its values back to the source as well, which therefore waits for it.
    program.stages[0].axons.push_back(direct(4, 8));
    program.stages[0].axons.back().first_axon = 4;
    program.stages[1].outputs.push_back(send(1, 4, Encoding::dense, 8, {{0, 4}}));
    connect(program);
    ChipBench bench(small_chip(), program);
    try {
        bench.run({0});
        FAIL("the run came to an end");
    } catch (const CheckFailed& stall) {
        const std::string text = stall.what();
        INFO(text);
        CHECK_THAT(text, Catch::Contains("stage 'source' on tile 1, step 0: waits for the end of "
                                         "the step from 1 of 'sink 1', the host"));
        CHECK_THAT(text, Catch::Contains("stage 'sink 1' on tile 2, step 0: waits for the end of "
                                         "the step from 1 of 'source'"));
        CHECK_THAT(text, Catch::Contains("the host, step 0: waits for 2 producers"));
    }
}

TEST_CASE("what the host's callback throws comes out of run", "[protocol]") {
    ChipBench bench(small_chip(), lookup_program(5, 12));
    bench.chip.host().on_result(
        [](std::uint64_t, std::span<const std::int32_t>, Cycle) { throw InputError("no more"); });
    bench.chip.host().feed_token(1);
    CHECK_THROWS_WITH(bench.chip.run(), "no more");
}

TEST_CASE("a token that the Program does not know is refused", "[protocol]") {
    ChipBench bench(small_chip(), lookup_program(5, 12));
    CHECK_THROWS_WITH(bench.chip.host().feed_token(5),
                      "input of step 0: found axon 5; allowed are the binary axons of stage "
                      "'lookup'");
}
