#include "analysis/report.hpp"

#include "analysis/html.hpp"
#include "analysis/report_sections.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace spikeloom::analysis {

namespace {

/// The tables the runs carry, each name once.
std::vector<EnergyTable> carried_tables(const std::vector<Run>& runs) {
    std::vector<EnergyTable> tables;
    for (const Run& run : runs) {
        for (const EnergyTable& table : run.energy_tables) {
            const bool known = std::any_of(tables.begin(), tables.end(), [&](const EnergyTable& t) {
                return t.name == table.name;
            });
            if (!known) {
                tables.push_back(table);
            }
        }
    }
    return tables;
}

void check_tables(const std::vector<EnergyTable>& tables) {
    if (tables.empty()) {
        throw InputError("report: the runs carry no energy table and none was given");
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (tables[i].name == tables[j].name) {
                throw InputError("report: two energy tables are named '" + tables[i].name + "'");
            }
        }
    }
}

}  // namespace

double PricedPhase::joules_per_token() const {
    return phase->tokens == 0 ? 0.0 : energy.joules / static_cast<double>(phase->tokens);
}

std::string PricedPhase::title() const {
    return run->label + ", " + phase->name;
}

const PricedPhase& ReportData::of(const Run& run, const Phase& phase, std::size_t table) const {
    const auto& phases = priced.at(table).phases;
    return *std::find_if(phases.begin(), phases.end(),
                         [&](const PricedPhase& p) { return p.run == &run && p.phase == &phase; });
}

std::string section(const std::string& id, const std::string& heading, const std::string& content) {
    return content.empty() ? std::string()
                           : "<section id=\"" + id + "\">\n<h2>" + heading + "</h2>\n" + content +
                                 "</section>\n";
}

std::string figure(const std::string& drawing, const std::string& caption) {
    return "<figure>\n" + drawing + "<figcaption>" + caption + "</figcaption>\n</figure>\n";
}

std::string paragraph(const std::string& html, const char* paragraph_class) {
    return (paragraph_class == nullptr ? std::string("<p>")
                                       : "<p class=\"" + std::string(paragraph_class) + "\">") +
           html + "</p>\n";
}

std::string run_heading(const ReportData& data, const Run& run) {
    return data.runs.size() == 1 ? std::string() : "<h3>" + escape(run.label) + "</h3>\n";
}

std::string render_report(std::vector<Run> runs, std::vector<EnergyTable> tables,
                          const ReportOptions& options) {
    if (runs.empty()) {
        throw InputError("report: no run was given");
    }
    for (const Run& run : runs) {
        validate(run, "run '" + run.label + "'");
    }
    if (tables.empty()) {
        tables = carried_tables(runs);
    }
    check_tables(tables);

    ReportData data{options, std::move(runs), std::move(tables), {}};
    for (const EnergyTable& table : data.tables) {
        PricedTable& priced = data.priced.emplace_back();
        priced.table = &table;
        for (const Run& run : data.runs) {
            for (const Phase& phase : run.phases) {
                priced.phases.push_back(
                    {&run, &phase, price(phase.counts, table, phase.seconds, run.chip.units)});
            }
        }
    }

    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
           escape(options.title) + "</title>\n<style>" + std::string(report_style()) +
           "</style>\n</head>\n<body>\n<main>\n" + header_section(data) + key_figures(data) +
           warnings(data) + comparison_section(data) + energy_section(data) + power_section(data) +
           event_section(data) + firing_section(data) + trace_section(data) + chip_section(data) +
           memory_section(data) + training_section(data) + text_section(data) +
           making_section(data) + "</main>\n</body>\n</html>\n";
}

}  // namespace spikeloom::analysis
