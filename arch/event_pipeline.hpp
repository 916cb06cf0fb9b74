// The way of an event through a core: event queue, axon lookup, synapse memory, lanes.
//
// The pipeline is first in, first out, and each of its parts takes a time that is known when an
// event enters. For event i, accepted in cycle a, whose row takes s cycles of the memory stage:
//
//     p(i) = max(a(i) + 1, p(i-1) + 1, u(i-A))      popped: into the first of A lookup registers
//     u(i) = max(p(i) + A, u(i-1) + s(i-1))         leaves the lookup for the memory stage
//     f(i) = u(i) + M + s(i)                        the accumulators show its row
//
// with A = axon_latency, M = synapse_latency, s = max(1, cycles of the row's words
// (memory_banks.hpp), cycles of the lanes (weight_rows.hpp)). So the cycles of all events of a flit
// are worked out at once, when the flit arrives.
//
// A core with remote rows (AxonBlock::Kind::remote) is different: an event may have to wait for the
// DMA engine, whose rows come back when the network pleases. There the front end decides cycle by
// cycle which event or row enters, and is woken for each of them:
//  - a row that has arrived goes first; it passes the same registers and lanes as an event;
//  - an event enters only while the DMA engine's queue has a place for it, be it remote or not (the
//    kind is known after the lookup). The place is free again one cycle after the event has left
//    the lookup, or its request the queue. Rows need no place, so they always flow, and with them
//    requests and events: the pipeline cannot lock up.
#pragma once

#include "arch/dma.hpp"
#include "arch/fabric.hpp"
#include "arch/input_gate.hpp"
#include "arch/memory_banks.hpp"
#include "arch/row_pipeline.hpp"
#include "arch/stage_state.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <vector>

namespace spikeloom::arch {

class EventPipeline {
  public:
    /// `stages` are those of the core, and stay where they are.
    EventPipeline(Fabric& fabric, TileId tile, std::span<const StageState> stages);

    /// The network handed over the events `units` of the message in its cycle `cycle`.
    void accept(noc::Cycle cycle, StageState& stage, const Message& message,
                noc::Burst::Units units);

    /// The network handed over the tail of a response in its cycle `cycle`.
    void accept_rows(noc::Cycle cycle, const Message& message);

    /// A step of a stage to which something was added.
    struct Served {
        StageState* stage;
        std::uint64_t step;
    };
    /// Lets in what enters in cycle `now`, if anything does, and sends the DMA engine's request of
    /// that cycle. Only for cores with remote rows.
    std::optional<Served> enter(Cycle now);
    /// The cycle in which the next event or row enters or the next request leaves, as far as it is
    /// known.
    Cycle next_entry() const;

    /// Rows that a memory tile has been or will be asked for.
    std::size_t rows_pending() const { return dma_.pending(); }

  private:
    struct QueuedEvent {
        StageState* stage;
        std::uint64_t step;
        std::uint32_t axon;
        std::int32_t value;
        Cycle accepted;
    };

    /// Something enters in cycle `entered`.
    RowPipeline::Passage pass(Cycle entered, std::uint32_t service);

    void pop_event(Cycle popped, StageState& stage, std::uint64_t step, std::uint32_t axon,
                   std::int32_t value);
    void queue_row(const DmaEngine::Row& row);
    Cycle next_served() const;
    Served enter_event(Cycle now);
    Served enter_row(Cycle now);
    void count_row(const AxonTable::Block& block, const AxonTable::Row& row);
    void count_pop(Cycle popped);

    Fabric& fabric_;
    TileId tile_;
    const CoreConfig& config_;
    InputGate gate_;
    bool remote_;

    Lanes lanes_;
    RowPipeline rows_in_flight_;
    MemoryBanks banks_;

    // Only with remote rows.
    DmaEngine dma_;
    std::deque<QueuedEvent> events_;
    std::deque<DmaEngine::Row> rows_;  // in the order of their arrival
    /// When each free place of the DMA engine's queue may be claimed.
    std::priority_queue<Cycle, std::vector<Cycle>, std::greater<>> places_;
};

}  // namespace spikeloom::arch
