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
