// The parts of reading a run directory back; the whole is load_run() (analysis/run.hpp).
#pragma once

#include "analysis/run.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::analysis {

/// What result.json says; `totals` are the counts it gives for each phase, to be compared with
/// events.csv, which alone says on which tiles they happened.
struct ParsedResult {
    Run run;
    std::vector<EventCounts> totals;
};

/// Throws InputError where the text is no JSON or not that of a run; `origin` names it.
ParsedResult parse_result(const std::string& text, const std::string& origin);

/// Fills the counts of the phases. Throws InputError `origin:line: ...` where a row is damaged,
/// stands twice, or names a phase that is not there.
void read_events_csv(std::string_view text, const std::string& origin, std::vector<Phase>& phases);

}  // namespace spikeloom::analysis
