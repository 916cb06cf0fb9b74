// The event pipeline against a twin that steps registers cycle by cycle, and at its edges by hand.
#include "arch/event_pipeline.hpp"
#include "base/random.hpp"
#include "tests/arch/small_chip.hpp"

#include <deque>
#include <optional>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

/// The pipeline as registers that move at clock edges: a queue, a chain of lookup registers, the
/// memory stage with its count of cycles to go.
class PipelineTwin {
  public:
    PipelineTwin(std::uint32_t lookup_registers, std::uint32_t memory_latency)
        : chain_(lookup_registers), memory_latency_(memory_latency) {}

    void accept(Cycle cycle, std::uint32_t service) { arriving_.push_back({cycle, service}); }

    /// The cycles in which the sums show each event, in their order.
    std::vector<Cycle> run(std::size_t events) {
        std::vector<Cycle> finished;
        for (Cycle cycle = 0; finished.size() < events; ++cycle) {
            // The edge into this cycle, from the pipeline's end to its front.
            if (busy_ > 0 && --busy_ == 0) {
                finished.push_back(cycle + memory_latency_);
            }
            if (busy_ == 0 && chain_.back()) {
                busy_ = *chain_.back();
                chain_.back().reset();
            }
            for (std::size_t i = chain_.size(); --i > 0;) {
                if (!chain_[i]) {
                    chain_[i] = std::exchange(chain_[i - 1], std::nullopt);
                }
            }
            if (!chain_.front() && !queue_.empty()) {
                chain_.front() = queue_.front();
                queue_.pop_front();
            }
            // The cycle itself: what arrives is in the queue at its end.
            while (!arriving_.empty() && arriving_.front().first == cycle) {
                queue_.push_back(arriving_.front().second);
                arriving_.pop_front();
            }
        }
        return finished;
    }

  private:
    std::deque<std::pair<Cycle, std::uint32_t>> arriving_;
    std::deque<std::uint32_t> queue_;
    std::vector<std::optional<std::uint32_t>> chain_;
    std::uint32_t busy_ = 0;
    std::uint32_t memory_latency_;
};

struct NoSink : noc::DeliverySink {
    void deliver(noc::Cycle, std::span<const noc::Delivery>) override {}
    void sources_drained(noc::Cycle, std::span<const noc::SourceReport>) override {}
};

/// A pipeline on tile 1 whose stage has `axons` axons, axon i with a row of `lengths[i]` 8-bit
/// weights of value 1.
struct PipelineBench : SimulationTest, NoSink {
    PipelineBench(const ChipConfig& what, const std::vector<std::uint32_t>& lengths,
                  bool remote = false)
        : config(what),
          program(program_for(lengths, remote)),
          counts({"mac_8x8"}, config.tiles()),
          network("network", config.network, *this),
          fabric{config, program, network, counts, config.clocks(), config.packet_format()},
          memory(config.core.synapse_bytes, 1),
          stage{&program.stages[0],
                0,
                AxonTable(program.stages[0].axons, config.core, memory,
                          [&](std::uint32_t, std::uint32_t) { return counts.index_of("mac_8x8"); }),
                {},
                std::vector<Slot>(2),
                {}},
          pipeline(fabric, 1, std::span(&stage, 1)) {
        for (Slot& slot : stage.slots) {
            slot.sums.resize(64);
        }
    }

    /// `remote`: with one axon more, whose row is in the memory tile.
    static Program program_for(const std::vector<std::uint32_t>& lengths, bool remote = false) {
        Stage stage =
            relay("stage", 1, 64, rows(1, 1, 8, 0, 8), send(1, 64, Encoding::dense, 16, {{1, 0}}));
        stage.axons.clear();
        for (std::uint32_t i = 0; i < lengths.size(); ++i) {
            stage.axons.push_back(rows(1, lengths[i], 8, 64 * i, 8));
            stage.axons.back().first_axon = i;
        }
        if (remote) {
            stage.axons.push_back(rows(1, 1, 8, 0, 8));
            stage.axons.back().kind = AxonBlock::Kind::remote;
            stage.axons.back().first_axon = static_cast<std::uint32_t>(lengths.size());
            stage.axons.back().memory_tile = 3;
        }
        return program_of({stage}, 64);
    }

