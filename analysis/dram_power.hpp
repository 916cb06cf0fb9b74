// The energy of DRAM commands and states from a data sheet's currents (the IDD method): a command
// costs its current above the standby current, times voltage, times its duration; a state costs its
// current all the time. The equations are DRAMPower's (Chandrasekar et al., "Improved power
// modeling of DDR SDRAMs", DSD 2011; DRAMPower 6), summed over the supplies:
//
//     activate          V (I0 - I3N) tRAS
//     precharge         V (I0 - I2N) tRP
//     read, write       V (I4R - I3N) tBURST, V (I4W - I3N) tBURST
//     refresh, all      V (I5 - I3N) tRFC
//     refresh, one      V (I - I3N) tRFCpb, with I5PB = (I tRFCpb + I2N (T - tRFCpb)) / T and
//                       T = tREFI / banks: a data sheet gives the mean over that interval
//     standby           V I3N (a row open), V I2N (none), V I3P, V I2P (power-down), V I6
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::analysis {

/// The currents of one supply of one device, mA, by their JEDEC names.
struct DramSupply {
    double volts = 0.0;
    double idd0 = 0.0;    // activate and precharge in turn
    double idd2n = 0.0;   // standby, precharged
    double idd3n = 0.0;   // standby, active
    double idd2p = 0.0;   // power-down, precharged
    double idd3p = 0.0;   // power-down, active
    double idd4r = 0.0;   // reads without a gap
    double idd4w = 0.0;   // writes without a gap
    double idd5 = 0.0;    // refreshes without a gap
    double idd5pb = 0.0;  // refreshes of one bank, every tREFI / banks
    double idd6 = 0.0;    // self-refresh
};

struct DramPower {
    std::uint32_t devices = 1;  // that work together in a channel
    std::uint32_t banks = 8;
    double clock_ps = 625;  // of the command clock; the times below are its cycles
    std::uint32_t burst_cycles = 8;
    std::uint32_t ras = 68;
    std::uint32_t rp = 29;
    std::uint32_t rfc = 448;
    std::uint32_t rfc_bank = 0;  // 0: no refresh of one bank
    std::uint32_t refi = 6246;
    std::map<std::string, DramSupply> supplies;  // by their names
    std::string source;                          // empty: the table does not say

    /// What the simulator's event costs, in pJ of all devices: dram_activates, dram_precharges,
    /// dram_read_bursts, dram_write_bursts, dram_refreshes, dram_bank_refreshes, and a cycle in a
    /// state, dram_active_cycles ...; nothing for other events, and without a source.
    std::optional<double> picojoules(std::string_view event) const;
};

void describe(schema::Walk& walk, DramSupply& supply);
void describe(schema::Walk& walk, DramPower& power);

}  // namespace spikeloom::analysis
