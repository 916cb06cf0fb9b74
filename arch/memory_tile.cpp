#include "arch/memory_tile.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace spikeloom::arch {

namespace {

constexpr int kByteBits = 8;

}  // namespace

MemoryTile::MemoryTile(const sc_core::sc_module_name& name, Fabric& fabric, TileId tile)
    : Tile(name, fabric.clocks.core_period),
      socket("socket"),
      fabric_(fabric),
      tile_(tile),
      gate_(fabric, tile, kRequestClass, fabric.config.memory.request_queue, 1),
      output_(fabric, tile, kResponseClass, fabric.config.memory.output_queue,
              fabric.config.memory.output_credits) {
    socket.register_nb_transport_bw(this, &MemoryTile::backward);
}

void MemoryTile::load(const MemoryImage& image) {
    tlm::tlm_generic_payload access;
    tlm::tlm_dmi memory;
    access.set_address(image.address);
    if (!socket->get_direct_mem_ptr(access, memory)) {
        throw std::logic_error("memory tile: its memory gives no direct access");
    }
    std::memcpy(memory.get_dmi_ptr() + (image.address - memory.get_start_address()),
                image.bytes.data(), image.bytes.size());
}

void MemoryTile::receive(noc::Cycle cycle, const Message& message) {
    const Cycle accepted = fabric_.clocks.core_sees(cycle);
    const Cycle taken = std::max(accepted + 1, next_turn_);
    next_turn_ = taken + 1;
    requests_.push_back({message, taken + fabric_.config.memory.controller_latency});
    gate_.accepted(cycle, 1);
    post(requests_.back().due, kIssue);
}

void MemoryTile::flits_left(noc::Cycle cycle) {
    const Cycle usable = output_.credits_returned(cycle);
    if (usable != kNever) {
        post(usable, kRespond);
    }
}

void MemoryTile::perform(const Task& task) {
    if (task.kind == kIssue) {
        issue(task.cycle);
    }
    respond();
}

/// Begins the first request if its turn has come and the memory has ended the one before.
void MemoryTile::issue(Cycle now) {
    if (requesting_ != nullptr || requests_.empty() || now < requests_.front().due ||
        now < next_issue_) {
        return;
    }
    const Message& request = requests_.front().message;
    auto& payload = payloads_.get();
    payload.cargo = {request.tile, request.transfer,
                     std::make_shared<std::vector<std::uint8_t>>(request.bytes)};
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(request.address);
    payload.set_data_ptr(payload.cargo.bytes->data());
    payload.set_data_length(request.bytes);
    payload.set_streaming_width(request.bytes);
    payload.set_byte_enable_ptr(nullptr);
    payload.set_dmi_allowed(false);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    requests_.pop_front();
    requesting_ = &payload;
    ++in_memory_;
    next_issue_ = now + 1;
    fabric_.counts.add(tile_, Event::memory_requests, 1);

    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const auto status = socket->nb_transport_fw(payload, phase, delay);
    const sc_core::sc_time time = sc_core::sc_time_stamp() + delay;
    if (status == tlm::TLM_COMPLETED) {
        take_phase(payload, tlm::BEGIN_RESP, time);
    } else if (status == tlm::TLM_UPDATED) {
        take_phase(payload, phase, time);
        if (phase == tlm::BEGIN_RESP) {
            phase = tlm::END_RESP;
            socket->nb_transport_fw(payload, phase, delay);
        }
    }
}

tlm::tlm_sync_enum MemoryTile::backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                        sc_core::sc_time& delay) {
    take_phase(static_cast<PayloadPool<Access>::Payload&>(payload), phase,
               sc_core::sc_time_stamp() + delay);
    return phase == tlm::BEGIN_RESP ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
}

/// END_REQ or BEGIN_RESP has come; a response ends its request if nothing has before.
void MemoryTile::take_phase(PayloadPool<Access>::Payload& payload, const tlm::tlm_phase& phase,
                            const sc_core::sc_time& time) {
    const Cycle cycle = fabric_.clocks.core_cycle_at(time.value());
    if (requesting_ == &payload && (phase == tlm::END_REQ || phase == tlm::BEGIN_RESP)) {
        requesting_ = nullptr;
        if (!requests_.empty()) {
            post(std::max({cycle, next_issue_, requests_.front().due}), kIssue);
        }
    }
    if (phase == tlm::BEGIN_RESP) {
        if (payload.is_response_error()) {
            throw std::logic_error("memory tile: the memory answered " +
                                   payload.get_response_string());
        }
        responses_.push_back({payload.cargo, cycle});
        --in_memory_;
        post(cycle, kRespond);
        payload.release();
    }
}

/// Writes of the responses what the known credits allow.
void MemoryTile::respond() {
    while (!responses_.empty()) {
        const Response& response = responses_.front();
        const noc::Burst layout(fabric_.format, kByteBits, response.access.bytes->size());
        while (packet_ < layout.packets()) {
            const auto written = output_.write(std::max(next_write_, response.data));
            if (!written) {
                return;
            }
            next_write_ = *written + 1;
            if (++in_packet_ < layout.flits(packet_)) {
                continue;
            }
            Message message;
            message.kind = MessageKind::response;
            message.transfer = response.access.transfer;
            const noc::Burst::Units bytes = layout.units_of_packet(packet_);
            message.bytes = static_cast<std::uint32_t>(bytes.count);
            message.first_byte = static_cast<std::uint32_t>(bytes.first);
            message.row_bytes = response.access.bytes;
            output_.send(std::move(message), response.access.to, in_packet_, *written);
            in_packet_ = 0;
            ++packet_;
        }
        gate_.left(next_write_ - 1);
        packet_ = 0;
        responses_.pop_front();
    }
}

std::string MemoryTile::wait() const {
    if (requests_.empty() && in_memory_ == 0 && responses_.empty()) {
        return {};
    }
    return "memory tile " + std::to_string(tile_) + ": " + std::to_string(requests_.size()) +
           " requests wait for the memory, " + std::to_string(in_memory_) + " are in it, " +
           std::to_string(responses_.size()) + " responses wait to be sent";
}

}  // namespace spikeloom::arch
