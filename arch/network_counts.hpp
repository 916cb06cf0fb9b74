// What the network has done, booked on its tiles: a router and its outgoing links on the router's.
#pragma once

#include "arch/events.hpp"
#include "noc/network.hpp"

namespace spikeloom::arch {

/// Sets the network's events, and the flits of every link, since the start.
void count_network(const noc::Network& network, Counts& into);

}  // namespace spikeloom::arch
