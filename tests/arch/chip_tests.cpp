// The chip as a whole: what comes out, when, and what it counts, against sums done by hand.
#include "tests/arch/small_chip.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

TEST_CASE("a token comes back as its row of the matrix, in the order of the steps", "[chip]") {
    ChipBench bench(small_chip(), lookup_program(5, 12));
    bench.run({3, 0, 4, 4});
    REQUIRE(bench.steps == std::vector<std::uint64_t>{0, 1, 2, 3});
    const std::vector<std::uint32_t> tokens = {3, 0, 4, 4};
    for (std::size_t step = 0; step < tokens.size(); ++step) {
        for (std::uint32_t i = 0; i < 12; ++i) {
            CHECK(bench.results[step][i] == lookup_value(tokens[step], 12, i));
        }
    }
}

TEST_CASE("one token through one stage takes the cycles that add up by hand", "[chip]") {
    // Fed at cycle 0, so it may be sent from cycle 1. Event packet: 64 header bits and 16 of the
    // event, 2 flits, written in cycles 1 and 2; marker written in 3. With equal clocks they may be
    // injected from 3 and 4 on; the source sends a flit a cycle, so the marker goes in 5. One link
    // away the event's tail is handed over in 4 + 6 + 4 = 14, seen by the core in 15, popped in 16,
    // looked up until 17; a row of 12 8-bit weights is 96 bits, two words of 64, and two groups of
    // 8 lanes: the sums show it in 17 + 1 + 2 = 20. The marker is handed over in 15, its register
    // shows it in 17.
    ChipBench bench(small_chip(), lookup_program(5, 12));
    bench.run({3});
    REQUIRE(bench.runs.size() == 1);
    CHECK(bench.runs[0].ready == 20);
    CHECK(bench.runs[0].start == 20);
    // One copy of 12 elements: issue 1, second group one cycle after the first, latency 2.
    CHECK(bench.runs[0].end == 20 + 1 + 1 + 2);
    // The encoder starts in 24: 12 values of 16 bits and 64 of header are 256 bits, 4 flits, in 24
    // to 27; the marker in 28.
    REQUIRE(bench.emissions.size() == 1);
    CHECK(bench.emissions[0].start == 24);
    CHECK(bench.emissions[0].end == 29);
    CHECK(bench.emissions[0].flits == 5);
    // The packet may be injected from 28 on, its tail in 31; the marker's flit in 32, handed over
    // in 32 + 10 = 42; the host's register shows it in 44.
    CHECK(bench.cycles == std::vector<Cycle>{44});
}

TEST_CASE("every event of one token is counted, as a hand counts it", "[chip][counts]") {
    ChipBench bench(small_chip(), lookup_program(5, 12));
    bench.run({3});
    const Counts counts = bench.chip.snapshot();
    // Tile 1, the core. One event; its row lies at bytes 36 to 48, in words 4 and 5 of 64 bits.
    CHECK(counts.at(1, Event::event_queue_writes) == 1);
    CHECK(counts.at(1, Event::event_queue_reads) == 1);
    CHECK(counts.at(1, Event::axon_lookups) == 1);
    CHECK(counts.at(1, Event::synapse_reads) == 2);
    CHECK(counts.at(1, Event::synapse_read_bits) == 128);
    CHECK(counts.at(1, Event::accumulates) == 12);
    CHECK(counts.total_macs() == 0);
    CHECK(counts.at(1, Event::accumulator_writes) == 12);
    CHECK(counts.at(1, Event::pipeline_busy_cycles) == 2);
    // One copy of 12 accumulators into the state memory; the encoder reads it from there.
    CHECK(counts.at(1, Event::programs) == 1);
    CHECK(counts.at(1, Event::vector_instructions) == 1);
    CHECK(counts.at(1, Event::vector_simple) == 12);
    CHECK(counts.at(1, Event::accumulator_reads) == 12);
    CHECK(counts.at(1, Event::state_write_bits) == 12 * 32);
    CHECK(counts.at(1, Event::state_read_bits) == 12 * 32);
    CHECK(counts.at(1, Event::vector_busy_cycles) == 4);
    CHECK(counts.at(1, Event::encoder_events) == 12);
    CHECK(counts.at(1, Event::encoder_scans) == 0);
    CHECK(counts.at(1, Event::encoder_busy_cycles) == 5);
    // It sends 12 values in 4 flits, a marker, and a credit to the host.
    CHECK(counts.at(1, Event::packets_events) == 1);
    CHECK(counts.at(1, Event::packets_markers) == 1);
    CHECK(counts.at(1, Event::packets_credits) == 1);
    CHECK(counts.at(1, Event::output_flits) == 6);
    // The host sends the event in 2 flits, a marker, and a credit.
    CHECK(counts.at(0, Event::packets_events) == 1);
    CHECK(counts.at(0, Event::packets_markers) == 1);
    CHECK(counts.at(0, Event::packets_credits) == 1);
    CHECK(counts.at(0, Event::output_flits) == 4);
    // All 10 flits cross one link between two routers.
    CHECK(counts.at(0, Event::noc_link_bits) == 4 * 64);
    CHECK(counts.at(1, Event::noc_link_bits) == 6 * 64);
    CHECK(counts.total(Event::noc_buffer_write_bits) == 2 * 10 * 64);
    CHECK(counts.total(Event::noc_buffer_read_bits) == 2 * 10 * 64);
    CHECK(counts.total(Event::noc_crossbar_bits) == 2 * 10 * 64);
    CHECK(counts.total(Event::noc_link_bit_mm) == 10 * 64);  // links of 1 mm
    CHECK(counts.total(Event::noc_interface_bits) == 2 * 10 * 64);
    // A channel a packet and router, 6 packets, and a passage a flit and router.
    CHECK(counts.total(Event::noc_arbitrations) == 2 * 6 + 2 * 10);
    // Nobody else did anything; the DRAM was not touched.
    CHECK(counts.at(2, Event::programs) == 0);
    CHECK(counts.total(Event::dram_activates) == 0);
    CHECK(counts.total(Event::gate_closed_cycles) == 0);
}

