// Cycles of a chip that steps, against cycles worked out by hand.
#include "base/error.hpp"
#include "base/random.hpp"
#include "tests/workloads/stepped_run.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::tests;

namespace {

/// `sources` neurons on core 0 that fire in step 0, each with `synapses` on core 1.
std::string fan(int sources, int synapses) {
    return "populations:\n"
           "  - {name: S, neurons: " +
           std::to_string(sources) +
           ", model: regular, interval_ms: 100, core: 0}\n"
           "  - {name: T, neurons: " +
           std::to_string(synapses) +
           ", model: non_leaky, threshold: 1000, core: 1}\n"
           "connections:\n"
           "  - {from: S, to: T}\n";
}

arch::Cycle first_step(const std::string& yaml, const arch::ChipConfig& chip) {
    SteppedRun run(yaml, chip);
    run.run(1);
    return run.chip->now();
}

}  // namespace

TEST_CASE("one spike over one link: every stage takes its cycles", "[snn]") {
    // Neuron in cycle 0, packet written in 1, injected in 2, consumed in 5, in the event queue in
    // 6, popped in 7, looked up, read in 8 (s = 1), in the accumulators from 10 on.
    arch::ChipConfig chip = two_tiles();
    CHECK(first_step(fan(1, 1), chip) == 10);
    SECTION("a row of three synapses takes the lane three cycles") {
        CHECK(first_step(fan(1, 3), chip) == 12);
        chip.core.lanes = 3;
        CHECK(first_step(fan(1, 3), chip) == 11);  // but its 72 bits are two words of 64
        chip.core.synapse_port_bits = 72;
        CHECK(first_step(fan(1, 3), chip) == 10);
    }
    SECTION("each latency is in the sum once") {
        chip.core.axon_latency = 4;
        CHECK(first_step(fan(1, 1), chip) == 13);
        chip.core.synapse_latency = 3;
        CHECK(first_step(fan(1, 1), chip) == 15);
        chip.stepped.axon_out_cycles = 5;
        CHECK(first_step(fan(1, 1), chip) == 19);
        chip.stepped.spike_cycles = 2;
        CHECK(first_step(fan(1, 1), chip) == 21);
        chip.stepped.active_update_cycles = 11;
        CHECK(first_step(fan(1, 1), chip) == 31);
        chip.stepped.barrier_cycles = 7;
        CHECK(first_step(fan(1, 1), chip) == 38);
        chip.stepped.step_cycles = 38;
        CHECK(first_step(fan(1, 1), chip) == 38);
        chip.stepped.step_cycles = 39;
        CHECK(first_step(fan(1, 1), chip) == 39);
    }
    SECTION("groups of synapses take synapse_cycles") {
        chip.stepped.synapse_cycles = 35;
        CHECK(first_step(fan(1, 1), chip) == 44);
        CHECK(first_step(fan(1, 2), chip) == 79);
    }
    SECTION("a packet of three flits arrives with its last") {
        chip.network.flit_bits = 32;
        chip.stepped.packet_bits = 96;
        // Written in 1 to 3, so two later; the last flit follows the first by two more.
        CHECK(first_step(fan(1, 1), chip) == 14);
    }
    SECTION("neurons without input and spikes take only their own time") {
        const std::string quiet =
            "populations:\n  - {name: Q, neurons: 9, model: non_leaky, core: 0}\n";
        CHECK(first_step(quiet, chip) == 9);
        chip.stepped.idle_update_cycles = 4;
        chip.stepped.active_update_cycles = 100;
        CHECK(first_step(quiet, chip) == 36);
    }
}

TEST_CASE("a spike to its own tile does not enter the network", "[snn]") {
    arch::ChipConfig chip = two_tiles();
    chip.stepped.cores_per_tile = 2;
    chip.stepped.local_cycles = 3;
    // Written in cycle 1; in the other core's queue 3 later, in its own at once: popped in 2.
    CHECK(first_step(fan(1, 1), chip) == 1 + 3 + 4);
    std::string own = fan(1, 1);
    own.replace(own.find("core: 1"), 7, "core: 0");
    CHECK(first_step(own, chip) == 1 + 4);

    SteppedRun run(fan(1, 1), chip);
    run.run(1);
    CHECK(run.total(arch::Event::packets_within_tile) == 1);
    CHECK(run.total(arch::Event::noc_interface_bits) == 0);
    SteppedRun alone(own, chip);
    alone.run(1);
    CHECK(alone.total(arch::Event::packets_within_tile) == 0);
    CHECK(alone.total(arch::Event::packets_events) == 1);
}

