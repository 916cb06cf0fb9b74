// The controller of a DRAM channel: which command is given next.
//
// It holds up to `queue` requests, each a run of bursts, and gives one command at a time:
//   1. A refresh that is due goes first: its banks take no other command until it is done; open
//      rows are precharged for it.
//   2. Reads and writes to open rows. fcfs: only the next burst of the oldest request that has any
//      left. fr_fcfs: the oldest request first of those whose burst can be given now; but once
//      `bypass_limit` bursts have overtaken the oldest request, only that one's.
//   3. Activates and precharges, oldest request first. A bank prepares for the oldest request that
//      needs it; with fr_fcfs an open row is not closed while requests to it wait.
// A request is not touched before older ones that overlap it, where one of the two writes.
// With page: closed, the last burst of a request in a row closes it.
//
// A decision is made in the cycle in which a command can be given, knowing the requests accepted up
// to then. Idle time costs nothing: refreshes and power-down are worked out when the next request
// comes.
#pragma once

#include "arch/dram_channel.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace spikeloom::arch {

struct DramRequest {
    std::uint64_t id = 0;  // the requester's
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;  // at least 1
    bool write = false;
};

class DramController {
  public:
    explicit DramController(const DramConfig& config);

    bool has_room() const { return jobs_.size() < config_.queue; }
    /// A request enters the queue and may be served from cycle `now` on. Cycles never go back.
    void accept(const DramRequest& request, DramClock now);
    /// The requester has taken the response: the request's place is free.
    void release(std::uint64_t id);

    /// The cycle in which the next command will be given, if no request comes before; kNoClock:
    /// none.
    DramClock next_command() const { return plan_.start; }
    /// A request whose last burst has been given; its data are complete in cycle `end`.
    struct Served {
        std::uint64_t id;
        DramClock end;
    };
    /// Gives the command of cycle next_command().
    std::optional<Served> give();

    /// Serves a request at once, burst by burst, from cycle `from` on, as a blocking access does
    /// that knows no queue; returns the first cycle after its data.
    DramClock serve(const DramRequest& request, DramClock from);

    /// Of the channel, before cycle `now`.
    DramCounts counts(DramClock now) const;

  private:
    using Command = DramChannel::Command;

    /// The bursts of a request in one row.
    struct Piece {
        DramAddress at;
        std::uint64_t next = 0;  // burst
        std::uint32_t left = 0;
    };
    struct Job {
        DramRequest request;
        std::vector<Piece> pieces;
        std::uint32_t left = 0;      // bursts of all pieces
        std::uint32_t bypassed = 0;  // bursts given to younger jobs while this one was the oldest
        bool waits() const { return left != 0; }
    };
    /// A command that could be given.
    struct Choice {
        DramClock start = kNoClock;
        Command command = Command::activate;
        DramAddress at = {};
        Job* job = nullptr;  // of a read or write
        Piece* piece = nullptr;
    };

    Job job_of(const DramRequest& request) const;
    /// Whether a job must wait for an older one that it overlaps.
    bool held_back(const Job& job) const;
    Job* oldest();
    /// The oldest job, once it has been overtaken too often; nullptr: not yet.
    Job* starving();

    void plan(DramClock now);
    Choice refresh_choice(DramClock now) const;
    Choice access_of(Job& job, Piece& piece) const;
    Choice access_choice(DramClock now);
    Choice preparation_choice(DramClock now);
    void consider(Choice& best, Choice candidate, DramClock now) const;
    bool reserved_for_refresh(const Choice& choice) const;
    bool wanted(std::uint32_t bank) const;
    void refreshed();

    void idle_until(DramClock now);
    bool idle_refresh(DramClock now);
    bool idle_self_refresh(DramClock start, DramClock now);
    void wake(DramClock now);

    DramConfig config_;
    DramChannel channel_;
    std::deque<Job> jobs_;  // oldest first; those without bursts left wait to be released
    Choice plan_;
    DramClock now_ = 0;          // of the plan
    std::vector<bool> claimed_;  // banks, while a preparation is looked for

    DramClock refresh_interval_;
    DramClock next_refresh_;
    std::uint32_t refresh_bank_ = 0;  // one_bank: the next
    DramClock idle_since_ = 0;        // no request since
    bool self_refresh_ = false;
};

}  // namespace spikeloom::arch
