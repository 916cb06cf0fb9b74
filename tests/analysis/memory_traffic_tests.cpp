// What a run says of its memory tiles, by hand.
#include "analysis/memory_traffic.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom::analysis;

namespace {

Phase phase_of(EventCounts counts) {
    Phase phase;
    phase.name = "prefill";
    phase.tokens = 4;
    phase.seconds = 1e-3;
    phase.counts[2] = std::move(counts);
    return phase;
}

}  // namespace

TEST_CASE("traffic of a DRAM: bytes, share of the peak, row hits, waits", "[memory]") {
    Chip chip;
    chip.memory_bytes_per_second = 12.8e6;
    chip.memory_burst_bytes = 32;
    // 100 bursts of 32 bytes in a millisecond are 3.2 MB/s, a quarter of 12.8; 15 opened a row.
    const auto traffic = memory_traffic(phase_of({{"dram_read_bursts", 100},
                                                  {"dram_activates", 15},
                                                  {"dma_rows", 40},
                                                  {"dma_rows_ahead", 8},
                                                  {"memory_requests", 30},
                                                  {"memory_waits", 77}}),
                                        chip);
    REQUIRE(traffic);
    CHECK(traffic->bytes_per_token == 800.0);
    CHECK(traffic->bytes_per_second == Approx(3.2e6));
    CHECK(traffic->share_of_peak == Approx(0.25));
    CHECK(*traffic->row_hit_rate == Approx(0.85));
    CHECK(traffic->rows == 40);
    CHECK(traffic->rows_ahead == 8);
    CHECK(traffic->requests == 30);
    CHECK(traffic->wait_cycles == 77);
}

TEST_CASE("traffic of an SRAM has no row hits, a chip without memory none at all", "[memory]") {
    Chip chip;
    CHECK(!memory_traffic(phase_of({}), chip));
    chip.memory_bytes_per_second = 1e6;
    const auto traffic = memory_traffic(phase_of({{"memory_sram_read_bits", 3200}}), chip);
    REQUIRE(traffic);
    CHECK(traffic->bytes_per_token == 100.0);
    CHECK(traffic->share_of_peak == Approx(0.4));
    CHECK(!traffic->row_hit_rate);
}