    /// Hands over one event in a network cycle; returns the cycle in which the sums show it.
    Cycle accept(noc::Cycle cycle, std::uint32_t axon) {
        auto burst = std::make_shared<EventBurst>(fabric.format, 24, 1);
        burst->elements = {axon};
        burst->values = {1};
        Message message;
        message.burst = burst;
        Slot& slot = stage.slot_of(0);
        slot.progress.last = 0;
        pipeline.accept(cycle, stage, message, {0, 1});
        return slot.progress.last;
    }

    /// Hands over a flit of events on axons 0, 1, ...; returns the cycle in which the sums show the
    /// last.
    Cycle accept_flit(noc::Cycle cycle, std::size_t events) {
        auto burst = std::make_shared<EventBurst>(fabric.format, 16, events);
        for (std::uint32_t axon = 0; axon < events; ++axon) {
            burst->elements.push_back(axon);
            burst->values.push_back(1);
        }
        Message message;
        message.burst = burst;
        pipeline.accept(cycle, stage, message, {0, events});
        while (pipeline.next_entry() != kNever) {  // with remote rows they enter cycle by cycle
            pipeline.enter(pipeline.next_entry());
        }
        return stage.slot_of(0).progress.last;
    }

    ChipConfig config;
    Program program;
    Counts counts;
    noc::NetworkModule network;
    Fabric fabric;
    std::vector<std::uint8_t> memory;
    StageState stage;
    EventPipeline pipeline;
};

}  // namespace

TEST_CASE("an event alone takes lookup, memory latency and the cycles of its row", "[pipeline]") {
    // Accepted in cycle 11 (handed over in 10), popped in 12; then the lookup's cycles, the
    // memory's latency, and the longer of words and groups of lanes.
    struct Case {
        std::uint32_t lookup, latency, port, lanes, length;
        Cycle finished;
    };
    const Case wanted = GENERATE(values<Case>({
        {1, 0, 64, 8, 8, 12 + 1 + 0 + 1},  // one word, one group
        {1, 0, 64, 8, 9, 12 + 1 + 0 + 2},  // one weight more: two of both
        {1, 3, 64, 8, 9, 12 + 1 + 3 + 2},
        {4, 3, 64, 8, 9, 12 + 4 + 3 + 2},
        {1, 1, 64, 4, 16, 12 + 1 + 1 + 4},   // the lanes are the narrower part
        {1, 1, 32, 16, 16, 12 + 1 + 1 + 4},  // the port is
        {1, 1, 512, 64, 64, 12 + 1 + 1 + 1},
    }));
    ChipConfig config = small_chip();
    config.core.axon_latency = wanted.lookup;
    config.core.synapse_latency = wanted.latency;
    config.core.synapse_port_bits = wanted.port;
    config.core.lanes = wanted.lanes;
    PipelineBench bench(config, {wanted.length});
    CHECK(bench.accept(10, 0) == wanted.finished);
}

TEST_CASE("a row that straddles a word of the synapse memory costs the word more", "[pipeline]") {
    ChipConfig config = small_chip();
    Program program = PipelineBench::program_for({8, 8});
    for (const std::uint64_t address : {0, 1, 8, 15}) {
        AxonBlock block = rows(1, 8, 8, address, 8);
        const std::vector<std::uint8_t> memory(64);
        const AxonTable table({block}, config.core, memory,
                              [](std::uint32_t, std::uint32_t) { return std::size_t{1}; });
        CHECK(table.row_of(0).words == (address % 8 == 0 ? 1 : 2));
    }
}

