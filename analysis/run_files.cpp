// A run directory: written whole, read back strictly.
#include "analysis/run_files.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

namespace spikeloom::analysis {

namespace {

constexpr const char* kResultFile = "result.json";
constexpr const char* kEventsFile = "events.csv";
constexpr const char* kConfigFile = "config.yaml";

}  // namespace

void save(const Run& run, const std::filesystem::path& directory) {
    validate(run, "run '" + run.label + "'");
    write_file(directory / kConfigFile, run.config_yaml);
    write_file(directory / kEventsFile, events_csv(run));
    write_file(directory / kResultFile, result_json(run));  // last: it says that the run is there
}

Run load_run(const std::filesystem::path& directory) {
    const std::string result_origin = (directory / kResultFile).string();
    const std::string events_origin = (directory / kEventsFile).string();
    ParsedResult parsed = parse_result(read_file(directory / kResultFile), result_origin);
    Run& run = parsed.run;
    validate(run, result_origin);  // before the counts, so that its phases can be relied on
    read_events_csv(read_file(directory / kEventsFile), events_origin, run.phases);
    for (std::size_t i = 0; i < run.phases.size(); ++i) {
        if (total(run.phases[i].counts) != parsed.totals[i]) {
            throw InputError(events_origin + ": the counts of phase '" + run.phases[i].name +
                             "' do not sum to those of result.json");
        }
    }
    validate(run, events_origin);
    run.config_yaml = read_file(directory / kConfigFile);
    return std::move(parsed.run);
}

}  // namespace spikeloom::analysis
