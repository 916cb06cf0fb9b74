// snn: a generic spiking network runs on a chip, step by step and cycle by cycle.
#include "analysis/pricing.hpp"
#include "analysis/report.hpp"
#include "apps/command.hpp"
#include "apps/configs.hpp"
#include "apps/run_records.hpp"
#include "apps/snn_run.hpp"
#include "base/files.hpp"
#include "base/progress.hpp"
#include "base/schema.hpp"

#include <cstdio>
#include <iostream>
#include <optional>

namespace spikeloom::apps {

namespace {

constexpr const char* kAboutSnn =
    "Runs a spiking network (populations, sources and connections in YAML, docs/snn.md) on a chip, "
    "step by step, with its network simulated in every cycle in which a spike moves. Counts "
    "spikes, "
    "synaptic operations and all other physical events, and prices them with energy tables.";

constexpr const char* kStandardChip = "chips/loihi-like.yaml";
constexpr const char* kStandardTable = "energy/loihi-davies2018.yaml";

std::vector<analysis::EnergyTable> network_tables(const options::variables_map& values) {
    std::vector<analysis::EnergyTable> tables;
    if (values.count("energy") != 0) {
        for (const auto& path : values["energy"].as<std::vector<std::string>>()) {
            tables.push_back(analysis::load_energy_table(path));
        }
    } else {
        tables.push_back(analysis::load_energy_table(find_config(kStandardTable)));
    }
    return tables;
}

void print_network(const nlohmann::ordered_json& result) {
    for (const char* key : {"network", "chip", "neurons", "synapses", "steps", "spikes",
                            "synaptic_operations", "cycles", "seconds_simulated", "energy_j",
                            "wall_seconds", "synaptic_operations_per_second"}) {
        std::cout << key << std::string(32 - std::string(key).size(), ' ')
                  << (result[key].is_string() ? result[key].get<std::string>() : result[key].dump())
                  << '\n';
    }
    for (const auto& population : result["populations"]) {
        std::printf("  %-24s %10llu neurons %12llu spikes %10.4g Hz\n",
                    population["name"].get<std::string>().c_str(),
                    population["neurons"].get<unsigned long long>(),
                    population["spikes"].get<unsigned long long>(),
                    population["rate_hz"].get<double>());
    }
}

}  // namespace

int run_snn(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                       //
        ("network", options::value<std::string>()->value_name("YAML"), "the network (required)")  //
        ("chip", options::value<std::string>()->value_name("YAML"),                               //
         "the chip (default configs/chips/loihi-like.yaml)")                                      //
        ("steps", options::value<std::int64_t>()->value_name("N")->default_value(1000),           //
         "steps to run")                                                                          //
        ("seed", options::value<std::uint64_t>()->value_name("N"),                                //
         "of connections and random sources; otherwise the network's own")                        //
        ("energy",                                                                                //
         options::value<std::vector<std::string>>()->multitoken()->composing()->value_name(
             "YAML..."),
         "energy tables (default configs/energy/loihi-davies2018.yaml)")           //
        ("spikes", options::value<std::string>()->value_name("FILE"),              //
         "write a row `step,population,neuron` for every spike")                   //
        ("power", options::value<std::string>()->value_name("FILE"),               //
         "write energy and power over time, a row for every --power-steps steps")  //
        ("power-steps", options::value<std::int64_t>()->value_name("N")->default_value(1),
         "steps a row of --power")                                    //
        ("report", options::value<std::string>()->value_name("DIR"),  //
         "write the run directory: result.json, events.csv, config.yaml, report.html; `report` "
         "prices it "
         "anew");
    add_json_option(described);
    options::variables_map values;
    if (!parse("snn", kAboutSnn, described, arguments, values)) {
        return 0;
    }
    SnnRequest asked;
    asked.network = workloads::read_snn_network(required<std::string>(values, "network"));
    asked.chip = schema::read_file<arch::ChipConfig>(
        values.count("chip") != 0 ? std::filesystem::path(values["chip"].as<std::string>())
                                  : find_config(kStandardChip));
    asked.steps = count_option(values, "snn", "steps");
    if (values.count("seed") != 0) {
        asked.network.seed = values["seed"].as<std::uint64_t>();
    }
    asked.tables = network_tables(values);
    asked.keep_spikes = values.count("spikes") != 0;
    asked.power_steps = values.count("power") + values.count("report") != 0
                            ? count_option(values, "snn", "power-steps")
                            : 0;
    asked.commands = {command_line("snn", arguments)};
    Progress progress("snn", "steps", asked.steps);
    asked.progress = [&](std::uint64_t done) { progress.update(done); };
    const SnnResult result = run_network(asked);
    progress.finish();

    if (asked.keep_spikes) {
        write_file(values["spikes"].as<std::string>(), result.spikes_csv);
    }
    if (values.count("power") != 0) {
        write_file(values["power"].as<std::string>(), result.power_csv);
    }
    if (values.count("report") != 0) {
        const std::filesystem::path directory = values["report"].as<std::string>();
        analysis::save(result.run, directory);
        write_file(directory / "report.html", analysis::render_report({result.run}, {}, {}));
    }
    const nlohmann::ordered_json json = snn_json(result);
    write_json(values, json);
    if (!json_on_stdout(values)) {
        print_network(json);
        std::cout << warnings_of(result.run);
    }
    return 0;
}

}  // namespace spikeloom::apps
