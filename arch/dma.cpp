#include "arch/dma.hpp"

#include <algorithm>
#include <optional>

namespace spikeloom::arch {

// ---- buffers
// -------------------------------------------------------------------------------------

void DmaEngine::Pool::release(std::uint32_t buffer, Cycle cycle) {
    const Free entry{cycle, buffer};
    free_.insert(std::upper_bound(free_.begin(), free_.end(), entry), entry);
}

std::uint32_t DmaEngine::Pool::take() {
    const std::uint32_t buffer = free_.front().buffer;
    free_.pop_front();
    return buffer;
}

DmaEngine::DmaEngine(Fabric& fabric, TileId tile, std::span<const StageState> stages)
    : fabric_(fabric),
      tile_(tile),
      config_(fabric.config.core),
      buffers_(config_.dma_outstanding + config_.dma_prefetch),
      ahead_(fabric.program, config_.dma_prefetch > 0 ? stages : stages.first(0)),
      transfers_(buffers_.size()) {
    for (std::uint32_t buffer = 0; buffer < buffers_.size(); ++buffer) {
        (buffer < config_.dma_outstanding ? free_ : free_ahead_).release(buffer, 0);
    }
    for (std::size_t number = transfers_.size(); number-- > 0;) {
        free_transfers_.push_back(static_cast<std::uint32_t>(number));
    }
}

void DmaEngine::release(std::uint32_t buffer, Cycle cycle) {
    (buffer < config_.dma_outstanding ? free_ : free_ahead_).release(buffer, cycle);
    --wanted_;
}

// ---- requests
// ------------------------------------------------------------------------------------

DmaEngine::Asked DmaEngine::ask(Row& row, Cycle popped) {
    ahead_changed_ = popped + 1;
    const std::optional<std::uint32_t> ahead = ahead_.take(*row.stage, row.axon);
    if (!ahead) {
        queue_.push_back(row);
        return Asked::queued;
    }
    Buffer& buffer = buffers_[*ahead];
    row.buffer = *ahead;
    row.bytes = std::move(buffer.row.bytes);
    row.first_byte = buffer.row.first_byte;
    row.arrived = std::max(buffer.row.arrived, row.entered);
    buffer.row = row;
    buffer.wanted = true;
    ++wanted_;
    return buffer.full() ? Asked::there : Asked::coming;
}

DmaEngine::Place DmaEngine::place_of(const StageState& stage, std::uint32_t axon) {
    const AxonBlock& axons = stage.axons.block_of(axon).axons;
    const AxonTable::Row& row = stage.axons.row_of(axon);
    return {axons.memory_tile, row.address,
            static_cast<std::uint32_t>(shape_of(axons).bytes(row.synapses))};
}

template <class RowAt>
std::size_t DmaEngine::adjacent(std::size_t most, RowAt&& row) {
    std::optional<Place> before;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < most; ++i) {
        const std::optional<Place> next = row(i);
        if (!next) {
            return i;
        }
        bytes += next->bytes;
        const bool follows = before && next->tile == before->tile &&
                             next->address == before->address + before->bytes &&
                             bytes <= kLongestRequest;
        if (i > 0 && !follows) {
            return i;
        }
        before = next;
    }
    return most;
}

/// Rows at the head of the queue that a request in `cycle` asks for.
std::size_t DmaEngine::adjacent_wanted(Cycle cycle) const {
    const auto most = std::min(
        {std::size_t{config_.dma_burst_rows}, std::size_t{config_.dma_outstanding}, queue_.size()});
    return adjacent(most, [&](std::size_t i) -> std::optional<Place> {
        if (queue_[i].entered >= cycle) {
            return std::nullopt;
        }
        return place_of(*queue_[i].stage, queue_[i].axon);
    });
}

/// The same of the rows to be fetched ahead.
std::size_t DmaEngine::adjacent_ahead() const {
    const std::uint32_t most = std::min(config_.dma_burst_rows, config_.dma_prefetch);
    return adjacent(most, [&](std::size_t i) -> std::optional<Place> {
        const std::optional<FetchAhead::Row> row = ahead_.upcoming(i);
        return row ? std::optional(place_of(*row->stage, row->axon)) : std::nullopt;
    });
}

