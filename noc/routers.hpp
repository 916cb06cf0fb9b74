// The routers of a network, all of them as one machine.
//
// A virtual channel of an input port goes through these states, one packet at a time:
//   idle -> routing (only with a routing delay) -> waiting for a virtual channel of its output port
//   -> active: it owns that channel and sends flit by flit, until its tail has won the switch.
// Both allocators are iSLIP with one iteration (McKeown, "The iSLIP scheduling algorithm for
// input-queued switches", IEEE/ACM Transactions on Networking 7(2), 1999): every output grants the
// first request at or after its pointer, every input accepts the first grant at or after its own,
// and both pointers move one past the partner only where the grant was accepted. With matrix and
// age arbiters the same two steps choose otherwise.
#pragma once

#include "noc/fabric.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace spikeloom::noc {

/// A virtual channel of an input port whose first packet waits, and for what.
struct WaitingVc {
    PortId input;
    int vc;
    unsigned flits;     // in its buffer
    PortId output;      // the port the packet wants to leave by
    std::uint32_t vcs;  // the channels it asks for, or the one it owns
    bool owns;          // it owns a channel and waits for a credit or the switch
};

/// A virtual channel of an input port.
struct InputVcName {
    PortId input;
    int vc;
};

class Routers {
  public:
    virtual ~Routers() = default;

    /// Takes in what becomes visible in the present cycle.
    virtual void receive() = 0;
    /// Executes the present cycle of every router that may have something to do.
    virtual void execute() = 0;
    /// Whether no router has anything to do in the next cycle, but for what is under way to it.
    virtual bool idle() const = 0;

    virtual RouterCounters counters(RouterId router) const = 0;
    virtual std::uint64_t sent(PortId output) const = 0;
    /// Sum over the cycles so far of the flits in an input port's buffers.
    virtual std::uint64_t flit_cycles(PortId input) const = 0;
    /// Flits in the buffers of an input port now.
    virtual unsigned buffered(PortId input) const = 0;

    /// All that wait.
    virtual std::vector<WaitingVc> waiting() const = 0;
    /// The input that owns a channel of an output port, if one does.
    virtual std::optional<InputVcName> owner(PortId output, int vc) const = 0;

    /// What is in a buffer, and what its first packet is about.
    struct Buffer {
        std::uint32_t ring;   // its first slot
        std::uint16_t head;   // the first flit
        std::uint16_t there;  // flits that have arrived
        bool owns;            // its first packet owns a channel
        PortId output;        // the port that packet wants
        std::uint32_t vcs;
    };
    virtual Buffer buffer(PortId input, int vc) const = 0;
};

std::unique_ptr<Routers> make_routers(Fabric& fabric);

}  // namespace spikeloom::noc
