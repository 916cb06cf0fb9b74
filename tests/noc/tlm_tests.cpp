// The network behind TLM-2.0 sockets: what arrives, and when, to the cycle.
#include "noc/graph.hpp"
#include "noc/tlm_network.hpp"
#include "tests/noc/network_runs.hpp"
#include "tests/support/simulation_test.hpp"

#include <array>
#include <cstring>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

struct MemoryStub : sc_core::sc_module {
    tlm_utils::simple_target_socket<MemoryStub> socket;
    std::array<unsigned char, 256> bytes{};
    std::uint64_t last_address = 0;

    explicit MemoryStub(const sc_core::sc_module_name& name) : sc_module(name) {
        socket.register_b_transport(this, &MemoryStub::access);
    }
    void access(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
        last_address = payload.get_address();
        unsigned char* const place = bytes.data() + last_address;
        if (payload.is_write()) {
            std::memcpy(place, payload.get_data_ptr(), payload.get_data_length());
        } else {
            std::memcpy(payload.get_data_ptr(), place, payload.get_data_length());
        }
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        delay += sc_core::sc_time(10, sc_core::SC_NS);
    }
};

/// Writes 8 bytes to node 3 and reads them back, then addresses a node where nobody is.
struct CoreStub : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<CoreStub> socket;
    std::array<unsigned char, 8> back{};
    std::vector<double> ends_ns;
    tlm::tlm_response_status to_nobody = tlm::TLM_INCOMPLETE_RESPONSE;

    explicit CoreStub(const sc_core::sc_module_name& name) : sc_module(name) {
        SC_HAS_PROCESS(CoreStub);
        SC_THREAD(run);
    }
    tlm::tlm_response_status access(tlm::tlm_command command, NodeId node, unsigned char* data) {
        tlm::tlm_generic_payload payload;
        payload.set_command(command);
        payload.set_address(TlmNetwork::address(node, 16));
        payload.set_data_ptr(data);
        payload.set_data_length(8);
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        sc_core::sc_time delay;
        socket->b_transport(payload, delay);
        ends_ns.push_back(sc_core::sc_time_stamp().to_seconds() * 1e9);
        CHECK(payload.get_address() == TlmNetwork::address(node, 16));
        return payload.get_response_status();
    }
    void run() {
        std::array<unsigned char, 8> out{1, 2, 3, 4, 5, 6, 7, 8};
        CHECK(access(tlm::TLM_WRITE_COMMAND, 3, out.data()) == tlm::TLM_OK_RESPONSE);
        CHECK(access(tlm::TLM_READ_COMMAND, 3, back.data()) == tlm::TLM_OK_RESPONSE);
        to_nobody = access(tlm::TLM_READ_COMMAND, 2, back.data());
    }
};

TEST_CASE("a write and a read cross the network and take its cycles", "[noc]") {
    const tests::SimulationTest fresh_kernel;
    NetworkConfig config = single_cycle(4, 1);  // 1 GHz, flits of 32 bits
    config.buffer = 16;
    TlmNetwork network("network", config);
    CoreStub core("core");
    MemoryStub memory("memory");
    core.socket.bind(network.in[0]);
    network.out[3].bind(memory.socket);
    sc_core::sc_start();

    CHECK(core.back == std::array<unsigned char, 8>{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(memory.last_address == 16);
    CHECK(core.to_nobody == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    // The write: header and data are 4 flits, ready in cycle 1, the tail consumed 1 + 4 + 3 later,
    // in 9; 10 ns of memory; the response of 2 flits ready in 20, consumed 1 + 4 + 1 later, in 26.
    REQUIRE(core.ends_ns.size() == 3);
    CHECK(core.ends_ns[0] == Approx(26.0));
    // The read, from there: 2 flits ready in 27, there in 33; memory until 43; 4 flits ready in 44.
    CHECK(core.ends_ns[1] == Approx(44.0 + 8.0));
    CHECK(core.ends_ns[2] == Approx(core.ends_ns[1]));
    CHECK(network.network().flit_hops() == (4 + 2 + 2 + 4) * 4);
}

}  // namespace
}  // namespace spikeloom::noc
