#include "arch/memory_store.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

namespace spikeloom::arch {

namespace {

/// Zeroes that the operating system hands out page by page, when they are touched.
std::uint8_t* reserve(std::uint64_t bytes) {
    void* const memory = std::calloc(bytes, 1);
    if (memory == nullptr) {
        throw InputError("memory tile: this computer cannot reserve the " + std::to_string(bytes) +
                         " bytes of its memory");
    }
    return static_cast<std::uint8_t*>(memory);
}

}  // namespace

void MemoryStore::Release::operator()(std::uint8_t* memory) const {
    std::free(memory);
}

MemoryStore::MemoryStore(std::uint64_t bytes) : bytes_(bytes), memory_(reserve(bytes)) {}

bool MemoryStore::accepts(tlm::tlm_generic_payload& access) const {
    const std::uint64_t address = access.get_address();
    const std::uint64_t length = access.get_data_length();
    if (address > bytes_ || length > bytes_ - address) {
        access.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    } else if (access.get_byte_enable_ptr() != nullptr) {
        access.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    } else if (length == 0 || access.get_streaming_width() < length) {
        access.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    } else {
        return true;
    }
    return false;
}

void MemoryStore::perform(tlm::tlm_generic_payload& access) {
    debug(access);
    access.set_dmi_allowed(true);
    access.set_response_status(tlm::TLM_OK_RESPONSE);
}

unsigned int MemoryStore::debug(tlm::tlm_generic_payload& access) {
    const std::uint64_t address = access.get_address();
    if (address >= bytes_) {
        return 0;
    }
    const auto length = static_cast<unsigned int>(
        std::min<std::uint64_t>(access.get_data_length(), bytes_ - address));
    std::uint8_t* const memory = memory_.get() + address;
    if (access.is_read()) {
        std::memcpy(access.get_data_ptr(), memory, length);
    } else if (access.is_write()) {
        std::memcpy(memory, access.get_data_ptr(), length);
    }
    return length;
}

bool MemoryStore::grant(tlm::tlm_dmi& dmi, const sc_core::sc_time& per_byte) {
    dmi.set_dmi_ptr(memory_.get());
    dmi.set_start_address(0);
    dmi.set_end_address(bytes_ - 1);
    dmi.set_read_latency(per_byte);
    dmi.set_write_latency(per_byte);
    dmi.allow_read_write();
    return true;
}

}  // namespace spikeloom::arch
