// Packets for several nodes inside the routers: where a packet at the front of a channel still has
// to go.
//
// The packet leaves by every branch on its own: a branch waits for a channel of its output, in
// which there must be room for the whole packet, then sends flit by flit. A flit's slot is free
// when all branches have sent it. Because a branch never waits with a part of the packet sent, it
// holds nothing that another branch or packet needs: the waiting is from buffer to buffer, in the
// routes' order.
#pragma once

#include "noc/fabric.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace spikeloom::noc {

/// A channel's packet for several nodes. Ports are bits.
struct Fork {
    std::uint64_t waiting = 0;  // for an output channel
    std::uint64_t won = 0;      // one in this cycle, so far without a right to the switch
    std::uint64_t active = 0;   // sending
    std::uint32_t tree = 0;
    NodeId place = 0;
    std::vector<std::uint8_t> output_vc;  // by port
    std::vector<std::uint16_t> next;      // by port: the flit it sends next, from the front

    bool done() const { return (waiting | won | active) == 0; }
    /// Flits at the front that all branches have sent.
    unsigned sent_by_all() const {
        unsigned least = (waiting | won) != 0 ? 0 : ~0U;
        for (std::uint64_t left = active; left != 0; left &= left - 1) {
            least =
                std::min<unsigned>(least, next[static_cast<std::size_t>(std::countr_zero(left))]);
        }
        return least;
    }
};

/// The forks of all channels; nothing is kept until the first packet for several nodes comes.
class Forks {
  public:
    explicit Forks(std::size_t channels) : channels_(channels) {}

    Fork& at(std::size_t channel) {
        if (forks_.empty()) {
            forks_.resize(channels_);
        }
        return forks_[channel];
    }
    const Fork& known(std::size_t channel) const { return forks_[channel]; }

  private:
    std::size_t channels_;
    std::vector<Fork> forks_;
};

}  // namespace spikeloom::noc
