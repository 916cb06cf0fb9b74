// The network behind TLM-2.0 sockets: a memory-mapped interconnect with one pair of sockets a node.
//
// A tile binds its initiator socket to in[node], its target socket to out[node]; either may stay
// unbound. A transaction's address says the node in its upper 32 bits, the rest is what the target
// sees. A request travels through the network as a packet (a header, and the data of a write), the
// response as another (a header, and the data of a read): so the time they take is the network's,
// cycle by cycle, with all that meets them there. Where the network has two message classes,
// responses travel in the second. Both styles of TLM-2.0 may be mixed:
//
// Loosely timed: b_transport returns when the response has arrived.
// Approximately timed: the four phases of the base protocol on either side, with back-pressure.
//   END_REQ to the initiator, END_RESP to the target: when at most `queue_flits` flits wait in the
//     source queue that the packet went into, a cycle later at the earliest. Until then neither may
//     begin another, so what a node can have waiting is bounded.
//   BEGIN_REQ to the target, BEGIN_RESP to the initiator: when the packet's tail has arrived, one
//     at a time. While one is not ended, with two message classes the interface takes no further
//     flit of that class: the network fills up behind it, as behind any gate that is closed
//     (docs/noc.md). With one class a gate could close on a response that would open it, so what
//     arrives waits in front of the socket instead.
//
// Between a tile's socket and the network's own calls (noc/network_module.hpp) a tile may choose:
// TLM-2.0 for memory-mapped traffic, send() and a DeliverySink for spikes.
#pragma once

#include "noc/network_module.hpp"

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_cb_and_phase.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

namespace spikeloom::noc {

class TlmNetwork : public sc_core::sc_module, private DeliverySink {
  public:
    /// Each packet carries `header_bits` besides its data. Throws InputError where the
    /// configuration is not allowed.
    TlmNetwork(const sc_core::sc_module_name& name, const NetworkConfig& config,
               int header_bits = 64, std::uint32_t queue_flits = 16);

    sc_core::sc_vector<tlm_utils::simple_target_socket_tagged_optional<TlmNetwork>> in;
    sc_core::sc_vector<tlm_utils::simple_initiator_socket_tagged_optional<TlmNetwork>> out;

    static constexpr int kNodeShift = 32;
    static std::uint64_t address(NodeId node, std::uint32_t local) {
        return std::uint64_t{node} << kNodeShift | local;
    }

    const Network& network() const { return module_.network(); }

  private:
    using Payload = tlm::tlm_generic_payload;

    /// A transaction of four phases, from BEGIN_REQ to END_RESP.
    struct Transaction {
        Payload* payload;
        NodeId initiator;
        NodeId target;
        std::uint64_t address;   // as the initiator gave it
        bool answered = false;   // the response is on its way
        bool completed = false;  // by the target, at once: it expects no END_RESP
    };
    /// What has arrived for a socket and is begun there one after the other.
    struct Arrivals {
        std::deque<Transaction*> waiting;
        bool begun = false;  // the first
    };
    /// Who is told that a packet has arrived.
    struct Addressee {
        sc_core::sc_event* thread;
        Transaction* transaction;
    };

    void transport(int source, Payload& payload, sc_core::sc_time& delay);
    /// Returns, in the calling thread, when a packet of so many bits of data has arrived.
    void travel(NodeId from, NodeId to, std::uint64_t bits, int message_class);

    tlm::tlm_sync_enum forward(int node, Payload& payload, tlm::tlm_phase& phase,
                               sc_core::sc_time& delay);
    tlm::tlm_sync_enum backward(int node, Payload& payload, tlm::tlm_phase& phase,
                                sc_core::sc_time& delay);
    void due(Payload& payload, const tlm::tlm_phase& phase);
    void request(Transaction& transaction);
    void request_ended(Transaction& transaction);
    void respond(Transaction& transaction);
    void response_ended(Transaction& transaction);
    void arrived(Transaction& transaction);
    void offer_request(NodeId target);
    void offer_response(NodeId initiator);
    void hold(NodeId node, int message_class);
    void let_go(NodeId node, int message_class, const Arrivals& arrivals);

    void send(NodeId from, NodeId to, std::uint64_t bits, int message_class, Addressee addressee);
    void deliver(Cycle cycle, std::span<const Delivery> deliveries) override;
    void sources_drained(Cycle cycle, std::span<const SourceReport> reports) override;

    NetworkModule module_;
    int header_bits_;
    std::uint32_t queue_flits_;
    int response_class_;
    std::vector<Addressee> addressees_;  // by tag
    std::vector<std::size_t> free_tags_;

    std::unordered_map<const Payload*, Transaction> transactions_;
    std::vector<Arrivals> requests_;             // by target
    std::vector<Arrivals> responses_;            // by initiator
    std::vector<Transaction*> ending_request_;   // by initiator: whose END_REQ is due
    std::vector<Transaction*> ending_response_;  // by target: whose END_RESP is due
    tlm_utils::peq_with_cb_and_phase<TlmNetwork> phases_;
};

}  // namespace spikeloom::noc
