// Energy of a network from its counts. The default numbers are Noxim's power.yaml (commit 4c8e72d),
// which its authors say come from their VHDL models in 45 nm CMOS (issues #101 and #122); nothing
// in that file is cited. They are given there for one width and depth and are scaled here per bit.
#pragma once

#include "noc/network.hpp"

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::noc {

struct EnergyTable {
    double buffer_write_j_per_bit = 7.62e-13 / 32;  // push, buffer of 4 flits of 32 bits
    double buffer_read_j_per_bit = 5.34e-13 / 32;   // pop, the same buffer
    double crossbar_j_per_bit = 2.21e-13 / 32;      // 5 ports, 32 bits
    double route_j = 6.0e-14;                       // a head: XY routing
    double arbitration_j = 5.0e-14;                 // a virtual channel won: output selection
    double link_j_per_bit_mm = 4.88e-14;            // a bit line of 1 mm
    double buffer_leakage_w_per_bit = 2.27e-3 / (4 * 32);
    double router_leakage_w = 1.20e-4 + 1.10e-4;       // routing and selection
    double crossbar_leakage_w_per_bit = 7.49e-4 / 32;  // of a router
    double link_leakage_w_per_bit_mm = 4.80e-7;
};

void describe(schema::Walk& walk, EnergyTable& table);

struct NetworkEnergy {
    double buffer_write_j = 0.0;
    double buffer_read_j = 0.0;
    double crossbar_j = 0.0;
    double routing_j = 0.0;
    double arbitration_j = 0.0;
    double link_j = 0.0;
    double leakage_j = 0.0;

    double dynamic_j() const {
        return buffer_write_j + buffer_read_j + crossbar_j + routing_j + arbitration_j + link_j;
    }
};

/// Joules of what the network has done since the start, and of its leakage over so many cycles. A
/// flit that leaves a router to its own interface crosses no link. Without the interfaces, which
/// Noxim does not characterise either.
NetworkEnergy energy_of(const Network& network, Cycle cycles, const EnergyTable& table = {});

}  // namespace spikeloom::noc
