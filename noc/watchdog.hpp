// Whether a network still moves.
#pragma once

#include "noc/network.hpp"

namespace spikeloom::noc {

/// Throws CheckFailed, naming router, port and virtual channel of a flit that waits, where flits
/// wait and none has been injected, gone through a switch or been consumed for `limit` cycles
/// before `now`. A gate that is closed for longer counts as a stall: whoever closes one so long
/// asks with a longer limit.
void check_progress(const Network& network, Cycle now, Cycle limit);

}  // namespace spikeloom::noc
