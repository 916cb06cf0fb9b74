#include "arch/event_pipeline.hpp"

#include "models/fixed_point.hpp"

#include <algorithm>
#include <tuple>

namespace spikeloom::arch {

EventPipeline::EventPipeline(Fabric& fabric, TileId tile, std::span<const StageState> stages)
    : fabric_(fabric),
      tile_(tile),
      config_(fabric.config.core),
      gate_(fabric, tile, kEventClass, config_.event_queue,
            events_per_flit(fabric.program, tile, fabric.format.flit_bits)),
      remote_(std::any_of(stages.begin(), stages.end(),
                          [](const StageState& stage) { return stage.axons.has_remote_rows(); })),
      lanes_{config_.lanes, config_.accumulator_banks},
      rows_in_flight_(config_.axon_latency, config_.synapse_latency),
      banks_(config_.synapse_banks, config_.synapse_bank_cycles),
      dma_(fabric, tile, stages) {
    for (std::uint32_t place = 0; place < config_.dma_queue; ++place) {
        places_.push(0);
    }
}

void EventPipeline::accept(noc::Cycle cycle, StageState& stage, const Message& message,
                           noc::Burst::Units units) {
    const Cycle accepted = fabric_.clocks.core_sees(cycle);
    fabric_.counts.add(tile_, Event::event_queue_writes, units.count);
    for (std::size_t unit = units.first; unit < units.first + units.count; ++unit) {
        const std::uint32_t axon = message.axon + message.burst->element(unit);
        const std::int32_t value = message.burst->value(unit);
        if (remote_) {
            events_.push_back({&stage, message.step, axon, value, accepted});
            ++stage.slot_of(message.step).progress.pending;
        } else {
            const Cycle written = std::max(accepted, gate_.place_free());
            pop_event(rows_in_flight_.entry_after(written + 1), stage, message.step, axon, value);
        }
    }
    gate_.accepted(cycle, units.count);
}

RowPipeline::Passage EventPipeline::pass(Cycle entered, std::uint32_t service) {
    fabric_.counts.add(tile_, Event::pipeline_busy_cycles, service);
    return rows_in_flight_.pass(entered, service);
}

/// An event of a core without remote rows, from its queue to the accumulators; or one with, if it
/// is not remote.
void EventPipeline::pop_event(Cycle popped, StageState& stage, std::uint64_t step,
                              std::uint32_t axon, std::int32_t value) {
    const AxonTable::Block& block = stage.axons.block_of(axon);
    const std::uint32_t index = axon - block.axons.first_axon;
    Slot& slot = stage.slot_of(step);
    std::uint32_t service = 1;
    if (block.axons.kind != AxonBlock::Kind::direct) {
        const AxonTable::Row& row = block.rows[index];
        if (row.synapses > 0) {
            service = std::max(
                {service, row.lane_cycles,
                 banks_.read(rows_in_flight_.memory_after(popped), row.first_word, row.words)});
            block.weights.accumulate(
                index, value,
                std::span(slot.sums).subspan(block.axons.accumulator, block.axons.row_length));
        }
        fabric_.counts.add(tile_, Event::synapse_reads, row.words);
        fabric_.counts.add(tile_, Event::synapse_read_bits,
                           std::uint64_t{row.words} * config_.synapse_port_bits);
        count_row(block, row);
    } else {
        // Unsigned, so that sums which do not fit wrap as the machine's do.
        std::int32_t& sum = slot.sums[block.axons.accumulator + index];
        sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                        static_cast<std::uint32_t>(value) *
                                            static_cast<std::uint32_t>(block.axons.direct_weight));
        fabric_.counts.add(tile_, Event::direct_accumulates, 1);
        fabric_.counts.add(tile_, Event::accumulator_writes, 1);
    }
    const RowPipeline::Passage passage = pass(popped, service);
    slot.progress.last = std::max(slot.progress.last, passage.finished);
    count_pop(popped);
    if (remote_) {
        places_.push(passage.left_lookup + 1);
        --slot.progress.pending;
    }
}

void EventPipeline::count_row(const AxonTable::Block& block, const AxonTable::Row& row) {
    const std::size_t event =
        block.mac_event != 0 ? block.mac_event : static_cast<std::size_t>(Event::accumulates);
    fabric_.counts.add(tile_, event, row.synapses);
    fabric_.counts.add(tile_, Event::accumulator_writes, row.synapses);
    fabric_.counts.add(tile_, Event::accumulator_waits, row.bank_waits);
    if (block.axons.index_bits > 0) {
        fabric_.counts.add(tile_, Event::synapse_indices, row.synapses);
    }
}

