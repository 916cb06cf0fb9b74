// Energy over time: what happened between two samples of the counts, priced, as a row of CSV.
#pragma once

#include "analysis/energy_table.hpp"
#include "analysis/pricing.hpp"
#include "arch/events.hpp"

#include <optional>
#include <string>

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

  private:
    void write(const char* format, double value);

    const analysis::EnergyTable& table_;
    const analysis::Units& units_;
    std::optional<arch::Counts> before_;
    std::string text_;
};

}  // namespace spikeloom::apps
