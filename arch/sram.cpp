#include "arch/sram.hpp"

#include "base/schema.hpp"

#include <algorithm>

namespace spikeloom::arch {

namespace {

constexpr std::int64_t kMostSramBytes = std::int64_t{1} << 36;

}  // namespace

void describe(schema::Walk& walk, SramConfig& sram) {
    walk.integer("bytes", sram.bytes, {1, kMostSramBytes}, "capacity, bytes");
    walk.integer("port_bits", sram.port_bits, {8, 65536}, "width of its port, bits");
    walk.integer("interval", sram.interval, {1, 65536}, "cycles between words");
    walk.integer("latency", sram.latency, {1, 65536}, "cycles from the last word to its data");
    walk.integer("queue", sram.queue, {1, 1024}, "accesses under way");
    if (sram.port_bits % 8 != 0) {
        walk.fail("port_bits",
                  "found " + std::to_string(sram.port_bits) + "; allowed is a multiple of 8");
    }
}

Sram::Sram(const sc_core::sc_module_name& name, const SramConfig& config, std::uint64_t period)
    : sc_module(name),
      socket("socket"),
      config_(config),
      period_(period),
      store_(config.bytes),
      arrivals_(this, &Sram::arrived) {
    socket.register_nb_transport_fw(this, &Sram::forward);
    socket.register_b_transport(this, &Sram::blocking);
    socket.register_transport_dbg(this, &Sram::debug);
    socket.register_get_direct_mem_ptr(this, &Sram::direct);
    SC_HAS_PROCESS(Sram);
    SC_METHOD(work);
    sensitive << due_;
    dont_initialize();
}

std::uint64_t Sram::words(const Payload& access) const {
    const std::uint64_t bytes = config_.port_bits / 8;
    const std::uint64_t first = access.get_address() / bytes;
    return (access.get_address() + access.get_data_length() - 1) / bytes - first + 1;
}

sc_core::sc_time Sram::cycles(std::uint64_t count) const {
    return sc_core::sc_time::from_value(count * period_);
}

void Sram::count(const Payload& access) {
    (access.is_write() ? write_bits_ : read_bits_) += words(access) * config_.port_bits;
}

// ---- approximately timed
// -------------------------------------------------------------------------

tlm::tlm_sync_enum Sram::forward(Payload& access, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
    if (phase == tlm::BEGIN_REQ && access.has_mm()) {
        access.acquire();
    }
    if (phase == tlm::BEGIN_REQ || phase == tlm::END_RESP) {
        arrivals_.notify(access, phase, delay);
    }
    return tlm::TLM_ACCEPTED;
}

void Sram::arrived(Payload& access, const tlm::tlm_phase& phase) {
    if (phase == tlm::BEGIN_REQ) {
        entering_ = &access;
    } else {
        under_way_.pop_front();
        responding_ = false;
        if (access.has_mm()) {
            access.release();
        }
        respond();
    }
    admit();
}

/// Lets the access that has begun into the port, if there is room for one more.
void Sram::admit() {
    if (entering_ == nullptr || entered_ || under_way_.size() >= config_.queue) {
        return;
    }
    const sc_core::sc_time& present = sc_core::sc_time_stamp();
    const sc_core::sc_time edge = cycles((present.value() + period_ - 1) / period_);
    const bool good = store_.accepts(*entering_);
    port_free_ =
        std::max(port_free_, edge) + cycles(good ? words(*entering_) * config_.interval : 0);
    if (good) {
        count(*entering_);
    }
    under_way_.push_back({entering_, port_free_ + cycles(config_.latency)});
    entered_ = true;
    due_.notify(port_free_ - present);
}

/// Woken for the END_REQ or for the first response; the event keeps the earlier of the two, so the
/// other is asked for anew here.
void Sram::work() {
    const sc_core::sc_time& present = sc_core::sc_time_stamp();
    if (entered_ && present < port_free_) {
        due_.notify(port_free_ - present);
    } else if (entered_) {
        Payload& access = *entering_;
        entering_ = nullptr;
        entered_ = false;
        tlm::tlm_phase phase = tlm::END_REQ;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        socket->nb_transport_bw(access, phase, delay);
    }
    respond();
}

/// Responds to the first access under way, or has itself woken when its data are there.
void Sram::respond() {
    if (responding_ || under_way_.empty()) {
        return;
    }
    const Entered& first = under_way_.front();
    const sc_core::sc_time& present = sc_core::sc_time_stamp();
    if (present < first.end) {
        due_.notify(first.end - present);
        return;
    }
    responding_ = true;
    Payload& access = *first.access;
    if (store_.accepts(access)) {
        store_.perform(access);
    }
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const auto status = socket->nb_transport_bw(access, phase, delay);
    if (status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
        arrivals_.notify(access, tlm::END_RESP, delay);
    }
}

// ---- loosely timed, and without time
// --------------------------------------------------------------------

void Sram::blocking(Payload& access, sc_core::sc_time& delay) {
    if (store_.accepts(access)) {
        delay += cycles(words(access) * config_.interval + config_.latency);
        count(access);
        store_.perform(access);
    }
}

unsigned int Sram::debug(Payload& access) {
    return store_.debug(access);
}

bool Sram::direct(Payload& /*access*/, tlm::tlm_dmi& dmi) {
    return store_.grant(dmi, sc_core::sc_time(static_cast<double>(config_.interval * period_) *
                                                  8.0 / config_.port_bits,
                                              sc_core::SC_PS));
}

}  // namespace spikeloom::arch
