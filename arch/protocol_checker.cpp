#include "arch/protocol_checker.hpp"

#include <sstream>

namespace spikeloom::arch {

namespace {

constexpr std::size_t kMostViolations = 100;

std::string name_of_phase(const tlm::tlm_phase& phase) {
    std::ostringstream text;
    text << phase;
    return text.str();
}

bool belongs_to_base_protocol(const tlm::tlm_phase& phase) {
    return phase == tlm::BEGIN_REQ || phase == tlm::END_REQ || phase == tlm::BEGIN_RESP ||
           phase == tlm::END_RESP;
}

/// Whether `next` may follow; a response may begin without the request having ended, and ends it.
bool may_follow(const tlm::tlm_phase& last, const tlm::tlm_phase& next) {
    if (last == tlm::BEGIN_REQ) {
        return next == tlm::END_REQ || next == tlm::BEGIN_RESP;
    }
    if (last == tlm::END_REQ) {
        return next == tlm::BEGIN_RESP;
    }
    return last == tlm::BEGIN_RESP && next == tlm::END_RESP;
}

}  // namespace

ProtocolChecker::ProtocolChecker(const sc_core::sc_module_name& name)
    : sc_module(name), upstream("upstream"), downstream("downstream") {
    upstream.register_nb_transport_fw(this, &ProtocolChecker::forward);
    upstream.register_b_transport(this, &ProtocolChecker::blocking);
    upstream.register_transport_dbg(this, &ProtocolChecker::debug);
    upstream.register_get_direct_mem_ptr(this, &ProtocolChecker::direct);
    downstream.register_nb_transport_bw(this, &ProtocolChecker::backward);
    downstream.register_invalidate_direct_mem_ptr(this, &ProtocolChecker::invalidate);
}

tlm::tlm_sync_enum ProtocolChecker::forward(Payload& access, tlm::tlm_phase& phase,
                                            sc_core::sc_time& delay) {
    const tlm::tlm_phase sent = phase;
    if (sent == tlm::END_REQ || sent == tlm::BEGIN_RESP) {
        note(name_of_phase(sent) + " came from the initiator");
    } else if (belongs_to_base_protocol(sent)) {
        enter(access, sent, delay);
    }
    const tlm::tlm_sync_enum status = downstream->nb_transport_fw(access, phase, delay);
    returned(status, access, sent, phase, delay, true);
    return status;
}

tlm::tlm_sync_enum ProtocolChecker::backward(Payload& access, tlm::tlm_phase& phase,
                                             sc_core::sc_time& delay) {
    const tlm::tlm_phase sent = phase;
    if (sent == tlm::BEGIN_REQ || sent == tlm::END_RESP) {
        note(name_of_phase(sent) + " came from the target");
    } else if (belongs_to_base_protocol(sent)) {
        enter(access, sent, delay);
    }
    const tlm::tlm_sync_enum status = upstream->nb_transport_bw(access, phase, delay);
    returned(status, access, sent, phase, delay, false);
    return status;
}

/// A transaction enters a phase.
void ProtocolChecker::enter(Payload& access, const tlm::tlm_phase& phase,
                            const sc_core::sc_time& delay) {
    const sc_core::sc_time time = sc_core::sc_time_stamp() + delay;
    if (phase == tlm::BEGIN_REQ) {
        begin(access, time);
        return;
    }
    const auto found = under_way_.find(&access);
    if (found == under_way_.end()) {
        note(name_of_phase(phase) + " of a transaction that is not under way");
        return;
    }
    Transaction& transaction = found->second;
    if (!may_follow(transaction.phase, phase)) {
        note(name_of_phase(phase) + " after " + name_of_phase(transaction.phase));
    }
    if (time < transaction.time) {
        note(name_of_phase(phase) + " is earlier than " + name_of_phase(transaction.phase));
    }
    if (Attributes{access.get_command(), access.get_data_ptr(), access.get_data_length()} !=
        transaction.begun) {
        note("the payload was changed before " + name_of_phase(phase));
    }
    transaction.phase = phase;
    transaction.time = time;
    if (requesting_ == &access) {
        requesting_ = nullptr;
    }
    if (phase == tlm::BEGIN_RESP) {
        if (responding_ != nullptr) {
            note("BEGIN_RESP while another response has not ended");
        }
        responding_ = &access;
        if (access.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE) {
            note("BEGIN_RESP without a response status");
        }
    } else if (phase == tlm::END_RESP) {
        responding_ = nullptr;
        under_way_.erase(found);
        ++completed_;
    }
}

void ProtocolChecker::begin(const Payload& access, const sc_core::sc_time& time) {
    check_sound(access, true);
    if (requesting_ != nullptr) {
        note("BEGIN_REQ while another request has not ended");
    }
    if (under_way_.count(&access) != 0) {
        note("BEGIN_REQ of a transaction that is under way");
    }
    requesting_ = &access;
    under_way_[&access] = {{access.get_command(), access.get_data_ptr(), access.get_data_length()},
                           tlm::BEGIN_REQ,
                           time};
}

void ProtocolChecker::returned(tlm::tlm_sync_enum status, Payload& access,
                               const tlm::tlm_phase& sent, const tlm::tlm_phase& phase,
                               const sc_core::sc_time& delay, bool was_forward) {
    if (!belongs_to_base_protocol(sent)) {
        return;
    }
    if (status == tlm::TLM_UPDATED) {
        const bool allowed = was_forward ? sent == tlm::BEGIN_REQ &&
                                               (phase == tlm::END_REQ || phase == tlm::BEGIN_RESP)
                                         : sent == tlm::BEGIN_RESP && phase == tlm::END_RESP;
        if (allowed) {
            enter(access, phase, delay);
        } else {
            note("TLM_UPDATED with " + name_of_phase(phase) + " as the answer to " +
                 name_of_phase(sent));
        }
    } else if (status == tlm::TLM_ACCEPTED) {
        if (phase != sent) {
            note("TLM_ACCEPTED with another phase than was sent");
        }
    } else if (was_forward && sent == tlm::BEGIN_REQ) {
        if (access.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE) {
            note("TLM_COMPLETED without a response status");
        }
        requesting_ = nullptr;
        completed_ += under_way_.erase(&access);
    } else if (!was_forward && sent == tlm::BEGIN_RESP) {
        enter(access, tlm::END_RESP, delay);
    } else if (sent != tlm::END_RESP) {
        note("TLM_COMPLETED as the answer to " + name_of_phase(sent));
    }
}

void ProtocolChecker::check_sound(const Payload& access, bool timed) {
    if (access.get_command() == tlm::TLM_IGNORE_COMMAND) {
        return;
    }
    if (access.get_data_ptr() == nullptr || access.get_data_length() == 0) {
        note("a request without data");
    }
    if (access.get_streaming_width() == 0) {
        note("a request with a streaming width of 0");
    }
    if (access.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE) {
        note("a request that has a response status already");
    }
    if (access.is_dmi_allowed()) {
        note("a request with the DMI hint set");
    }
    if (timed && !access.has_mm()) {
        note("a non-blocking request without a memory manager");
    } else if (timed && access.get_ref_count() < 1) {
        note("a non-blocking request that nobody holds");
    }
}

void ProtocolChecker::note(const std::string& what) {
    if (violations_.size() < kMostViolations) {
        violations_.push_back(std::string(name()) + ", " + sc_core::sc_time_stamp().to_string() +
                              ": " + what);
    }
}

void ProtocolChecker::blocking(Payload& access, sc_core::sc_time& delay) {
    check_sound(access, false);
    if (under_way_.count(&access) != 0) {
        note("a blocking access with a payload that is under way");
    }
    const sc_core::sc_time before = sc_core::sc_time_stamp() + delay;
    downstream->b_transport(access, delay);
    if (access.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE) {
        note("a blocking access without a response status");
    }
    if (sc_core::sc_time_stamp() + delay < before) {
        note("a blocking access that ends before it began");
    }
    ++completed_;
}

unsigned int ProtocolChecker::debug(Payload& access) {
    return downstream->transport_dbg(access);
}

bool ProtocolChecker::direct(Payload& access, tlm::tlm_dmi& dmi) {
    return downstream->get_direct_mem_ptr(access, dmi);
}

void ProtocolChecker::invalidate(sc_dt::uint64 first, sc_dt::uint64 last) {
    upstream->invalidate_direct_mem_ptr(first, last);
}

}  // namespace spikeloom::arch
