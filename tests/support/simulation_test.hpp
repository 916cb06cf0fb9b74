// SystemC elaborates once a process; a fresh kernel context per test lets every test elaborate
// anew.
#pragma once

#include <systemc>

namespace spikeloom::tests {

/// The first base class (or first local) of what a SystemC test builds, so that the modules die
/// before the next context is made. The old context is left to leak: destroying it is not supported
/// by 2.3.4.
struct SimulationTest {
    SimulationTest() {
        sc_core::sc_curr_simcontext = new sc_core::sc_simcontext();
        sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
    }
};

}  // namespace spikeloom::tests
