#include "noc/sources.hpp"

#include <algorithm>
#include <functional>

namespace spikeloom::noc {

Sources::Sources(Fabric& fabric, const VirtualChannels& channels)
    : fabric_(fabric),
      channels_(channels),
      classes_(static_cast<std::size_t>(fabric.config.classes())),
      queues_(static_cast<std::size_t>(fabric.config.nodes()) * classes_),
      sources_(static_cast<std::size_t>(fabric.config.nodes())),
      rings_(sources_.size() * fabric.vcs, {static_cast<std::uint16_t>(fabric.buffer)}),
      injected_(sources_.size()),
      active_(sources_.size()) {
    for (std::size_t queue = 0; queue < queues_.size(); ++queue) {
        queues_[queue].next_vc =
            static_cast<std::uint8_t>(channels.first(static_cast<int>(queue % classes_)));
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
    if (queue.first == PacketTable::kNone) {
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
        wakes_.push_back({ready, static_cast<std::uint32_t>(queue)});
        std::push_heap(wakes_.begin(), wakes_.end(), std::greater<>());
        return false;
    }
    Source& source = sources_[queue / classes_];
    source.ready = static_cast<std::uint16_t>(source.ready | 1U << queue % classes_);
    return true;
}

void Sources::credit(Place place) {
    ++rings_[place.node() * fabric_.vcs + static_cast<std::size_t>(place.vc())].credits;
    Source& source = sources_[place.node()];
    source.credited = static_cast<std::uint16_t>(source.credited | 1U << place.vc());
    if (source.ready != 0) {
        active_.insert(place.node());
    }
}

void Sources::execute() {
    reports_.clear();
    while (!wakes_.empty() && wakes_.front().cycle <= fabric_.now) {
        std::pop_heap(wakes_.begin(), wakes_.end(), std::greater<>());
        const std::uint32_t queue = wakes_.back().queue;
        wakes_.pop_back();
        if (first_is_ready(queue)) {
            active_.insert(static_cast<NodeId>(queue / classes_));
        }
    }
    active_.sweep([this](NodeId node) { return inject(node); });
    for (const std::uint32_t queue : low_) {
        report(queue);
    }
    low_.clear();
}

/// The virtual channels with a credit that the queue's next flit may take.
std::uint32_t Sources::usable(const Source& source, const Queue& queue) const {
    if (queue.sent != 0) {
        return source.credited & 1U << queue.vc;
    }
    const PacketTable::Record& packet = fabric_.packets[queue.first];
    return source.credited &
           channels_.at_source(packet.source, packet.destination, packet.message_class);
}

bool Sources::inject(NodeId node) {
    Source& source = sources_[node];
    for (std::uint32_t left = source.ready; left != 0;) {
        const int message_class = first_at(left, source.next_class);
        left &= ~(std::uint32_t{1} << message_class);
        const Queue& queue = queues_[queue_index(node, message_class)];
        const std::uint32_t vcs = usable(source, queue);
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
    const PacketTable::Record& packet = fabric_.packets[id];
    const bool tail = queue.sent + 1 == packet.flits;

    RingWriter& ring = rings_[node * fabric_.vcs + static_cast<std::size_t>(vc)];
    fabric_.ring(node, kLocal, vc)[ring.put(fabric_.buffer)] =
        Flit(id, packet.destination, queue.sent, tail);
    fabric_.arrivals.add(fabric_.now + static_cast<Cycle>(fabric_.config.injection_delay),
                         Place(node, kLocal, vc));
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
        if (queue.first != PacketTable::kNone) {
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
    return wakes_.empty() ? kNever : std::max(wakes_.front().cycle, fabric_.now);
}

std::optional<std::string> Sources::blockage(NodeId node) const {
    const Source& source = sources_[node];
    for (std::uint32_t left = source.ready; left != 0; left &= left - 1) {
        const int message_class = std::countr_zero(left);
        const Queue& queue = queues_[queue_index(node, message_class)];
        if (usable(source, queue) == 0) {
            return "source, class " + std::to_string(message_class) + ": " +
                   std::to_string(queue.flits) +
                   (queue.flits == 1 ? " flit waits" : " flits wait") +
                   " for a credit of input local" +
                   (queue.sent != 0 ? ", virtual channel " + std::to_string(queue.vc) : "");
        }
    }
    return std::nullopt;
}

}  // namespace spikeloom::noc
