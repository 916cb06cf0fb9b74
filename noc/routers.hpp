// The routers of a network: input buffers, routing, and the two allocators of every router.
//
// A virtual channel of an input port goes through these states, one packet at a time:
//   idle -> routing (only with a routing delay) -> waiting for a virtual channel of its output port
//   -> active: it owns that channel and sends flit by flit, until its tail has won the switch.
// Both allocators are iSLIP with one iteration (McKeown, "The iSLIP scheduling algorithm for
// input-queued switches", IEEE/ACM Transactions on Networking 7(2), 1999): every output grants the
// first request at or after its pointer, every input accepts the first grant at or after its own,
// and both pointers move one past the partner only where the grant was accepted.
#pragma once

#include "noc/bit_sets.hpp"
#include "noc/fabric.hpp"
#include "noc/virtual_channels.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spikeloom::noc {

class Routers {
  public:
    Routers(Fabric& fabric, const VirtualChannels& channels);

    /// A flit has become visible at an input.
    void arrive(Place input);
    /// A credit has become usable at an output.
    void credit(Place output);
    /// Executes the present cycle of every router that may have something to do.
    void execute() {
        active_.sweep([this](NodeId node) { return execute(node); });
    }
    /// Whether a router may have something to do.
    bool idle() const { return active_.empty(); }

    RouterCounters counters(NodeId node) const;
    std::uint64_t link_flits(NodeId node, int port) const { return counts_[node].sent[port]; }

    /// Why the first waiting flit of a router does not move, if one waits.
    std::optional<std::string> blockage(NodeId node) const;

  private:
    /// A mask of virtual channels for each input port. The spare lanes are always 0; they make it
    /// one vector register.
    using Lanes = std::array<std::uint16_t, 8>;

    struct alignas(64) State {
        Lanes occupied{};  // holds a visible flit
        Lanes routing{};   // the states; a channel in none of them is idle
        Lanes waiting{};
        Lanes active{};
        Lanes credited{};  // active, and the owned output channel has a credit
        std::array<std::uint16_t, kPorts> unowned{};  // virtual channels of each output port
        std::array<std::uint8_t, kPorts> next_vc{};   // of an input: first candidate for the switch
        std::array<std::uint8_t, kPorts> accept{};    // of an input: pointer to output ports
        std::array<std::uint8_t, kPorts> grant{};     // of an output: pointer to input ports
    };
    struct InputVc {
        RingReader ring;
        std::uint8_t output = 0;       // port its packet leaves by
        std::uint8_t output_vc = 0;    // the channel it owns there while active
        std::uint8_t accept_port = 0;  // pointer of virtual channel allocation
        std::uint8_t accept_vc = 0;
    };
    struct OutputVc {
        RingWriter ring;
        std::uint8_t owner_port = 0;  // the input that owns it, or did last
        std::uint8_t owner_vc = 0;
        std::uint8_t grant = 0;  // pointer of virtual channel allocation, port * vcs + vc
    };
    struct Counts {
        std::array<std::uint64_t, kPorts> sent{};
        std::uint64_t received = 0;
        std::uint64_t routes = 0;
        std::uint64_t vc_allocations = 0;
    };
    /// A virtual channel that asks for others, its number (port * vcs + vc) and what it asks for.
    struct VcRequest {
        int number;
        int port;
        int vc;
        int output;
        std::uint32_t wanted;
        std::uint32_t granted;
    };

    std::size_t index(NodeId node, int port, int vc) const {
        return (static_cast<std::size_t>(node) * kPorts + static_cast<std::size_t>(port)) *
                   fabric_.vcs +
               static_cast<std::size_t>(vc);
    }

    bool execute(NodeId node);
    void allocate_vcs(State& state, NodeId node, Lanes& won);
    void allocate_switch(State& state, NodeId node, const Lanes& candidates);
    void accept_vc(State& state, NodeId node, const VcRequest& request, Lanes& won);
    void forward(State& state, NodeId node, int input, int vc, int output);
    void start_packet(State& state, NodeId node, int input, int vc);
    int route(NodeId node, NodeId destination) const;

    Fabric& fabric_;
    const VirtualChannels& channels_;
    std::vector<State> states_;
    std::vector<InputVc> inputs_;
    std::vector<OutputVc> outputs_;
    std::vector<Counts> counts_;
    std::array<std::int32_t, kPorts> neighbour_{};  // by output port, added to the node's number
    std::vector<std::array<std::uint8_t, 2>> position_;  // by node: its column and row
    NodeSet active_;
};

}  // namespace spikeloom::noc
