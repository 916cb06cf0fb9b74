// spikeloom report: one HTML page from finished runs, priced anew with any energy tables.
#include "analysis/report.hpp"

#include "analysis/run.hpp"
#include "analysis/training_report.hpp"
#include "apps/command.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

#include <filesystem>
#include <iostream>

namespace spikeloom::apps {

namespace {

constexpr const char* kAboutReport =
    "Writes one self-contained HTML report from run directories, as `spikeloom simulate --report "
    "DIR` leaves them. Nothing is simulated: the counted events are priced with the tables given, "
    "or with those the runs were priced with. The first run is the one the report is about; the "
    "others are set beside it. With --curve the page is about training instead. Needs gnuplot.";

/// The figures of the page's top, a run and table each.
nlohmann::ordered_json figures(const std::vector<analysis::Run>& runs,
                               const std::vector<analysis::EnergyTable>& tables) {
    auto all = nlohmann::ordered_json::array();
    for (const analysis::Run& run : runs) {
        for (const analysis::EnergyTable& table : tables.empty() ? run.energy_tables : tables) {
            for (const analysis::Phase& phase : run.phases) {
                const analysis::EnergyBreakdown energy =
                    analysis::price(phase.counts, table, phase.seconds, run.chip.units);
                nlohmann::ordered_json entry;
                entry["run"] = run.label;
                entry["phase"] = phase.name;
                entry["energy_table"] = table.name;
                entry["tokens"] = phase.tokens;
                entry["cycles_per_token"] = phase.cycles_per_token();
                entry["energy_per_token_j"] =
                    phase.tokens == 0 ? 0.0 : energy.joules / static_cast<double>(phase.tokens);
                entry["unpriced_events"] = energy.unpriced;
                entry["without_static_power"] = energy.without_static_power;
                all.push_back(std::move(entry));
            }
        }
    }
    return all;
}

/// The page about training runs; a curve is called what its file is called.
std::string training_page(const std::vector<std::string>& paths,
                          const analysis::TrainingReportOptions& page) {
    std::vector<analysis::TrainingRecord> runs;
    for (const std::string& path : paths) {
        std::string label = std::filesystem::path(path).stem().string();
        if (label.ends_with(".curve")) {
            label.resize(label.size() - std::string_view(".curve").size());
        }
        runs.push_back({label, analysis::parse_training_curve(read_file(path), path)});
    }
    return analysis::render_training_report(runs, page);
}

}  // namespace

int run_report(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()(
        "run",
        options::value<std::vector<std::string>>()->multitoken()->composing()->value_name("DIR..."),
        "run directories; the report is about the first")(
        "curve",
        options::value<std::vector<std::string>>()->multitoken()->composing()->value_name("CSV..."),
        "learning curves, as `spikeloom train` leaves them; one page for all")(
        "out", options::value<std::string>()->value_name("FILE"),
        "where the page is written (required)")(
        "energy",
        options::value<std::vector<std::string>>()->multitoken()->composing()->value_name(
            "YAML..."),
        "energy tables; without any, those the runs carry")(
        "title", options::value<std::string>()->value_name("TEXT"), "heading of the page");
    add_json_option(described);
    options::variables_map values;
    if (!parse("report", kAboutReport, described, arguments, values)) {
        return 0;
    }
    const auto list = [&](const char* name) {
        return values.count(name) == 0 ? std::vector<std::string>()
                                       : values[name].as<std::vector<std::string>>();
    };
    const auto out = required<std::string>(values, "out");
    if (list("run").empty() == list("curve").empty()) {
        throw InputError("report: one of the options --run and --curve is needed");
    }
    if (!list("curve").empty()) {
        analysis::TrainingReportOptions page;
        page.commands = {command_line("report", arguments)};
        if (values.count("title") != 0) {
            page.title = values["title"].as<std::string>();
        }
        write_file(out, training_page(list("curve"), page));
        write_json(values, {{"report", out}});
        return 0;
    }

    std::vector<analysis::Run> runs;
    for (const std::string& directory : list("run")) {
        runs.push_back(analysis::load_run(directory));
    }
    std::vector<analysis::EnergyTable> tables;
    for (const std::string& path : list("energy")) {
        tables.push_back(analysis::load_energy_table(path));
    }
    analysis::ReportOptions report;
    report.commands = {command_line("report", arguments)};
    if (values.count("title") != 0) {
        report.title = values["title"].as<std::string>();
    }
    write_file(out, analysis::render_report(runs, tables, report));

    nlohmann::ordered_json result;
    result["report"] = out;
    result["figures"] = figures(runs, tables);
    write_json(values, result);
    if (!json_on_stdout(values)) {
        std::cout << "wrote " << out << '\n';
    }
    return 0;
}

}  // namespace spikeloom::apps
