// A run as Chrome trace events: what every core's vector unit and encoder did when. Opens in
// Perfetto (ui.perfetto.dev) and chrome://tracing.
// Format: Google, "Trace Event Format", JSON array of complete events ("ph": "X"), times in
// microseconds of simulated time.
#pragma once

#include "arch/config.hpp"
#include "arch/probe.hpp"
#include "arch/program.hpp"

#include <filesystem>
#include <string>

namespace spikeloom::workloads {

class ChromeTrace final : public arch::Probe {
  public:
    /// The program must outlive it.
    ChromeTrace(const arch::Program& program, const arch::ChipConfig& chip);

    void program_ended(const arch::ProgramRun& run) override;
    void emission_ended(const arch::EmissionRun& run) override;

    /// A counter beside the tiles: so many watts from `seconds` on.
    void power(double seconds, double watts);

    /// Writes all that was seen. Throws InputError where that is not possible.
    void write(const std::filesystem::path& path) const;

  private:
    void add(arch::StageId stage, int unit, arch::Cycle start, arch::Cycle end,
             const std::string& arguments);

    const arch::Program& program_;
    double microseconds_per_cycle_;
    std::string events_;  // JSON, without the closing bracket
};

}  // namespace spikeloom::workloads
