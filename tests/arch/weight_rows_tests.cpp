// Dense and sparse rows: their bits, the cycles of the lanes for them, and narrow accumulators.
#include "arch/weight_rows.hpp"
#include "base/error.hpp"
#include "tests/arch/small_chip.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

/// Accumulators 0, 5 and 6 of 8 get 3, -2 and 7 (4 bits). With indices of 2 bits the gap of four
/// accumulators before the second is one too long, so a synapse of weight 0 on accumulator 4
/// bridges it: (0, 3), (3, 0), (0, -2), (0, 7). From bit 0 upwards, index first, six bits a
/// synapse: 12 + (3 << 6) + (56 << 12) + (28 << 18) = 0x7380cc.
const std::vector<std::uint8_t> kThree = {0xcc, 0x80, 0x73};
constexpr RowShape kShape = {8, 4, 2};

WeightRows row_of(const std::vector<std::uint8_t>& bytes, const RowShape& shape,
                  std::uint32_t synapses) {
    const RowPlace place{0, synapses};
    return {bytes, shape, std::span(&place, 1)};
}

/// A sparse row with 1-bit weights, all 1, on these accumulators; indices of 8 bits.
WeightRows ones_at(const std::vector<std::uint32_t>& accumulators) {
    std::vector<std::uint8_t> bytes(accumulators.size() * 2 + 2);
    std::uint32_t next = 0;
    std::size_t bit = 0;
    for (const std::uint32_t accumulator : accumulators) {
        const std::uint32_t synapse = accumulator - next | 1U << 8;
        for (std::uint32_t i = 0; i < 9; ++i, ++bit) {
            bytes[bit / 8] =
                static_cast<std::uint8_t>(bytes[bit / 8] | (synapse >> i & 1U) << bit % 8);
        }
        next = accumulator + 1;
    }
    return row_of(bytes, {256, 1, 8}, static_cast<std::uint32_t>(accumulators.size()));
}

/// One stage on tile 1 whose axons are `block`; its sums go to the host, 16 bits each.
Program program_with(const AxonBlock& block, const std::vector<std::uint8_t>& bytes) {
    Program program = program_of({relay("rows", 1, block.row_length, block,
                                        send(1, block.row_length, Encoding::dense, 16, {{1, 0}}))},
                                 block.row_length);
    (block.kind == AxonBlock::Kind::remote ? program.memory_images : program.synapse_images) = {
        {block.kind == AxonBlock::Kind::remote ? 3U : 1U, block.address, bytes}};
    return program;
}

/// Three sparse rows: `kThree`; none; accumulator 7 gets -8, bridged over 3: (3, 0), (3, -8).
AxonBlock three_rows() {
    AxonBlock block;
    block.axons = 3;
    block.row_length = 8;
    block.weight_bits = 4;
    block.index_bits = 2;
    block.synapses = {4, 0, 2};
    return block;
}
// 3 + ((3 + (8 << 2)) << 6) = 0x8c3.
const std::vector<std::uint8_t> kThreeRows = {0xcc, 0x80, 0x73, 0xc3, 0x08};

ChipConfig sparse_chip() {
    ChipConfig config = small_chip();
    config.core.sparse_index_bits = 2;
    return config;
}

}  // namespace

TEST_CASE("a sparse row adds its weights to the accumulators that its indices say", "[rows]") {
    std::vector<std::int32_t> sums(8, 100);
    row_of(kThree, kShape, 4).accumulate(0, -2, sums);
    CHECK(sums == std::vector<std::int32_t>{94, 100, 100, 100, 100, 104, 86, 100});
    CHECK(reach_of(kThree, kShape, 4) == 7);
    CHECK(reach_of(kThree, kShape, 2) == 5);
    CHECK(kShape.bytes(4) == 3);
}

TEST_CASE("sparse rows follow one another, dense ones at their stride", "[rows]") {
    AxonBlock block = three_rows();
    block.address = 10;
    const std::vector<RowPlace> places = row_places(block);
    REQUIRE(places.size() == 3);
    CHECK(places[0].address == 10);
    CHECK(places[1].address == 13);
    CHECK(places[2].address == 13);  // a row of no synapses has no bytes
    CHECK(places[2].synapses == 2);
    CHECK(totals_of(block).bytes == 5);
    CHECK(totals_of(block).synapses == 6);
    CHECK(totals_of(block).longest == 3);

    const AxonBlock dense = rows(3, 5, 4, 10, 1);
    CHECK(row_places(dense)[2].address == 16);
    CHECK(totals_of(dense).bytes == 9);
    CHECK(totals_of(dense).synapses == 15);
}

