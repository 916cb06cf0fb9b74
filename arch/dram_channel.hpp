// The rules of a DRAM channel: which command may be given when, and what has been given so far.
//
// A command is named by the cycle in which it starts on the command bus. earliest() is the first
// cycle the rules allow; issue() performs the command, and refuses one that comes too early. The
// rules, edge to edge (docs/core.md, "DRAM", has the table and the sources):
//
//     ACTIVATE   of the bank: precharge + rp, refresh + rfc; of any: + rrd (rrd_l); four: faw
//     READ       activate + rcd; read + ccd (ccd_l); write data + wtr (wtr_l)
//     WRITE      activate + rcd_write; write + ccd (ccd_l); read data + turnaround
//     PRECHARGE  activate + ras; read + rtp; write data + wr; precharge + ppd
//     REFRESH    bank closed and precharged
//
// It also keeps what the energy of a DRAM is made of: counts of commands, and cycles spent in each
// of the states that draw a current of their own.
#pragma once

#include "arch/dram_config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom::arch {

/// A cycle of the command clock.
using DramClock = std::uint64_t;
inline constexpr DramClock kNoClock = ~DramClock{0};

/// What the current between commands depends on. A refresh counts as active, as its energy is
/// taken above that (DRAMPower's convention).
enum class DramState {
    active,      // a row is open in some bank
    precharged,  // in none
    active_power_down,
    precharged_power_down,
    self_refresh,
};
inline constexpr std::size_t kDramStates = 5;

struct DramCounts {
    std::uint64_t activates = 0;
    std::uint64_t precharges = 0;  // of one bank each
    std::uint64_t read_bursts = 0;
    std::uint64_t write_bursts = 0;
    std::uint64_t refreshes = 0;       // of all banks
    std::uint64_t bank_refreshes = 0;  // of one
    std::array<std::uint64_t, kDramStates> cycles = {};

    std::uint64_t cycles_in(DramState state) const {
        return cycles[static_cast<std::size_t>(state)];
    }
};

class DramChannel {
  public:
    enum class Command {
        activate,
        read,
        write,
        precharge,
        precharge_all,
        refresh_all,
        refresh_bank
    };

    explicit DramChannel(const DramConfig& config);

    bool is_open(std::uint32_t bank) const { return banks_[bank].open; }
    bool any_open() const { return open_banks_ != 0; }
    std::uint32_t row(std::uint32_t bank) const { return banks_[bank].row; }

    /// The first cycle in which the command may start. kNoClock: the bank's state does not allow
    /// it (a read of a closed bank, a refresh of an open one, anything while asleep). `bank` means
    /// nothing to commands for all banks.
    DramClock earliest(Command command, std::uint32_t bank) const;

    /// Performs the command, which starts in `start`; logic_error where that is too early. An
    /// activate opens `row`. For a read or write, returns the first cycle after its data, and
    /// `close` precharges the bank behind it, as early as a precharge might start.
    DramClock issue(Command command, std::uint32_t bank, std::uint32_t row, DramClock start,
                    bool close = false);

    /// Clock enable goes low in cycle `at`, from which on no command is under way: power-down, or
    /// with `self_refresh` (all banks closed) self-refresh.
    void sleep(DramClock at, bool self_refresh);
    bool asleep() const { return asleep_; }
    /// Clock enable goes high in cycle `at`, or later where the stay would be too short. Commands
    /// are allowed from xp or xs later on.
    void wake(DramClock at);

    /// The first cycle in which nothing given so far is under way: no command, data or refresh.
    DramClock quiet_from() const { return quiet_; }

    /// What happened before cycle `now`; states are extrapolated from the last command.
    DramCounts counts(DramClock now) const;

  private:
    /// Times are the earliest edges.
    struct Bank {
        bool open = false;
        std::uint32_t row = 0;
        DramClock activate = 0;
        DramClock read = 0;
        DramClock write = 0;
        DramClock precharge = 0;
        DramClock closed = 0;  // when it was, or will be, precharged
    };
    struct Group {
        DramClock activate = 0;
        DramClock read = 0;
        DramClock write = 0;
    };

    std::uint32_t length(Command command) const;
    DramClock earliest_edge(Command command, std::uint32_t bank) const;
    void spend(DramClock until);
    void add_states(DramClock from, DramClock until, DramCounts& into) const;
    void activate(Bank& bank, Group& group, std::uint32_t row, DramClock edge);
    DramClock read(Bank& bank, Group& group, DramClock edge);
    DramClock write(Bank& bank, Group& group, DramClock edge);
    void close(Bank& bank, DramClock edge, std::uint32_t recovery);

    DramConfig config_;
    std::uint32_t banks_per_group_;
    std::vector<Bank> banks_;
    std::vector<Group> groups_;
    Group any_;
    std::array<DramClock, 4> after_activates_ = {};  // the last four's edge plus faw, a ring
    std::size_t next_activate_ = 0;
    DramClock any_precharge_ = 0;
    DramClock any_refresh_ = 0;  // of one bank
    DramClock bus_free_ = 0;     // the command bus, first free cycle
    DramClock refreshing_ = 0;   // the end of the last refresh
    DramClock quiet_ = 0;
    std::uint32_t open_banks_ = 0;
    bool asleep_ = false;
    bool self_refresh_ = false;
    DramClock asleep_since_ = 0;
    DramClock counted_ = 0;  // states are in counts_ up to here
    DramCounts counts_;
};

}  // namespace spikeloom::arch
