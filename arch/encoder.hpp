// The event encoder of a core: turns what a program left in its registers into packets.
//
// It makes one pass over an output for each destination, in the order of outputs and destinations,
// then sends one marker to each consumer, in the order of their first mention. It writes at most
// one flit a cycle into the output queue.
//  - dense: a flit a cycle, from the first cycle of the pass.
//  - binary, graded: the pass looks at one window of `scan_width` elements at a time. In a cycle
//  the
//    packer takes the events of the present window, in order, until a flit is full (then the flit
//    is written, and the rest waits for the next cycle) or the window is exhausted (then the next
//    cycle has the next window). A packet that cannot take one more event is closed as a full flit
//    is. The last, unfilled flit goes out in the last window's last cycle, or in the cycle after
//    it, if that cycle has written a flit already.
// A cycle in which a flit cannot be written, for want of a credit, is a wait: everything behind it
// moves by as much.
#pragma once

#include "arch/fabric.hpp"
#include "arch/output_queue.hpp"
#include "arch/stage_state.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace spikeloom::arch {

/// A pass over an output: its flits by the cycle, counted from the pass's first, in which each is
/// written if nothing has to wait.
struct Pass {
    std::shared_ptr<const EventBurst> burst;
    std::vector<Cycle> flits;
    Cycle cycles = 0;
};

/// Works out the pass over the elements `values` of an output. `scans` and `truncations` are added
/// to.
Pass encode(const Output& output, std::span<const std::int32_t> values,
            const noc::PacketFormat& format, std::uint32_t scan_width, std::uint64_t& scans,
            std::uint64_t& truncations);

class Encoder {
  public:
    Encoder(Fabric& fabric, TileId tile, OutputQueue& queue);

    bool busy() const { return stage_ != nullptr; }
    /// The stage whose emission is under way.
    StageState* stage() const { return stage_; }

    /// Takes over the outputs of the stage's program of `step`; the first cycle is `start`.
    void begin(StageState& stage, std::uint64_t step, Cycle start);
    /// Writes what can be written as far as credits are known, and returns the first cycle after
    /// the last flit once all are written; none: it waits for credits.
    std::optional<Cycle> advance();
    /// The emission has ended: what it was.
    EmissionRun finish(Cycle end);

  private:
    struct Leg {
        std::size_t pass;
        StageId to;
        std::uint32_t axon;
    };

    bool write_pass(const Leg& leg);
    bool write_markers();
    std::optional<Cycle> write_flit(Cycle earliest);
    void send_packet(const Leg& leg, Cycle written);

    Fabric& fabric_;
    TileId tile_;
    OutputQueue& queue_;

    StageState* stage_ = nullptr;
    EmissionRun run_;
    std::vector<Pass> passes_;  // one an output
    std::vector<Leg> legs_;     // one a destination
    std::size_t leg_ = 0;
    std::size_t flit_ = 0;         // of the leg
    std::uint64_t packet_ = 0;     // of the leg
    std::uint16_t in_packet_ = 0;  // flits written of the packet
    std::size_t marker_ = 0;
    Cycle cycle_ = 0;  // the leg's first cycle, moved by its waits; then that of the next marker
    std::vector<std::uint64_t> packets_to_;  // by consumer
};

}  // namespace spikeloom::arch
