#include "arch/dram.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace spikeloom::arch {

namespace {

constexpr std::uint64_t kNoRefresh = ~std::uint64_t{0};

/// Zeroes that the operating system hands out page by page, when they are touched.
std::uint8_t* reserve(std::uint64_t bytes) {
    void* const memory = std::calloc(bytes, 1);
    if (memory == nullptr) {
        throw InputError("memory.dram: this computer cannot reserve the " + std::to_string(bytes) +
                         " bytes of the device");
    }
    return static_cast<std::uint8_t*>(memory);
}

}  // namespace

void Dram::Release::operator()(std::uint8_t* memory) const {
    std::free(memory);
}

Dram::Dram(const sc_core::sc_module_name& name, const DramConfig& config)
    : sc_module(name),
      socket("socket"),
      config_(config),
      storage_(reserve(config.bytes())),
      banks_(config.banks),
      next_refresh_(config.refi == 0 ? kNoRefresh : config.refi) {
    socket.register_b_transport(this, &Dram::transport);
    socket.register_transport_dbg(this, &Dram::transport_debug);
    socket.register_get_direct_mem_ptr(this, &Dram::direct_memory);
}

void Dram::transport(tlm::tlm_generic_payload& access, sc_core::sc_time& delay) {
    const std::uint64_t address = access.get_address();
    const std::uint64_t length = access.get_data_length();
    if (address > config_.bytes() || length > config_.bytes() - address) {
        access.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    if (access.get_byte_enable_ptr() != nullptr || access.get_streaming_width() < length) {
        access.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return;
    }
    const std::uint64_t period = config_.clock_ps;
    const std::uint64_t start = (sc_core::sc_time_stamp() + delay).value();
    const Clock from = (start + period - 1) / period;
    const std::uint64_t bytes = config_.burst_bytes();
    Clock end = from;
    for (std::uint64_t at = address / bytes * bytes; at < address + length; at += bytes) {
        end = burst(at, access.is_write(), from);
    }
    delay = sc_core::sc_time::from_value(end * period) - sc_core::sc_time_stamp();
    copy(access);
}

unsigned int Dram::transport_debug(tlm::tlm_generic_payload& access) {
    const std::uint64_t address = access.get_address();
    if (address >= config_.bytes()) {
        return 0;
    }
    access.set_data_length(static_cast<unsigned int>(
        std::min<std::uint64_t>(access.get_data_length(), config_.bytes() - address)));
    copy(access);
    return access.get_data_length();
}

bool Dram::direct_memory(tlm::tlm_generic_payload& /*access*/, tlm::tlm_dmi& dmi) {
    dmi.set_dmi_ptr(storage_.get());
    dmi.set_start_address(0);
    dmi.set_end_address(config_.bytes() - 1);
    dmi.allow_read_write();
    return true;
}

void Dram::copy(tlm::tlm_generic_payload& access) {
    std::uint8_t* const memory = storage_.get() + access.get_address();
    if (access.is_read()) {
        std::memcpy(access.get_data_ptr(), memory, access.get_data_length());
    } else if (access.is_write()) {
        std::memcpy(memory, access.get_data_ptr(), access.get_data_length());
    }
    access.set_dmi_allowed(true);
    access.set_response_status(tlm::TLM_OK_RESPONSE);
}

Dram::Clock Dram::burst(std::uint64_t address, bool write, Clock from) {
    refresh(std::max(from, last_command_));
    const std::uint64_t page = address / config_.page_bytes();
    Bank& bank = banks_[page % config_.banks];
    const Clock opened = open_row(bank, page / config_.banks, from);
    const Clock command = std::max({opened, bank.access, write ? any_write_ : any_read_});
    const Clock transfer = config_.burst_length / 2;  // two a cycle

    last_command_ = command;
    any_read_ = any_write_ = command + config_.ccd;
    if (write) {
        any_read_ = std::max(any_read_, command + config_.wl + 1 + transfer + config_.wtr);
        bank.precharge = std::max(bank.precharge, command + config_.wl + 1 + transfer + config_.wr);
        ++commands_.write_bursts;
        return command + config_.wl + 1 + transfer;
    }
    // The bus turns round: the strobe's preamble of a write takes two cycles.
    const Clock write_after = command + config_.rl + config_.dqsck + transfer + 2;
    any_write_ = std::max(any_write_, write_after > config_.wl ? write_after - config_.wl : 0);
    bank.precharge = std::max(bank.precharge, command + config_.rtp);
    ++commands_.read_bursts;
    return command + config_.rl + config_.dqsck + transfer;
}

/// The earliest cycle for a read or write of the row, which is opened if need be.
Dram::Clock Dram::open_row(Bank& bank, std::uint64_t row, Clock from) {
    if (bank.open && bank.row == row) {
        return from;
    }
    if (bank.open) {
        const Clock precharge = std::max(from, bank.precharge);
        bank.activate = precharge + config_.rp;
        ++commands_.precharges;
    }
    Clock& window = after_activates_[next_activate_];  // of the fourth before
    const Clock activate = std::max({from, bank.activate, any_activate_, window});
    window = activate + config_.faw;
    next_activate_ = (next_activate_ + 1) % after_activates_.size();
    any_activate_ = activate + config_.rrd;
    bank.open = true;
    bank.row = row;
    bank.access = activate + config_.rcd;
    bank.precharge = activate + config_.ras;
    ++commands_.activates;
    return bank.access;
}

/// Performs the refreshes that are due before a command at `now`. Those of an idle device were over
/// long ago; the last may still be under way.
void Dram::refresh(Clock now) {
    if (now < next_refresh_) {
        return;
    }
    const std::uint64_t due = (now - next_refresh_) / config_.refi + 1;
    Clock start = next_refresh_;
    bool any_open = false;
    for (Bank& bank : banks_) {
        if (bank.open) {
            any_open = true;
            start = std::max(start, bank.precharge);
            bank.open = false;
            ++commands_.precharges;
        } else {
            start = std::max(start, bank.activate);
        }
    }
    Clock end = start + (any_open ? config_.rp_all : 0) + config_.rfc;
    if (due > 1) {  // the others found all banks closed
        end = std::max(end, next_refresh_ + (due - 1) * config_.refi + config_.rfc);
    }
    for (Bank& bank : banks_) {
        bank.activate = end;
    }
    commands_.refreshes += due;
    next_refresh_ += due * config_.refi;
}

Dram::Commands Dram::commands() const {
    Commands result = commands_;
    const Clock now = sc_core::sc_time_stamp().value() / config_.clock_ps;
    if (now >= next_refresh_) {
        result.refreshes += (now - next_refresh_) / config_.refi + 1;
    }
    return result;
}

}  // namespace spikeloom::arch