Cycle DmaEngine::next_wanted() const {
    if (queue_.empty()) {
        return kNever;
    }
    Cycle cycle = std::max(queue_.front().entered + 1, next_request_);
    // A request that has to wait for buffers asks for what comes meanwhile, too.
    for (Cycle usable = 0; (usable = free_.usable(adjacent_wanted(cycle))) > cycle;) {
        if (usable == kNever) {
            return kNever;
        }
        cycle = usable;
    }
    return cycle;
}

Cycle DmaEngine::next_ahead() const {
    if (ahead_.empty()) {
        return kNever;
    }
    const std::size_t rows = adjacent_ahead();
    return rows == 0 ? kNever : std::max({next_request_, ahead_changed_, free_ahead_.usable(rows)});
}

Cycle DmaEngine::next_request() const {
    return std::min(next_wanted(), next_ahead());
}

DmaEngine::Request DmaEngine::request(Cycle now) {
    const bool for_event = next_wanted() <= now;
    if (!for_event && next_ahead() > now) {
        return {0, now};
    }
    request_.clear();
    if (for_event) {
        for (std::size_t rows = adjacent_wanted(now); rows > 0; --rows) {
            Buffer& buffer = buffers_[request_.emplace_back(free_.take())];
            buffer = {queue_.front(), place_of(*queue_.front().stage, queue_.front().axon)};
            buffer.row.buffer = request_.back();
            buffer.wanted = true;
            queue_.pop_front();
            ++wanted_;
        }
        return {request_.size(), send(now)};
    }
    for (std::size_t i = 0, rows = adjacent_ahead(); i < rows; ++i) {
        const FetchAhead::Row row = *ahead_.upcoming(i);
        Buffer& buffer = buffers_[request_.emplace_back(free_ahead_.take())];
        buffer = {{}, place_of(*row.stage, row.axon)};
    }
    ahead_.fetched(request_);
    fabric_.counts.add(tile_, Event::dma_rows_ahead, request_.size());
    return {0, send(now)};
}

/// The request for the rows of the buffers in request_ leaves from `now` on. Returns its last
/// cycle.
Cycle DmaEngine::send(Cycle now) {
    const Place& first = buffers_[request_.front()].place;
    Message request;
    request.kind = MessageKind::request;
    request.tile = tile_;
    request.transfer = free_transfers_.back();
    free_transfers_.pop_back();
    request.address = first.address;
    Transfer& transfer = transfers_[request.transfer];
    transfer.rows.clear();
    for (const std::uint32_t buffer : request_) {
        request.bytes += buffers_[buffer].place.bytes;
        transfer.rows.push_back({buffer, request.bytes});
    }
    transfer.left = request.bytes;
    const std::uint16_t flits = noc::Burst(fabric_.format, kRequestBits, 1).flits(0);
    next_request_ = now + flits;
    const Cycle written = next_request_ - 1;
    fabric_.send(std::move(request), tile_, first.tile, kRequestClass, flits, written);
    return written;
}

// ---- responses
// -----------------------------------------------------------------------------------

std::span<const DmaEngine::Row> DmaEngine::receive(Cycle seen, const Message& message) {
    complete_.clear();
    Transfer& transfer = transfers_[message.transfer];
    const std::uint32_t end = message.first_byte + message.bytes;
    std::uint32_t row_begin = 0;
    for (const Transfer::Part& part : transfer.rows) {
        const std::uint32_t from = std::max(row_begin, message.first_byte);
        const std::uint32_t to = std::min(part.end, end);
        if (from < to) {
            Buffer& buffer = buffers_[part.buffer];
            buffer.received += to - from;
            if (buffer.full()) {
                buffer.row.arrived = std::max(seen, buffer.row.entered);
                buffer.row.bytes = message.row_bytes;
                buffer.row.first_byte = row_begin;
                fabric_.counts.add(tile_, Event::dma_rows, 1);
                fabric_.counts.add(tile_, Event::dma_bytes, buffer.place.bytes);
                if (buffer.wanted) {
                    complete_.push_back(buffer.row);
                }
            }
        }
        row_begin = part.end;
    }
    transfer.left -= message.bytes;
    if (transfer.left == 0) {
        free_transfers_.push_back(message.transfer);
    }
    return complete_;
}

}  // namespace spikeloom::arch