void EventPipeline::count_pop(Cycle popped) {
    gate_.left(popped);
    fabric_.counts.add(tile_, Event::event_queue_reads, 1);
    fabric_.counts.add(tile_, Event::axon_lookups, 1);
}

// ---- remote rows
// ---------------------------------------------------------------------------------

void EventPipeline::accept_rows(noc::Cycle cycle, const Message& message) {
    for (const DmaEngine::Row& row : dma_.receive(fabric_.clocks.core_sees(cycle), message)) {
        queue_row(row);
    }
}

/// Rows of the same cycle go in the order of their buffers.
void EventPipeline::queue_row(const DmaEngine::Row& row) {
    const auto before = [](const DmaEngine::Row& a, const DmaEngine::Row& b) {
        return std::tie(a.arrived, a.buffer) < std::tie(b.arrived, b.buffer);
    };
    rows_.insert(std::upper_bound(rows_.begin(), rows_.end(), row, before), row);
}

Cycle EventPipeline::next_entry() const {
    return remote_ ? std::min(next_served(), dma_.next_request()) : kNever;
}

Cycle EventPipeline::next_served() const {
    Cycle next = kNever;
    if (!rows_.empty()) {
        next = rows_in_flight_.entry_after(rows_.front().arrived + 1);
    }
    if (!events_.empty() && !places_.empty()) {
        const Cycle written = std::max(events_.front().accepted, gate_.place_free());
        next = std::min(next, rows_in_flight_.entry_after(std::max(written + 1, places_.top())));
    }
    return next;
}

std::optional<EventPipeline::Served> EventPipeline::enter(Cycle now) {
    const DmaEngine::Request request = dma_.request(now);
    for (std::size_t row = 0; row < request.rows; ++row) {
        places_.push(request.written + 1);
    }
    if (next_served() > now) {
        return std::nullopt;
    }
    const bool row_first = !rows_.empty() && rows_.front().arrived < now;
    return row_first ? enter_row(now) : enter_event(now);
}

EventPipeline::Served EventPipeline::enter_event(Cycle now) {
    const QueuedEvent event = events_.front();
    events_.pop_front();
    places_.pop();
    if (!event.stage->axons.fetches(event.axon)) {
        pop_event(now, *event.stage, event.step, event.axon, event.value);
    } else {
        const RowPipeline::Passage passage = pass(now, 1);
        count_pop(now);
        DmaEngine::Row row;
        row.stage = event.stage;
        row.step = event.step;
        row.axon = event.axon;
        row.value = event.value;
        row.entered = passage.left_lookup;
        const DmaEngine::Asked asked = dma_.ask(row, now);
        if (asked == DmaEngine::Asked::there) {
            queue_row(row);
        }
        if (asked != DmaEngine::Asked::queued) {
            places_.push(row.entered + 1);
        }
    }
    return {event.stage, event.step};
}

EventPipeline::Served EventPipeline::enter_row(Cycle now) {
    const DmaEngine::Row fetched = rows_.front();
    rows_.pop_front();
    const AxonTable::Block& block = fetched.stage->axons.block_of(fetched.axon);
    AxonTable::Row row = fetched.stage->axons.row_of(fetched.axon);
    Slot& slot = fetched.stage->slot_of(fetched.step);
    const RowPlace place{fetched.first_byte, row.synapses};
    const WeightRows weights(*fetched.bytes, shape_of(block.axons), std::span(&place, 1));
    weights.accumulate(
        0, fetched.value,
        std::span(slot.sums).subspan(block.axons.accumulator, block.axons.row_length));
    row.set_lane_cycles(weights.cycles(0, lanes_), lanes_);
    count_row(block, row);
    const Cycle idle_from = std::max(rows_in_flight_.memory_free(), fetched.entered);
    const RowPipeline::Passage passage = pass(now, std::max({1U, row.words, row.lane_cycles}));
    fabric_.counts.add(tile_, Event::memory_waits,
                       std::max(passage.left_lookup, idle_from) - idle_from);
    slot.progress.last = std::max(slot.progress.last, passage.finished);
    --slot.progress.pending;
    dma_.release(fetched.buffer, rows_in_flight_.memory_free());
    return {fetched.stage, fetched.step};
}

}  // namespace spikeloom::arch
