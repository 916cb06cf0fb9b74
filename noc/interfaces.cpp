#include "noc/interfaces.hpp"

#include <algorithm>
#include <functional>

namespace spikeloom::noc {

Interfaces::Interfaces(Fabric& fabric)
    : fabric_(fabric),
      channels_(fabric.channels),
      interfaces_(fabric.graph.nodes()),
      rings_(interfaces_.size() * fabric.vcs),
      ejected_(interfaces_.size()),
      closed_until_(interfaces_.size() * static_cast<std::size_t>(fabric.config.classes())),
      active_(interfaces_.size()) {
    for (NodeId node = 0; node < fabric.graph.nodes(); ++node) {
        const Attachment& at = fabric.graph.attachment(node);
        refunds_.emplace_back(at.router, at.port << fabric.shift);
    }
    for (Interface& interface : interfaces_) {
        interface.open = static_cast<std::uint16_t>((1U << fabric.config.vcs) - 1);
    }
}

std::uint32_t Interfaces::gate(NodeId node, int message_class) const {
    return node * static_cast<std::uint32_t>(fabric_.config.classes()) +
           static_cast<std::uint32_t>(message_class);
}

void Interfaces::receive() {
    fabric_.wires.turn(Wires::kFlits, kNode, fabric_.now, [this](Place place) {
        const NodeId node = place.unit();
        ++rings_[node * fabric_.vcs + static_cast<std::size_t>(place.number())].visible;
        Interface& interface = interfaces_[node];
        interface.occupied = static_cast<std::uint16_t>(interface.occupied | 1U << place.number());
        active_.insert(node);
    });
}

void Interfaces::execute() {
    deliveries_.clear();
    while (!openings_.empty() && openings_.front().cycle <= fabric_.now) {
        std::pop_heap(openings_.begin(), openings_.end(), std::greater<>());
        const Opening due = openings_.back();
        openings_.pop_back();
        if (closed_until_[due.gate] == due.cycle) {
            const auto classes = static_cast<std::uint32_t>(fabric_.config.classes());
            open_gate(due.gate / classes, static_cast<int>(due.gate % classes));
        }
    }
    active_.sweep([this](NodeId node) { return consume(node); });
}

bool Interfaces::consume(NodeId node) {
    Interface& interface = interfaces_[node];
    const std::uint32_t candidates = interface.occupied & interface.open;
    if (candidates == 0) {
        return false;
    }
    const int vc = first_at(candidates, interface.next);
    interface.next = static_cast<std::uint8_t>(vc + 1);

    RingReader& ring = rings_[node * fabric_.vcs + static_cast<std::size_t>(vc)];
    const Flit flit = fabric_.flits[fabric_.ring_of_node(node, vc) + ring.take(fabric_.buffer)];
    if (ring.visible == 0) {
        interface.occupied = static_cast<std::uint16_t>(interface.occupied & ~(1U << vc));
    }
    fabric_.wires.add(Wires::kCredits, kRouter,
                      fabric_.now + static_cast<Cycle>(fabric_.config.credit_delay),
                      refunds_[node].channel(vc));

    PacketTable::Record& packet = fabric_.packets[flit.packet()];
    packet.copies -= flit.tail() ? 1 : 0;
    const bool done = flit.tail() && packet.copies == 0;
    deliveries_.push_back({flit.packet(), packet.tag, node, packet.source,
                           static_cast<std::uint16_t>(flit.index()), flit.tail(),
                           packet.message_class, packet.injected, done});
    if (done) {
        fabric_.packets.remove(flit.packet());
    }
    ++ejected_[node];
    fabric_.last_movement = fabric_.now;
    return (interface.occupied & interface.open) != 0;
}

void Interfaces::close_gate(NodeId node, int message_class, Cycle until) {
    if (until <= fabric_.now) {
        open_gate(node, message_class);
        return;
    }
    const std::uint32_t which = gate(node, message_class);
    Interface& interface = interfaces_[node];
    interface.open =
        static_cast<std::uint16_t>(interface.open & ~channels_.of_class(message_class));
    if (closed_until_[which] != until) {
        closed_until_[which] = until;
        if (until != kNever) {
            openings_.push_back({until, which});
            std::push_heap(openings_.begin(), openings_.end(), std::greater<>());
        }
    }
}

void Interfaces::open_gate(NodeId node, int message_class) {
    closed_until_[gate(node, message_class)] = 0;
    Interface& interface = interfaces_[node];
    interface.open = static_cast<std::uint16_t>(interface.open | channels_.of_class(message_class));
    if ((interface.occupied & interface.open) != 0) {
        active_.insert(node);
    }
}

Cycle Interfaces::next_activity() const {
    if (!active_.empty()) {
        return fabric_.now;
    }
    return openings_.empty() ? kNever : std::max(openings_.front().cycle, fabric_.now);
}

}  // namespace spikeloom::noc
