// A TLM-2.0 initiator for tests of links: it accesses what it is told to, by the four phases.
#pragma once

#include "arch/payload_pool.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_cb_and_phase.h>
#include <tlm_utils/simple_initiator_socket.h>

namespace spikeloom::arch::tests {

using sc_core::sc_time;

inline sc_time picoseconds(std::uint64_t ps) {
    return sc_time::from_value(ps);
}

/// Begins accesses one after the other, each as early as its time and the target allow, and takes
/// responses after a delay of its own.
struct Initiator : sc_core::sc_module {
    struct Wish {
        std::uint64_t address;
        unsigned int bytes;
        bool write;
        std::uint64_t at;  // ps
    };
    struct Cargo {
        std::size_t wish = 0;
        std::vector<unsigned char> data;
    };
    using Pool = PayloadPool<Cargo>;
    struct Outcome {
        std::uint64_t begun = 0, accepted = 0, responded = 0;  // ps
        std::vector<unsigned char> data;
        tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    };

    explicit Initiator(const sc_core::sc_module_name& name)
        : sc_module(name), socket("socket"), phases(this, &Initiator::enter) {
        socket.register_nb_transport_bw(this, &Initiator::backward);
        SC_HAS_PROCESS(Initiator);
        SC_METHOD(begin);
        sensitive << next;
    }

    void begin() {
        if (requesting || outcomes.size() == wishes.size()) {
            return;
        }
        const Wish& wish = wishes[outcomes.size()];
        const std::uint64_t now = sc_core::sc_time_stamp().value();
        if (now < wish.at) {
            next.notify(picoseconds(wish.at - now));
            return;
        }
        Pool::Payload& payload = pool.get();
        payload.cargo.wish = outcomes.size();
        payload.cargo.data.assign(wish.bytes, static_cast<unsigned char>(outcomes.size() + 1));
        payload.set_command(wish.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        payload.set_address(wish.address);
        payload.set_data_ptr(payload.cargo.data.data());
        payload.set_data_length(wish.bytes);
        payload.set_streaming_width(wish.bytes);
        payload.set_byte_enable_ptr(nullptr);
        payload.set_dmi_allowed(false);
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        outcomes.emplace_back().begun = now;
        requesting = true;
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_time delay = sc_core::SC_ZERO_TIME;
        if (socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_UPDATED) {
            phases.notify(payload, phase, delay);
        }
    }

    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                sc_time& delay) {
        phases.notify(payload, phase, delay);
        return tlm::TLM_ACCEPTED;
    }

    void enter(tlm::tlm_generic_payload& payload, const tlm::tlm_phase& phase) {
        auto& mine = static_cast<Pool::Payload&>(payload);
        Outcome& outcome = outcomes[mine.cargo.wish];
        if (phase == tlm::END_REQ) {
            outcome.accepted = sc_core::sc_time_stamp().value();
            requesting = false;
            next.notify(sc_core::SC_ZERO_TIME);
        } else if (phase == tlm::BEGIN_RESP) {
            outcome.responded = sc_core::sc_time_stamp().value();
            if (requesting && mine.cargo.wish + 1 == outcomes.size()) {  // it implies END_REQ
                requesting = false;
                next.notify(sc_core::SC_ZERO_TIME);
            }
            outcome.status = payload.get_response_status();
            outcome.data = mine.cargo.data;
            tlm::tlm_phase end = tlm::END_RESP;
            sc_time delay = picoseconds(response_delay());
            socket->nb_transport_fw(payload, end, delay);
            payload.release();
        }
    }

    tlm_utils::simple_initiator_socket<Initiator> socket;
    std::vector<Wish> wishes;
    std::deque<Outcome> outcomes;
    std::function<std::uint64_t()> response_delay = [] { return 0; };
    Pool pool;
    tlm_utils::peq_with_cb_and_phase<Initiator> phases;
    sc_core::sc_event next;
    bool requesting = false;
};

}  // namespace spikeloom::arch::tests
