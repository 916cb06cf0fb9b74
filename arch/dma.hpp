// The DMA engine of a core: fetches rows of synapses from memory tiles.
//
// A queue of rows to be requested, served in order; a request goes out, a flit a cycle, when one of
// the row buffers is free, and keeps that buffer until its row has passed the lanes.
#pragma once

#include "arch/fabric.hpp"
#include "arch/stage_state.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
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
        std::uint32_t buffer = 0;  // from the request on
        std::shared_ptr<const std::vector<std::uint8_t>> bytes;
    };

    DmaEngine(Fabric& fabric, TileId tile);

    /// The row enters the queue in cycle `entered`.
    void enqueue(const Row& row, Cycle entered);
    /// Sends the next request, if it is known when it can go, and returns the cycle of its last
    /// flit; with the next one its place in the queue is free.
    std::optional<Cycle> issue();
    /// The row's buffer is free again from `cycle` on.
    void release(std::uint32_t buffer, Cycle cycle);

    /// A response packet has come whole. Returns its row when that is complete.
    std::optional<Row> receive(const Message& message);

    /// Rows requested or to be requested.
    std::size_t pending() const { return queue_.size() + fetching_; }

  private:
    struct Queued {
        Row row;
        Cycle entered;
    };
    struct Fetch {
        Row row;
        std::uint32_t received = 0;  // bytes
        std::uint32_t wanted = 0;
    };
    struct FreeBuffer {
        Cycle usable;
        std::uint32_t buffer;
        bool operator>(const FreeBuffer& other) const {
            return usable != other.usable ? usable > other.usable : buffer > other.buffer;
        }
    };

    Fabric& fabric_;
    TileId tile_;
    std::deque<Queued> queue_;
    std::vector<Fetch> fetches_;  // by buffer
    std::size_t fetching_ = 0;
    std::priority_queue<FreeBuffer, std::vector<FreeBuffer>, std::greater<>> free_;
    Cycle next_request_ = 0;
};

}  // namespace spikeloom::arch
