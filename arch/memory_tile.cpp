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
              fabric.config.memory.output_credits) {}

void MemoryTile::load(const MemoryImage& image) {
    tlm::tlm_generic_payload access;
    tlm::tlm_dmi memory;
    access.set_address(image.address);
    if (!socket->get_direct_mem_ptr(access, memory)) {
        throw std::logic_error("memory tile: its DRAM gives no direct access");
    }
    std::memcpy(memory.get_dmi_ptr() + (image.address - memory.get_start_address()),
                image.bytes.data(), image.bytes.size());
}

void MemoryTile::receive(noc::Cycle cycle, const Message& message) {
    const Cycle accepted = fabric_.clocks.core_sees(cycle);
    const Cycle taken = std::max(accepted + 1, next_issue_);
    next_issue_ = taken + 1;
    requests_.push_back(message);
    gate_.accepted(cycle, 1);
    post(taken, kIssue);
}

void MemoryTile::flits_left(noc::Cycle cycle) {
    const Cycle usable = output_.credits_returned(cycle);
    if (usable != kNever) {
        post(usable, kRespond);
    }
}

void MemoryTile::perform(const Task& task) {
    if (task.kind == kIssue) {
        issue();
    }
    respond();
}

void MemoryTile::issue() {
    const Message request = std::move(requests_.front());
    requests_.pop_front();
    auto bytes = std::make_shared<std::vector<std::uint8_t>>(request.bytes);

    tlm::tlm_generic_payload access;
    access.set_command(tlm::TLM_READ_COMMAND);
    access.set_address(request.address);
    access.set_data_ptr(bytes->data());
    access.set_data_length(request.bytes);
    access.set_streaming_width(request.bytes);
    access.set_byte_enable_ptr(nullptr);
    access.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    sc_core::sc_time delay = sc_core::sc_time::from_value(fabric_.config.memory.controller_latency *
                                                          fabric_.clocks.core_period);
    socket->b_transport(access, delay);
    if (access.is_response_error()) {
        throw std::logic_error("memory tile: the DRAM answered " + access.get_response_string());
    }
    fabric_.counts.add(tile_, Event::memory_requests, 1);
    const Cycle data = fabric_.clocks.core_cycle_at((sc_core::sc_time_stamp() + delay).value());
    responses_.push_back({request.tile, request.row, std::move(bytes), data});
}

/// Writes of the responses what the known credits allow.
void MemoryTile::respond() {
    while (!responses_.empty()) {
        const Response& response = responses_.front();
        const noc::Burst layout(fabric_.format, kByteBits, response.bytes->size());
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
            message.row = response.row;
            message.bytes = static_cast<std::uint32_t>(layout.units_of_packet(packet_).count);
            message.row_bytes = response.bytes;
            output_.send(std::move(message), response.to, in_packet_, *written);
            in_packet_ = 0;
            ++packet_;
        }
        gate_.left(next_write_ - 1);
        packet_ = 0;
        responses_.pop_front();
    }
}

std::string MemoryTile::wait() const {
    if (requests_.empty() && responses_.empty()) {
        return {};
    }
    return "memory tile " + std::to_string(tile_) + ": " + std::to_string(requests_.size()) +
           " requests and " + std::to_string(responses_.size()) + " responses wait";
}

}  // namespace spikeloom::arch
