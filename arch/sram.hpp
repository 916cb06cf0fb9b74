// An SRAM as a TLM-2.0 target: one port, a word every `interval` cycles, pipelined.
//
// Approximately timed, four phases: an access begins when the port is free; END_REQ comes when its
// last word has entered the port (words * interval cycles later), so the next access may follow
// without a gap; BEGIN_RESP `latency` cycles after that. Words are those of `port_bits` that the
// access touches. Responses come in order, one at a time; an initiator that does not take them
// holds back END_REQ once `queue` accesses are under way.
//
// Loosely timed (b_transport): the same times for an access that meets no other. Direct memory
// access is granted, at the latency a byte of a stream has.
#pragma once

#include "arch/memory_store.hpp"
#include "arch/sram_config.hpp"

#include <cstdint>
#include <deque>

#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_cb_and_phase.h>
#include <tlm_utils/simple_target_socket.h>

namespace spikeloom::arch {

class Sram : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<Sram> socket;

    /// `period` of its clock in picoseconds.
    Sram(const sc_core::sc_module_name& name, const SramConfig& config, std::uint64_t period);

    /// Bits that have gone through the port, in whole words.
    std::uint64_t read_bits() const { return read_bits_; }
    std::uint64_t write_bits() const { return write_bits_; }

  private:
    using Payload = tlm::tlm_generic_payload;

    tlm::tlm_sync_enum forward(Payload& access, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    void blocking(Payload& access, sc_core::sc_time& delay);
    unsigned int debug(Payload& access);
    bool direct(Payload& access, tlm::tlm_dmi& dmi);

    void arrived(Payload& access, const tlm::tlm_phase& phase);
    void admit();
    void work();
    void respond();
    std::uint64_t words(const Payload& access) const;
    sc_core::sc_time cycles(std::uint64_t count) const;
    void count(const Payload& access);

    /// An access that has entered the port.
    struct Entered {
        Payload* access;
        sc_core::sc_time end;  // its data are there
    };

    const SramConfig config_;
    std::uint64_t period_;
    MemoryStore store_;
    tlm_utils::peq_with_cb_and_phase<Sram> arrivals_;
    sc_core::sc_event due_;
    Payload* entering_ = nullptr;  // begun; its END_REQ is due at port_free_ or when there is room
    bool entered_ = false;         // the port has taken it
    sc_core::sc_time port_free_;
    std::deque<Entered> under_way_;  // in order; the first may be responding
    bool responding_ = false;
    std::uint64_t read_bits_ = 0;
    std::uint64_t write_bits_ = 0;
};

}  // namespace spikeloom::arch
