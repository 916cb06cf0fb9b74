// DRAM timing by hand, and rows that come from a memory tile over the network.
#include "arch/axon_table.hpp"
#include "arch/dram.hpp"
#include "base/random.hpp"
#include "tests/arch/small_chip.hpp"

#include <functional>

#include <catch2/catch.hpp>
#include <tlm_utils/simple_initiator_socket.h>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

/// The defaults are LPDDR4-3200 x16: a burst is 32 bytes, a row 2048, and in cycles of 625 ps
/// RCD 29, RPpb 29, RAS 68, RRD 16, FAW 64, CCD 8, RL 28, DQSCK 6, a burst's data 8, RTP 12.
DramConfig small_dram() {
    DramConfig config;
    config.rows = 64;
    config.refi = 0;
    return config;
}

constexpr std::uint64_t kPeriod = 625;
constexpr std::uint64_t kRow = 2048;
constexpr std::uint64_t kBankOfRows = kRow * 8;  // the next row of the same bank is 8 banks on

struct Initiator : sc_core::sc_module {
    explicit Initiator(sc_core::sc_module_name name) : sc_module(name), socket("socket") {}
    tlm_utils::simple_initiator_socket<Initiator> socket;
};

struct DramBench : SimulationTest {
    explicit DramBench(const DramConfig& config) : initiator("initiator"), dram("dram", config) {
        initiator.socket.bind(dram.socket);
    }

    /// The cycle of the DRAM's clock in which the access that starts in `start` ends.
    std::uint64_t access(std::uint64_t address, unsigned int bytes, std::uint64_t start,
                         tlm::tlm_command command = tlm::TLM_READ_COMMAND) {
        std::vector<unsigned char> data(bytes, 0x5a);
        tlm::tlm_generic_payload payload;
        payload.set_command(command);
        payload.set_address(address);
        payload.set_data_ptr(data.data());
        payload.set_data_length(bytes);
        payload.set_streaming_width(bytes);
        sc_core::sc_time delay = sc_core::sc_time::from_value(start * kPeriod);
        initiator.socket->b_transport(payload, delay);
        status = payload.get_response_status();
        return delay.value() / kPeriod;
    }

    Initiator initiator;
    Dram dram;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
};

}  // namespace

TEST_CASE("a DRAM read takes activate, read and burst; then the open row is faster", "[dram]") {
    DramBench bench(small_dram());
    // Bank closed: tRCD 29, RL 28, DQSCK 6, 8 cycles of data.
    CHECK(bench.access(0, 32, 100) == 100 + 29 + 28 + 6 + 8);
    // Row open: the read alone.
    CHECK(bench.access(64, 32, 300) == 300 + 28 + 6 + 8);
    // Another row of the bank: tRPpb first.
    CHECK(bench.access(kBankOfRows, 32, 500) == 500 + 29 + 29 + 28 + 6 + 8);
    const Dram::Commands commands = bench.dram.commands();
    CHECK(commands.activates == 2);
    CHECK(commands.precharges == 1);
    CHECK(commands.read_bursts == 3);
    CHECK(commands.write_bursts == 0);
}

TEST_CASE("bursts of a row follow each other on the data bus without a gap", "[dram]") {
    DramBench bench(small_dram());
    CHECK(bench.access(0, 256, 0) == 29 + 28 + 6 + 8 * 8);
    // Unaligned: bytes 16 to 80 lie in three bursts.
    CHECK(bench.access(16, 64, 1000) == 1000 + 28 + 6 + 3 * 8);
    CHECK(bench.dram.commands().read_bursts == 8 + 3);
}

TEST_CASE("DRAM commands wait for those before them, to the cycle", "[dram]") {
    SECTION("a precharge waits until tRAS has passed since the activate") {
        DramBench bench(small_dram());
        bench.access(0, 32, 0);  // activate 0, read 29, precharge from max(0 + 68, 29 + 12)
        CHECK(bench.access(kBankOfRows, 32, 10) == 68 + 29 + 29 + 28 + 6 + 8);
    }
    SECTION("a precharge waits for tRTP after a late read") {
        DramBench bench(small_dram());
        bench.access(0, 32, 0);
        bench.access(0, 32, 100);  // read 100, precharge from 112
        CHECK(bench.access(kBankOfRows, 32, 101) == 112 + 29 + 29 + 28 + 6 + 8);
        DramBench other(small_dram());
        other.access(0, 32, 0);
        other.access(0, 32, 100);
        CHECK(other.access(kBankOfRows, 32, 113) == 113 + 29 + 29 + 28 + 6 + 8);
    }
    SECTION("activates of two banks keep tRRD apart") {
        DramBench bench(small_dram());
        bench.access(0, 32, 0);
        CHECK(bench.access(kRow, 32, 0) == 16 + 29 + 28 + 6 + 8);
        CHECK(bench.access(2 * kRow, 32, 33) == 33 + 29 + 28 + 6 + 8);  // 16 + 16 has passed
    }
    SECTION("a fifth activate waits for tFAW") {
        DramConfig config = small_dram();
        config.faw = 100;
        DramBench bench(config);
        for (std::uint64_t bank = 0; bank < 4; ++bank) {
            bench.access(bank * kRow, 32, 0);  // activates 0, 16, 32, 48
        }
        CHECK(bench.access(4 * kRow, 32, 0) == 100 + 29 + 28 + 6 + 8);
        CHECK(bench.access(5 * kRow, 32, 0) == 116 + 29 + 28 + 6 + 8);
    }
    SECTION("a read after a write waits for the data and tWTR, a write after a read for the bus") {
        DramBench bench(small_dram());
        // Write 29, data until 29 + 14 + 1 + 8.
        CHECK(bench.access(0, 32, 0, tlm::TLM_WRITE_COMMAND) == 29 + 14 + 1 + 8);
        // Read from 29 + 14 + 1 + 8 + 16 on.
        CHECK(bench.access(32, 32, 30) == 68 + 28 + 6 + 8);
        // Write from 68 + 28 + 6 + 8 + 2 - 14 on.
        CHECK(bench.access(32, 32, 69, tlm::TLM_WRITE_COMMAND) == 98 + 14 + 1 + 8);
        CHECK(bench.dram.commands().write_bursts == 2);
    }
}

