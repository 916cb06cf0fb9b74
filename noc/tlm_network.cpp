#include "noc/tlm_network.hpp"

#include "noc/graph.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace spikeloom::noc {

namespace {

constexpr int kRequestClass = 0;

std::uint64_t data_bits(const tlm::tlm_generic_payload& payload) {
    return std::uint64_t{8} * payload.get_data_length();
}

std::uint64_t local_part(std::uint64_t address) {
    return address & ((std::uint64_t{1} << TlmNetwork::kNodeShift) - 1);
}

}  // namespace

TlmNetwork::TlmNetwork(const sc_core::sc_module_name& name, const NetworkConfig& config,
                       int header_bits, std::uint32_t queue_flits)
    : sc_module(name),
      in("in"),
      out("out"),
      module_("network", config, *this),
      header_bits_(header_bits),
      queue_flits_(queue_flits),
      response_class_(config.classes() > 1 ? 1 : 0),
      phases_(this, &TlmNetwork::due) {
    const std::uint32_t nodes = module_.network().graph().nodes();
    in.init(nodes);
    out.init(nodes);
    requests_.resize(nodes);
    responses_.resize(nodes);
    ending_request_.resize(nodes);
    ending_response_.resize(nodes);
    for (NodeId node = 0; node < nodes; ++node) {
        in[node].register_b_transport(this, &TlmNetwork::transport, static_cast<int>(node));
        in[node].register_nb_transport_fw(this, &TlmNetwork::forward, static_cast<int>(node));
        out[node].register_nb_transport_bw(this, &TlmNetwork::backward, static_cast<int>(node));
    }
}

// ---- loosely timed

