#include "noc/tlm_network.hpp"

#include "noc/graph.hpp"

#include <algorithm>

namespace spikeloom::noc {

TlmNetwork::TlmNetwork(const sc_core::sc_module_name& name, const NetworkConfig& config,
                       int header_bits)
    : sc_module(name),
      in("in"),
      out("out"),
      module_("network", config, *this),
      header_bits_(header_bits) {
    const std::uint32_t nodes = module_.network().graph().nodes();
    in.init(nodes);
    out.init(nodes);
    for (NodeId node = 0; node < nodes; ++node) {
        in[node].register_b_transport(this, &TlmNetwork::transport, static_cast<int>(node));
    }
}

void TlmNetwork::transport(int source, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const std::uint64_t whole = payload.get_address();
    const std::uint64_t node = whole >> kNodeShift;
    if (node >= out.size() || out[node].size() == 0) {
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;
    const std::uint64_t data_bits = std::uint64_t{8} * payload.get_data_length();
    const auto from = static_cast<NodeId>(source);
    const auto to = static_cast<NodeId>(node);
    travel(from, to, payload.is_write() ? data_bits : 0, 0);

    payload.set_address(whole & ((std::uint64_t{1} << kNodeShift) - 1));
    out[node]->b_transport(payload, delay);
    payload.set_address(whole);
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;

    travel(to, from, payload.is_read() ? data_bits : 0,
           module_.network().config().classes() > 1 ? 1 : 0);
}

void TlmNetwork::travel(NodeId from, NodeId to, std::uint64_t bits, int message_class) {
    sc_core::sc_event arrived;
    std::size_t tag = arrivals_.size();
    if (free_tags_.empty()) {
        arrivals_.push_back(&arrived);
    } else {
        tag = free_tags_.back();
        free_tags_.pop_back();
        arrivals_[tag] = &arrived;
    }
    const auto flit_bits = static_cast<std::uint64_t>(module_.network().config().flit_bits);
    const std::uint64_t flits =
        (static_cast<std::uint64_t>(header_bits_) + bits + flit_bits - 1) / flit_bits;
    Packet packet;
    packet.source = from;
    packet.destination = to;
    packet.flits = static_cast<std::uint16_t>(std::min<std::uint64_t>(flits, 0xffff));
    packet.message_class = static_cast<std::uint8_t>(message_class);
    packet.ready = module_.current_cycle() + 1;
    packet.tag = tag;
    module_.send(packet);
    wait(arrived);
    free_tags_.push_back(tag);
}

void TlmNetwork::deliver(Cycle, std::span<const Delivery> deliveries) {
    for (const Delivery& delivery : deliveries) {
        if (delivery.tail) {
            arrivals_[delivery.tag]->notify(sc_core::SC_ZERO_TIME);
        }
    }
}

}  // namespace spikeloom::noc