TEST_CASE("a group of synapses takes as many cycles as its fullest bank of accumulators",
          "[rows]") {
    // Groups of four: {0, 4, 8, 9} has three in bank 0 of 4, {10, 11} none twice.
    const WeightRows sparse = ones_at({0, 4, 8, 9, 10, 11});
    CHECK(sparse.cycles(0, {4, 0}) == 2);  // every accumulator a bank of its own
    CHECK(sparse.cycles(0, {4, 4}) == 3 + 1);
    CHECK(sparse.cycles(0, {4, 8}) == 2 + 1);  // 0 and 8
    CHECK(sparse.cycles(0, {4, 16}) == 2);
    CHECK(sparse.cycles(0, {1, 4}) == 6);  // one at a time never meets another
    CHECK(sparse.cycles(0, {8, 1}) == 6);
    CHECK(ones_at({}).cycles(0, {4, 4}) == 0);
    // Of a dense row neighbours lie in neighbouring banks.
    CHECK(dense_cycles(20, {8, 0}) == 3);
    CHECK(dense_cycles(20, {8, 8}) == 3);
    CHECK(dense_cycles(20, {8, 7}) == 2 + 2 + 1);  // one bank short
    CHECK(dense_cycles(20, {8, 4}) == 2 + 2 + 1);
    CHECK(dense_cycles(20, {8, 3}) == 3 + 3 + 2);
    CHECK(dense_cycles(20, {8, 1}) == 20);
}

TEST_CASE("fewer banks than lanes hold the memory stage up, as many do not", "[rows][chip]") {
    // Token 3 looks up a row of 12 8-bit weights in words 4 and 5: s = 2 with 8 lanes.
    const auto ready = [](std::uint32_t banks) {
        ChipConfig config = small_chip();
        config.core.accumulator_banks = banks;
        ChipBench bench(config, lookup_program(5, 12));
        bench.run({3});
        return std::pair{bench.runs.at(0).ready,
                         bench.chip.snapshot().at(1, Event::accumulator_waits)};
    };
    const auto [start, waits] = ready(0);
    CHECK(waits == 0);
    CHECK(ready(8) == std::pair{start, std::uint64_t{0}});
    CHECK(ready(7) == std::pair{start + 1, std::uint64_t{1}});  // eight in 2 cycles, four in 1
    CHECK(ready(4) == std::pair{start + 1, std::uint64_t{1}});
    CHECK(ready(3) == std::pair{start + 3, std::uint64_t{3}});  // 3 and 2
    CHECK(ready(1) == std::pair{start + 10, std::uint64_t{10}});
}

TEST_CASE("a sparse row costs its own words, synapses and cycles, resident or fetched",
          "[rows][chip]") {
    const bool remote = GENERATE(false, true);
    AxonBlock block = three_rows();
    ChipConfig config = sparse_chip();
    config.core.synapse_port_bits = 16;
    config.core.lanes = 2;
    if (remote) {
        block.kind = AxonBlock::Kind::remote;
        block.memory_tile = 3;
    }
    ChipBench bench(config, program_with(block, kThreeRows));
    bench.run({0, 1, 2});
    REQUIRE(bench.results.size() == 3);
    CHECK(bench.results[0] == std::vector<std::int32_t>{3, 0, 0, 0, 0, -2, 7, 0});
    CHECK(bench.results[1] == std::vector<std::int32_t>(8, 0));
    CHECK(bench.results[2] == std::vector<std::int32_t>{0, 0, 0, 0, 0, 0, 0, -8});

    const Counts counts = bench.chip.snapshot();
    CHECK(counts.at(1, Event::accumulates) == 6);  // with the two that bridge gaps
    CHECK(counts.at(1, Event::accumulator_writes) == 6);
    CHECK(counts.at(1, Event::synapse_indices) == 6);
    CHECK(counts.at(1, Event::event_queue_reads) == 3);
    if (remote) {
        CHECK(counts.at(1, Event::dma_rows) == 2);  // nothing is fetched for the empty row
        CHECK(counts.at(1, Event::dma_bytes) == 5);
        CHECK(counts.at(1, Event::synapse_reads) == 0);
        // Two events that ask, one that finds nothing; rows of 24 and 12 bits.
        CHECK(counts.at(1, Event::pipeline_busy_cycles) == 3 + 2 + 1);
    } else {
        // Bits 0 to 23 are words 0 and 1, bits 24 to 35 words 1 and 2; 2, 0 and 1 groups.
        CHECK(counts.at(1, Event::synapse_reads) == 2 + 0 + 2);
        CHECK(counts.at(1, Event::synapse_read_bits) == 4 * 16);
        CHECK(counts.at(1, Event::pipeline_busy_cycles) == 2 + 1 + 2);
    }
}

