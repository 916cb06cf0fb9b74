// The chip: its tiles, the network that joins them, and a Program that they run, as one SystemC
// design.
//
//     Chip chip(config, program);
//     chip.host().on_result([&](std::uint64_t step, std::span<const std::int32_t> logits, Cycle) {
//         if (step + 1 == wanted) return;
//         chip.host().feed_token(sample(logits));
//     });
//     chip.host().feed_token(first);
//     chip.run();
//     const Counts counts = chip.snapshot();
//
// SystemC elaborates once a process, so a process has one Chip (tests/support/simulation_test.hpp
// shows what a test does about it). SystemC itself is not seen from here.
#pragma once

#include "arch/config.hpp"
#include "arch/events.hpp"
#include "arch/host.hpp"
#include "arch/probe.hpp"
#include "arch/program.hpp"
#include "noc/trace.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace spikeloom::arch {

/// Throws InputError, naming the stage and the reason, where the Program cannot run on such a chip:
/// it refers to what does not exist, exceeds a memory or a table, contradicts itself. A Program
/// that passes cannot make the simulator fail; it can still stall, which Chip::run reports.
void check(const Program& program, const ChipConfig& config);

class Chip {
  public:
    /// Checks the configuration and the Program (InputError) and loads the memories.
    Chip(const ChipConfig& config, Program program);
    ~Chip();
    Chip(const Chip&) = delete;
    Chip& operator=(const Chip&) = delete;

    const ChipConfig& config() const;
    const Program& program() const;

    Host& host();
    /// Observes from now on; nullptr: nobody does. The probe must outlive the chip's runs.
    void attach(Probe* probe);

    /// Has `sampler` told the counts since the start, every so many cycles of the cores' clock
    /// while the chip runs, and when it comes to rest. A burst is counted when it enters a unit.
    using Sampler = std::function<void(const Counts&)>;
    void sample(Cycle cycles, Sampler sampler);

    /// Simulates until the host has the results of all steps fed, those fed meanwhile included, and
    /// the chip has come to rest. May be called again after feeding more. Throws CheckFailed where
    /// the chip stalls, naming each stage that waits and what it waits for.
    void run();

    /// The present cycle of the cores' clock.
    Cycle now() const;
    double seconds() const;
    /// Counts since the start.
    Counts snapshot() const;
    /// From now on every packet in the network is written down, with its class and when it arrived:
    /// a trace that `spikeloom noc` replays.
    void keep_packets();
    /// Empty where they are not kept.
    std::span<const noc::TraceRow> packets() const;
    /// What a register of a stage holds at present; the accumulator register shows no value.
    std::span<const std::int32_t> values(StageId stage, std::string_view register_name) const;

  private:
    void advance(Cycle cycles);

    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace spikeloom::arch
