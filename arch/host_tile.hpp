// The host's tile: sends the steps it is fed into the token stage, collects results.
//
// It keeps the same protocol as a stage: a step is sent once the token stage has granted a credit
// for it (binary events, a flit a cycle, then the marker), and a producer gets a credit back when a
// step's results have been read. Results are read in the order of the steps.
#pragma once

#include "arch/fabric.hpp"
#include "arch/host.hpp"
#include "arch/stage_state.hpp"
#include "arch/tile.hpp"

#include <cstdint>
#include <deque>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::arch {

class HostTile final : public Tile, public Host {
  public:
    HostTile(const sc_core::sc_module_name& name, Fabric& fabric);

    void on_result(OnResult callback) override { on_result_ = std::move(callback); }
    void feed(std::span<const std::uint32_t> axons) override;
    std::uint64_t steps_fed() const override { return fed_; }
    std::uint64_t steps_finished() const override { return finished_; }

    /// A flit of `message` was handed over by the network in its cycle `cycle`.
    void receive(noc::Cycle cycle, const Message& message, std::uint16_t flit, bool tail);

    /// Throws again what the callback has thrown.
    void rethrow() const;
    /// What the host waits for, while it waits.
    std::string wait() const;

  private:
    enum Work : std::uint32_t {
        kFeed,    // a step that was fed may be sent
        kCredit,  // of the token stage
        kResult,  // the results in slot `index` are complete
    };
    struct Step {
        std::vector<std::uint32_t> axons;
        Cycle available;
    };
    struct ResultSlot {
        StepProgress progress;
        bool complete = false;
        std::vector<std::int32_t> values;
    };

    void perform(const Task& task) override;
    void settle(Cycle now) override;
    void send_step(const Step& step, Cycle now);
    void read_results(Cycle now);
    void check_complete(std::uint64_t step);

    Fabric& fabric_;
    TileId tile_;
    StageId id_;  // the host as a producer and consumer
    OnResult on_result_;
    std::exception_ptr thrown_;
    bool in_callback_ = false;

    std::deque<Step> steps_;  // fed and not sent
    std::uint64_t fed_ = 0;
    std::uint64_t sent_ = 0;
    std::uint32_t credits_;
    Cycle next_event_ = 0;   // the cycle in which the next flit of events can be written
    Cycle next_credit_ = 0;  // and the next credit

    std::vector<ResultSlot> slots_;
    std::uint64_t finished_ = 0;
};

}  // namespace spikeloom::arch
