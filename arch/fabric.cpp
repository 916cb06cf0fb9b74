#include "arch/fabric.hpp"

#include <utility>

namespace spikeloom::arch {

namespace {

Event packets_event(MessageKind kind) {
    switch (kind) {
        case MessageKind::events:
            return Event::packets_events;
        case MessageKind::marker:
            return Event::packets_markers;
        case MessageKind::credit:
            return Event::packets_credits;
        case MessageKind::request:
            return Event::packets_requests;
        case MessageKind::response:
            break;
    }
    return Event::packets_responses;
}

}  // namespace

void Fabric::send(Message message, TileId from, TileId to, MessageClass message_class,
                  std::uint16_t flits, Cycle written) {
    counts.add(from, packets_event(message.kind), 1);
    counts.add(from, Event::output_flits, flits);
    noc::Packet packet;
    packet.source = from;
    packet.destination = to;
    packet.flits = flits;
    packet.message_class = message_class;
    packet.ready = clocks.network_sees(written);
    packet.tag = messages.add(std::move(message));
    network.send(packet);
}

}  // namespace spikeloom::arch
