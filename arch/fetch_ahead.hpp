// Which remote rows a core fetches before an event asks for them.
//
// Dense events come to every axon they are addressed to, zeroes included, in every step and in
// order. So the rows of such axons are known ahead: those of the core's stages in the order of the
// Program, within a stage in the order of the axons, and then again from the start, for the next
// step. The order is walked once: a row that an event has asked for by itself is passed over with
// all before it of its run. Weights are only read, so a row is right for whichever step it serves,
// and as the events of the next step will come, none is fetched in vain but at the end of a run.
#pragma once

#include "arch/program.hpp"
#include "arch/stage_state.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace spikeloom::arch {

class FetchAhead {
  public:
    struct Row {
        const StageState* stage = nullptr;
        std::uint32_t axon = 0;
    };

    FetchAhead(const Program& program, std::span<const StageState> stages);

    /// No axon of the core gets dense events for remote rows.
    bool empty() const { return order_.empty(); }

    /// The `index`th of the rows to be fetched next; none where a run of axons ends before it.
    std::optional<Row> upcoming(std::size_t index) const;
    /// The next `rows` of them are being fetched, into these buffers.
    void fetched(std::span<const std::uint32_t> buffers);

    /// An event for a row is popped: the buffer that it was fetched into, which it takes.
    std::optional<std::uint32_t> take(const StageState& stage, std::uint32_t axon);

  private:
    /// Axons of a stage whose rows are fetched ahead.
    struct Axons {
        const StageState* stage;
        std::vector<std::uint32_t> axons;  // ascending
    };
    static std::uint64_t key(const StageState& stage, std::uint32_t axon) {
        return (std::uint64_t{stage.id} << kAxonNumberBits) | axon;
    }
    static constexpr unsigned kAxonNumberBits = 32;

    void advance(std::size_t rows);

    std::vector<Axons> order_;
    std::size_t run_ = 0;    // of order_, ...
    std::size_t place_ = 0;  // ... and in it the row to be fetched next
    std::unordered_map<std::uint64_t, std::uint32_t> buffers_;  // of rows fetched and not taken
};

}  // namespace spikeloom::arch
