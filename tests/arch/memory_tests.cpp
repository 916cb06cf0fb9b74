// Rows that come from a memory tile over the network.
#include "arch/axon_table.hpp"
#include "base/random.hpp"
#include "tests/arch/small_chip.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

/// As lookup_program, with the rows in the memory tile.
Program remote_program(std::uint32_t tokens, std::uint32_t length, std::uint32_t weight_bits = 8) {
    Program program = lookup_program(tokens, length);
    AxonBlock& block = program.stages[0].axons[0];
    block.kind = AxonBlock::Kind::remote;
    block.memory_tile = 3;
    block.address = 4096;
    block.weight_bits = weight_bits;
    block.row_stride = (length * weight_bits + 7) / 8;
    program.memory_images = program.synapse_images;
    program.memory_images[0].tile = 3;
    program.memory_images[0].address = 4096;
    program.synapse_images.clear();
    return program;
}

}  // namespace

TEST_CASE("a remote row comes out of the DRAM's bytes", "[memory]") {
    ChipBench bench(small_chip(), remote_program(6, 100));
    bench.run({5, 2, 2});
    REQUIRE(bench.results.size() == 3);
    for (std::uint32_t i = 0; i < 100; ++i) {
        CHECK(bench.results[0][i] == lookup_value(5, 100, i));
        CHECK(bench.results[1][i] == lookup_value(2, 100, i));
    }
    CHECK(bench.results[2] == bench.results[1]);
    const Counts counts = bench.chip.snapshot();
    CHECK(counts.at(1, Event::dma_rows) == 3);
    CHECK(counts.at(1, Event::dma_bytes) == 300);
    CHECK(counts.at(3, Event::memory_requests) == 3);
    CHECK(counts.at(1, Event::synapse_reads) == 0);
    CHECK(counts.at(1, Event::accumulates) == 300);
    // Bytes 4096 + 500 .. + 600 touch bursts 143 to 146, 4096 + 200 .. + 300 bursts 134 to 137.
    CHECK(counts.at(3, Event::dram_read_bursts) == 4 + 4 + 4);
    CHECK(counts.at(3, Event::dram_activates) == 1);
    // The states of the DRAM fill the time, in its clock of 625 ps.
    std::uint64_t clocks = 0;
    for (const Event state :
         {Event::dram_active_cycles, Event::dram_precharged_cycles,
          Event::dram_active_power_down_cycles, Event::dram_precharged_power_down_cycles,
          Event::dram_self_refresh_cycles}) {
        clocks += counts.at(3, state);
    }
    CHECK(clocks == static_cast<std::uint64_t>(counts.seconds * 1e12 + 0.5) / 625);
}

TEST_CASE("one remote row in an idle chip takes the cycles that add up by hand", "[memory]") {
    // As in the test of one token, the event is popped in 16. Looked up until 17, it enters the
    // DMA queue in 17; the request, 64 bits of header and 64 of its own, 2 flits, is written in 18
    // and 19 and may be injected from 20 on. Over 2 links its tail is handed over in
    // 20 + 14 + 1 = 35, seen by the memory tile in 36, taken in 37; it goes to the DRAM 4 cycles
    // later, at 41 ns, in DRAM cycle 66: activate 66 to 69, read's edge 98, data of 32 bytes until
    // 98 + 28 + 6 + 8 = 140, 87.5 ns, seen by the tile in 88. 24 bytes and a header are 4 flits,
    // written in 88 to 91; injected from 92 on, the tail is handed over in 92 + 14 + 3 = 109 and
    // seen by the core in 110. It enters the pipeline in 111, leaves the lookup in 112, and with 1
    // cycle of latency and 3 of its 24 weights on 8 lanes the sums show it in 116.
    ChipConfig config = small_chip();
    config.memory.dram.refi = 0;
    ChipBench bench(config, remote_program(2, 24));
    bench.run({0});
    REQUIRE(bench.runs.size() == 1);
    CHECK(bench.runs[0].ready == 116);
}

