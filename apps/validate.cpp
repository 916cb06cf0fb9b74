// validate: published figures of silicon beside what the simulator makes of them.
#include "analysis/pricing.hpp"
#include "apps/command.hpp"
#include "apps/configs.hpp"
#include "apps/snn_run.hpp"
#include "apps/validation_case.hpp"
#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/schema.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace spikeloom::apps {

namespace {

constexpr const char* kAboutValidate =
    "Runs networks whose energy or time was published and prints published, simulated, error. "
    "Without --case, all of configs/validation. Exit code 1 where an error is larger than the case "
    "allows.";

constexpr double kExact = 1e-9;  // relative, of figures that must be equal

/// What a run gives for every quantity.
struct Measured {
    double seconds = 0.0;
    double dynamic_joules = 0.0;
    double joules = 0.0;

    Measured operator-(const Measured& other) const {
        return {seconds - other.seconds, dynamic_joules - other.dynamic_joules,
                joules - other.joules};
    }
    double of(Quantity quantity) const {
        switch (quantity) {
            case Quantity::seconds:
                return seconds;
            case Quantity::dynamic_joules:
                return dynamic_joules;
            case Quantity::joules:
                return joules;
            case Quantity::watts:
                break;
        }
        return joules / seconds;
    }
};

const char* quantity_unit(Quantity quantity) {
    return quantity == Quantity::seconds ? "s" : quantity == Quantity::watts ? "W" : "J";
}

const char* quantity_name(Quantity quantity) {
    switch (quantity) {
        case Quantity::seconds:
            return "seconds";
        case Quantity::dynamic_joules:
            return "dynamic_joules";
        case Quantity::joules:
            return "joules";
        case Quantity::watts:
            break;
    }
    return "watts";
}

Measured measure_case(const ValidationCase& one, const std::string& network) {
    SnnRequest asked;
    asked.network = workloads::read_snn_network(one.folder / network);
    asked.chip = schema::read_file<arch::ChipConfig>(one.folder / one.chip);
    asked.steps = one.steps;
    asked.tables = {analysis::load_energy_table(one.folder / one.energy)};
    const SnnResult result = run_network(asked);
    const analysis::Phase& phase = result.run.main_phase();
    const analysis::EnergyBreakdown energy =
        analysis::price(phase.counts, asked.tables.front(), phase.seconds, result.run.chip.units);
    Measured measured;
    measured.seconds = phase.seconds;
    measured.joules = energy.joules;
    for (const analysis::PricedEvent& event : energy.events) {
        measured.dynamic_joules += event.joules;
    }
    return measured;
}

nlohmann::ordered_json compare_case(const ValidationCase& one, const Measured& measured,
                                    const Expectation& expected) {
    const double simulated = measured.of(expected.quantity);
    const double error = expected.published == 0.0
                             ? std::abs(simulated)
                             : (simulated - expected.published) / std::abs(expected.published);
    const double allowed =
        expected.tolerance_percent == 0.0 ? kExact : expected.tolerance_percent / 100.0;
    return {{"case", one.name},
            {"quantity", quantity_name(expected.quantity)},
            {"unit", quantity_unit(expected.quantity)},
            {"published", expected.published},
            {"simulated", simulated},
            {"error_percent", 100.0 * error},
            {"tolerance_percent", expected.tolerance_percent},
            {"holds", std::abs(error) <= allowed},
            {"source", expected.source}};
}

std::vector<std::filesystem::path> chosen_cases(const options::variables_map& values) {
    std::vector<std::filesystem::path> paths;
    if (values.count("case") != 0) {
        for (const auto& path : values["case"].as<std::vector<std::string>>()) {
            paths.emplace_back(path);
        }
        return paths;
    }
    for (const auto& entry : std::filesystem::directory_iterator(find_config("validation"))) {
        if (entry.path().extension() == ".yaml") {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

void print_case(const nlohmann::ordered_json& row) {
    std::printf("%-34s %-15s %12.5g %12.5g %s %+9.3f %%  %s\n",
                row["case"].get<std::string>().c_str(), row["quantity"].get<std::string>().c_str(),
                row["published"].get<double>(), row["simulated"].get<double>(),
                row["unit"].get<std::string>().c_str(), row["error_percent"].get<double>(),
                row["holds"].get<bool>() ? "" : "DOES NOT HOLD");
}

}  // namespace

int run_validate(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()(
        "case",
        options::value<std::vector<std::string>>()->multitoken()->composing()->value_name(
            "YAML..."),
        "cases to run (default all of configs/validation)");
    add_json_option(described);
    options::variables_map values;
    if (!parse("validate", kAboutValidate, described, arguments, values)) {
        return 0;
    }
    const std::vector<std::filesystem::path> paths = chosen_cases(values);
    if (!json_on_stdout(values)) {
        std::printf("%-34s %-15s %12s %12s\n", "case", "quantity", "published", "simulated");
    }
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    std::size_t failed = 0;
    Progress progress("validate", "cases", paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const ValidationCase one = read_validation_case(paths[i]);
        Measured measured = measure_case(one, one.network);
        if (!one.baseline.empty()) {
            measured = measured - measure_case(one, one.baseline);
        }
        for (const Expectation& expected : one.expect) {
            rows.push_back(compare_case(one, measured, expected));
            failed += rows.back()["holds"].get<bool>() ? 0 : 1;
            if (!json_on_stdout(values)) {
                print_case(rows.back());
            }
        }
        progress.update(i + 1);
    }
    progress.finish();
    write_json(values, {{"cases", rows}, {"failed", failed}});
    if (failed != 0) {
        throw CheckFailed(std::to_string(failed) + " of " + std::to_string(rows.size()) +
                          " published figures are missed");
    }
    return 0;
}

}  // namespace spikeloom::apps
