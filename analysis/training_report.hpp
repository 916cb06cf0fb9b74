// One self-contained HTML page about one or several training runs: bits per byte over the tokens
// seen, firing rates layer by layer, neurons that never or always fire.
#pragma once

#include "analysis/training_curve.hpp"

#include <string>
#include <vector>

namespace spikeloom::analysis {

struct TrainingRecord {
    std::string label;
    TrainingCurve curve;
};

struct TrainingReportOptions {
    std::string title = "Training";
    std::vector<std::string> commands;  ///< how the report was made
    std::string configuration;          ///< YAML of the run, if it is at hand
};

/// The page; it refers to no other file. With several runs their curves share one figure, and the
/// rest is said of each. Throws InputError where there is no run, a run has no point, or gnuplot is
/// missing.
std::string render_training_report(const std::vector<TrainingRecord>& runs,
                                   const TrainingReportOptions& options);

}  // namespace spikeloom::analysis