TEST_CASE("values of more than a bit are multiplied, and counted by their widths",
          "[chip][counts]") {
    // Tokens are looked up on tile 1 as graded values of 8 bits; tile 2 has rows of 4-bit weights.
    Program program = lookup_program(5, 12);
    program.stages[0].outputs[0] = send(1, 12, Encoding::graded, 8, {{1, 0}});
    program.stages.push_back(
        relay("product", 2, 6, rows(12, 6, 4, 0, 8), send(1, 6, Encoding::dense, 16, {{2, 0}})));
    program.host.result_length = 6;
    connect(program);
    MemoryImage weights{2, 0, {}};
    for (std::uint32_t i = 0; i < 36; ++i) {
        weights.bytes.push_back(static_cast<std::uint8_t>(i * 53 + 7));
    }
    program.synapse_images.push_back(weights);
    ChipBench bench(small_chip(), program);
    bench.run({2});

    std::vector<std::int32_t> expected(6);
    std::uint64_t events = 0;
    for (std::uint32_t axon = 0; axon < 12; ++axon) {
        const std::int32_t value = lookup_value(2, 12, axon);
        events += value != 0 ? 1 : 0;
        for (std::uint32_t i = 0; i < 6; ++i) {
            const std::int32_t byte = weights.bytes[axon * 3 + i / 2];
            const std::int32_t nibble = i % 2 == 0 ? byte & 15 : byte >> 4;
            expected[i] += value * (nibble > 7 ? nibble - 16 : nibble);
        }
    }
    REQUIRE(bench.results.size() == 1);
    CHECK(bench.results[0] == expected);
    const Counts counts = bench.chip.snapshot();
    CHECK(counts.at(2, "mac_4x8") == 6 * events);
    CHECK(counts.total_macs() == 6 * events);
    CHECK(counts.at(2, Event::accumulates) == 0);
    CHECK(counts.at(1, Event::encoder_events) == events);
    CHECK(counts.at(1, Event::encoder_scans) == 1);
}

TEST_CASE("phases are told apart by the difference of two snapshots", "[chip][counts]") {
    ChipBench bench(small_chip(), lookup_program(5, 12));
    bench.run({3});
    const Counts first = bench.chip.snapshot();
    bench.run({1, 2});
    const Counts second = bench.chip.snapshot() - first;
    CHECK(bench.results.size() == 3);
    CHECK(first.total(Event::programs) == 1);
    CHECK(second.total(Event::programs) == 2);
    CHECK(second.total(Event::accumulates) == 2 * first.total(Event::accumulates));
    CHECK(second.total(Event::noc_link_bits) == 2 * first.total(Event::noc_link_bits));
    CHECK(second.cycles == bench.chip.now() - first.cycles);
    CHECK(second.seconds == Approx(static_cast<double>(second.cycles) * 1e-9));
}

TEST_CASE("states live from step to step, and can be looked at", "[chip]") {
    // A LIF neuron with inverse_tau 1/2 and threshold 1, driven by one half of 65536 a step:
    // 16384, 24576, 28672 ... it approaches the drive; with 3/2: 49152, then 73728 fires.
    Program program = lookup_program(2, 1);
    Stage& stage = program.stages[0];
    stage.axons = {rows(2, 1, 8, 0, 1)};
    program.synapse_images[0].bytes = {1, 3};
    stage.registers = {accumulators(1), scratch("drive", 1), state("membrane", 1),
                       scratch("spikes", 1)};
    Instruction scale = copy(0, 1, 1);
    scale.op = Opcode::shift_left;
    scale.shift = 15;
    Instruction lif = copy(1, 3, 1);
    lif.op = Opcode::lif;
    lif.b = {2, 0};
    stage.program = {scale, lif};
    stage.outputs = {send(3, 1, Encoding::dense, 1, {{1, 0}})};
    ChipBench bench(small_chip(), program);
    bench.run({0, 0, 0});
    CHECK(bench.chip.values(0, "membrane")[0] == 28672);
    bench.run({1, 1});
    // 28672 + (98304 - 28672) / 2 = 63488, then 80896 fires.
    CHECK(bench.results[3] == std::vector<std::int32_t>{0});
    CHECK(bench.results[4] == std::vector<std::int32_t>{1});
    CHECK(bench.chip.values(0, "membrane")[0] == 0);
    CHECK_THROWS_WITH(bench.chip.values(0, "nothing"), "stage 'lookup' has no register 'nothing'");
}
