// A recorded trace made to fit another network: what caused its packets, and another clock.
#pragma once

#include "noc/trace.hpp"

#include <vector>

namespace spikeloom::noc {

/// Gives every row that names no predecessors a cause as far as the record shows one: the packet
/// that its source node received last before it was created. The row then waits for that packet and
/// as long again as it did in the record, and for no cycle of its own. Rows before whose creation
/// their node received nothing stay as they are, and so do those behind what has no retire_cycle.
///
/// In the recorded network each packet is created when it was. In another one what a node sends
/// moves with what it receives: the record's schedule no longer hides how fast that network is. It
/// is an assumption all the same, since a node may have waited for another packet than the last
/// (Hestness, Grot and Keckler, "Netrace: dependency-driven trace-based network-on-chip
/// simulation", NoCArc 2010, record causes for that reason).
void infer_causes(std::vector<TraceRow>& rows);

/// Turns cycles of a clock of `from_hz` into those of one of `to_hz`, rounded up. Where the two
/// differ the recorded retire_cycles, which are of the other network, are dropped.
void change_clock(std::vector<TraceRow>& rows, double from_hz, double to_hz);

}  // namespace spikeloom::noc
