// Requests for several rows, rows fetched ahead, and what waits for them.
#include "arch/dma.hpp"
#include "tests/arch/small_chip.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

struct DeafSink : noc::DeliverySink {
    void deliver(noc::Cycle, std::span<const noc::Delivery>) override {}
    void sources_drained(noc::Cycle, std::span<const noc::SourceReport>) override {}
};

/// The DMA engine of tile 1, on which a stage has `axons` remote rows of `length` 8-bit weights,
/// `stride` bytes apart; `dense`: it gets dense events, as wide as it has axons, from itself.
struct DmaBench : SimulationTest, DeafSink {
    DmaBench(const CoreConfig& core, std::uint32_t axons, std::uint32_t length,
             std::uint32_t stride, bool dense = false)
        : config(chip_of(core)),
          program(program_for(axons, length, stride, dense)),
          counts({}, config.tiles()),
          network("network", config.network, *this),
          fabric{config, program, network, counts, config.clocks(), config.packet_format()},
          stage{&program.stages[0],
                0,
                AxonTable(program.stages[0].axons, config.core, {},
                          [](std::uint32_t, std::uint32_t) { return std::size_t{0}; }),
                {},
                std::vector<Slot>(2),
                {}},
          dma(fabric, 1, std::span(&stage, 1)) {}

    static ChipConfig chip_of(const CoreConfig& core) {
        ChipConfig config = small_chip();
        config.core = core;
        return config;
    }

    static Program program_for(std::uint32_t axons, std::uint32_t length, std::uint32_t stride,
                               bool dense) {
        AxonBlock block = rows(axons, length, 8, 0, 1);
        block.kind = AxonBlock::Kind::remote;
        block.memory_tile = 3;
        block.row_stride = stride;
        return program_of(
            {relay("stage", 1, axons, block,
                   send(1, axons, dense ? Encoding::dense : Encoding::graded, 16, {{0, 0}}))},
            1);
    }

    DmaEngine::Asked ask(std::uint32_t axon, Cycle entered) {
        DmaEngine::Row row;
        row.stage = &stage;
        row.axon = axon;
        row.entered = entered;
        const DmaEngine::Asked asked = dma.ask(row, entered - 1);
        last = row;
        return asked;
    }

    /// Bytes [first, first + bytes) of what a request asked for; they are numbered from 0.
    std::size_t respond(Cycle seen, std::uint32_t transfer, std::uint32_t first,
                        std::uint32_t bytes) {
        Message message;
        message.kind = MessageKind::response;
        message.transfer = transfer;
        message.first_byte = first;
        message.bytes = bytes;
        message.row_bytes = std::make_shared<std::vector<std::uint8_t>>(1);
        const auto complete = dma.receive(seen, message);
        came.assign(complete.begin(), complete.end());
        return came.size();
    }

    ChipConfig config;
    Program program;
    Counts counts;
    noc::NetworkModule network;
    Fabric fabric;
    StageState stage;
    DmaEngine dma;
    DmaEngine::Row last;
    std::vector<DmaEngine::Row> came;
};

CoreConfig core_with(std::uint32_t outstanding, std::uint32_t burst, std::uint32_t prefetch = 0) {
    CoreConfig core = small_chip().core;
    core.dma_outstanding = outstanding;
    core.dma_burst_rows = burst;
    core.dma_prefetch = prefetch;
    return core;
}

}  // namespace

TEST_CASE("a request takes along the rows that have entered before it", "[dma]") {
    // Rows enter in 10, 11, 12, 13. The first leaves in 11 alone and takes 2 flits; the request of
    // 13 finds those of 11 and 12, not that of 13.
    DmaBench bench(core_with(8, 4), 8, 16, 16);
    CHECK(bench.dma.next_request() == kNever);
    for (std::uint32_t axon = 0; axon < 4; ++axon) {
        CHECK(bench.ask(axon, 10 + axon) == DmaEngine::Asked::queued);
    }
    CHECK(bench.dma.next_request() == 11);
    CHECK(bench.dma.request(10).rows == 0);
    const DmaEngine::Request first = bench.dma.request(11);
    CHECK(first.rows == 1);
    CHECK(first.written == 12);
    CHECK(bench.dma.next_request() == 13);
    CHECK(bench.dma.request(13).rows == 2);
    CHECK(bench.dma.next_request() == 15);
    CHECK(bench.dma.request(15).rows == 1);
    CHECK(bench.dma.next_request() == kNever);
    CHECK(bench.dma.pending() == 4);
}

