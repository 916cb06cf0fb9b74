// The sections of the report, each an HTML fragment, in the order of the page.
#pragma once

#include "analysis/pricing.hpp"
#include "analysis/report.hpp"
#include "analysis/run.hpp"

#include <string>
#include <vector>

namespace spikeloom::analysis {

/// One phase of one run, priced with one table.
struct PricedPhase {
    const Run* run = nullptr;
    const Phase* phase = nullptr;
    EnergyBreakdown energy;

    double joules_per_token() const;
    /// "spiking, generate": what tables and plots call it (not escaped).
    std::string title() const;
};

/// All phases of all runs, priced with one table.
struct PricedTable {
    const EnergyTable* table = nullptr;
    std::vector<PricedPhase> phases;
};

/// What the sections are made from. The pointers in `priced` lead into `runs` and `tables`.
struct ReportData {
    ReportOptions options;
    std::vector<Run> runs;
    std::vector<EnergyTable> tables;
    std::vector<PricedTable> priced;

    const PricedPhase& of(const Run& run, const Phase& phase, std::size_t table) const;
};

// report_overview.cpp
std::string header_section(const ReportData& data);
std::string key_figures(const ReportData& data);
std::string warnings(const ReportData& data);
std::string comparison_section(const ReportData& data);

// report_energy.cpp
std::string energy_section(const ReportData& data);
std::string power_section(const ReportData& data);
std::string event_section(const ReportData& data);

// report_activity.cpp
std::string firing_section(const ReportData& data);
std::string trace_section(const ReportData& data);
std::string chip_section(const ReportData& data);
std::string memory_section(const ReportData& data);

// report_background.cpp
std::string training_section(const ReportData& data);
std::string text_section(const ReportData& data);
std::string making_section(const ReportData& data);

/// A section with its heading; `id` is the anchor.
std::string section(const std::string& id, const std::string& heading, const std::string& content);
std::string figure(const std::string& drawing, const std::string& caption);
std::string paragraph(const std::string& html, const char* paragraph_class = nullptr);
/// Heads the part of a section that is about one run, where there are several.
std::string run_heading(const ReportData& data, const Run& run);

/// The page's style sheet.
std::string_view report_style();

}  // namespace spikeloom::analysis
