#include "arch/dma.hpp"

#include <algorithm>

namespace spikeloom::arch {

DmaEngine::DmaEngine(Fabric& fabric, TileId tile) : fabric_(fabric), tile_(tile) {
    const std::uint32_t buffers = fabric.config.core.dma_outstanding;
    fetches_.resize(buffers);
    for (std::uint32_t buffer = 0; buffer < buffers; ++buffer) {
        free_.push({0, buffer});
    }
}

void DmaEngine::enqueue(const Row& row, Cycle entered) {
    queue_.push_back({row, entered});
}

std::optional<Cycle> DmaEngine::issue() {
    if (queue_.empty() || free_.empty()) {
        return std::nullopt;
    }
    const FreeBuffer place = free_.top();
    free_.pop();
    Row row = queue_.front().row;
    const Cycle cycle = std::max({queue_.front().entered + 1, next_request_, place.usable});
    queue_.pop_front();
    row.buffer = place.buffer;

    const AxonBlock& axons = row.stage->axons.block_of(row.axon).axons;
    const AxonTable::Row& wanted = row.stage->axons.row_of(row.axon);
    Message request;
    request.kind = MessageKind::request;
    request.tile = tile_;
    request.row = row.buffer;
    request.address = wanted.address;
    request.bytes = static_cast<std::uint32_t>(shape_of(axons).bytes(wanted.synapses));
    fetches_[row.buffer] = {row, 0, request.bytes};
    ++fetching_;

    const std::uint16_t flits = noc::Burst(fabric_.format, kRequestBits, 1).flits(0);
    next_request_ = cycle + flits;
    const Cycle written = next_request_ - 1;
    fabric_.send(std::move(request), tile_, axons.memory_tile, kRequestClass, flits, written);
    return written;
}

void DmaEngine::release(std::uint32_t buffer, Cycle cycle) {
    free_.push({cycle, buffer});
    --fetching_;
}

std::optional<DmaEngine::Row> DmaEngine::receive(const Message& message) {
    Fetch& fetch = fetches_[message.row];
    fetch.received += message.bytes;
    if (fetch.received < fetch.wanted) {
        return std::nullopt;
    }
    fetch.row.bytes = message.row_bytes;
    fabric_.counts.add(tile_, Event::dma_rows, 1);
    fabric_.counts.add(tile_, Event::dma_bytes, fetch.wanted);
    return fetch.row;
}

}  // namespace spikeloom::arch
