// Energy of a network from its counts. The default numbers are Noxim's power.yaml (commit 4c8e72d),
// which its authors say come from their VHDL models in 45 nm CMOS (issues #101 and #122); nothing
// in that file is cited. Buffers (of 4 flits) and the crossbar are priced by the width of a flit;
// for widths without a row, and for leakage, the numbers of 32 bits are scaled per bit.
#pragma once

#include "noc/network.hpp"

#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::noc {

/// What a flit of one width costs in a router.
struct FlitEnergy {
    int bits = 32;
    double buffer_write_j = 0.0;
    double buffer_read_j = 0.0;
    double crossbar_j = 0.0;
};

struct EnergyTable {
    /// By width; rows that Noxim marks as interpolated are left out.
    std::vector<FlitEnergy> flits = {{16, 3.93e-13, 2.82e-13, 1.20e-13},
                                     {32, 7.62e-13, 5.34e-13, 2.21e-13},
                                     {64, 1.50e-12, 1.03e-12, 4.00e-13}};
    // Of other widths.
    double buffer_write_j_per_bit = 7.62e-13 / 32;  // push, buffer of 4 flits of 32 bits
    double buffer_read_j_per_bit = 5.34e-13 / 32;   // pop, the same buffer
    double crossbar_j_per_bit = 2.21e-13 / 32;      // 5 ports, 32 bits
    double route_j = 6.0e-14;                       // a head: XY routing
    double arbitration_j = 5.0e-14;         // a virtual channel or the switch won: output selection
    double link_j_per_bit_mm = 4.88e-14;    // a bit line of 1 mm
    double interface_j_per_bit = 2.50e-14;  // between router and node: a bit line of 0.5 mm
    double buffer_leakage_w_per_bit = 2.27e-3 / (4 * 32);
    double router_leakage_w = 1.20e-4 + 1.10e-4;       // routing and selection
    double crossbar_leakage_w_per_bit = 7.49e-4 / 32;  // of a router
    double link_leakage_w_per_bit_mm = 4.80e-7;
};

void describe(schema::Walk& walk, FlitEnergy& flit);
void describe(schema::Walk& walk, EnergyTable& table);

struct NetworkEnergy {
    bool by_width = false;  // the table has a row for the network's flits
    double buffer_write_j = 0.0;
    double buffer_read_j = 0.0;
    double crossbar_j = 0.0;
    double routing_j = 0.0;
    double arbitration_j = 0.0;
    double link_j = 0.0;
    double interface_j = 0.0;
    double leakage_j = 0.0;

    double dynamic_j() const {
        return buffer_write_j + buffer_read_j + crossbar_j + routing_j + arbitration_j + link_j +
               interface_j;
    }
};

/// Joules of what the network has done since the start, and of its leakage over so many cycles.
/// Every event that a network counts has its price; Noxim does not characterise the logic of the
/// interfaces, so a flit pays for the wires between router and node alone.
NetworkEnergy energy_of(const Network& network, Cycle cycles, const EnergyTable& table = {});

}  // namespace spikeloom::noc
