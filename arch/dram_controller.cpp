#include "arch/dram_controller.hpp"

#include <algorithm>
#include <utility>

namespace spikeloom::arch {

namespace {

DramClock interval_of(const DramConfig& config) {
    return config.refresh == DramRefresh::all_banks ? config.refi : config.refi / config.banks;
}

DramClock or_never(DramClock delay, DramClock since) {
    return delay == 0 ? kNoClock : since + delay;
}

}  // namespace

DramController::DramController(const DramConfig& config)
    : config_(config),
      channel_(config),
      claimed_(config.banks),
      refresh_interval_(interval_of(config)),
      next_refresh_(or_never(refresh_interval_, 0)) {}

// ---- requests
// ------------------------------------------------------------------------------------

DramController::Job DramController::job_of(const DramRequest& request) const {
    const std::uint64_t first = request.address / config_.burst_bytes();
    const std::uint64_t last = (request.address + request.bytes - 1) / config_.burst_bytes();
    Job job;
    job.request = request;
    job.left = static_cast<std::uint32_t>(last - first + 1);
    for (std::uint64_t burst = first; burst <= last; ++burst) {
        const DramAddress at = dram_address(config_, burst);
        const auto piece = std::find_if(job.pieces.begin(), job.pieces.end(), [&](const Piece& p) {
            return p.at.bank == at.bank && p.at.row == at.row;
        });
        if (piece == job.pieces.end()) {
            job.pieces.push_back({at, burst, 1});
        } else {
            ++piece->left;
        }
    }
    return job;
}

void DramController::accept(const DramRequest& request, DramClock now) {
    if (oldest() == nullptr) {
        idle_until(now);
        wake(now);
    }
    jobs_.push_back(job_of(request));
    plan(now);
}

void DramController::release(std::uint64_t id) {
    jobs_.erase(std::find_if(jobs_.begin(), jobs_.end(),
                             [&](const Job& job) { return job.request.id == id; }));
    if (oldest() != nullptr) {  // the plan points into the queue
        plan(now_);
    }
}

DramClock DramController::serve(const DramRequest& request, DramClock from) {
    std::deque<Job> others;
    others.swap(jobs_);
    accept(request, from);
    std::optional<Served> served;
    while (!served) {
        served = give();
    }
    others.swap(jobs_);
    if (oldest() != nullptr) {
        plan(now_);
    }
    return served->end;
}

DramController::Job* DramController::oldest() {
    const auto found =
        std::find_if(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.waits(); });
    return found == jobs_.end() ? nullptr : &*found;
}

DramController::Job* DramController::starving() {
    Job* const job = oldest();
    return job != nullptr && job->bypassed >= config_.bypass_limit ? job : nullptr;
}

bool DramController::held_back(const Job& job) const {
    const DramRequest& late = job.request;
    for (const Job& other : jobs_) {
        if (&other == &job) {
            return false;
        }
        const DramRequest& early = other.request;
        if (other.waits() && (early.write || late.write) &&
            early.address < late.address + late.bytes &&
            late.address < early.address + early.bytes) {
            return true;
        }
    }
    return false;
}

// ---- the next command
// ----------------------------------------------------------------------------

void DramController::plan(DramClock now) {
    now_ = now;
    plan_ = refresh_choice(now);
    consider(plan_, access_choice(now), now);
    consider(plan_, preparation_choice(now), now);
}

/// The earlier of two; of two at once the one considered first.
void DramController::consider(Choice& best, Choice candidate, DramClock now) const {
    candidate.start = std::max(candidate.start, now);
    if (candidate.start < best.start && !reserved_for_refresh(candidate)) {
        best = candidate;
    }
}

bool DramController::reserved_for_refresh(const Choice& choice) const {
    return choice.start >= next_refresh_ &&
           (config_.refresh == DramRefresh::all_banks || choice.at.bank == refresh_bank_);
}

DramController::Choice DramController::refresh_choice(DramClock now) const {
    Choice choice;
    if (next_refresh_ == kNoClock) {
        return choice;
    }
    if (config_.refresh == DramRefresh::all_banks) {
        choice.command = channel_.any_open() ? Command::precharge_all : Command::refresh_all;
    } else {
        choice.command =
            channel_.is_open(refresh_bank_) ? Command::precharge : Command::refresh_bank;
        choice.at.bank = refresh_bank_;
    }
    choice.start =
        std::max({next_refresh_, now, channel_.earliest(choice.command, choice.at.bank)});
    return choice;
}

/// Of a job in an open row; nothing where the row is not open.
DramController::Choice DramController::access_of(Job& job, Piece& piece) const {
    Choice choice;
    if (piece.left != 0 && channel_.is_open(piece.at.bank) &&
        channel_.row(piece.at.bank) == piece.at.row) {
        choice.command = job.request.write ? Command::write : Command::read;
        choice.at = piece.at;
        choice.start = channel_.earliest(choice.command, piece.at.bank);
        choice.job = &job;
        choice.piece = &piece;
    }
    return choice;
}

