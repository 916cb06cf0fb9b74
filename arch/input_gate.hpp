// How a full queue of a tile holds back the network.
//
// The network interface counts the free places of the queue: fewer by what it hands over, in the
// same cycle; more by what has left the queue, once it sees that. It hands over a flit only if
// there are places for the most that a flit can bring; until then the gate of the message class is
// closed and flits wait in the interface's buffer, then in the network. So the queue never
// overflows. A queue of fewer places than that must be empty; then the interface keeps the flit and
// puts its elements in, one by one, as places become free.
#pragma once

#include "arch/fabric.hpp"

#include <cstdint>
#include <vector>

namespace spikeloom::arch {

class InputGate {
  public:
    /// A queue of `places` elements, of which a flit brings `most` at most.
    InputGate(Fabric& fabric, TileId tile, MessageClass message_class, std::uint64_t places,
              std::uint64_t most);

    /// The interface handed over `count` elements in its cycle `cycle`, the present one.
    void accepted(noc::Cycle cycle, std::uint64_t count);
    /// The next element leaves the queue in core cycle `cycle`, now or later.
    void left(Cycle cycle);
    /// The core cycle from which the queue has a place for the element behind the last that left;
    /// only in a queue of fewer places than a flit may need is that later than its flit.
    Cycle place_free() const {
        return left_ < leaving_.size() ? 0 : leaving_[left_ % leaving_.size()] + 1;
    }

  private:
    void close_until(noc::Cycle from, noc::Cycle until);

    Fabric& fabric_;
    TileId tile_;
    MessageClass message_class_;
    std::uint64_t most_;
    std::uint64_t accepted_ = 0;
    std::uint64_t left_ = 0;
    std::vector<Cycle> leaving_;   // of the last elements, a ring as large as the queue
    std::uint64_t waits_for_ = 0;  // opens when this many elements have left; 0: is not waiting
    noc::Cycle closed_since_ = 0;
};

}  // namespace spikeloom::arch
