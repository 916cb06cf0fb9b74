// Energy over time: what happened between two samples of the counts, priced, as a row of CSV and as
// the samples that a report draws, few enough to be drawn.
#pragma once

#include "analysis/energy_table.hpp"
#include "analysis/pricing.hpp"
#include "analysis/run.hpp"
#include "arch/events.hpp"

#include <optional>
#include <string>
#include <vector>

namespace spikeloom::apps {

/// Columns: begin and end in seconds, joules, watts, joules of each component.
class PowerRows {
  public:
    /// Both must outlive it.
    PowerRows(const analysis::EnergyTable& table, const analysis::Units& units);

    /// The next sample of the counts since the start. If time has passed since the last one (or the
    /// start) it makes a row, whose mean power in watts is returned.
    std::optional<double> add(const arch::Counts& counts);
    const std::string& csv() const { return text_; }
    /// The same energy in at most kMostSamples stretches of time.
    const std::vector<analysis::PowerSample>& samples() const { return samples_; }
    static constexpr std::size_t kMostSamples = 160;

  private:
    void write(const char* format, double value);
    void keep(const analysis::PowerSample& row);

    const analysis::EnergyTable& table_;
    const analysis::Units& units_;
    std::optional<arch::Counts> before_;
    std::string text_;
    std::vector<analysis::PowerSample> samples_;
    std::size_t rows_of_sample_ = 1;  // rows that make a sample
    std::size_t rows_of_last_ = 0;    // of these in the last sample
};

}  // namespace spikeloom::apps
