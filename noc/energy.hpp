// Dynamic energy of a network from its counts. The numbers are Noxim's power.yaml (commit 4c8e72d),
// which its authors say come from their VHDL models in 45 nm CMOS (issues #101 and #122); nothing
// in that file is cited. They are given there for one width and depth and are scaled here per bit.
#pragma once

#include "noc/network.hpp"

namespace spikeloom::noc {

struct EnergyTable {
    double buffer_write_j_per_bit = 7.62e-13 / 32;  // push, buffer of 4 flits of 32 bits
    double buffer_read_j_per_bit = 5.34e-13 / 32;   // pop, the same buffer
    double crossbar_j_per_bit = 2.21e-13 / 32;      // 5 ports, 32 bits
    double route_j = 6.0e-14 + 5.0e-14;             // a head: XY routing and output selection
    double link_j_per_bit_mm = 4.88e-14;            // a bit line of 1 mm
};

/// Joules of what the network has done since the start. A flit that leaves a router to its own
/// interface crosses no link. Without leakage and without the interfaces, which Noxim does not
/// characterise either.
double dynamic_energy_j(const Network& network, const EnergyTable& table = {});

}  // namespace spikeloom::noc
