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
#include <span>
#include <string>
#include <vector>

namespace spikeloom::noc {

class Routers {
  public:
    Routers(Fabric& fabric, const VirtualChannels& channels);

    /// A flit has become visible at an input.
    void arrive(Place at);
    /// A credit has become usable at an output.
    void credit(Place at);
    /// Executes the present cycle of every router that may have something to do.
    void execute() {
        active_.sweep([this](NodeId node) { return execute(router(node)); });
    }
    /// Whether no router has anything to do in the next cycle, but for what is under way to it.
    bool idle() const { return active_.empty(); }

    RouterCounters counters(NodeId node) const;
    std::uint64_t link_flits(NodeId node, int port) const { return counts_[node].sent[port]; }

    /// Why the first waiting flit of a router does not move, if one waits.
    std::optional<std::string> blockage(NodeId node) const;

  private:
    struct alignas(64) State {
        VcSet occupied;  // of inputs: holds a visible flit
        VcSet routing;   // the states; a channel in none of them is idle
        VcSet waiting;
        VcSet active;
        VcSet credited;  // active, and the output channel it owns has a credit
        VcSet unowned;   // of outputs
        std::array<std::uint8_t, kPorts> next_vc{};  // of an input: first candidate for the switch
        std::array<std::uint8_t, kPorts> accept{};   // of an input: pointer to output ports
        std::array<std::uint8_t, kPorts> grant{};    // of an output: pointer to input ports
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
        std::uint8_t owner = 0;  // the input channel that owns it, or did last
        std::uint8_t grant = 0;  // pointer of virtual channel allocation to input channels
    };
    struct Counts {
        std::array<std::uint64_t, kPorts> sent{};
        std::uint64_t received = 0;
        std::uint64_t routes = 0;
        std::uint64_t vc_allocations = 0;
    };
    /// An input channel that asks for channels of an output.
    struct VcRequest {
        int input;
        int output;
        std::uint32_t wanted;
        std::uint32_t granted;
    };

    /// One router; its channels by their numbers as in a VcSet.
    struct Router {
        NodeId node;
        State& state;
        Counts& counts;
        InputVc* inputs;
        OutputVc* outputs;
        std::size_t vcs;

        InputVc& input(int number) const { return inputs[place(number, vcs)]; }
        OutputVc& output(int number) const { return outputs[place(number, vcs)]; }
    };

    static std::size_t place(int number, std::size_t vcs) {
        return static_cast<std::size_t>(VcSet::port(number)) * vcs +
               static_cast<std::size_t>(VcSet::vc(number));
    }

    Router router(NodeId node) {
        const std::size_t first = node * kPorts * fabric_.vcs;
        return {node, states_[node], counts_[node], &inputs_[first], &outputs_[first], fabric_.vcs};
    }

    bool execute(const Router& router);
    bool allocate_vcs(const Router& router);
    static void grant_vcs(const Router& router, int output, std::span<VcRequest> requests);
    static void accept_vc(const Router& router, const VcRequest& request);
    void allocate_switch(const Router& router, VcSet candidates);
    void forward(const Router& router, int input, int output);
    void start_packet(const Router& router, int input);
    int route(NodeId node, NodeId destination) const;

    Fabric& fabric_;
    const VirtualChannels& channels_;
    std::vector<State> states_;
    std::vector<InputVc> inputs_;
    std::vector<OutputVc> outputs_;
    std::vector<Counts> counts_;
    /// By output port, what to add to a node's number, modulo 2^32, for the next node's.
    std::array<NodeId, kPorts> neighbour_;
    Cycle forward_delay_;
    Cycle credit_delay_;
    std::vector<std::array<std::uint8_t, 2>> position_;  // by node: its column and row
    std::array<std::uint8_t, 16> port_towards_{};        // by direction, see route()
    NodeSet active_;
};

}  // namespace spikeloom::noc
