#include "arch/output_queue.hpp"

#include <algorithm>
#include <utility>

namespace spikeloom::arch {

OutputQueue::OutputQueue(Fabric& fabric, TileId tile, MessageClass message_class,
                         std::uint32_t places, std::uint32_t batch)
    : fabric_(fabric), tile_(tile), message_class_(message_class), batch_(batch) {
    credits_.push_back({0, places});
}

std::optional<Cycle> OutputQueue::write(Cycle earliest) {
    if (credits_.empty()) {
        return std::nullopt;
    }
    Credits& first = credits_.front();
    const Cycle cycle = std::max(earliest, first.usable);
    if (--first.count == 0) {
        credits_.pop_front();
    }
    return cycle;
}

void OutputQueue::send(Message message, TileId to, std::uint16_t flits, Cycle written) {
    fabric_.send(std::move(message), tile_, to, message_class_, flits, written);
    sent_ += flits;
    watch();
}

Cycle OutputQueue::credits_returned(noc::Cycle cycle) {
    // Of what was sent, all but the flits still waiting has been injected: so it is whether or not
    // the packets of the present instant are counted on both sides.
    const std::uint64_t injected = sent_ - waiting();
    const std::uint64_t credits = (injected - returned_) / batch_ * batch_;
    if (credits == 0) {
        return kNever;
    }
    returned_ += credits;
    const Cycle usable = fabric_.clocks.core_sees(cycle);
    credits_.push_back({usable, credits});
    watch();
    return usable;
}

std::uint32_t OutputQueue::waiting() const {
    return fabric_.network.network().source_flits(tile_, message_class_);
}

/// Asks to be told when the next batch has left, if it has been sent.
void OutputQueue::watch() {
    if (sent_ >= returned_ + batch_) {
        fabric_.network.watch_source(tile_, message_class_,
                                     static_cast<std::uint32_t>(sent_ - returned_ - batch_));
    }
}

}  // namespace spikeloom::arch