TEST_CASE("a memory tile of SRAM: the same row, by its own cycles", "[memory]") {
    // As above until the request goes to the memory in 41. 24 bytes of 128 bits are 2 words,
    // entered until 43, there after 3 cycles of latency in 46. The response is written in 46 to
    // 49, injected from 50 on, handed over in 50 + 14 + 3 = 67, seen in 68; in the pipeline from
    // 69, and 5 cycles on in the sums.
    ChipConfig config = small_chip();
    config.memory.kind = MemoryKind::sram;
    config.memory.sram.bytes = 8192;
    config.memory.sram.latency = 3;
    ChipBench bench(config, remote_program(2, 24));
    bench.run({0});
    REQUIRE(bench.runs.size() == 1);
    CHECK(bench.runs[0].ready == 74);
    for (std::uint32_t i = 0; i < 24; ++i) {
        CHECK(bench.results[0][i] == lookup_value(0, 24, i));
    }
    const Counts counts = bench.chip.snapshot();
    CHECK(counts.at(3, Event::memory_sram_read_bits) == 256);
    CHECK(counts.at(3, Event::dram_active_cycles) + counts.at(3, Event::dram_precharged_cycles) ==
          0);
}

TEST_CASE("remote rows of any width, many at once, are summed right", "[memory]") {
    const auto bits = GENERATE(1U, 3U, 4U, 8U, 11U, 16U);
    const auto outstanding = GENERATE(1U, 4U);
    const std::uint32_t length = 77;
    const std::uint32_t tokens = 30;
    ChipConfig config = small_chip();
    config.memory.kind = GENERATE(MemoryKind::dram, MemoryKind::sram);
    config.memory.dram.queue = 2;
    config.core.dma_outstanding = outstanding;
    config.core.dma_queue = 2;
    config.core.event_queue = 8;
    config.memory.request_queue = 2;
    Program program = remote_program(tokens, length, bits);
    std::vector<std::uint8_t>& bytes = program.memory_images[0].bytes;
    bytes.assign(std::size_t{tokens} * program.stages[0].axons[0].row_stride, 0);
    Random random(bits);
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(random.next());
    }
    // The other half of the axons is in the core, so that both kinds mix.
    AxonBlock near = rows(tokens, length, 8, 0, 1);
    near.first_axon = tokens;
    program.stages[0].axons.push_back(near);
    MemoryImage image{1, 0, {}};
    for (std::uint32_t i = 0; i < tokens * length; ++i) {
        image.bytes.push_back(static_cast<std::uint8_t>(random.next()));
    }
    program.synapse_images = {image};

    std::vector<std::uint32_t> spikes;
    std::vector<std::int32_t> sums(length);
    const auto rows_of = [](AxonBlock block, const std::vector<std::uint8_t>& packed) {
        block.address = 0;  // of the image
        return WeightRows(packed, shape_of(block), row_places(block));
    };
    const WeightRows far_rows = rows_of(program.stages[0].axons[0], bytes);
    const WeightRows near_rows = rows_of(near, image.bytes);
    for (std::uint32_t axon = 0; axon < tokens; ++axon) {
        spikes.push_back(axon);
        far_rows.accumulate(axon, 1, sums);
        spikes.push_back(tokens + axon);
        near_rows.accumulate(axon, 1, sums);
    }
    for (std::int32_t& sum : sums) {
        sum = static_cast<std::int16_t>(sum);  // they travel as 16 bits
    }
    ChipBench bench(config, program);
    bench.chip.host().feed(spikes);
    bench.chip.host().feed(spikes);
    bench.chip.run();
    REQUIRE(bench.results.size() == 2);
    CHECK(bench.results[0] == sums);
    CHECK(bench.results[1] == sums);
    CHECK(bench.chip.snapshot().at(1, Event::dma_rows) == 2 * tokens);
}

TEST_CASE("more rows in flight hide the memory's latency", "[memory]") {
    std::vector<std::uint32_t> spikes;
    for (std::uint32_t axon = 0; axon < 20; ++axon) {
        spikes.push_back(axon);
    }
    std::vector<Cycle> ready;
    for (const std::uint32_t outstanding : {1U, 2U, 4U}) {
        ChipConfig config = small_chip();
        config.core.dma_outstanding = outstanding;
        config.memory.dram.refi = 0;
        ChipBench bench(config, remote_program(20, 64));
        bench.chip.host().feed(spikes);
        bench.chip.run();
        REQUIRE(bench.runs.size() == 1);
        ready.push_back(bench.runs[0].ready);
    }
    CHECK(ready[1] < ready[0] * 6 / 10);
    CHECK(ready[2] < ready[1] * 7 / 10);
}
