// Watches a TLM-2.0 link and notes every breach of the base protocol. Splice it between any
// initiator and target: it passes everything on as it comes.
//
//     initiator.socket.bind(checker.upstream);
//     checker.downstream.bind(target.socket);
//
// Checked (IEEE 1666-2011, 15.2 and 16): the four phases come in order, each in its direction,
// once; a request does not begin before the one before has ended, nor a response (exclusion rules);
// the payload is sound when it begins (command, data, length, streaming width, status, memory
// manager) and nobody changes it on the way; a response has a status; phases of a transaction do
// not go back in time; return values name what they may; a blocking access is complete when it
// returns.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

namespace spikeloom::arch {

class ProtocolChecker : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<ProtocolChecker> upstream;
    tlm_utils::simple_initiator_socket<ProtocolChecker> downstream;

    explicit ProtocolChecker(const sc_core::sc_module_name& name);

    /// What was wrong, in the order in which it was seen; the first hundred.
    const std::vector<std::string>& violations() const { return violations_; }
    /// Transactions begun and not ended.
    std::size_t under_way() const { return under_way_.size(); }
    /// Transactions that have ended.
    std::size_t completed() const { return completed_; }

  private:
    using Payload = tlm::tlm_generic_payload;

    /// What must not change between request and response (an interconnect may map the address).
    struct Attributes {
        tlm::tlm_command command;
        unsigned char* data;
        unsigned int length;
        bool operator==(const Attributes& other) const = default;
    };
    struct Transaction {
        Attributes begun;
        tlm::tlm_phase phase;   // the last
        sc_core::sc_time time;  // of it
    };

    tlm::tlm_sync_enum forward(Payload& access, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    tlm::tlm_sync_enum backward(Payload& access, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    void blocking(Payload& access, sc_core::sc_time& delay);
    unsigned int debug(Payload& access);
    bool direct(Payload& access, tlm::tlm_dmi& dmi);
    void invalidate(sc_dt::uint64 first, sc_dt::uint64 last);

    void begin(const Payload& access, const sc_core::sc_time& time);
    void enter(Payload& access, const tlm::tlm_phase& phase, const sc_core::sc_time& delay);
    void returned(tlm::tlm_sync_enum status, Payload& access, const tlm::tlm_phase& sent,
                  const tlm::tlm_phase& phase, const sc_core::sc_time& delay, bool was_forward);
    void check_sound(const Payload& access, bool timed);
    void note(const std::string& what);

    std::map<const Payload*, Transaction> under_way_;
    const Payload* requesting_ = nullptr;
    const Payload* responding_ = nullptr;
    std::size_t completed_ = 0;
    std::vector<std::string> violations_;
};

}  // namespace spikeloom::arch
