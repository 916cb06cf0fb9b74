// Two clocks, one for the cores, one for the network, and how a signal crosses between them.
//
// Cycle c of a clock begins at c * period. What a machine does in a cycle is in its registers from
// the next edge on, and the other domain samples those registers at its own edges. So a crossing
// costs at least one cycle of the sender and rounds up to the next edge of the receiver; with equal
// clocks it takes one cycle.
#pragma once

#include "noc/config.hpp"

#include <cstdint>

namespace spikeloom::arch {

/// A cycle of the cores' clock, counted from 0.
using Cycle = std::uint64_t;
inline constexpr Cycle kNever = ~Cycle{0};

/// Periods in picoseconds.
struct Clocks {
    std::uint64_t core_period = 1000;
    std::uint64_t network_period = 1000;

    /// The core cycle that first sees what the network did in its cycle `n`.
    Cycle core_sees(noc::Cycle n) const {
        return equal() ? n + 1 : divide_up((n + 1) * network_period, core_period);
    }
    /// The network cycle that first sees what a core did in its cycle `c`.
    noc::Cycle network_sees(Cycle c) const {
        return equal() ? c + 1 : divide_up((c + 1) * core_period, network_period);
    }
    /// The first core cycle that begins at `picoseconds` or later.
    Cycle core_cycle_at(std::uint64_t picoseconds) const {
        return divide_up(picoseconds, core_period);
    }

  private:
    /// Spares the most frequent case two divisions a flit.
    bool equal() const { return core_period == network_period; }
    static std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }
};

}  // namespace spikeloom::arch