TEST_CASE("what a request takes along is bounded", "[dma]") {
    const auto rows_of_request = [](const CoreConfig& core, std::uint32_t length,
                                    std::uint32_t stride, const std::vector<std::uint32_t>& axons) {
        DmaBench bench(core, 64, length, stride);
        for (const std::uint32_t axon : axons) {
            bench.ask(axon, 10);
        }
        return bench.dma.request(11).rows;
    };
    std::vector<std::uint32_t> in_order(64);
    for (std::uint32_t axon = 0; axon < 64; ++axon) {
        in_order[axon] = axon;
    }
    SECTION("by dma_burst_rows and by the row buffers") {
        CHECK(rows_of_request(core_with(64, 5), 16, 16, in_order) == 5);
        CHECK(rows_of_request(core_with(3, 5), 16, 16, in_order) == 3);
    }
    SECTION("by a gap between the rows") {
        CHECK(rows_of_request(core_with(64, 5), 16, 17, in_order) == 1);
        CHECK(rows_of_request(core_with(64, 5), 16, 16, {3, 4, 6, 7}) == 2);
        CHECK(rows_of_request(core_with(64, 5), 16, 16, {4, 3}) == 1);
    }
    SECTION("by the 16 bits in which a request says its bytes") {
        CHECK(rows_of_request(core_with(64, 64), 2048, 2048, in_order) == 31);
        CHECK(rows_of_request(core_with(64, 64), 1023, 1023, in_order) == 64);
    }
}

TEST_CASE("a request waits for buffers for all its rows", "[dma]") {
    // Of three buffers the first request takes one; the next two rows have buffers, the next three
    // have not.
    DmaBench bench(core_with(3, 3), 8, 16, 16);
    bench.ask(0, 10);
    CHECK(bench.dma.request(11).rows == 1);
    SECTION("two rows have them") {
        bench.ask(1, 11);
        bench.ask(2, 12);
        CHECK(bench.dma.next_request() == 13);
        CHECK(bench.dma.request(13).rows == 2);
    }
    SECTION("three wait for the first row to pass") {
        for (std::uint32_t axon = 1; axon < 4; ++axon) {
            bench.ask(axon, 11);
        }
        CHECK(bench.dma.next_request() == kNever);
        CHECK(bench.respond(40, 0, 0, 16) == 1);
        bench.dma.release(0, 45);
        CHECK(bench.dma.next_request() == 45);
        CHECK(bench.dma.request(44).rows == 0);
        CHECK(bench.dma.request(45).rows == 3);
    }
}

TEST_CASE("rows of one response come in parts, in any order", "[dma]") {
    DmaBench bench(core_with(4, 4), 8, 24, 24);
    for (std::uint32_t axon = 0; axon < 3; ++axon) {
        bench.ask(axon, 10);
    }
    REQUIRE(bench.dma.request(11).rows == 3);
    // 72 bytes: the last packet overtakes the others.
    CHECK(bench.respond(50, 0, 60, 12) == 0);
    CHECK(bench.respond(51, 0, 0, 30) == 1);
    CHECK(bench.came[0].axon == 0);
    CHECK(bench.came[0].first_byte == 0);
    CHECK(bench.came[0].arrived == 51);
    CHECK(bench.respond(52, 0, 30, 30) == 2);
    CHECK(bench.came[0].axon == 1);
    CHECK(bench.came[0].first_byte == 24);
    CHECK(bench.came[1].axon == 2);
    CHECK(bench.came[1].first_byte == 48);
    CHECK(bench.counts.at(1, Event::dma_rows) == 3);
    CHECK(bench.counts.at(1, Event::dma_bytes) == 72);
}

