#include "arch/dram.hpp"

#include <algorithm>

namespace spikeloom::arch {

Dram::Dram(const sc_core::sc_module_name& name, const DramConfig& config)
    : sc_module(name),
      socket("socket"),
      config_(config),
      store_(config.bytes()),
      controller_(config),
      arrivals_(this, &Dram::arrived) {
    socket.register_nb_transport_fw(this, &Dram::forward);
    socket.register_b_transport(this, &Dram::blocking);
    socket.register_transport_dbg(this, &Dram::debug);
    socket.register_get_direct_mem_ptr(this, &Dram::direct);
    SC_HAS_PROCESS(Dram);
    SC_METHOD(work);
    sensitive << due_;
    dont_initialize();
}

DramClock Dram::cycle_at(const sc_core::sc_time& time) const {
    return (time.value() + config_.clock_ps - 1) / config_.clock_ps;
}

sc_core::sc_time Dram::time_of(DramClock cycle) const {
    return sc_core::sc_time::from_value(cycle * config_.clock_ps);
}

DramRequest Dram::request_of(const Payload& access) {
    return {next_id_++, access.get_address(), access.get_data_length(), access.is_write()};
}

DramCounts Dram::counts() const {
    return controller_.counts(sc_core::sc_time_stamp().value() / config_.clock_ps);
}

// ---- approximately timed
// -------------------------------------------------------------------------

tlm::tlm_sync_enum Dram::forward(Payload& access, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
    if (phase == tlm::BEGIN_REQ && access.has_mm()) {
        access.acquire();
    }
    if (phase == tlm::BEGIN_REQ || phase == tlm::END_RESP) {
        arrivals_.notify(access, phase, delay);
    }
    return tlm::TLM_ACCEPTED;
}

void Dram::arrived(Payload& access, const tlm::tlm_phase& phase) {
    if (phase == tlm::END_RESP) {
        finish_response();
    } else if (controller_.has_room()) {
        take(access);
    } else {
        waiting_ = &access;
    }
}

void Dram::take(Payload& access) {
    if (store_.accepts(access)) {
        const DramRequest request = request_of(access);
        taken_.push_back({request.id, &access, kNoClock});
        controller_.accept(request, cycle_at(sc_core::sc_time_stamp()));
        arm();
    } else {
        complete_.push_back(&access);
    }
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->nb_transport_bw(access, phase, delay);
    respond();
}

/// Gives the command that is due, completes the accesses whose data have gone over the bus.
void Dram::work() {
    const DramClock now = cycle_at(sc_core::sc_time_stamp());
    while (controller_.next_command() <= now) {
        if (const auto served = controller_.give()) {
            std::find_if(taken_.begin(), taken_.end(), [&](const Taken& taken) {
                return taken.id == served->id;
            })->end = served->end;
        }
    }
    for (Taken& taken : taken_) {
        if (taken.end == now) {  // two bursts never end at once on the data bus
            store_.perform(*taken.access);
            complete_.push_back(taken.access);
            taken.end = kNoClock;
        }
    }
    arm();
    respond();
}

void Dram::arm() {
    const sc_core::sc_time& present = sc_core::sc_time_stamp();
    DramClock next = controller_.next_command();
    for (const Taken& taken : taken_) {
        next = std::min(next, taken.end);
    }
    if (next != kNoClock) {
        due_.notify(std::max(time_of(next), present) - present);
    }
}

void Dram::respond() {
    if (responding_ != nullptr || complete_.empty()) {
        return;
    }
    responding_ = complete_.front();
    complete_.pop_front();
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const auto status = socket->nb_transport_bw(*responding_, phase, delay);
    if (status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
        arrivals_.notify(*responding_, tlm::END_RESP, delay);
    }
}

void Dram::finish_response() {
    Payload& done = *responding_;
    responding_ = nullptr;
    const auto taken = std::find_if(taken_.begin(), taken_.end(),
                                    [&](const Taken& each) { return each.access == &done; });
    if (taken != taken_.end()) {
        controller_.release(taken->id);
        taken_.erase(taken);
    }
    if (done.has_mm()) {
        done.release();
    }
    if (waiting_ != nullptr && controller_.has_room()) {
        Payload& next = *waiting_;
        waiting_ = nullptr;
        take(next);
    }
    respond();
}

// ---- loosely timed, and without time
// --------------------------------------------------------------------

void Dram::blocking(Payload& access, sc_core::sc_time& delay) {
    if (!store_.accepts(access)) {
        return;
    }
    const sc_core::sc_time& present = sc_core::sc_time_stamp();
    const DramClock end = controller_.serve(request_of(access), cycle_at(present + delay));
    arm();
    delay = time_of(end) - present;
    store_.perform(access);
}

unsigned int Dram::debug(Payload& access) {
    return store_.debug(access);
}

bool Dram::direct(Payload& /*access*/, tlm::tlm_dmi& dmi) {
    const double per_byte =
        static_cast<double>(config_.burst_cycles()) * config_.clock_ps / config_.burst_bytes();
    return store_.grant(dmi, sc_core::sc_time(per_byte, sc_core::SC_PS));
}

}  // namespace spikeloom::arch