TEST_CASE("a read waits for its bank, and only for its bank", "[pipeline]") {
    // Rows of a word, all 64 bytes apart: axon i begins at word 8 i. Handed over in cycle 10, an
    // event alone is at the memory in 13 and in the sums from 15 on; the next a cycle later.
    ChipConfig config = small_chip();
    config.core.axon_latency = 1;
    config.core.synapse_latency = 1;
    config.core.synapse_port_bits = 64;
    config.core.lanes = 64;
    config.core.synapse_bank_cycles = 4;
    SECTION("one bank: the second row starts four cycles after the first") {
        PipelineBench bench(config, {8, 8});
        CHECK(bench.accept(10, 0) == 15);
        CHECK(bench.accept(10, 1) == 15 + 4);
    }
    SECTION("words 0 and 8 of three banks lie in banks 0 and 2") {
        config.core.synapse_banks = 3;
        PipelineBench bench(config, {8, 8});
        CHECK(bench.accept(10, 0) == 15);
        CHECK(bench.accept(10, 1) == 16);
    }
    SECTION("of four banks both lie in bank 0") {
        config.core.synapse_banks = 4;
        PipelineBench bench(config, {8, 8});
        CHECK(bench.accept(10, 0) == 15);
        CHECK(bench.accept(10, 1) == 19);
    }
    SECTION("the bank is free again in the fifth cycle, not in the fourth") {
        PipelineBench bench(config, {8, 8, 8});
        CHECK(bench.accept(10, 0) == 15);
        CHECK(bench.accept(13, 1) == 19);  // alone it would be 18
        CHECK(bench.accept(18, 2) == 23);  // and this one comes just in time
    }
    SECTION("a row of three words waits for itself in two banks, not in four") {
        config.core.synapse_banks = 2;
        PipelineBench two(config, {24});
        CHECK(two.accept(10, 0) == 15 + 4);  // words in 13, 14 and 17
    }
    SECTION("four banks") {
        config.core.synapse_banks = 4;
        PipelineBench four(config, {24});
        CHECK(four.accept(10, 0) == 15 + 2);
    }
}

TEST_CASE("two events of one flit contend as the diagram of docs/core.md says", "[pipeline]") {
    // Rows of 16 8-bit weights, two words and two groups, the second at word 8.
    ChipConfig config = small_chip();
    SECTION("with nobody") {
        PipelineBench bench(config, {16, 16});
        CHECK(bench.accept(10, 0) == 16);
        CHECK(bench.accept(10, 1) == 18);
    }
    SECTION("for the only bank, two cycles a read") {
        config.core.synapse_bank_cycles = 2;
        PipelineBench bench(config, {16, 16});
        CHECK(bench.accept(10, 0) == 17);
        CHECK(bench.accept(10, 1) == 21);
    }
    SECTION("for half as many banks of accumulators as lanes") {
        config.core.accumulator_banks = 4;
        PipelineBench bench(config, {16, 16});
        CHECK(bench.accept(10, 0) == 18);
        CHECK(bench.accept(10, 1) == 22);
        CHECK(bench.counts.total(Event::accumulator_waits) == 2 + 2);
    }
}

TEST_CASE("the pipeline keeps the cycles of a machine stepped register by register", "[pipeline]") {
    const auto seed = GENERATE(range(1, 25));
    Random random(static_cast<std::uint64_t>(seed));
    ChipConfig config = small_chip();
    config.core.axon_latency = 1 + static_cast<std::uint32_t>(random.below(4));
    config.core.synapse_latency = static_cast<std::uint32_t>(random.below(4));
    config.core.event_queue = 256;
    std::vector<std::uint32_t> lengths;
    for (int i = 0; i < 8; ++i) {
        lengths.push_back(1 + static_cast<std::uint32_t>(random.below(64)));
    }
    PipelineBench bench(config, lengths);
    PipelineTwin twin(config.core.axon_latency, config.core.synapse_latency);

    // Bursts and gaps: the pipeline runs full, empty and in between.
    std::vector<Cycle> finished;
    noc::Cycle cycle = 5;
    for (int i = 0; i < 200; ++i) {
        cycle += random.below(3) == 0 ? random.below(30) : 0;
        const auto axon = static_cast<std::uint32_t>(random.below(lengths.size()));
        finished.push_back(bench.accept(cycle, axon));
        const std::uint32_t words = (lengths[axon] * 8 + 63) / 64;  // as many as groups of 8 lanes
        twin.accept(cycle + 1, words);
    }
    CHECK(finished == twin.run(finished.size()));
}

TEST_CASE("weights of every width are read as they were packed", "[pipeline]") {
    const auto bits = GENERATE(range(1U, 17U));
    // A row of weights that are the pattern's lowest `bits` bits, packed from bit 0 upwards.
    Random random(bits);
    std::vector<std::uint32_t> patterns;
    std::vector<std::uint8_t> memory(64);
    constexpr std::uint32_t kLength = 19;
    for (std::uint32_t i = 0; i < kLength; ++i) {
        patterns.push_back(static_cast<std::uint32_t>(random.next()) & ((1U << bits) - 1));
        for (std::uint32_t bit = 0; bit < bits; ++bit) {
            const std::uint32_t at = i * bits + bit;
            memory[at / 8] =
                static_cast<std::uint8_t>(memory[at / 8] | (patterns[i] >> bit & 1U) << at % 8);
        }
    }
    const RowPlace place{0, kLength};
    const WeightRows weights(memory, {kLength, bits, 0}, std::span(&place, 1));
    std::vector<std::int32_t> sums(kLength, 1000);
    weights.accumulate(0, -3, sums);
    for (std::uint32_t i = 0; i < kLength; ++i) {
        std::int32_t weight = static_cast<std::int32_t>(patterns[i]);
        if (bits > 1 && weight >= 1 << (bits - 1)) {
            weight -= 1 << bits;
        }
        CHECK(sums[i] == 1000 - 3 * weight);
    }
}