void TlmNetwork::transport(int source, Payload& payload, sc_core::sc_time& delay) {
    const std::uint64_t whole = payload.get_address();
    const std::uint64_t node = whole >> kNodeShift;
    if (node >= out.size() || out[node].size() == 0) {
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;
    const auto from = static_cast<NodeId>(source);
    const auto to = static_cast<NodeId>(node);
    travel(from, to, payload.is_write() ? data_bits(payload) : 0, kRequestClass);

    payload.set_address(local_part(whole));
    out[node]->b_transport(payload, delay);
    payload.set_address(whole);
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;

    travel(to, from, payload.is_read() ? data_bits(payload) : 0, response_class_);
}

void TlmNetwork::travel(NodeId from, NodeId to, std::uint64_t bits, int message_class) {
    sc_core::sc_event there;
    send(from, to, bits, message_class, {&there, nullptr});
    wait(there);
}

// ---- approximately timed

tlm::tlm_sync_enum TlmNetwork::forward(int node, Payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) {
    if (phase == tlm::BEGIN_REQ) {
        const auto initiator = static_cast<NodeId>(node);
        const Transaction fresh{&payload, initiator, initiator, payload.get_address()};
        if (!transactions_.try_emplace(&payload, fresh).second) {
            throw std::logic_error(
                "noc::TlmNetwork: BEGIN_REQ of a payload whose transaction has not ended");
        }
        payload.acquire();
    }
    phases_.notify(payload, phase, delay);
    return tlm::TLM_ACCEPTED;
}

tlm::tlm_sync_enum TlmNetwork::backward(int, Payload& payload, tlm::tlm_phase& phase,
                                        sc_core::sc_time& delay) {
    phases_.notify(payload, phase, delay);
    return tlm::TLM_ACCEPTED;
}

/// A phase that an initiator or a target has announced for this instant.
void TlmNetwork::due(Payload& payload, const tlm::tlm_phase& phase) {
    Transaction& transaction = transactions_.at(&payload);
    if (phase == tlm::BEGIN_REQ) {
        request(transaction);
    } else if (phase == tlm::END_REQ) {
        request_ended(transaction);
    } else if (phase == tlm::BEGIN_RESP) {
        respond(transaction);
    } else if (phase == tlm::END_RESP) {
        response_ended(transaction);
    }
}

void TlmNetwork::request(Transaction& transaction) {
    Payload& payload = *transaction.payload;
    const NodeId initiator = transaction.initiator;
    const std::uint64_t node = transaction.address >> kNodeShift;
    if (node >= out.size() || out[node].size() == 0) {
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        responses_[initiator].waiting.push_back(&transaction);
        offer_response(initiator);
        return;
    }
    transaction.target = static_cast<NodeId>(node);
    send(initiator, transaction.target, payload.is_write() ? data_bits(payload) : 0, kRequestClass,
         {nullptr, &transaction});
    ending_request_[initiator] = &transaction;
    module_.watch_source(initiator, kRequestClass, queue_flits_);
}

/// The target has taken the request, by END_REQ or by what implies it.
void TlmNetwork::request_ended(Transaction& transaction) {
    Arrivals& arrivals = requests_[transaction.target];
    if (!arrivals.begun || arrivals.waiting.front() != &transaction) {
        return;
    }
    arrivals.waiting.pop_front();
    arrivals.begun = false;
    let_go(transaction.target, kRequestClass, arrivals);
    offer_request(transaction.target);
}

void TlmNetwork::respond(Transaction& transaction) {
    request_ended(transaction);
    Payload& payload = *transaction.payload;
    payload.set_address(transaction.address);
    transaction.answered = true;
    send(transaction.target, transaction.initiator, payload.is_read() ? data_bits(payload) : 0,
         response_class_, {nullptr, &transaction});
    if (!transaction.completed) {
        ending_response_[transaction.target] = &transaction;
        module_.watch_source(transaction.target, response_class_, queue_flits_);
    }
}

void TlmNetwork::response_ended(Transaction& transaction) {
    const NodeId initiator = transaction.initiator;
    Payload& payload = *transaction.payload;
    Arrivals& arrivals = responses_[initiator];
    arrivals.waiting.pop_front();
    arrivals.begun = false;
    let_go(initiator, response_class_, arrivals);
    transactions_.erase(&payload);
    payload.release();
    offer_response(initiator);
}

/// A transaction's packet is where it was sent to.
void TlmNetwork::arrived(Transaction& transaction) {
    if (transaction.answered) {
        hold(transaction.initiator, response_class_);
        responses_[transaction.initiator].waiting.push_back(&transaction);
        offer_response(transaction.initiator);
    } else {
        hold(transaction.target, kRequestClass);
        requests_[transaction.target].waiting.push_back(&transaction);
        offer_request(transaction.target);
    }
}

void TlmNetwork::offer_request(NodeId target) {
    Arrivals& arrivals = requests_[target];
    if (arrivals.begun || arrivals.waiting.empty()) {
        return;
    }
    arrivals.begun = true;
    Transaction& transaction = *arrivals.waiting.front();
    Payload& payload = *transaction.payload;
    payload.set_address(local_part(transaction.address));
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const tlm::tlm_sync_enum answer = out[target]->nb_transport_fw(payload, phase, delay);
    if (answer == tlm::TLM_COMPLETED) {
        transaction.completed = true;
        phases_.notify(payload, tlm::BEGIN_RESP, delay);
    } else if (answer == tlm::TLM_UPDATED) {
        phases_.notify(payload, phase, delay);
    }
}

void TlmNetwork::offer_response(NodeId initiator) {
    Arrivals& arrivals = responses_[initiator];
    if (arrivals.begun || arrivals.waiting.empty()) {
        return;
    }
    arrivals.begun = true;
    Transaction& transaction = *arrivals.waiting.front();
    Payload& payload = *transaction.payload;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    // What was still to be ended ends before: the target's response by a call, the initiator's
    // request by the response, which implies it.
    if (ending_response_[transaction.target] == &transaction) {
        ending_response_[transaction.target] = nullptr;
        tlm::tlm_phase end = tlm::END_RESP;
        out[transaction.target]->nb_transport_fw(payload, end, delay);
        delay = sc_core::SC_ZERO_TIME;
    }
    if (ending_request_[initiator] == &transaction) {
        ending_request_[initiator] = nullptr;
    }
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    if (in[initiator]->nb_transport_bw(payload, phase, delay) != tlm::TLM_ACCEPTED) {
        phases_.notify(payload, tlm::END_RESP, delay);
    }
}

/// Until what has arrived is taken, nothing else of its class arrives.
void TlmNetwork::hold(NodeId node, int message_class) {
    if (response_class_ != kRequestClass) {
        module_.close_gate(node, message_class, kNever);
    }
}

void TlmNetwork::let_go(NodeId node, int message_class, const Arrivals& arrivals) {
    if (response_class_ != kRequestClass && arrivals.waiting.empty()) {
        module_.open_gate(node, message_class);
    }
}

// ---- packets

void TlmNetwork::send(NodeId from, NodeId to, std::uint64_t bits, int message_class,
                      Addressee addressee) {
    std::size_t tag = addressees_.size();
    if (free_tags_.empty()) {
        addressees_.push_back(addressee);
    } else {
        tag = free_tags_.back();
        free_tags_.pop_back();
        addressees_[tag] = addressee;
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
}

void TlmNetwork::deliver(Cycle, std::span<const Delivery> deliveries) {
    for (const Delivery& delivery : deliveries) {
        if (!delivery.tail) {
            continue;
        }
        free_tags_.push_back(delivery.tag);
        const Addressee addressee = addressees_[delivery.tag];
        if (addressee.thread != nullptr) {
            addressee.thread->notify(sc_core::SC_ZERO_TIME);
        } else {
            arrived(*addressee.transaction);
        }
    }
}

/// What went into a source queue is on its way far enough for the next to come.
void TlmNetwork::sources_drained(Cycle, std::span<const SourceReport> reports) {
    for (const SourceReport& report : reports) {
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        if (report.message_class == kRequestClass && ending_request_[report.node] != nullptr) {
            Transaction& transaction = *std::exchange(ending_request_[report.node], nullptr);
            tlm::tlm_phase phase = tlm::END_REQ;
            in[report.node]->nb_transport_bw(*transaction.payload, phase, delay);
        }
        if (report.message_class == response_class_ && ending_response_[report.node] != nullptr) {
            Transaction& transaction = *std::exchange(ending_response_[report.node], nullptr);
            tlm::tlm_phase phase = tlm::END_RESP;
            out[report.node]->nb_transport_fw(*transaction.payload, phase, delay);
        }
    }
}

}  // namespace spikeloom::noc
