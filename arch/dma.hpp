// The DMA engine of a core: fetches rows of synapses from memory tiles.
//
// Rows that events ask for wait in a queue, in order. A request asks for the row at its head and
// takes along those behind it that lie one behind the other in the same memory, up to
// `dma_burst_rows`; it goes out, a flit a cycle, when there are row buffers for all of them, and a
// buffer is kept until its row has passed the lanes. Rows that will surely be needed, because dense
// events come to their axons in every step, are fetched ahead into `dma_prefetch` buffers of their
// own while no other row can be asked for (fetch_ahead.hpp has their order); the event that wants
// such a row takes it from there. docs/core.md, "Remote rows", gives the cycles.
#pragma once

#include "arch/fabric.hpp"
#include "arch/fetch_ahead.hpp"
#include "arch/stage_state.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

namespace spikeloom::arch {

class DmaEngine {
  public:
    /// A row to be fetched for an event.
    struct Row {
        StageState* stage = nullptr;
        std::uint64_t step = 0;
        std::uint32_t axon = 0;
        std::int32_t value = 0;
        Cycle entered = 0;                                       // the engine, with its event
        Cycle arrived = 0;                                       // whole, and asked for
        std::uint32_t buffer = 0;                                // from the request on
        std::shared_ptr<const std::vector<std::uint8_t>> bytes;  // of all rows of the request ...
        std::uint32_t first_byte = 0;                            // ... from here on of this one
    };

    /// `stages` are those of the core, and stay where they are.
    DmaEngine(Fabric& fabric, TileId tile, std::span<const StageState> stages);

    /// What becomes of a row that is asked for.
    enum class Asked {
        queued,  // it waits for its request, and its place with it
        coming,  // it was requested ahead and has not come
        there,   // it was fetched ahead
    };
    /// An event popped in cycle `popped` asks for a row in cycle `row.entered`. If the row is
    /// there, `row` is completed.
    Asked ask(Row& row, Cycle popped);

    /// The first cycle in which a request can leave, by what is known.
    Cycle next_request() const;
    /// A request: the rows that have left the queue with it, and the cycle of its last flit, with
    /// which their places are free.
    struct Request {
        std::size_t rows;
        Cycle written;
    };
    /// Sends the request that can leave in cycle `now`, if there is one.
    Request request(Cycle now);

    /// The row's buffer is free again from `cycle` on.
    void release(std::uint32_t buffer, Cycle cycle);

    /// A response packet is there from cycle `seen` on. Returns the rows that are complete with it
    /// and that an event has asked for, in their order; valid until the next call.
    std::span<const Row> receive(Cycle seen, const Message& message);

    /// Rows that events wait for: requested or to be requested.
    std::size_t pending() const { return queue_.size() + wanted_; }

  private:
    /// Where a row lies, and how long it is.
    struct Place {
        TileId tile = 0;
        std::uint64_t address = 0;
        std::uint32_t bytes = 0;
    };
    struct Buffer {
        Row row;
        Place place;
        std::uint32_t received = 0;  // bytes
        bool wanted = false;         // an event has asked for the row

        bool full() const { return received == place.bytes; }
    };
    /// A request under way. There are never more of them than buffers.
    struct Transfer {
        struct Part {
            std::uint32_t buffer;  // may hold another row once this one has come
            std::uint32_t end;     // of the row's bytes, among those of the request
        };
        std::vector<Part> rows;
        std::uint32_t left = 0;  // bytes to come
    };
    /// Row buffers that are free or known to become so, the first to be free in front.
    class Pool {
      public:
        void release(std::uint32_t buffer, Cycle cycle);
        std::uint32_t take();
        /// The cycle from which on `count` buffers are free; kNever: that is not known yet.
        Cycle usable(std::size_t count) const {
            return free_.size() < count ? kNever : free_[count - 1].usable;
        }

      private:
        struct Free {
            Cycle usable;
            std::uint32_t buffer;
            friend bool operator<(const Free& a, const Free& b) {
                return std::tie(a.usable, a.buffer) < std::tie(b.usable, b.buffer);
            }
        };
        std::deque<Free> free_;
    };

    static Place place_of(const StageState& stage, std::uint32_t axon);
    /// Of the first `most` rows that `row(i)` returns, as many as one request may ask for.
    template <class RowAt>
    static std::size_t adjacent(std::size_t most, RowAt&& row);

    std::size_t adjacent_wanted(Cycle cycle) const;
    std::size_t adjacent_ahead() const;
    Cycle next_wanted() const;
    Cycle next_ahead() const;
    Cycle send(Cycle now);

    Fabric& fabric_;
    TileId tile_;
    const CoreConfig& config_;
    std::deque<Row> queue_;
    std::vector<Buffer> buffers_;  // for rows that events ask for, then for those fetched ahead
    Pool free_;                    // of the first kind
    Pool free_ahead_;
    FetchAhead ahead_;
    std::size_t wanted_ = 0;  // rows requested that events wait for, until they have passed
    Cycle next_request_ = 0;
    Cycle ahead_changed_ = 0;  // from this cycle on ahead_ is as the last event has left it
    std::vector<Transfer> transfers_;
    std::vector<std::uint32_t> free_transfers_;
    std::vector<std::uint32_t> request_;  // scratch of request(): the buffers
    std::vector<Row> complete_;           // scratch of receive()
};

}  // namespace spikeloom::arch
