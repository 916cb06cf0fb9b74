#include "arch/input_gate.hpp"

#include <algorithm>

namespace spikeloom::arch {

InputGate::InputGate(Fabric& fabric, TileId tile, MessageClass message_class, std::uint64_t places,
                     std::uint64_t most)
    : fabric_(fabric),
      tile_(tile),
      message_class_(message_class),
      most_(std::min(most, places)),
      leaving_(places) {}

void InputGate::accepted(noc::Cycle cycle, std::uint64_t count) {
    accepted_ += count;
    if (accepted_ + most_ <= leaving_.size()) {
        return;
    }
    const std::uint64_t needed = accepted_ + most_ - leaving_.size();  // elements that have left
    if (needed > left_) {
        waits_for_ = needed;
        closed_since_ = cycle + 1;
        fabric_.network.close_gate(tile_, message_class_, noc::kNever);
        return;
    }
    const noc::Cycle opens = fabric_.clocks.network_sees(leaving_[(needed - 1) % leaving_.size()]);
    if (opens > cycle + 1) {
        close_until(cycle + 1, opens);
    }
}

void InputGate::left(Cycle cycle) {
    leaving_[left_ % leaving_.size()] = cycle;
    ++left_;
    if (left_ == waits_for_) {
        waits_for_ = 0;
        close_until(closed_since_, fabric_.clocks.network_sees(cycle));
    }
}

void InputGate::close_until(noc::Cycle from, noc::Cycle until) {
    fabric_.network.close_gate(tile_, message_class_, until);
    fabric_.counts.add(tile_, Event::gate_closed_cycles, until - from);
}

}  // namespace spikeloom::arch
