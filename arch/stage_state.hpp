// A stage as its core keeps it: axon table, registers, what has come of the steps under way, and
// the credits it holds of those it sends to.
#pragma once

#include "arch/axon_table.hpp"
#include "arch/clock.hpp"
#include "arch/program.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace spikeloom::arch {

struct Fabric;

/// What a step waits for, whoever collects it.
struct StepProgress {
    std::uint32_t markers = 0;
    std::uint64_t announced = 0;  // packets of events, by the markers
    std::uint64_t received = 0;   // packets whose tail has come
    std::uint64_t pending = 0;    // events that have come and are not in the sums
    Cycle last = 0;               // the registers show the last of all that from this cycle on

    void packet_received() { ++received; }
    void marker_received(std::uint64_t packets, Cycle seen) {
        ++markers;
        announced += packets;
        last = std::max(last, seen);
    }
    bool complete(std::size_t producers) const {
        return markers == producers && received == announced && pending == 0;
    }
};

/// The accumulators of one step.
struct Slot {
    StepProgress progress;
    bool complete = false;
    std::vector<std::int32_t> sums;
};

/// Somebody a stage sends to.
struct Consumer {
    StageId stage;
    std::uint32_t credits;
};

struct StageState {
    const Stage* stage = nullptr;
    StageId id = 0;
    AxonTable axons;
    std::vector<std::vector<std::int32_t>> registers;
    std::vector<Slot> slots;
    std::vector<Consumer> consumers;  // in the order of their first mention in the outputs

    std::uint64_t step = 0;  // of the program that runs, or runs next
    Cycle ready = 0;         // when the last of what it waits for came
    bool queued = false;     // for the vector unit
    bool busy = false;       // from the program's start until its emission has left the encoder

    Slot& slot_of(std::uint64_t of_step) { return slots[of_step % slots.size()]; }
    const Slot& slot_of(std::uint64_t of_step) const { return slots[of_step % slots.size()]; }

    bool has_all_credits() const {
        return std::all_of(consumers.begin(), consumers.end(),
                           [](const Consumer& consumer) { return consumer.credits > 0; });
    }
};

/// The stages `ids` of the Program, all on `tile`, as they are before the first step: weights and
/// constants loaded, states at their initial values, all credits there.
std::vector<StageState> make_stages(Fabric& fabric, TileId tile, const std::vector<StageId>& ids);

}  // namespace spikeloom::arch