TEST_CASE("rows of dense events are fetched ahead, those of others are not", "[dma]") {
    CHECK(DmaBench(core_with(4, 1, 2), 8, 16, 16, false).dma.next_request() == kNever);
    CHECK(DmaBench(core_with(4, 1, 0), 8, 16, 16, true).dma.next_request() == kNever);
    DmaBench bench(core_with(4, 1, 2), 8, 16, 16, true);
    CHECK(bench.dma.next_request() == 0);
    bench.dma.request(0);
    CHECK(bench.dma.next_request() == 2);
    bench.dma.request(2);
    CHECK(bench.dma.next_request() == kNever);  // two buffers, both taken
    CHECK(bench.dma.pending() == 0);            // nobody waits for them
    CHECK(bench.counts.at(1, Event::dma_rows_ahead) == 2);
    SECTION("an event takes the row that is there") {
        CHECK(bench.respond(40, 0, 0, 16) == 0);
        CHECK(bench.ask(0, 50) == DmaEngine::Asked::there);
        CHECK(bench.last.arrived == 50);
        CHECK(bench.dma.pending() == 1);
        bench.dma.release(bench.last.buffer, 60);
        CHECK(bench.dma.next_request() == 60);  // row 2, into its buffer
    }
    SECTION("a row seen after its event has entered is there when it is seen") {
        // The network's process may tell of it before it can be seen.
        CHECK(bench.respond(55, 0, 0, 16) == 0);
        CHECK(bench.ask(0, 50) == DmaEngine::Asked::there);
        CHECK(bench.last.arrived == 55);
    }
    SECTION("an event waits for the row that is on its way") {
        CHECK(bench.ask(1, 50) == DmaEngine::Asked::coming);
        CHECK(bench.respond(49, 1, 0, 16) == 1);  // seen before the event has left the lookup
        CHECK(bench.came[0].arrived == 50);
        CHECK(bench.came[0].axon == 1);
    }
    SECTION("a row that an event asks for first is passed over") {
        CHECK(bench.ask(2, 50) == DmaEngine::Asked::queued);
        CHECK(bench.dma.request(51).rows == 1);
        CHECK(bench.ask(0, 52) == DmaEngine::Asked::coming);
        bench.respond(60, 0, 0, 16);
        bench.dma.release(4, 70);
        bench.dma.request(70);
        CHECK(bench.ask(3, 71) == DmaEngine::Asked::coming);
    }
    SECTION("rows that events ask for go first") {
        bench.ask(0, 40);
        bench.respond(45, 0, 0, 16);
        bench.dma.release(4, 50);
        bench.ask(7, 49);
        CHECK(bench.dma.request(50).rows == 1);
    }
}

TEST_CASE("after a step's last row the first ones are fetched for the next step", "[dma]") {
    DmaBench bench(core_with(4, 2, 4), 3, 16, 16, true);
    bench.dma.request(0);                  // rows 0 and 1
    CHECK(bench.dma.next_request() == 2);  // row 2: the run ends with it
    bench.dma.request(2);
    // There is a buffer, but row 0 still waits for its event.
    CHECK(bench.dma.next_request() == kNever);
    CHECK(bench.ask(0, 20) == DmaEngine::Asked::coming);
    CHECK(bench.dma.next_request() == 20);  // popped in 19
    bench.dma.request(20);
    CHECK(bench.counts.at(1, Event::dma_rows_ahead) == 4);
}

TEST_CASE("a row fetched ahead meets its event, on both sides of the edge", "[dma][memory]") {
    // Stage 0, on tile 1, sends one dense value to stage 1 on tile 2, whose row of 24 weights is in
    // the SRAM of tile 3. When stage 0's program ends in cycle e, its packet of 2 flits is written
    // in e and e + 1, injected from e + 2 on, over one link handed over in e + 2 + 10 + 1, seen in
    // e + 14 and popped in e + 15; it leaves the lookup of A = 10 cycles in E = e + 25 and passes
    // the memory stage in that cycle. A row that is there in a enters the lookup in a + 1, takes 3
    // cycles of the memory stage from a + 11 on (8 lanes), and the sums show it M = 1 cycle later,
    // from a + 15 on.
    //
    // Fetched ahead, the request is written in 0 and 1, injected from 2 on, over one link handed
    // over in 2 + 10 + 1 = 13, seen in 14, taken in 15, at the memory in 19; 2 words until 21, and
    // `latency` cycles on they are in the response: 4 flits, the last written in 24 + latency, the
    // tail handed over in 25 + latency + 10 + 3, seen in 39 + latency.
    const Cycle event = 25;  // E - e
    ChipConfig config = small_chip();
    config.memory.kind = MemoryKind::sram;
    config.memory.sram.bytes = 8192;
    config.core.axon_latency = 10;  // the response's flits do not meet the event's on their way
    config.core.dma_prefetch = GENERATE(0U, 1U);
    AxonBlock far = rows(1, 24, 8, 0, 16);
    far.kind = AxonBlock::Kind::remote;
    far.memory_tile = 3;
    Program program = program_of(
        {relay("near", 1, 1, rows(1, 1, 8, 0, 1), send(1, 1, Encoding::dense, 16, {{1, 0}})),
         relay("far", 2, 24, far, send(1, 24, Encoding::dense, 16, {{2, 0}}))},
        24);
    program.synapse_images = {{1, 0, {2}}};
    program.memory_images = {{3, 0, std::vector<std::uint8_t>(24, 5)}};

    // What E is, from a first run; it does not depend on the memory.
    Cycle entered = 0;
    {
        ChipBench first(config, program);
        first.run({0});
        entered = first.run_of(0, 0).end + event;
    }
    REQUIRE(entered > 41);
    for (const Cycle arrived : {entered - 1, entered, entered + 1, entered + 7}) {
        CAPTURE(arrived, entered);
        config.memory.sram.latency = static_cast<std::uint32_t>(arrived - 39);
        ChipBench bench(config, program);
        bench.run({0});
        REQUIRE(bench.runs.size() == 2);
        CHECK(bench.results[0] == std::vector<std::int32_t>(24, 10));
        const Counts counts = bench.chip.snapshot();
        const Cycle ready = bench.run_of(1, 0).ready;
        if (config.core.dma_prefetch == 1) {
            CHECK(ready == std::max(arrived, entered) + 15);
            // From the cycle after E to the one before the row is at the memory stage.
            CHECK(counts.at(2, Event::memory_waits) ==
                  std::max(arrived, entered) + 11 - (entered + 1));
            CHECK(counts.at(2, Event::dma_rows_ahead) == 2);  // for the step and the one behind
        } else {
            // Requested in E + 1 instead of 0, so as much later.
            CHECK(ready == arrived + entered + 1 + 15);
            CHECK(counts.at(2, Event::memory_waits) == arrived + 11);
            CHECK(counts.at(2, Event::dma_rows_ahead) == 0);
        }
        CHECK(counts.at(2, Event::dma_bytes) == 24 * (1 + std::uint64_t{config.core.dma_prefetch}));
    }
}

