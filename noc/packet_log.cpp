#include "noc/packet_log.hpp"

#include <algorithm>

namespace spikeloom::noc {

void PacketLog::admitted(PacketId id, const Packet& packet, std::span<const NodeId> destinations) {
    number_of_packet_.resize(std::max<std::size_t>(number_of_packet_.size(), std::size_t{id} + 1));
    number_of_packet_[id] = rows_.size();
    TraceRow row;
    row.id = rows_.size();
    row.created = packet.ready;
    row.source = packet.source;
    row.destination = destinations.front();
    row.flits = packet.flits;
    row.message_class = packet.message_class;
    row.others.assign(destinations.begin() + 1, destinations.end());
    rows_.push_back(std::move(row));
}

void PacketLog::delivered(Cycle cycle, std::span<const Delivery> deliveries) {
    for (const Delivery& delivery : deliveries) {
        if (delivery.done) {
            rows_[number_of_packet_[delivery.packet]].retired = cycle;
        }
    }
}

}  // namespace spikeloom::noc
