// The queue between a tile and the network, for one message class, with credits for its places.
//
// The tile writes at most one flit a cycle, each into a place for which it holds a credit; it has
// `places` credits at first. The network interface counts the flits it has injected and returns
// `batch` credits at a time, with every `batch`th flit that has left; the tile can use them from
// the core cycle that sees that injection. A packet may be injected once its last flit is written
// (store and forward), so `places` is at least the longest packet and a batch, less one.
#pragma once

#include "arch/fabric.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace spikeloom::arch {

class OutputQueue {
  public:
    OutputQueue(Fabric& fabric, TileId tile, MessageClass message_class, std::uint32_t places,
                std::uint32_t batch);

    /// Writes the next flit, in cycle `earliest` or as soon after it as there is a credit, and
    /// returns the cycle; none: it depends on credits that have not been returned yet, ask again
    /// after credits_returned().
    std::optional<Cycle> write(Cycle earliest);
    /// The flits written last were this packet, the last of them in the cycle `written`.
    void send(Message message, TileId to, std::uint16_t flits, Cycle written);

    /// The network's report: flits have left in its cycle `cycle`. Returns the core cycle from
    /// which credits have become usable; kNever: not a whole batch.
    Cycle credits_returned(noc::Cycle cycle);

    /// Flits that have been written and not injected.
    std::uint32_t waiting() const;

  private:
    struct Credits {
        Cycle usable;
        std::uint64_t count;
    };

    void watch();

    Fabric& fabric_;
    TileId tile_;
    MessageClass message_class_;
    std::uint64_t batch_;
    std::deque<Credits> credits_;  // in the order in which they become usable
    std::uint64_t sent_ = 0;       // flits of packets handed to the interface
    std::uint64_t returned_ = 0;   // credits returned so far
};

}  // namespace spikeloom::arch
