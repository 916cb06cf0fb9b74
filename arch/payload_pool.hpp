// TLM-2.0 payloads that are used again: the memory manager that the base protocol asks of an
// initiator. What the initiator wants to know of a transaction when it comes back travels with it.
#pragma once

#include <deque>
#include <vector>

#include <tlm>

namespace spikeloom::arch {

template <class Cargo>
class PayloadPool final : public tlm::tlm_mm_interface {
  public:
    struct Payload : tlm::tlm_generic_payload {
        Cargo cargo;
    };

    /// A payload in its initial state, held once (acquire()); to be given back by release().
    Payload& get() {
        if (unused_.empty()) {
            unused_.push_back(&payloads_.emplace_back());
            unused_.back()->set_mm(this);
        }
        Payload& payload = *unused_.back();
        unused_.pop_back();
        payload.acquire();
        return payload;
    }

    /// Called by the last release().
    void free(tlm::tlm_generic_payload* payload) override {
        payload->reset();
        auto& mine = static_cast<Payload&>(*payload);
        mine.cargo = {};
        unused_.push_back(&mine);
    }

  private:
    std::deque<Payload> payloads_;  // stay in place
    std::vector<Payload*> unused_;
};

}  // namespace spikeloom::arch