TEST_CASE("two spikes for one row memory: the second waits for the first", "[snn]") {
    arch::ChipConfig chip = two_tiles();
    // Packets written in cycles 1 and 3, in the event queue in 6 and 8. The first row occupies the
    // memory stage in 8 to 17, the second follows at once: 18 + 1 + 10.
    CHECK(first_step(fan(2, 10), chip) == 29);
    SECTION("a queue of one place closes the gate for two cycles, and nothing is later") {
        chip.core.event_queue = 1;
        SteppedRun run(fan(2, 10), chip);
        run.run(1);
        CHECK(run.chip->now() == 29);
        // The pop in cycle 7 is seen in the network's cycle 8; closed from 6 on.
        CHECK(run.total(arch::Event::gate_closed_cycles) >= 2);
    }
    SECTION("rows so short that the lane is free in between do not wait") {
        CHECK(first_step(fan(2, 1), chip) == 12);
        CHECK(first_step(fan(2, 2), chip) == 13);
        CHECK(first_step(fan(2, 3), chip) == 15);
    }
}

TEST_CASE("a full output queue holds the neurons up", "[snn]") {
    arch::ChipConfig chip = two_tiles();
    chip.network.flit_bits = 64;
    chip.max_packet_flits = 2;
    chip.core.output_queue = 2;
    chip.core.output_credits = 1;
    chip.core.event_queue = 1;
    SteppedRun tight(fan(60, 50), chip);
    tight.run(1);
    CHECK(tight.total(arch::Event::encoder_waits) > 0);
    CHECK(tight.chip->synaptic_operations() == 60 * 50);
    // The memory stage is the bottleneck in both: the last row ends at the same time.
    chip.core.output_queue = 64;
    chip.core.event_queue = 64;
    SteppedRun wide(fan(60, 50), chip);
    wide.run(1);
    CHECK(wide.total(arch::Event::encoder_waits) == 0);
    CHECK(wide.chip->now() == tight.chip->now());
    CHECK(wide.chip->now() == 8 + 60 * 50 + 1);
}

TEST_CASE("no spike is lost whatever the queues, and spikes do not depend on time", "[snn]") {
    const std::uint64_t seed = GENERATE(1, 2, 3, 4, 5, 6);
    Random random(seed);
    const std::string yaml =
        "seed: " + std::to_string(seed) +
        "\n"
        "populations:\n"
        "  - {name: P, neurons: 40, model: poisson, rate_hz: 200}\n"
        "  - {name: N, neurons: 120, model: lif, tau_ms: 10, threshold: 1.5}\n"
        "connections:\n"
        "  - {from: P, to: N, rule: probability, probability: 0.3, weight: 0.5, delay_ms: 1, "
        "delay_to_ms: 9}\n"
        "  - {from: N, to: N, rule: probability, probability: 0.2, weight: -0.5, weight_to: 0.5, "
        "delay_ms: 1, delay_to_ms: 5}\n";
    arch::ChipConfig easy = two_tiles();
    easy.network.width = 3;
    easy.network.height = 2;
    easy.stepped.cores_per_tile = 2;
    SteppedRun expected(yaml, easy);
    expected.run(60);
    REQUIRE(expected.spikes.size() > 300);

    arch::ChipConfig hard = easy;
    hard.core.event_queue = 1 + static_cast<std::uint32_t>(random.below(3));
    hard.core.output_queue = 3;
    hard.core.output_credits = 1 + static_cast<std::uint32_t>(random.below(2));
    hard.max_packet_flits = 2;
    hard.core_clock_hz = 1e9 / static_cast<double>(1 + random.below(3));
    hard.network.buffer = 1 + static_cast<int>(random.below(3));
    hard.stepped.synapse_cycles = 1 + static_cast<std::uint32_t>(random.below(20));
    hard.stepped.local_cycles = static_cast<std::uint32_t>(random.below(5));
    hard.stepped.packet_bits = random.below(2) == 0 ? 32 : 128;
    SteppedRun run(yaml, hard);
    run.run(60);
    CHECK(run.spikes == expected.spikes);
    CHECK(run.chip->synaptic_operations() == expected.chip->synaptic_operations());
    for (const arch::Event event :
         {arch::Event::packets_events, arch::Event::event_queue_writes, arch::Event::axon_lookups,
          arch::Event::accumulates, arch::Event::neuron_updates_active}) {
        CHECK(run.total(event) == expected.total(event));
    }
    CHECK(run.total(arch::Event::event_queue_writes) == run.total(arch::Event::packets_events));
}