TEST_CASE("dense matrices from memory: the same sums however their rows are asked for",
          "[dma][memory]") {
    const auto burst = GENERATE(1U, 3U, 16U);
    const auto prefetch = GENERATE(0U, 1U, 5U, 40U);
    const std::uint32_t inputs = 30;
    const std::uint32_t length = 40;
    const std::uint32_t narrow = 9;
    ChipConfig config = small_chip();
    config.core.dma_outstanding = GENERATE(1U, 4U);
    config.core.dma_queue = 3;
    config.core.dma_burst_rows = burst;
    config.core.dma_prefetch = prefetch;
    config.memory.request_queue = 2;
    AxonBlock far = rows(inputs, length, 8, 0, 16);
    far.kind = AxonBlock::Kind::remote;
    far.memory_tile = 3;
    AxonBlock other = far;  // a narrower matrix on the same core
    other.row_length = other.row_stride = narrow;
    other.address = std::uint64_t{inputs} * length;
    Program program = program_of(
        {relay("near", 1, inputs, rows(2, inputs, 8, 0, 1),
               send(1, inputs, Encoding::dense, 16, {{1, 0}, {2, 0}})),
         relay("far", 2, length, far, send(1, length, Encoding::dense, 16, {{3, 0}})),
         relay("other", 2, narrow, other, send(1, narrow, Encoding::dense, 16, {{3, length}}))},
        length + narrow);
    MemoryImage near{1, 0, {}};
    for (std::uint32_t i = 0; i < 2 * inputs; ++i) {
        near.bytes.push_back(static_cast<std::uint8_t>(i % 7));
    }
    MemoryImage matrices{3, 0, {}};
    std::vector<std::int32_t> wanted(length + narrow, 0);
    const auto add_matrix = [&](std::uint32_t columns, std::uint32_t first) {
        for (std::uint32_t i = 0; i < inputs * columns; ++i) {
            const std::uint32_t weight = i % 11;
            matrices.bytes.push_back(static_cast<std::uint8_t>(weight));
            wanted[first + i % columns] += static_cast<std::int32_t>(weight * (i / columns % 7));
        }
    };
    add_matrix(length, 0);
    add_matrix(narrow, length);
    program.synapse_images = {near};
    program.memory_images = {matrices};
    ChipBench bench(config, program);
    bench.run({0, 0, 0});
    REQUIRE(bench.results.size() == 3);
    for (const auto& result : bench.results) {
        CHECK(result == wanted);
    }
    const Counts counts = bench.chip.snapshot();
    // Three steps' rows, and what has been fetched for a fourth.
    const std::uint64_t rows_fetched = counts.at(2, Event::dma_rows);
    CHECK(rows_fetched >= 3 * 2 * inputs);
    CHECK(rows_fetched <= 3 * 2 * inputs + std::min(prefetch, 2 * inputs));
    CHECK(counts.at(2, Event::packets_requests) == counts.at(3, Event::memory_requests));
    CHECK(counts.at(2, Event::packets_requests) <= rows_fetched);
    CHECK((counts.at(2, Event::packets_requests) < rows_fetched) ==
          (burst > 1 && (config.core.dma_outstanding > 1 || prefetch > 1)));
}