TEST_CASE("sparse rows that do not fit the core are refused with what is wrong", "[rows][check]") {
    using Catch::Contains;
    const auto refused = [](const auto& spoil) {
        ChipConfig config = sparse_chip();
        AxonBlock block = three_rows();
        std::vector<std::uint8_t> bytes = kThreeRows;
        spoil(config, block, bytes);
        try {
            check(program_with(block, bytes), config);
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    using Bytes = std::vector<std::uint8_t>;
    CHECK(refused([](ChipConfig&, AxonBlock&, Bytes&) {}) == "accepted");
    CHECK_THAT(refused([](ChipConfig& c, AxonBlock&, Bytes&) { c.core.sparse_index_bits = 0; }),
               Contains("index_bits is 2; the core's sparse_index_bits is 0"));
    CHECK_THAT(refused([](ChipConfig&, AxonBlock& b, Bytes&) { b.synapses.pop_back(); }),
               Contains("synapses of 2 rows; there are 3"));
    CHECK_THAT(refused([](ChipConfig&, AxonBlock& b, Bytes&) { b.synapses[1] = 9; }),
               Contains("a sparse row of 9 synapses; its row_length is 8"));
    CHECK_THAT(refused([](ChipConfig&, AxonBlock& b, Bytes&) { b.index_bits = 0; }),
               Contains("dense rows with synapses of their own"));
    CHECK(refused([](ChipConfig& c, AxonBlock&, Bytes&) { c.core.synapse_bytes = 5; }) ==
          "accepted");
    CHECK_THAT(refused([](ChipConfig& c, AxonBlock&, Bytes& bytes) {
                   c.core.synapse_bytes = 4;
                   bytes.pop_back();
               }),
               Contains("rows in bytes 0 and the 5 from there on; the memory has 4"));
    // Bits 2 to 5 of byte 4 hold the weight's upper bits; index 3 + 3 of row 2 is the last that
    // fits.
    CHECK_THAT(refused([](ChipConfig&, AxonBlock& b, Bytes&) { b.row_length = 7; }),
               Contains("axon 2: the indices of its row reach accumulator 7 of 7"));
}

TEST_CASE("sums saturate where the vector unit takes them, whatever came before", "[rows][chip]") {
    // Axons 0 to 4 add 100, 100, -80, 20 and -128 to one accumulator of 8 bits.
    const auto sum_of = [](std::vector<std::uint32_t> axons, std::uint32_t bits) {
        ChipConfig config = small_chip();
        config.core.accumulator_bits = bits;
        const std::vector<std::uint8_t> weights = {100, 100, 176, 20, 128};
        ChipBench bench(config, program_with(rows(5, 1, 8, 0, 1), weights));
        std::sort(axons.begin(), axons.end());
        bench.chip.host().feed(axons);
        bench.chip.run();
        return std::pair{bench.results.at(0).at(0),
                         bench.chip.snapshot().at(1, Event::accumulator_saturations)};
    };
    using Found = std::pair<std::int32_t, std::uint64_t>;
    CHECK(sum_of({0}, 8) == Found{100, 0});
    CHECK(sum_of({0, 1}, 8) == Found{127, 1});
    CHECK(sum_of({0, 1}, 9) == Found{200, 0});
    CHECK(sum_of({0, 1, 2}, 8) == Found{120, 0});  // 200 in between is no matter
    CHECK(sum_of({0, 3}, 8) == Found{120, 0});
    CHECK(sum_of({4}, 8) == Found{-128, 0});  // the edge below
    CHECK(sum_of({4, 2}, 8) == Found{-128, 1});
    CHECK(sum_of({4, 2}, 32) == Found{-208, 0});
}