TEST_CASE("memories that are too small are refused with the core and the key", "[snn]") {
    const auto refused = [](const std::string& yaml, const arch::ChipConfig& chip) {
        try {
            SteppedRun run(yaml, chip);
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    arch::ChipConfig chip = two_tiles();
    chip.core.axon_entries = 3;
    CHECK(refused(fan(3, 1), chip).empty());
    CHECK_THAT(refused(fan(4, 1), chip),
               Catch::Contains("core 1: 4 axons") && Catch::Contains("core.axon_entries allows 3"));
    chip = two_tiles();
    chip.core.synapse_bytes = 30;  // ten synapses of 24 bits
    CHECK(refused(fan(1, 10), chip).empty());
    CHECK_THAT(refused(fan(1, 11), chip), Catch::Contains("core.synapse_bytes allows 30"));
    chip = two_tiles();
    chip.stepped.neurons = 4;
    CHECK_THAT(refused(fan(9, 1), chip), Catch::Contains("does not fit"));
    chip = two_tiles();
    chip.stepped.delay_bits = 2;
    std::string slow = fan(1, 1);
    slow.replace(slow.find("to: T}"), 6, "to: T, delay_ms: 4}");
    CHECK_THAT(refused(slow, chip), Catch::Contains("4 steps") && Catch::Contains("allow 3"));
}

TEST_CASE("a row's read waits for its bank in a chip that steps as well", "[snn]") {
    // Two rows of 72 bits, two words of 64 each: words 0, 1 and 2, 3 of the memory. The first is at
    // the memory in cycle 8, the second in 10.
    arch::ChipConfig chip = two_tiles();
    chip.core.lanes = 64;
    CHECK(first_step(fan(2, 3), chip) == 10 + 1 + 2);
    SECTION("one bank of four cycles: words in 8, 12, 16 and 20") {
        chip.core.synapse_bank_cycles = 4;
        CHECK(first_step(fan(2, 3), chip) == 21 + 1);
    }
    SECTION("two banks: words in 8, 9, 12 and 13") {
        chip.core.synapse_banks = 2;
        chip.core.synapse_bank_cycles = 4;
        CHECK(first_step(fan(2, 3), chip) == 14 + 1);
    }
    SECTION("two banks are free in time after two cycles, not after three") {
        chip.core.synapse_banks = 2;
        chip.core.synapse_bank_cycles = 2;
        CHECK(first_step(fan(2, 3), chip) == 12 + 1);
        chip.core.synapse_bank_cycles = 3;
        CHECK(first_step(fan(2, 3), chip) == 13 + 1);
    }
    SECTION("four words in four banks never meet") {
        chip.core.synapse_banks = 4;
        chip.core.synapse_bank_cycles = 100;
        CHECK(first_step(fan(2, 3), chip) == 12 + 1);
    }
    SECTION("what is computed is the same") {
        chip.core.synapse_bank_cycles = 9;
        SteppedRun slow(fan(20, 3), chip);
        slow.run(3);
        chip.core.synapse_bank_cycles = 1;
        SteppedRun fast(fan(20, 3), chip);
        fast.run(3);
        CHECK(slow.spikes == fast.spikes);
        CHECK(slow.total(arch::Event::accumulates) == fast.total(arch::Event::accumulates));
        CHECK(slow.chip->now() > fast.chip->now());
    }
}
