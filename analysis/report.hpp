// One self-contained HTML page from finished runs: what a token cost, where it went, and whether
// the machine's answer was right.
#pragma once

#include "analysis/energy_table.hpp"
#include "analysis/run.hpp"

#include <string>
#include <vector>

namespace spikeloom::analysis {

struct ReportOptions {
    std::string title = "Energy per token on a simulated neuromorphic chip";
    std::vector<std::string> commands;  // how the report itself was made
};

/// The page; it refers to no other file. The first run is the one the page is about: its figures
/// stand at the top; further runs are set beside it. Every phase of every run is priced with every
/// table; without `tables`, with those the runs carry. Text of the runs is escaped.
///
/// Throws InputError where there is no run or no table, two tables share a name, a run contradicts
/// itself (validate()), or gnuplot is missing.
std::string render_report(std::vector<Run> runs, std::vector<EnergyTable> tables,
                          const ReportOptions& options);

}  // namespace spikeloom::analysis
