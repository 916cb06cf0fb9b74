// A tile as a SystemC process that sleeps until the next cycle for which it has something to do.
//
// Whatever reaches a tile from outside (from the network's process) is dated: it names the cycle in
// which the tile's registers show it, and that cycle always lies after the present instant
// (arch/clock.hpp). A tile acts on what is dated at or before the present cycle only. Hence it does
// not matter in which order the kernel runs the processes of one instant, and the tiles and the
// network need no delta cycles between them.
#pragma once

#include "arch/clock.hpp"

#include <cstdint>
#include <queue>
#include <vector>

#include <systemc>

namespace spikeloom::arch {

class Tile : public sc_core::sc_module {
  protected:
    /// What a tile has to do: one of its own kinds of work, with numbers that say what on.
    struct Task {
        Cycle cycle;
        std::uint32_t kind;
        std::uint32_t index;
        std::uint32_t detail;
    };

    Tile(const sc_core::sc_module_name& name, std::uint64_t period);

    /// `perform(task)` will be called in that cycle; not before the present one.
    void post(Cycle cycle, std::uint32_t kind, std::uint32_t index = 0, std::uint32_t detail = 0);
    /// The order of the tasks of one cycle is not defined and must not matter.
    virtual void perform(const Task& task) = 0;
    /// After all tasks of the cycle.
    virtual void settle(Cycle /*now*/) {}

    Cycle now() const { return sc_core::sc_time_stamp().value() / period_; }

  private:
    struct Later {
        bool operator()(const Task& a, const Task& b) const { return a.cycle > b.cycle; }
    };

    void wake();
    void arm(Cycle cycle);

    std::uint64_t period_;
    std::priority_queue<Task, std::vector<Task>, Later> tasks_;
    sc_core::sc_event due_;  // the kernel keeps the earliest of its notifications
};

}  // namespace spikeloom::arch
