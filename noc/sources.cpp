#include "noc/sources.hpp"

#include <algorithm>
#include <bit>

namespace spikeloom::noc {

Sources::Sources(Fabric& fabric)
    : fabric_(fabric),
      channels_(fabric.channels),
      classes_(static_cast<std::size_t>(fabric.config.classes())),
      cut_through_(fabric.config.flow_control == FlowControl::virtual_cut_through),
      queues_(fabric.graph.nodes() * classes_),
      sources_(fabric.graph.nodes()),
      rings_(sources_.size() * fabric.vcs, {static_cast<std::uint16_t>(fabric.buffer)}),
      injected_(sources_.size()),
      active_(sources_.size()) {
    for (std::size_t queue = 0; queue < queues_.size(); ++queue) {
        queues_[queue].next_vc =
            static_cast<std::uint8_t>(channels_.first(static_cast<int>(queue % classes_)));
    }
    for (NodeId node = 0; node < fabric.graph.nodes(); ++node) {
        const Attachment& at = fabric.graph.attachment(node);
        entries_.push_back({Place(at.router, at.port << fabric.shift),
                            fabric.ring(fabric.graph.port(at.router, at.port), 0)});
    }
    for (Source& source : sources_) {
        source.credited = static_cast<std::uint16_t>((1U << fabric.config.vcs) - 1);
    }
}

void Sources::enqueue(PacketId packet) {
    const PacketTable::Record& record = fabric_.packets[packet];
    const std::size_t index = queue_index(record.source, record.message_class);
    Queue& queue = queues_[index];
    queue.flits += record.flits;
    if (queue.first == kNone) {
        queue.first = packet;
        if (first_is_ready(index)) {
            active_.insert(record.source);
        }
    } else {
        fabric_.packets[queue.last].next = packet;
    }
    queue.last = packet;
}

/// The first packet of a queue has changed: whether it may be injected now. If not, its time is
/// noted.
bool Sources::first_is_ready(std::size_t queue) {
    const Cycle ready = fabric_.packets[queues_[queue].first].ready;
    if (ready > fabric_.now) {
        wakes_.add(ready, fabric_.now, static_cast<std::uint32_t>(queue));
        return false;
    }
    Source& source = sources_[queue / classes_];
    source.ready = static_cast<std::uint16_t>(source.ready | 1U << queue % classes_);
    return true;
}

void Sources::receive() {
    fabric_.wires.turn(Wires::kCredits, kNode, fabric_.now, [this](Place place) {
        const NodeId node = place.unit();
        ++rings_[node * fabric_.vcs + static_cast<std::size_t>(place.number())].credits;
        Source& source = sources_[node];
        source.credited = static_cast<std::uint16_t>(source.credited | 1U << place.number());
        if (source.ready != 0) {
            active_.insert(node);
        }
    });
}

void Sources::execute() {
    reports_.clear();
    wakes_.turn(fabric_.now, [this](std::uint32_t queue) {
        first_is_ready(queue);
        active_.insert(static_cast<NodeId>(queue / classes_));
    });
    active_.sweep([this](NodeId node) { return inject(node); });
    for (const std::uint32_t queue : low_) {
        report(queue);
    }
    low_.clear();
}

/// The virtual channels with a credit that the queue's next flit may take.
std::uint32_t Sources::usable(NodeId node, const Queue& queue) const {
    const std::uint32_t credited = sources_[node].credited;
    if (queue.sent != 0) {
        return credited & 1U << queue.vc;
    }
    const PacketTable::Record& packet = fabric_.packets[queue.first];
    std::uint32_t vcs =
        credited & channels_.at_source(packet.source, packet.destination, packet.message_class,
                                       fabric_.routes.enters_by_first_part(packet.multicast));
    for (std::uint32_t left = cut_through_ ? vcs : 0; left != 0; left &= left - 1) {
        const int vc = std::countr_zero(left);
        if (rings_[node * fabric_.vcs + static_cast<std::size_t>(vc)].credits < packet.flits) {
            vcs &= ~(1U << vc);
        }
    }
    return vcs;
}

bool Sources::inject(NodeId node) {
    Source& source = sources_[node];
    for (std::uint32_t left = source.ready; left != 0;) {
        const int message_class = first_at(left, source.next_class);
        left &= ~(std::uint32_t{1} << message_class);
        const Queue& queue = queues_[queue_index(node, message_class)];
        const std::uint32_t vcs = usable(node, queue);
        if (vcs != 0) {
            send_flit(node, message_class, first_at(vcs, queue.next_vc));
            source.next_class = static_cast<std::uint8_t>(message_class + 1);
            return source.ready != 0;
        }
    }
    return false;  // until a credit comes
}

void Sources::send_flit(NodeId node, int message_class, int vc) {
    const std::size_t index = queue_index(node, message_class);
    Queue& queue = queues_[index];
    Source& source = sources_[node];
    const PacketId id = queue.first;
    PacketTable::Record& packet = fabric_.packets[id];
    const bool tail = queue.sent + 1 == packet.flits;
    if (queue.sent == 0) {
        packet.injected = fabric_.now;
    }

    RingWriter& ring = rings_[node * fabric_.vcs + static_cast<std::size_t>(vc)];
    const Entry& entry = entries_[node];
    const std::size_t first_slot = entry.ring + static_cast<std::size_t>(vc) * fabric_.buffer;
    // The copies of a packet for several nodes begin at the root of its tree.
    fabric_.flits[first_slot + ring.put(fabric_.buffer)] =
        Flit(id, packet.multicast ? 0 : packet.destination, queue.sent, tail, packet.multicast);
    fabric_.wires.add(Wires::kFlits, kRouter,
                      fabric_.now + static_cast<Cycle>(fabric_.config.injection_delay),
                      entry.arrival.channel(vc));
    if (ring.credits == 0) {
        source.credited = static_cast<std::uint16_t>(source.credited & ~(1U << vc));
    }
    ++injected_[node];
    fabric_.last_movement = fabric_.now;

    --queue.flits;
    ++queue.sent;
    queue.vc = static_cast<std::uint8_t>(vc);
    if (tail) {
        queue.sent = 0;
        queue.next_vc = static_cast<std::uint8_t>(vc + 1);
        queue.first = packet.next;
        source.ready = static_cast<std::uint16_t>(source.ready & ~(1U << message_class));
        if (queue.first != kNone) {
            first_is_ready(index);
        }
    }
    if (queue.watch != kUnwatched) {
        report(index);
    }
}

void Sources::watch(NodeId node, int message_class, std::uint32_t flits) {
    const std::size_t index = queue_index(node, message_class);
    queues_[index].watch = flits;
    if (queues_[index].flits <= flits) {
        low_.push_back(static_cast<std::uint32_t>(index));
    }
}

/// Reports a watched queue that is low, once.
void Sources::report(std::size_t index) {
    Queue& queue = queues_[index];
    if (queue.watch != kUnwatched && queue.flits <= queue.watch) {
        queue.watch = kUnwatched;
        reports_.push_back({static_cast<NodeId>(index / classes_),
                            static_cast<std::uint8_t>(index % classes_), queue.flits});
    }
}

Cycle Sources::next_activity() const {
    if (!active_.empty() || !low_.empty()) {
        return fabric_.now;
    }
    return wakes_.next(fabric_.now);
}

unsigned Sources::injected_of(PacketId packet) const {
    const PacketTable::Record& record = fabric_.packets[packet];
    const Queue& queue = queues_[queue_index(record.source, record.message_class)];
    if (queue.first == packet) {
        return queue.sent;
    }
    return record.injected == kNever ? 0U : record.flits;
}

std::optional<int> Sources::blocked_class(NodeId node) const {
    for (std::uint32_t left = sources_[node].ready; left != 0; left &= left - 1) {
        const int message_class = std::countr_zero(left);
        if (usable(node, queues_[queue_index(node, message_class)]) == 0) {
            return message_class;
        }
    }
    return std::nullopt;
}

}  // namespace spikeloom::noc
