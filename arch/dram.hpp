// A DRAM channel with its controller as a TLM-2.0 target; any initiator of the base protocol can be
// bound to its socket, and any such target can stand in its place.
//
// Approximately timed (nb_transport), four phases:
//     BEGIN_REQ   the request comes
//     END_REQ     it has a place in the controller's queue: at once, or when one is free; until
//                 then the initiator may not begin another (back-pressure)
//     BEGIN_RESP  its data have been transferred; reads carry them
//     END_RESP    the initiator has taken the response: the place is free
// Responses come in the order in which data are complete, one at a time.
//
// Loosely timed (b_transport): the access starts at the present time plus the annotated delay and
// is served at once, by the same banks and rules, but past the requests in the queue; the delay
// returned ends with its data. Direct memory access is granted, at the latency a byte of a stream
// has.
#pragma once

#include "arch/dram_controller.hpp"
#include "arch/memory_store.hpp"

#include <cstdint>
#include <deque>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_cb_and_phase.h>
#include <tlm_utils/simple_target_socket.h>

namespace spikeloom::arch {

class Dram : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<Dram> socket;

    Dram(const sc_core::sc_module_name& name, const DramConfig& config);

    /// Until the present time.
    DramCounts counts() const;

  private:
    using Payload = tlm::tlm_generic_payload;

    tlm::tlm_sync_enum forward(Payload& access, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    void blocking(Payload& access, sc_core::sc_time& delay);
    unsigned int debug(Payload& access);
    bool direct(Payload& access, tlm::tlm_dmi& dmi);

    void arrived(Payload& access, const tlm::tlm_phase& phase);
    void take(Payload& access);
    void work();
    void arm();
    void respond();
    void finish_response();
    DramRequest request_of(const Payload& access);
    DramClock cycle_at(const sc_core::sc_time& time) const;
    sc_core::sc_time time_of(DramClock cycle) const;

    /// A request in the controller's queue.
    struct Taken {
        std::uint64_t id;
        Payload* access;
        DramClock end;  // of its data; kNoClock: not known yet, or past
    };

    const DramConfig config_;
    MemoryStore store_;
    DramController controller_;
    tlm_utils::peq_with_cb_and_phase<Dram> arrivals_;
    sc_core::sc_event due_;

    std::uint64_t next_id_ = 0;
    std::vector<Taken> taken_;
    Payload* waiting_ = nullptr;     // begun, without a place
    std::deque<Payload*> complete_;  // to be responded to, in this order
    Payload* responding_ = nullptr;  // BEGIN_RESP sent, END_RESP not come
};

}  // namespace spikeloom::arch
