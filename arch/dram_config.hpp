// What a DRAM channel is: its geometry, its timings by their JEDEC names, and its controller's
// policies. The defaults are one channel of LPDDR4-3200 x16; configs/dram/ has others.
//
// Times are in cycles of the command clock. A command that takes several cycles on the command bus
// takes effect in the last of them, its edge, and every time below runs from edge to edge.
#pragma once

#include <cstdint>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::arch {

/// open: a row stays open until another is wanted or a refresh comes. closed: the last burst of a
/// request in a row closes it (auto-precharge).
enum class PagePolicy { open, closed };

/// fcfs: bursts in the order of their requests. fr_fcfs: bursts to open rows first, then the oldest
/// (Rixner et al., "Memory access scheduling", ISCA 2000). Both prepare rows of later requests in
/// banks that no earlier one needs.
enum class DramScheduling { fcfs, fr_fcfs };

/// all_banks: every refi all banks at once. one_bank: every refi / banks the next bank, while the
/// others work.
enum class DramRefresh { all_banks, one_bank };

struct DramConfig {
    std::uint32_t clock_ps = 625;
    std::uint32_t width_bits = 16;  // data pins of all devices of the channel
    std::uint32_t burst_length = 16;
    std::uint32_t data_rate = 2;  // transfers a pin a cycle
    std::uint32_t bank_groups = 1;
    std::uint32_t banks = 8;  // of all groups
    std::uint32_t rows = 65536;
    std::uint32_t columns = 1024;

    std::uint32_t activate_cycles = 4;  // on the command bus
    std::uint32_t access_cycles = 4;
    std::uint32_t precharge_cycles = 2;
    std::uint32_t refresh_cycles = 2;

    std::uint32_t rcd = 29;        // activate to read
    std::uint32_t rcd_write = 0;   // activate to write; 0: as rcd
    std::uint32_t rp = 29;         // precharge of one bank
    std::uint32_t rp_all = 34;     // precharge of all banks
    std::uint32_t ras = 68;        // activate to precharge
    std::uint32_t rrd = 16;        // activate to activate, another bank group
    std::uint32_t rrd_l = 0;       // activate to activate, same bank group; 0: as rrd
    std::uint32_t faw = 64;        // span of four activates
    std::uint32_t ccd = 8;         // read to read, write to write, another bank group
    std::uint32_t ccd_l = 0;       // the same in one bank group; 0: as ccd
    std::uint32_t rl = 28;         // read to data
    std::uint32_t dqsck = 6;       // strobe's skew on top of it
    std::uint32_t wl = 14;         // write to data
    std::uint32_t dqss = 1;        // strobe's delay on top of it
    std::uint32_t turnaround = 2;  // idle cycles of the data bus between read and write
    std::uint32_t rtp = 12;        // read to precharge
    std::uint32_t wr = 29;         // end of write data to precharge
    std::uint32_t wtr = 16;        // end of write data to read, another bank group
    std::uint32_t wtr_l = 0;       // the same in one bank group; 0: as wtr
    std::uint32_t ppd = 4;         // precharge to precharge

    DramRefresh refresh = DramRefresh::all_banks;
    std::uint32_t refi = 6246;     // refresh interval of a bank; 0: no refresh
    std::uint32_t rfc = 448;       // refresh of all banks
    std::uint32_t rfc_bank = 224;  // refresh of one bank
    std::uint32_t rrefd = 16;      // refresh of one bank to activate of another

    std::uint32_t power_down_after = 0;    // idle cycles until power-down; 0: never
    std::uint32_t self_refresh_after = 0;  // idle cycles until self-refresh; 0: never
    std::uint32_t cke = 12;                // shortest stay in either
    std::uint32_t xp = 12;                 // end of power-down to a command
    std::uint32_t xs = 460;                // end of self-refresh to a command

    PagePolicy page = PagePolicy::open;
    DramScheduling scheduling = DramScheduling::fr_fcfs;
    std::uint32_t queue = 16;         // requests the controller holds, from request to response
    std::uint32_t bypass_limit = 64;  // bursts that may overtake the oldest request (fr_fcfs)

    std::uint32_t burst_bytes() const { return width_bits * burst_length / 8; }
    /// Cycles a burst takes on the data bus.
    std::uint32_t burst_cycles() const { return burst_length / data_rate; }
    std::uint64_t page_bytes() const { return std::uint64_t{columns} * width_bits / 8; }
    std::uint32_t bursts_per_page() const {
        return static_cast<std::uint32_t>(page_bytes() / burst_bytes());
    }
    std::uint64_t bytes() const { return page_bytes() * banks * rows; }
    /// Of the data pins, bytes a second.
    double peak_bandwidth() const { return burst_bytes() / (burst_cycles() * clock_ps * 1e-12); }
};

/// The keys, for base/schema.hpp.
void describe(schema::Walk& walk, DramConfig& dram);

/// Where a burst lies. Consecutive bursts run through the bank groups, then along the row, then
/// through the banks of a group, then the rows: so a stream finds its next burst in another group,
/// where ccd rules, and its next row in another bank.
struct DramAddress {
    std::uint32_t bank;  // group = bank / banks per group
    std::uint32_t row;
};
DramAddress dram_address(const DramConfig& config, std::uint64_t burst);

}  // namespace spikeloom::arch
