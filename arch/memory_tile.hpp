// A memory tile: a queue of read requests, served in order by a DRAM behind a TLM-2.0 socket.
//
// A request enters the queue with its tail, is taken by the controller from the next cycle on, one
// a cycle, and `controller_latency` later its first DRAM command may go out; the device overlaps
// requests as its banks and bus allow. When its data has come, the response is written into the
// output queue, a flit a cycle, in the order of the requests; with the last flit the request's
// place in the queue is free.
#pragma once

#include "arch/dram.hpp"
#include "arch/fabric.hpp"
#include "arch/input_gate.hpp"
#include "arch/output_queue.hpp"
#include "arch/tile.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>

namespace spikeloom::arch {

class MemoryTile final : public Tile {
  public:
    tlm_utils::simple_initiator_socket<MemoryTile> socket;  // to the DRAM

    MemoryTile(const sc_core::sc_module_name& name, Fabric& fabric, TileId tile);

    /// Writes into the DRAM without simulated time. Once the sockets are bound.
    void load(const MemoryImage& image);

    /// The tail of a request was handed over by the network in its cycle `cycle`.
    void receive(noc::Cycle cycle, const Message& message);
    /// Flits of responses have been injected in the network's cycle `cycle`.
    void flits_left(noc::Cycle cycle);

    /// What unfinished requests wait for, one line; none: an empty one.
    std::string wait() const;

  private:
    enum Work : std::uint32_t {
        kIssue,    // the next request goes to the DRAM
        kRespond,  // the output queue's credits have come
    };
    struct Response {
        TileId to;
        std::uint32_t row;
        std::shared_ptr<const std::vector<std::uint8_t>> bytes;
        Cycle data;  // all bytes have come
    };

    void perform(const Task& task) override;
    void issue();
    void respond();

    Fabric& fabric_;
    TileId tile_;
    InputGate gate_;
    OutputQueue output_;
    std::deque<Message> requests_;
    std::deque<Response> responses_;  // issued, in order
    std::uint64_t packet_ = 0;        // of the first response, the one being written
    std::uint16_t in_packet_ = 0;     // flits written of it
    Cycle next_issue_ = 0;
    Cycle next_write_ = 0;
};

}  // namespace spikeloom::arch
