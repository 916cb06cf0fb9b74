// spikeloom's network in a SystemC design of one's own: a core uses a memory across the chip.
#include "noc/tlm_network.hpp"

#include <algorithm>
#include <array>
#include <iostream>

using namespace spikeloom;

struct Memory : sc_core::sc_module {
    tlm_utils::simple_target_socket<Memory> socket;
    std::array<unsigned char, 4096> bytes{};
    explicit Memory(sc_core::sc_module_name name) : sc_module(name) {
        socket.register_b_transport(this, &Memory::access);
    }
    void access(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
        unsigned char *place = bytes.data() + payload.get_address(), *data = payload.get_data_ptr();
        const unsigned length = payload.get_data_length();
        payload.is_write() ? std::copy_n(data, length, place) : std::copy_n(place, length, data);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        delay += sc_core::sc_time(10, sc_core::SC_NS);
    }
};

struct Core : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<Core> socket;
    bool correct = false;
    SC_HAS_PROCESS(Core);
    explicit Core(sc_core::sc_module_name name) : sc_module(name) { SC_THREAD(run); }
    void move(tlm::tlm_command command, std::array<unsigned char, 64>& line) {
        tlm::tlm_generic_payload payload;
        payload.set_command(command);
        payload.set_address(noc::TlmNetwork::address(15, 256));  // byte 256 of node 15's memory
        payload.set_data_ptr(line.data());
        payload.set_data_length(line.size());
        const sc_core::sc_time begun = sc_core::sc_time_stamp();
        sc_core::sc_time delay;
        socket->b_transport(payload, delay);
        std::cout << (payload.is_write() ? "write" : "read") << " of 64 bytes took "
                  << sc_core::sc_time_stamp() - begun << '\n';
    }
    void run() {
        std::array<unsigned char, 64> line{1, 2, 3}, back{};
        move(tlm::TLM_WRITE_COMMAND, line);
        move(tlm::TLM_READ_COMMAND, back);
        correct = back == line;
    }
};

int sc_main(int, char**) {
    noc::NetworkConfig config;  // the defaults: BookSim2's four-stage router, 1 GHz
    config.width = config.height = 4;
    noc::TlmNetwork network("network", config);
    Core core("core");
    Memory memory("memory");
    core.socket.bind(network.in[0]);
    network.out[15].bind(memory.socket);
    sc_core::sc_start();
    return core.correct ? 0 : 1;
}
