// Sends to several stages in turn.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"

namespace spikeloom::workloads {

/// Splits every dense output that goes to several stages and is longer than a packet into runs of
/// one full packet, with the same name. The encoder serves an output's destinations one after
/// another; by whole vectors, all would wait while the event queue of the first is full. Cut at
/// packets, this costs no flit more.
void interleave_destinations(arch::Program& program, const arch::ChipConfig& chip);

}  // namespace spikeloom::workloads