TEST_CASE("a refresh closes all banks and holds the next command", "[dram]") {
    DramConfig config = small_dram();
    config.refi = 6246;
    config.rfc = 448;
    config.rp_all = 34;
    DramBench bench(config);
    bench.access(0, 32, 6000);
    // Before it is due nothing happens; from 6246 on: precharge all 34, refresh 448.
    CHECK(bench.access(32, 32, 6245) == 6245 + 28 + 6 + 8);
    CHECK(bench.dram.commands().refreshes == 0);
    // The read at 6245 lets its bank be precharged in 6257.
    CHECK(bench.access(64, 32, 6246) == 6257 + 34 + 448 + 29 + 28 + 6 + 8);
    CHECK(bench.dram.commands().refreshes == 1);
    CHECK(bench.dram.commands().precharges == 1);
    // Four refreshes later, the last (due in 5 * 6246) is still under way.
    CHECK(bench.access(64, 32, 5 * 6246 + 10) == 5 * 6246 + 448 + 29 + 28 + 6 + 8);
    CHECK(bench.dram.commands().refreshes == 5);
}

TEST_CASE("a DRAM gives back what was written, by every way in", "[dram]") {
    DramBench bench(small_dram());
    bench.access(1000, 40, 0, tlm::TLM_WRITE_COMMAND);
    std::vector<unsigned char> data(44);
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(998);
    payload.set_data_ptr(data.data());
    payload.set_data_length(44);
    CHECK(bench.initiator.socket->transport_dbg(payload) == 44);
    CHECK(data[1] == 0);
    CHECK(data[2] == 0x5a);
    CHECK(data[41] == 0x5a);
    CHECK(data[42] == 0);
    tlm::tlm_dmi memory;
    REQUIRE(bench.initiator.socket->get_direct_mem_ptr(payload, memory));
    CHECK(memory.get_dmi_ptr()[1039] == 0x5a);
    bench.access(small_dram().bytes() - 16, 32, 0);
    CHECK(bench.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

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
}

TEST_CASE("one remote row in an idle chip takes the cycles that add up by hand", "[memory]") {
    // As in the test of one token, the event is popped in 16. Looked up until 17, it enters the
    // DMA queue in 17; the request, 64 bits of header and 64 of its own, 2 flits, is written in 18
    // and 19 and may be injected from 20 on. Over 2 links its tail is handed over in
    // 20 + 14 + 1 = 35, seen by the memory tile in 36, taken in 37; the first command may go out 4
    // cycles later, at 41 ns, in DRAM cycle 66: activate 66, read 95, data of 32 bytes until
    // 95 + 28 + 6 + 8 = 137, 85.625 ns, seen by the tile in 86. 24 bytes and a header are 4 flits,
    // written in 86 to 89; injected from 90 on, the tail is handed over in 90 + 14 + 3 = 107 and
    // seen by the core in 108. It enters the pipeline in 109, leaves the lookup in 110, and with 1
    // cycle of latency and 3 of its 24 weights on 8 lanes the sums show it in 114.
    ChipConfig config = small_chip();
    config.memory.dram.refi = 0;
    ChipBench bench(config, remote_program(2, 24));
    bench.run({0});
    REQUIRE(bench.runs.size() == 1);
    CHECK(bench.runs[0].ready == 114);
}

TEST_CASE("remote rows of any width, many at once, are summed right", "[memory]") {
    const auto bits = GENERATE(1U, 3U, 4U, 8U, 11U, 16U);
    const auto outstanding = GENERATE(1U, 4U);
    const std::uint32_t length = 77;
    const std::uint32_t tokens = 30;
    ChipConfig config = small_chip();
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
    const WeightRows far_rows(bytes, tokens, program.stages[0].axons[0].row_stride, length, bits);
    const WeightRows near_rows(image.bytes, tokens, length, length, 8);
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
