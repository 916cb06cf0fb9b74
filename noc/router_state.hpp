// The registers of all routers, in flat arrays. docs/noc.md lists them.
#pragma once

#include "noc/bit_sets.hpp"
#include "noc/fabric.hpp"

#include <cstdint>
#include <vector>

namespace spikeloom::noc {

/// Registers of a router that are sets of its virtual channels.
template <int Words>
struct alignas(64) RouterSets {
    VcSet<Words> occupied;    // of inputs: holds a visible flit
    VcSet<Words> engaged;     // a packet has been begun: routing, waiting or active
    VcSet<Words> waiting;     // for a channel of an output
    VcSet<Words> credited;    // active, and the output channel it owns has a credit
    VcSet<Words> forked;      // its packet is for several nodes: its state is in Forks
    VcSet<Words> unowned;     // of outputs
    std::uint64_t asked = 0;  // output ports that waiting packets for one node want
    PortId first_port = 0;
    std::uint8_t ports = 0;
    bool hopeful = false;    // a waiting channel may get what it waits for: something has changed
    bool contended = false;  // two that wait may want the same port

    /// A packet for one node begins to wait for a channel of an output port.
    void ask(int output) {
        contended |= (asked >> output & 1) != 0;
        asked |= std::uint64_t{1} << output;
    }
};

/// A port of a router, both directions of it.
struct RouterPort {
    // Of the output.
    std::uint64_t sent = 0;
    Place arrival;             // of a flit that leaves by channel 0
    std::uint16_t flight = 0;  // cycles until it is seen there
    std::uint8_t grant = 0;    // pointer to input ports
    End end = kRouter;         // what is at the other end, in both directions
    // Of the input.
    std::uint64_t flit_cycles = 0;    // sum of leaving cycles less sum of arriving cycles, mod 2^64
    Place refund;                     // of the credit of channel 0
    std::uint16_t refund_flight = 0;  // cycles until it is usable there
    std::uint8_t next_vc = 0;         // first candidate for the switch
    std::uint8_t accept = 0;          // pointer to output ports
};

struct InputVc {
    std::uint32_t ring = 0;  // its first slot
    RingReader reader;
    std::uint8_t output = 0;       // port its packet leaves by
    std::uint8_t output_vc = 0;    // the channel it owns there while active
    std::uint16_t wanted = 0;      // the channels it may take there
    std::uint8_t accept_port = 0;  // pointer of virtual channel allocation
    std::uint8_t accept_vc = 0;
    std::uint16_t room = 0;  // credits a channel must have to be taken; 0: no matter
    std::uint64_t routed = 0;
};

struct OutputVc {
    std::uint32_t ring = 0;  // of the buffer at the other end
    RingWriter writer{};
    std::uint16_t owner = 0;  // the input channel that owns it, or did last
    std::uint16_t grant = 0;  // pointer of virtual channel allocation to input channels
    std::uint64_t taken = 0;  // times it was won
};

/// What virtual channel allocation has decided in a cycle, as sets of input channels.
template <int Words>
struct VcGrants {
    VcSet<Words> winners;   // of a channel of an output
    VcSet<Words> credited;  // of them, packets for one node whose channel has a credit
    VcSet<Words> gambling;  // ask for the switch before they have a channel
};

/// One router: its registers, its channels by their numbers as in a VcSet.
template <int Words>
struct Router {
    RouterId id;
    RouterSets<Words>& sets;
    RouterPort* ports;
    InputVc* inputs;
    OutputVc* outputs;
};

/// Where everything is, and its state before the first cycle.
template <int Words>
class RouterRegisters {
  public:
    explicit RouterRegisters(const Fabric& fabric)
        : shift_(fabric.shift),
          sets_(fabric.graph.routers()),
          ports_(fabric.graph.ports()),
          inputs_(ports_.size() << shift_),
          outputs_(inputs_.size()) {
        const Graph& graph = fabric.graph;
        for (RouterId router = 0; router < graph.routers(); ++router) {
            RouterSets<Words>& sets = sets_[router];
            sets.first_port = graph.port(router, 0);
            sets.ports = static_cast<std::uint8_t>(graph.ports_of(router));
            for (int port = 0; port < graph.ports_of(router); ++port) {
                sets.unowned.fill_port(port, shift_, fabric.config.vcs);
                connect(fabric, graph.port(router, port));
            }
        }
    }

    Router<Words> router(RouterId id) {
        RouterSets<Words>& sets = sets_[id];
        const std::size_t first = std::size_t{sets.first_port} << shift_;
        return {id, sets, &ports_[sets.first_port], &inputs_[first], &outputs_[first]};
    }
    const RouterSets<Words>& sets(RouterId id) const { return sets_[id]; }
    RouterPort& port(PortId id) { return ports_[id]; }
    const RouterPort& port(PortId id) const { return ports_[id]; }
    const InputVc& input(PortId port, int vc) const {
        return inputs_[(std::size_t{port} << shift_) + static_cast<std::size_t>(vc)];
    }
    const OutputVc& output(PortId port, int vc) const {
        return outputs_[(std::size_t{port} << shift_) + static_cast<std::size_t>(vc)];
    }
    /// The place of a channel among those of all ports.
    std::size_t index(PortId first_port, int number) const {
        return (std::size_t{first_port} << shift_) + static_cast<std::size_t>(number);
    }
    std::size_t channels() const { return inputs_.size(); }

  private:
    void connect(const Fabric& fabric, PortId id) {
        const Graph& graph = fabric.graph;
        const NetworkConfig& config = fabric.config;
        const auto place = [&](PortId at) {
            return Place(graph.router_of(at), graph.number_of(at) << shift_);
        };
        RouterPort& port = ports_[id];
        const NodeId node = graph.node_at(id);
        const Link& link = graph.link(id);
        if (node != kNone) {
            port.end = kNode;
            port.arrival = Place(node, 0);
            port.refund = Place(node, 0);
            port.flight = static_cast<std::uint16_t>(config.forward_delay);
            port.refund_flight = static_cast<std::uint16_t>(config.credit_delay);
        } else if (link.to != kNone) {
            port.arrival = place(link.to);
            port.flight =
                static_cast<std::uint16_t>(config.forward_delay + link.delay - 1 + link.period - 1);
        }
        if (const PortId upstream = graph.source_of(id); upstream != kNone) {
            port.refund = place(upstream);
            port.refund_flight =
                static_cast<std::uint16_t>(config.credit_delay + graph.link(upstream).delay - 1);
        }
        for (int vc = 0; vc < config.vcs; ++vc) {
            const std::size_t channel = index(id, vc);
            inputs_[channel].ring = fabric.ring(id, vc);
            outputs_[channel].writer.credits = static_cast<std::uint16_t>(config.buffer);
            outputs_[channel].ring = node != kNone
                                         ? fabric.ring_of_node(node, vc)
                                         : (link.to != kNone ? fabric.ring(link.to, vc) : 0);
        }
    }

    int shift_;
    std::vector<RouterSets<Words>> sets_;
    std::vector<RouterPort> ports_;
    std::vector<InputVc> inputs_;    // by port and channel
    std::vector<OutputVc> outputs_;  // by port and channel
};

}  // namespace spikeloom::noc
