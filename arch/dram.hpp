// A DRAM device with its controller's view of it: banks with row buffers, refresh, one data bus.
//
// A TLM-2.0 target. b_transport is timed: it takes the access's start as the present time plus the
// annotated delay, and returns the delay at whose end the last data has been transferred. Accesses
// are served in the order of the calls, each burst by burst, rows stay open (open page):
//     row open:          READ
//     bank closed:       ACTIVATE, tRCD, READ
//     another row open:  PRECHARGE, tRP, ACTIVATE, tRCD, READ
// and a command is given as early as tRAS, tRTP, tRRD, tFAW, tCCD, tWTR and the rest of DramConfig
// allow after those before it (JESD209-4; the formulas between reads and writes are those of
// docs/core.md). The command bus's own occupancy is not modelled. Every tREFI all banks are closed
// and refreshed before the next command.
//
// Consecutive addresses run through a row, then the banks, then the rows. The storage is there at
// once but costs memory only where it is written; DMI gives it out, for loading.
#pragma once

#include "arch/config.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

namespace spikeloom::arch {

class Dram : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<Dram> socket;

    Dram(const sc_core::sc_module_name& name, const DramConfig& config);

    struct Commands {
        std::uint64_t activates = 0;
        std::uint64_t precharges = 0;  // of one bank each
        std::uint64_t read_bursts = 0;
        std::uint64_t write_bursts = 0;
        std::uint64_t refreshes = 0;
    };
    /// Commands until the present time.
    Commands commands() const;

  private:
    using Clock = std::uint64_t;  // cycles of the device's clock

    struct Bank {
        bool open = false;
        std::uint64_t row = 0;
        Clock activate = 0;   // earliest next one
        Clock access = 0;     // earliest read or write
        Clock precharge = 0;  // earliest next one
    };
    struct Release {
        void operator()(std::uint8_t* memory) const;
    };

    void transport(tlm::tlm_generic_payload& access, sc_core::sc_time& delay);
    unsigned int transport_debug(tlm::tlm_generic_payload& access);
    bool direct_memory(tlm::tlm_generic_payload& access, tlm::tlm_dmi& dmi);

    void copy(tlm::tlm_generic_payload& access);
    /// One burst, whose command may be given at `from` at the earliest; returns the end of its
    /// data.
    Clock burst(std::uint64_t address, bool write, Clock from);
    Clock open_row(Bank& bank, std::uint64_t row, Clock from);
    void refresh(Clock now);

    const DramConfig config_;
    std::unique_ptr<std::uint8_t[], Release> storage_;
    std::vector<Bank> banks_;
    std::array<Clock, 4> after_activates_ = {};  // the last four's time plus tFAW, a ring
    std::size_t next_activate_ = 0;
    Clock last_command_ = 0;
    Clock any_activate_ = 0;  // earliest activate of any bank: tRRD
    Clock any_read_ = 0;      // earliest read on the data bus
    Clock any_write_ = 0;
    Clock next_refresh_;
    Commands commands_;
};

}  // namespace spikeloom::arch