DramController::Choice DramController::access_choice(DramClock now) {
    Choice best;
    if (config_.scheduling == DramScheduling::fcfs) {
        Job& job = *oldest();
        const auto next = std::min_element(
            job.pieces.begin(), job.pieces.end(), [](const Piece& a, const Piece& b) {
                return std::pair(a.left == 0, a.next) < std::pair(b.left == 0, b.next);
            });
        consider(best, access_of(job, *next), now);
        return best;
    }
    const Job* const only = starving();
    for (Job& job : jobs_) {
        if (job.waits() && (only == nullptr || only == &job) && !held_back(job)) {
            for (Piece& piece : job.pieces) {
                consider(best, access_of(job, piece), now);
            }
        }
    }
    return best;
}

DramController::Choice DramController::preparation_choice(DramClock now) {
    Choice best;
    const Job* const urgent = starving();
    std::fill(claimed_.begin(), claimed_.end(), false);
    for (Job& job : jobs_) {
        if (!job.waits() || held_back(job)) {
            continue;
        }
        for (const Piece& piece : job.pieces) {
            const std::uint32_t bank = piece.at.bank;
            if (piece.left == 0 || claimed_[bank]) {
                continue;
            }
            claimed_[bank] = true;
            const bool open = channel_.is_open(bank);
            if (open && (channel_.row(bank) == piece.at.row || (&job != urgent && wanted(bank)))) {
                continue;
            }
            Choice choice;
            choice.command = open ? Command::precharge : Command::activate;
            choice.at = piece.at;
            choice.start = channel_.earliest(choice.command, bank);
            consider(best, choice, now);
        }
    }
    return best;
}

/// Whether bursts wait for the row that is open in the bank, and may be served before older ones.
bool DramController::wanted(std::uint32_t bank) const {
    return config_.scheduling == DramScheduling::fr_fcfs &&
           std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& job) {
               return job.waits() && !held_back(job) &&
                      std::any_of(job.pieces.begin(), job.pieces.end(), [&](const Piece& piece) {
                          return piece.left != 0 && piece.at.bank == bank &&
                                 piece.at.row == channel_.row(bank);
                      });
           });
}

std::optional<DramController::Served> DramController::give() {
    const Choice choice = std::exchange(plan_, {});
    const bool access = choice.piece != nullptr;
    const bool close = access && config_.page == PagePolicy::closed && choice.piece->left == 1;
    const DramClock end =
        channel_.issue(choice.command, choice.at.bank, choice.at.row, choice.start, close);
    if (choice.command == Command::refresh_all || choice.command == Command::refresh_bank) {
        refreshed();
    }
    std::optional<Served> served;
    if (access) {
        if (Job* const first = oldest(); first != choice.job) {
            ++first->bypassed;
        }
        choice.piece->next += config_.bank_groups;
        --choice.piece->left;
        if (--choice.job->left == 0) {
            served = Served{choice.job->request.id, end};
        }
    }
    if (oldest() != nullptr) {
        plan(choice.start);
    } else {
        idle_since_ = channel_.quiet_from();
    }
    return served;
}

void DramController::refreshed() {
    next_refresh_ += refresh_interval_;
    refresh_bank_ = (refresh_bank_ + 1) % config_.banks;
}

// ---- idle
// ----------------------------------------------------------------------------------------

/// What happens before cycle `now` while nobody asks for anything.
void DramController::idle_until(DramClock now) {
    while (!self_refresh_) {
        const DramClock power_down =
            channel_.asleep() ? kNoClock
                              : or_never(config_.power_down_after, channel_.quiet_from());
        const DramClock self_refresh = or_never(config_.self_refresh_after, idle_since_);
        const DramClock first = std::min({next_refresh_, self_refresh, power_down});
        if (first >= now) {
            return;
        }
        if (first == power_down && first != self_refresh && first != next_refresh_) {
            channel_.sleep(first, false);
            continue;
        }
        if (channel_.asleep()) {
            channel_.wake(first);
        }
        const bool done =
            first == next_refresh_ ? idle_refresh(now) : idle_self_refresh(first, now);
        if (!done) {
            return;  // the rest is for those who come now
        }
    }
}

/// The next command of the refresh that is due, if it starts before `now`.
bool DramController::idle_refresh(DramClock now) {
    const Choice choice = refresh_choice(next_refresh_);
    if (choice.start >= now) {
        return false;
    }
    channel_.issue(choice.command, choice.at.bank, 0, choice.start);
    if (choice.command == Command::refresh_all || choice.command == Command::refresh_bank) {
        refreshed();
    }
    return true;
}

/// The next step into self-refresh, entered like a refresh of all banks, if it comes before `now`.
bool DramController::idle_self_refresh(DramClock start, DramClock now) {
    const Command command = channel_.any_open() ? Command::precharge_all : Command::refresh_all;
    const DramClock at = std::max(start, channel_.earliest(command, 0));
    if (at >= now) {
        return false;
    }
    if (command == Command::precharge_all) {
        channel_.issue(command, 0, 0, at);
    } else {
        channel_.sleep(std::max(at, channel_.quiet_from()), true);
        self_refresh_ = true;
    }
    return true;
}

void DramController::wake(DramClock now) {
    if (channel_.asleep()) {
        channel_.wake(now);
    }
    if (std::exchange(self_refresh_, false)) {
        next_refresh_ = or_never(refresh_interval_, now);
    }
}

DramCounts DramController::counts(DramClock now) const {
    DramController later = *this;
    if (later.oldest() == nullptr) {
        later.idle_until(now);
    }
    return later.channel_.counts(now);
}

}  // namespace spikeloom::arch
