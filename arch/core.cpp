#include "arch/core.hpp"

#include "models/fixed_point.hpp"

#include <algorithm>
#include <utility>

namespace spikeloom::arch {

namespace {

bool outputs_accumulators(const Stage& stage) {
    return std::any_of(stage.outputs.begin(), stage.outputs.end(),
                       [](const Output& output) { return output.source.register_index == 0; });
}

/// A view of a stage's registers for a probe.
class StageRun final : public ProgramRun {
  public:
    explicit StageRun(const StageState& state) : state_(state) {}

    std::span<const std::int32_t> values(std::size_t register_index) const override {
        return state_.registers.at(register_index);
    }
    std::span<const std::int32_t> values(std::string_view register_name) const override {
        const std::vector<Register>& registers = state_.stage->registers;
        for (std::size_t i = 0; i < registers.size(); ++i) {
            if (registers[i].name == register_name) {
                return state_.registers[i];
            }
        }
        return {};
    }

  private:
    const StageState& state_;
};

}  // namespace

Core::Core(const sc_core::sc_module_name& name, Fabric& fabric, TileId tile,
           const std::vector<StageId>& stages)
    : Tile(name, fabric.clocks.core_period),
      fabric_(fabric),
      tile_(tile),
      stages_(make_stages(fabric, tile, stages)),
      pipeline_(fabric, tile, stages_),
      output_(fabric, tile, kEventClass, fabric.config.core.output_queue,
              fabric.config.core.output_credits),
      encoder_(fabric, tile, output_) {
    for (const StageState& stage : stages_) {
        programs_.emplace_back(*stage.stage, fabric.config.core.vector);
    }
    schedule_entry();
}

// ---- what the network brings
// ------------------------------------------------------------------------

void Core::receive(noc::Cycle cycle, const Message& message, std::uint16_t flit, bool tail) {
    if (message.kind == MessageKind::events) {
        receive_events(cycle, message, flit, tail);
    } else if (tail && message.kind == MessageKind::marker) {
        receive_marker(cycle, message);
    } else if (tail && message.kind == MessageKind::credit) {
        receive_credit(cycle, message);
    } else if (tail && message.kind == MessageKind::response) {
        pipeline_.accept_rows(cycle, message);
        schedule_entry();
    }
}

void Core::receive_events(noc::Cycle cycle, const Message& message, std::uint16_t flit, bool tail) {
    StageState& stage = stages_[fabric_.index_on_tile[message.to]];
    pipeline_.accept(cycle, stage, message,
                     message.burst->layout.units_in_flit(message.packet, flit));
    if (tail) {
        stage.slot_of(message.step).progress.packet_received();
        check_complete(stage, message.step);
    }
    schedule_entry();
}

void Core::receive_marker(noc::Cycle cycle, const Message& message) {
    StageState& stage = stages_[fabric_.index_on_tile[message.to]];
    stage.slot_of(message.step)
        .progress.marker_received(message.packets, fabric_.clocks.core_sees(cycle) + 1);
    check_complete(stage, message.step);
}

void Core::receive_credit(noc::Cycle cycle, const Message& message) {
    const StageState& stage = stages_[fabric_.index_on_tile[message.to]];
    const auto consumer =
        std::find_if(stage.consumers.begin(), stage.consumers.end(),
                     [&](const Consumer& candidate) { return candidate.stage == message.from; });
    post(fabric_.clocks.core_sees(cycle) + 1, kCredit, index_of(stage),
         static_cast<std::uint32_t>(consumer - stage.consumers.begin()));
}

void Core::flits_left(noc::Cycle cycle) {
    const Cycle usable = output_.credits_returned(cycle);
    if (usable != kNever) {
        post(usable, kEncode);
    }
}

/// Called with everything that may complete a step, and nothing comes once it is complete.
void Core::check_complete(StageState& stage, std::uint64_t step) {
    const StepProgress& progress = stage.slot_of(step).progress;
    if (progress.complete(stage.stage->producers.size())) {
        post(progress.last, kStepComplete, index_of(stage),
             static_cast<std::uint32_t>(step % stage.slots.size()));
    }
}

void Core::schedule_entry() {
    const Cycle next = pipeline_.next_entry();
    if (next < scheduled_entry_) {
        scheduled_entry_ = next;
        post(next, kEnter);
    }
}

void Core::enter(Cycle cycle) {
    if (cycle == scheduled_entry_) {
        scheduled_entry_ = kNever;
    }
    if (const auto served = pipeline_.enter(cycle)) {
        check_complete(*served->stage, served->step);
    }
    schedule_entry();
}

// ---- steps, programs, emissions
// ---------------------------------------------------------------------

void Core::perform(const Task& task) {
    switch (static_cast<Work>(task.kind)) {
        case kStepComplete:
            stages_[task.index].slots[task.detail].complete = true;
            evaluate(stages_[task.index], task.cycle);
            break;
        case kCredit:
            ++stages_[task.index].consumers[task.detail].credits;
            evaluate(stages_[task.index], task.cycle);
            break;
        case kAccumulatorsRead:
            release_accumulators(stages_[task.index], task.cycle);
            break;
        case kProgramEnd:
            end_program(task.cycle);
            break;
        case kEncode:
            encode();
            break;
        case kEmissionEnd:
            end_emission(task.cycle);
            break;
        case kEnter:
            enter(task.cycle);
            break;
    }
}

void Core::evaluate(StageState& stage, Cycle cycle) {
    if (!stage.queued && !stage.busy && stage.slot_of(stage.step).complete &&
        stage.has_all_credits()) {
        stage.queued = true;
        stage.ready = cycle;
        ready_.push_back(&stage);
    }
}

/// The vector unit's arbiter: the oldest first, then the order of the stages.
void Core::settle(Cycle now) {
    if (running_ != nullptr || ready_.empty()) {
        return;
    }
    const auto oldest = std::min_element(
        ready_.begin(), ready_.end(), [](const StageState* a, const StageState* b) {
            return a->ready != b->ready ? a->ready < b->ready : a->id < b->id;
        });
    StageState& stage = **oldest;
    ready_.erase(oldest);
    start_program(stage, now);
}

void Core::start_program(StageState& stage, Cycle cycle) {
    const VectorProgram& program = programs_[index_of(stage)];
    stage.queued = false;
    stage.busy = true;
    for (Consumer& consumer : stage.consumers) {
        --consumer.credits;
    }
    // The sums move to the register at once. Nobody adds to the slot before it is released, so this
    // cannot be told from reading them one group after the other.
    Slot& slot = stage.slot_of(stage.step);
    stage.registers.front().swap(slot.sums);
    if (fabric_.config.core.accumulator_bits < kWordBits) {
        saturate(stage.registers.front());
    }
    std::fill(slot.sums.begin(), slot.sums.end(), 0);
    slot.progress = {};
    slot.complete = false;
    program.execute(*stage.stage, stage.registers, fabric_.counts, tile_);

    running_ = &stage;
    program_start_ = cycle;
    program_end_ = cycle + program.cycles();
    fabric_.counts.add(tile_, Event::programs, 1);
    fabric_.counts.add(tile_, Event::vector_busy_cycles, program.cycles());
    if (!outputs_accumulators(*stage.stage)) {
        post(cycle + program.accumulators_read(), kAccumulatorsRead, index_of(stage));
    }
    post(program_end_, kProgramEnd);
}

/// Narrow accumulators: what does not fit is clamped where the sums are taken, and counted.
void Core::saturate(std::span<std::int32_t> sums) {
    std::uint64_t saturations = 0;
    for (std::int32_t& sum : sums) {
        const std::int32_t exact = sum;
        sum =
            models::fixed::saturate(exact, static_cast<int>(fabric_.config.core.accumulator_bits));
        saturations += sum != exact ? 1 : 0;
    }
    fabric_.counts.add(tile_, Event::accumulator_saturations, saturations);
}

/// The slot of the step that runs is free: its producers may send one step more.
void Core::release_accumulators(const StageState& stage, Cycle cycle) {
    const auto flits = static_cast<std::uint16_t>(fabric_.format.header_flits());
    for (const StageId producer : stage.stage->producers) {
        Message credit;
        credit.kind = MessageKind::credit;
        credit.from = stage.id;
        credit.to = producer;
        credit.step = stage.step + stage.slots.size();
        next_credit_ = std::max(next_credit_, cycle) + flits;
        fabric_.send(std::move(credit), tile_, fabric_.tile_of(producer), kControlClass, flits,
                     next_credit_ - 1);
    }
}

void Core::end_program(Cycle cycle) {
    if (fabric_.probe != nullptr) {
        StageRun run(*running_);
        run.stage = running_->id;
        run.step = running_->step;
        run.ready = running_->ready;
        run.start = program_start_;
        run.end = program_end_;
        fabric_.probe->program_ended(run);
    }
    ++fabric_.progress;
    if (running_->consumers.empty()) {
        StageState& stage = *running_;
        running_ = nullptr;
        finish_step(stage, cycle);
        return;
    }
    program_ended_ = true;
    if (!encoder_.busy()) {
        hand_over(cycle);
    }
}

/// From the vector unit to the encoder, whose first cycle is `cycle`.
void Core::hand_over(Cycle cycle) {
    fabric_.counts.add(tile_, Event::vector_waits, cycle - program_end_);
    encoder_.begin(*running_, running_->step, cycle);
    running_ = nullptr;
    program_ended_ = false;
    emission_written_ = false;
    encode();
}

void Core::encode() {
    if (!encoder_.busy() || emission_written_) {
        return;
    }
    if (const auto end = encoder_.advance()) {
        emission_written_ = true;
        post(*end, kEmissionEnd);
    }
}

void Core::end_emission(Cycle cycle) {
    StageState& stage = *encoder_.stage();
    const EmissionRun run = encoder_.finish(cycle);
    if (fabric_.probe != nullptr) {
        fabric_.probe->emission_ended(run);
    }
    finish_step(stage, cycle);
    if (program_ended_) {
        hand_over(cycle);
    }
}

void Core::finish_step(StageState& stage, Cycle cycle) {
    if (outputs_accumulators(*stage.stage)) {
        release_accumulators(stage, cycle);
    }
    stage.busy = false;
    ++stage.step;
    evaluate(stage, cycle);
}

// ---- for those who look in
// --------------------------------------------------------------------------

std::span<const std::int32_t> Core::values(StageId stage, std::size_t register_index) const {
    return stages_[fabric_.index_on_tile[stage]].registers[register_index];
}

std::vector<std::string> Core::waits(std::uint64_t steps) const {
    std::vector<std::string> lines;
    for (const StageState& stage : stages_) {
        if (stage.step < steps) {
            lines.push_back("stage '" + stage.stage->name + "' on tile " + std::to_string(tile_) +
                            ", step " + std::to_string(stage.step) + ": " + wait_of(stage));
        }
    }
    return lines;
}

std::string Core::wait_of(const StageState& stage) const {
    if (encoder_.stage() == &stage) {
        return "its events wait for room in the output queue, where " +
               std::to_string(output_.waiting()) + " flits wait for the network";
    }
    if (running_ == &stage) {
        return "its program has ended and waits for the encoder";
    }
    if (stage.queued) {
        return "waits for the vector unit";
    }
    const StepProgress& progress = stage.slot_of(stage.step).progress;
    if (progress.pending > 0) {
        return std::to_string(progress.pending) + " events wait in the core, " +
               std::to_string(pipeline_.rows_pending()) + " rows for a memory tile";
    }
    if (progress.markers < stage.stage->producers.size()) {
        std::string names;
        for (const StageId producer : stage.stage->producers) {
            names += (names.empty() ? "" : ", ") + fabric_.name_of(producer);
        }
        return "waits for the end of the step from " +
               std::to_string(stage.stage->producers.size() - progress.markers) + " of " + names;
    }
    if (progress.received != progress.announced) {
        return "waits for " + std::to_string(progress.announced - progress.received) +
               " packets of events that were announced";
    }
    for (const Consumer& consumer : stage.consumers) {
        if (consumer.credits == 0) {
            return "waits for a step credit of " + fabric_.name_of(consumer.stage);
        }
    }
    return "is about to run";
}

}  // namespace spikeloom::arch
