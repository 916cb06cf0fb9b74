// A memory tile: a queue of read requests, served by a memory behind a TLM-2.0 socket.
//
// A request enters the queue with its tail, is taken by the controller from the next cycle on, one
// a cycle, and goes to the memory (BEGIN_REQ) `controller_latency` later, or when the memory has
// ended the request before (END_REQ). When its data have come (BEGIN_RESP, answered at once), the
// response is written into the output queue, a flit a cycle, in the order in which the memory
// responds; with the last flit the request's place in the queue is free.
#pragma once

#include "arch/fabric.hpp"
#include "arch/input_gate.hpp"
#include "arch/output_queue.hpp"
#include "arch/payload_pool.hpp"
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
    tlm_utils::simple_initiator_socket<MemoryTile> socket;  // to the memory

    MemoryTile(const sc_core::sc_module_name& name, Fabric& fabric, TileId tile);

    /// Writes into the memory without simulated time. Once the sockets are bound.
    void load(const MemoryImage& image);

    /// The tail of a request was handed over by the network in its cycle `cycle`.
    void receive(noc::Cycle cycle, const Message& message);
    /// Flits of responses have been injected in the network's cycle `cycle`.
    void flits_left(noc::Cycle cycle);

    /// What unfinished requests wait for, one line; none: an empty one.
    std::string wait() const;

  private:
    enum Work : std::uint32_t {
        kIssue,    // the next request may go to the memory
        kRespond,  // data or the output queue's credits have come
    };
    /// A request whose turn comes in cycle `due`.
    struct Request {
        Message message;
        Cycle due;
    };
    /// What the payload of a request carries for its way back.
    struct Access {
        TileId to = 0;
        std::uint32_t transfer = 0;
        std::shared_ptr<std::vector<std::uint8_t>> bytes;
    };
    struct Response {
        Access access;
        Cycle data;  // all bytes have come
    };

    void perform(const Task& task) override;
    void issue(Cycle now);
    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                sc_core::sc_time& delay);
    void take_phase(PayloadPool<Access>::Payload& payload, const tlm::tlm_phase& phase,
                    const sc_core::sc_time& time);
    void respond();

    Fabric& fabric_;
    TileId tile_;
    InputGate gate_;
    OutputQueue output_;
    PayloadPool<Access> payloads_;
    std::deque<Request> requests_;                          // not issued
    const tlm::tlm_generic_payload* requesting_ = nullptr;  // BEGIN_REQ sent, END_REQ not come
    std::size_t in_memory_ = 0;                             // issued, not responded to
    std::deque<Response> responses_;                        // in the order of their data
    std::uint64_t packet_ = 0;     // of the first response, the one being written
    std::uint16_t in_packet_ = 0;  // flits written of it
    Cycle next_turn_ = 0;
    Cycle next_issue_ = 0;
    Cycle next_write_ = 0;
};

}  // namespace spikeloom::arch
