// Chips whose links hold flits back, each in its own way: what they compute, and how many events
// arrive, must not depend on it.
#include "arch/config.hpp"
#include "base/random.hpp"
#include "base/schema.hpp"
#include "tests/support/temporary_file.hpp"
#include "tests/workloads/chips.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "workloads/compiler.hpp"
#include "workloads/session.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

constexpr std::uint64_t kTiles = 16;

/// A tree through all routers, a tile at each, and some links more. Every link has its own delay
/// and passes a flit of 64 bits in 1, 2, 4 or 8 cycles.
std::string random_graph(Random& random) {
    const auto link = [&](std::uint64_t from, std::uint64_t to) {
        return "  - {from: " + std::to_string(from) + ", to: " + std::to_string(to) +
               ", delay: " + std::to_string(1 + random.below(24)) +
               ", bits: " + std::to_string(64U >> random.below(4)) + "}\n";
    };
    std::string text = "routers: " + std::to_string(kTiles) + "\nlinks:\n";
    for (std::uint64_t router = 1; router < kTiles; ++router) {
        const std::uint64_t parent = (router - 1) / 2;
        text += link(parent, router);
        // A neighbour of the same level or the next: never the parent, never twice.
        if (router % 3 == 0) {
            text += link(router - 1, router);
        }
    }
    return text;
}

SessionResult run_here(const arch::ChipConfig& chip) {
    const tests::TinyModel model(2, 12, 11);
    SessionOptions options;
    options.prompt = {3, 1, 4, 1, 5, 9, 2, 6};
    options.generate = 2;
    options.next_token = [](Logits logits) {
        return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    };
    const SessionResult result =
        run_session(compile(model(), chip, {}).program, chip, model(), options);
    INFO((result.verification.first ? result.verification.first->text() : ""));
    CHECK(result.verification.bit_exact());
    CHECK(result.verification.logits_compared > 0);
    return result;
}

/// Of all phases.
std::uint64_t total_of_run(const SessionResult& result, arch::Event event) {
    std::uint64_t sum = 0;
    for (const auto& phase : result.phases) {
        sum += phase.counts.total(event);
    }
    return sum;
}
std::uint64_t cycles_of_run(const SessionResult& result) {
    std::uint64_t sum = 0;
    for (const auto& phase : result.phases) {
        sum += phase.cycles;
    }
    return sum;
}

}  // namespace

TEST_CASE("random back-pressure on every link costs cycles, not events", "[chip]") {
    arch::ChipConfig free = tests::chip_of(4, 4);
    const SessionResult unhindered = run_here(free);
    const std::uint64_t seed = GENERATE(range(1, 21));
    Random random(seed);
    const tests::TemporaryFile graph("back_pressure.yaml", random_graph(random));
    arch::ChipConfig chip = schema::read_string<arch::ChipConfig>(
        "memory_tiles: [15]\nnetwork: {topology: graph, graph: '" + graph.path().string() +
            "', routing: up_down, buffer: " + std::to_string(1 + random.below(3)) + "}",
        "chip");
    chip.core.event_queue = 1 + static_cast<std::uint32_t>(random.below(8));
    chip.core.output_queue = 17 + static_cast<std::uint32_t>(random.below(8));
    chip.core.output_credits = 1 + static_cast<std::uint32_t>(random.below(2));
    CAPTURE(seed, chip.network.buffer, chip.core.event_queue, chip.core.output_queue);
    const SessionResult hindered = run_here(chip);

    CHECK(hindered.generated == unhindered.generated);
    CHECK(cycles_of_run(hindered) > cycles_of_run(unhindered));
    for (const arch::Event event :
         {arch::Event::accumulates, arch::Event::direct_accumulates, arch::Event::programs,
          arch::Event::vector_instructions, arch::Event::dma_rows}) {
        CAPTURE(static_cast<int>(event));
        CHECK(total_of_run(hindered, event) == total_of_run(unhindered, event));
    }
    // What was written was read, everywhere.
    CHECK(total_of_run(hindered, arch::Event::event_queue_writes) ==
          total_of_run(hindered, arch::Event::event_queue_reads));
    CHECK(total_of_run(hindered, arch::Event::noc_buffer_write_bits) ==
          total_of_run(hindered, arch::Event::noc_buffer_read_bits));
    CHECK(total_of_run(hindered, arch::Event::gate_closed_cycles) > 0);
}

}  // namespace spikeloom::workloads
