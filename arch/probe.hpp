// Looking into a running chip without disturbing it: spikes, membranes, traces.
#pragma once

#include "arch/clock.hpp"
#include "arch/program.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace spikeloom::arch {

/// A stage's program that has just ended. The registers hold what it left behind; the accumulators
/// hold the sums it was given.
class ProgramRun {
  public:
    virtual ~ProgramRun() = default;

    StageId stage = 0;
    std::uint64_t step = 0;
    Cycle ready = 0;  // all that the program waits for was there
    Cycle start = 0;  // its first cycle
    Cycle end = 0;    // the first cycle after it

    /// The values of a register of the stage, by its place or name; empty for a name it has not.
    virtual std::span<const std::int32_t> values(std::size_t register_index) const = 0;
    virtual std::span<const std::int32_t> values(std::string_view register_name) const = 0;
};

/// What a program sent has been written into the output queue, markers included.
struct EmissionRun {
    StageId stage = 0;
    std::uint64_t step = 0;
    Cycle start = 0;  // the encoder began
    Cycle end = 0;    // the first cycle after the last flit was written
    std::uint64_t packets = 0;
    std::uint64_t flits = 0;
    std::uint64_t events = 0;
};

/// Overrides what it wants to see. What is passed is valid during the call only. The order of calls
/// for different tiles at the same cycle is not defined.
class Probe {
  public:
    virtual ~Probe() = default;
    virtual void program_ended(const ProgramRun& /*run*/) {}
    virtual void emission_ended(const EmissionRun& /*run*/) {}
};

}  // namespace spikeloom::arch
