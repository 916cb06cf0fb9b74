// The bytes of a memory behind a TLM-2.0 socket: what its accesses, debug transport and direct
// memory interface work on. Zero where nothing was written; costs host memory only there.
#pragma once

#include <cstdint>
#include <memory>

#include <systemc>
#include <tlm>

namespace spikeloom::arch {

class MemoryStore {
  public:
    /// InputError where this computer cannot reserve `bytes`.
    explicit MemoryStore(std::uint64_t bytes);

    /// Whether an access can be served: inside the memory, no byte enables, no streaming. Sets the
    /// error response where it cannot.
    bool accepts(tlm::tlm_generic_payload& access) const;
    /// Moves the bytes of an access that is accepted, and sets its response.
    void perform(tlm::tlm_generic_payload& access);
    /// transport_dbg: the number of bytes moved.
    unsigned int debug(tlm::tlm_generic_payload& access);
    /// get_direct_mem_ptr: all of it, read and write, at `per_byte` of latency.
    bool grant(tlm::tlm_dmi& dmi, const sc_core::sc_time& per_byte);

  private:
    struct Release {
        void operator()(std::uint8_t* memory) const;
    };
    std::uint64_t bytes_;
    std::unique_ptr<std::uint8_t[], Release> memory_;
};

}  // namespace spikeloom::arch
