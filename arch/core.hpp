// A spiking core: runs the stages of a Program that are on its tile.
//
//     network -> event pipeline -> accumulators -> vector unit -> encoder -> output queue ->
//     network
//
// A stage's program starts in the first cycle in which
//   (a) its step is complete: the markers of all producers have come, and all packets they announce
//       are in the accumulators,
//   (b) every consumer has granted a credit for the step,
//   (c) the stage's own previous emission has left the encoder, and
//   (d) the vector unit is free; it takes the stage that has been ready longest, of those ready in
//       the same cycle the first in the Program.
// When the program has read its accumulators, the producers get their credits; when it has ended,
// its outputs go to the encoder, or wait in the vector unit until the encoder is free.
// docs/core.md holds the timing diagrams and says why this cannot deadlock.
#pragma once

#include "arch/encoder.hpp"
#include "arch/event_pipeline.hpp"
#include "arch/fabric.hpp"
#include "arch/output_queue.hpp"
#include "arch/stage_state.hpp"
#include "arch/tile.hpp"
#include "arch/vector_unit.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spikeloom::arch {

class Core final : public Tile {
  public:
    /// `stages` are those of the tile, in the Program's order.
    Core(const sc_core::sc_module_name& name, Fabric& fabric, TileId tile,
         const std::vector<StageId>& stages);

    /// A flit of `message` was handed over by the network in its cycle `cycle`.
    void receive(noc::Cycle cycle, const Message& message, std::uint16_t flit, bool tail);
    /// Flits of events have been injected in the network's cycle `cycle`.
    void flits_left(noc::Cycle cycle);

    std::span<const std::int32_t> values(StageId stage, std::size_t register_index) const;
    /// What the tile's stages wait for that have not run `steps` steps, one line each.
    std::vector<std::string> waits(std::uint64_t steps) const;

  private:
    enum Work : std::uint32_t {
        kStepComplete,      // of stage `index`, in slot `detail`
        kCredit,            // for stage `index` from its consumer `detail`
        kAccumulatorsRead,  // by the program of stage `index`
        kProgramEnd,
        kEncode,       // the output queue's credits have come
        kEmissionEnd,  // all is written
        kEnter,        // something enters the event pipeline of a core with remote rows
    };

    void perform(const Task& task) override;
    void settle(Cycle now) override;

    void receive_events(noc::Cycle cycle, const Message& message, std::uint16_t flit, bool tail);
    void receive_marker(noc::Cycle cycle, const Message& message);
    void receive_credit(noc::Cycle cycle, const Message& message);
    void check_complete(StageState& stage, std::uint64_t step);
    void enter(Cycle cycle);
    void schedule_entry();

    void evaluate(StageState& stage, Cycle cycle);
    void start_program(StageState& stage, Cycle cycle);
    void saturate(std::span<std::int32_t> sums);
    void release_accumulators(const StageState& stage, Cycle cycle);
    void end_program(Cycle cycle);
    void hand_over(Cycle cycle);
    void encode();
    void end_emission(Cycle cycle);
    void finish_step(StageState& stage, Cycle cycle);
    std::string wait_of(const StageState& stage) const;

    std::uint32_t index_of(const StageState& stage) const {
        return static_cast<std::uint32_t>(&stage - stages_.data());
    }

    Fabric& fabric_;
    TileId tile_;
    std::vector<StageState> stages_;
    std::vector<VectorProgram> programs_;  // by stage

    EventPipeline pipeline_;
    Cycle scheduled_entry_ = kNever;
    OutputQueue output_;
    Encoder encoder_;
    bool emission_written_ = false;
    Cycle next_credit_ = 0;  // the cycle in which the next credit can be written

    std::vector<StageState*> ready_;  // they wait for the vector unit only
    StageState* running_ = nullptr;   // in the vector unit, until the encoder has taken over
    bool program_ended_ = false;
    Cycle program_start_ = 0;
    Cycle program_end_ = 0;
};

}  // namespace spikeloom::arch
