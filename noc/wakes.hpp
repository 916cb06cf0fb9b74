// What is due in which cycle, however far ahead.
#pragma once

#include "noc/config.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <vector>

namespace spikeloom::noc {

/// Numbers, each due in a cycle: those of the next 63 cycles in a list a cycle, which costs no
/// comparison, the others in a heap. turn() must be called in every cycle in which something is
/// due.
class Wakes {
  public:
    /// `due` is later than `now`.
    void add(Cycle due, Cycle now, std::uint32_t what) {
        if (due - now < kNear) {
            near_[due % kNear].push_back(what);
            filled_ |= std::uint64_t{1} << due % kNear;
        } else {
            far_.push_back({due, what});
            std::push_heap(far_.begin(), far_.end(), std::greater<>());
        }
    }

    /// Calls `wakes(what)` for all that is due; it may add to later cycles.
    template <class Wake>
    void turn(Cycle now, Wake&& wakes) {
        while (!far_.empty() && far_.front().cycle <= now) {
            std::pop_heap(far_.begin(), far_.end(), std::greater<>());
            const std::uint32_t what = far_.back().what;
            far_.pop_back();
            wakes(what);
        }
        if ((filled_ >> now % kNear & 1) != 0) {
            filled_ &= ~(std::uint64_t{1} << now % kNear);
            std::vector<std::uint32_t>& due = near_[now % kNear];
            for (const std::uint32_t what : due) {
                wakes(what);
            }
            due.clear();
        }
    }

    /// The first cycle from `now` on in which something is due.
    Cycle next(Cycle now) const {
        const Cycle near = filled_ == 0 ? kNever
                                        : now + static_cast<Cycle>(std::countr_zero(std::rotr(
                                                    filled_, static_cast<int>(now % kNear))));
        return far_.empty() ? near : std::min(near, std::max(far_.front().cycle, now));
    }

  private:
    static constexpr Cycle kNear = 64;

    struct Far {
        Cycle cycle;
        std::uint32_t what;
        friend bool operator>(const Far& a, const Far& b) { return a.cycle > b.cycle; }
    };

    std::array<std::vector<std::uint32_t>, kNear> near_;
    std::uint64_t filled_ = 0;  // lists that are not empty
    std::vector<Far> far_;      // a heap, the earliest first
};

}  // namespace spikeloom::noc
