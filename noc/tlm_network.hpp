// The network behind TLM-2.0 sockets: a memory-mapped interconnect with one pair of sockets a node.
//
// A tile binds its initiator socket to in[node], its target socket to out[node]; either may stay
// unbound. A transaction's address says the node in its upper 32 bits, the rest is what the target
// sees. b_transport sends the request through the network as a packet (a header, and the data of a
// write), calls the target where it arrives, sends the response back (a header, and the data of a
// read) and returns when that has arrived: so the time it takes is the network's, cycle by cycle,
// with all that meets it there. Where the network has two message classes, responses travel in the
// second. Between a tile's socket and the network's own calls (noc/network_module.hpp) a tile may
// choose: TLM-2.0 for memory-mapped traffic, send() and a DeliverySink for spikes.
#pragma once

#include "noc/network_module.hpp"

#include <cstdint>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

namespace spikeloom::noc {

class TlmNetwork : public sc_core::sc_module, private DeliverySink {
  public:
    /// Each packet carries `header_bits` besides its data. Throws InputError where the
    /// configuration is not allowed.
    TlmNetwork(const sc_core::sc_module_name& name, const NetworkConfig& config,
               int header_bits = 64);

    sc_core::sc_vector<tlm_utils::simple_target_socket_tagged_optional<TlmNetwork>> in;
    sc_core::sc_vector<tlm_utils::simple_initiator_socket_tagged_optional<TlmNetwork>> out;

    static constexpr int kNodeShift = 32;
    static std::uint64_t address(NodeId node, std::uint32_t local) {
        return std::uint64_t{node} << kNodeShift | local;
    }

    const Network& network() const { return module_.network(); }

  private:
    void transport(int source, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    /// Returns, in the calling thread, when a packet of so many bits of data has arrived.
    void travel(NodeId from, NodeId to, std::uint64_t bits, int message_class);

    void deliver(Cycle cycle, std::span<const Delivery> deliveries) override;
    void sources_drained(Cycle, std::span<const SourceReport>) override {}

    NetworkModule module_;
    int header_bits_;
    std::vector<sc_core::sc_event*> arrivals_;  // by tag: who waits for the packet
    std::vector<std::size_t> free_tags_;
};

}  // namespace spikeloom::noc
