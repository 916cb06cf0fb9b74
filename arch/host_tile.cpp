#include "arch/host_tile.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace spikeloom::arch {

HostTile::HostTile(const sc_core::sc_module_name& name, Fabric& fabric)
    : Tile(name, fabric.clocks.core_period),
      fabric_(fabric),
      tile_(fabric.program.host.tile),
      id_(static_cast<StageId>(fabric.program.stages.size())),
      credits_(fabric.config.core.accumulator_slots),
      slots_(fabric.config.host.result_slots) {
    for (ResultSlot& slot : slots_) {
        slot.values.resize(fabric.program.host.result_length);
    }
}

void HostTile::feed(std::span<const std::uint32_t> axons) {
    const Stage& stage = fabric_.program.stages[fabric_.program.host.token_stage];
    for (const std::uint32_t axon : axons) {
        const bool known =
            std::any_of(stage.axons.begin(), stage.axons.end(), [&](const AxonBlock& block) {
                return block.value_bits == 1 && axon >= block.first_axon &&
                       axon - block.first_axon < block.axons;
            });
        if (!known) {
            throw InputError("input of step " + std::to_string(fed_) + ": found axon " +
                             std::to_string(axon) + "; allowed are the binary axons of stage '" +
                             stage.name + "'");
        }
    }
    const Cycle available = now() + (in_callback_ ? fabric_.config.host.latency : 1);
    steps_.push_back({{axons.begin(), axons.end()}, available});
    ++fed_;
    post(available, kFeed);
}

void HostTile::receive(noc::Cycle cycle, const Message& message, std::uint16_t flit, bool tail) {
    const Cycle seen = fabric_.clocks.core_sees(cycle) + 1;
    if (message.kind == MessageKind::credit) {
        if (tail) {
            post(seen, kCredit);
        }
        return;
    }
    ResultSlot& slot = slots_[message.step % slots_.size()];
    if (message.kind == MessageKind::events) {
        const EventBurst& burst = *message.burst;
        const noc::Burst::Units units = burst.layout.units_in_flit(message.packet, flit);
        for (std::size_t unit = units.first; unit < units.first + units.count; ++unit) {
            slot.values[message.axon + burst.element(unit)] = burst.value(unit);
        }
        slot.progress.last = std::max(slot.progress.last, seen);
        if (tail) {
            slot.progress.packet_received();
            check_complete(message.step);
        }
    } else if (tail) {
        slot.progress.marker_received(message.packets, seen);
        check_complete(message.step);
    }
}

void HostTile::check_complete(std::uint64_t step) {
    const std::size_t slot = step % slots_.size();
    const StepProgress& progress = slots_[slot].progress;
    if (progress.complete(fabric_.program.host.producers.size())) {
        post(progress.last, kResult, static_cast<std::uint32_t>(slot));
    }
}

void HostTile::perform(const Task& task) {
    if (task.kind == kCredit) {
        ++credits_;
    } else if (task.kind == kResult) {
        slots_[task.index].complete = true;
    }
}

void HostTile::settle(Cycle now) {
    while (slots_[finished_ % slots_.size()].complete) {
        read_results(now);
    }
    while (credits_ > 0 && !steps_.empty() && steps_.front().available <= now) {
        --credits_;
        send_step(steps_.front(), now);
        steps_.pop_front();
    }
}

void HostTile::read_results(Cycle now) {
    ResultSlot& slot = slots_[finished_ % slots_.size()];
    const std::uint64_t step = finished_++;
    ++fabric_.progress;
    if (on_result_ && !thrown_) {
        // The kernel would turn an exception into a report of its own, so it is kept for run().
        in_callback_ = true;
        try {
            on_result_(step, slot.values, now);
        } catch (...) {
            thrown_ = std::current_exception();
            sc_core::sc_pause();
        }
        in_callback_ = false;
    }
    slot.progress = {};
    slot.complete = false;
    std::fill(slot.values.begin(), slot.values.end(), 0);

    const auto flits = static_cast<std::uint16_t>(fabric_.format.header_flits());
    for (const StageId producer : fabric_.program.host.producers) {
        Message credit;
        credit.kind = MessageKind::credit;
        credit.from = id_;
        credit.to = producer;
        next_credit_ = std::max(next_credit_, now) + flits;
        fabric_.send(std::move(credit), tile_, fabric_.tile_of(producer), kControlClass, flits,
                     next_credit_ - 1);
    }
}

void HostTile::send_step(const Step& step, Cycle now) {
    const StageId stage = fabric_.program.host.token_stage;
    const TileId to = fabric_.tile_of(stage);
    next_event_ = std::max(next_event_, now);

    auto burst = std::make_shared<EventBurst>(fabric_.format, static_cast<int>(kAxonBits),
                                              step.axons.size());
    burst->elements = step.axons;
    Message message;
    message.from = id_;
    message.to = stage;
    message.step = sent_++;
    message.burst = burst;
    fabric_.counts.add(tile_, Event::encoder_events, step.axons.size());
    for (; message.packet < burst->layout.packets(); ++message.packet) {
        const std::uint16_t flits = burst->layout.flits(message.packet);
        next_event_ += flits;
        fabric_.send(message, tile_, to, kEventClass, flits, next_event_ - 1);
    }
    message.kind = MessageKind::marker;
    message.burst = nullptr;
    message.packets = burst->layout.packets();
    const auto flits = static_cast<std::uint16_t>(fabric_.format.header_flits());
    next_event_ += flits;
    fabric_.send(std::move(message), tile_, to, kEventClass, flits, next_event_ - 1);
}

void HostTile::rethrow() const {
    if (thrown_) {
        std::rethrow_exception(thrown_);
    }
}

std::string HostTile::wait() const {
    if (sent_ < fed_ && credits_ == 0) {
        return "the host, step " + std::to_string(sent_) + ": waits for a step credit of " +
               fabric_.name_of(fabric_.program.host.token_stage);
    }
    const StepProgress& progress = slots_[finished_ % slots_.size()].progress;
    const std::size_t missing = fabric_.program.host.producers.size() - progress.markers;
    return "the host, step " + std::to_string(finished_) + ": waits for " +
           (missing > 0
                ? std::to_string(missing) + " producers of the result"
                : std::to_string(progress.announced - progress.received) + " packets of results");
}

}  // namespace spikeloom::arch