TEST_CASE("the gate closes when a flit could overflow the queue, not one place earlier",
          "[pipeline][gate]") {
    PipelineBench bench(small_chip(), {8});
    InputGate gate(bench.fabric, 1, kEventClass, 8, 4);
    const auto closed = [&] { return bench.counts.total(Event::gate_closed_cycles); };
    gate.accepted(10, 4);  // 4 of 8 places are left, as many as a flit may need
    CHECK(closed() == 0);
    gate.left(20);         // the network sees the place in 21
    gate.accepted(11, 1);  // 3 are left
    CHECK(closed() == 21 - 12);
    gate.left(21);
    gate.accepted(21, 1);  // held until the place of cycle 21 is seen in 22, the next cycle: open
    CHECK(closed() == 21 - 12);
    gate.accepted(22, 1);  // now it waits for a third to leave, nobody knows when
    CHECK(closed() == 21 - 12);
    gate.left(40);
    CHECK(closed() == 21 - 12 + 41 - 23);
}

TEST_CASE("a queue of fewer places than a flit brings events takes them one after another",
          "[pipeline][gate]") {
    // Events of one flit, handed over in cycle 10, rows of a word: the first is popped in 12 and in
    // the sums from 15 on.
    const bool remote = GENERATE(false, true);
    const auto last_of = [&](std::size_t events, std::uint32_t places) {
        ChipConfig config = small_chip();
        config.core.event_queue = places;
        return PipelineBench(config, {8, 8, 8, 8}, remote).accept_flit(10, events);
    };
    CHECK(last_of(4, 4) == 18);
    // With two places the third is written in 13, the cycle after the first was popped: in time.
    CHECK(last_of(4, 2) == 18);
    // With one the second is written in 13 and popped in 14, the third in 16, the fourth in 18.
    CHECK(last_of(1, 1) == 15);
    CHECK(last_of(2, 1) == 17);
    CHECK(last_of(4, 1) == 21);
}

TEST_CASE("a full queue holds the network back and loses nothing", "[pipeline][gate]") {
    // 40 spikes of rows that take 24 cycles each, faster than one lane can add them.
    ChipConfig config = small_chip();
    config.core.lanes = 1;
    const std::uint32_t length = 24;
    const Program program = lookup_program(40, length);
    std::vector<std::uint32_t> spikes;
    std::vector<std::int32_t> sums(length);
    for (std::uint32_t axon = 0; axon < 40; ++axon) {
        spikes.push_back(axon);
        for (std::uint32_t i = 0; i < length; ++i) {
            sums[i] += lookup_value(axon, length, i);
        }
    }
    const auto run = [&](std::uint32_t places) {
        config.core.event_queue = places;
        ChipBench bench(config, program);
        bench.chip.host().feed(spikes);
        bench.chip.run();
        REQUIRE(bench.results.size() == 1);
        CHECK(bench.results[0] == sums);
        const Counts counts = bench.chip.snapshot();
        CHECK(counts.total(Event::event_queue_writes) == 40);
        CHECK(counts.total(Event::event_queue_reads) == 40);
        return std::pair{counts.total(Event::gate_closed_cycles), bench.runs[0].ready};
    };
    const auto [closed_never, ready_large] = run(40 + 4);  // a flit brings 4 at most
    CHECK(closed_never == 0);
    const auto [closed_small, ready_small] = run(8);
    CHECK(closed_small > 0);
    // The lanes are the bottleneck and never run dry, held back or not.
    CHECK(ready_small == ready_large);
    const auto [closed_least, ready_least] = run(4);
    CHECK(closed_least > closed_small);
    CHECK(ready_least >= ready_large);
    const auto [closed_one, ready_one] = run(1);
    CHECK(closed_one >= closed_least);
    CHECK(ready_one >= ready_least);
}
