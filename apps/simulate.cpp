// simulate: a model runs on a chip, cycle by cycle, and every bit of it is verified.
#include "analysis/report.hpp"
#include "apps/command.hpp"
#include "apps/run_inputs.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/schema.hpp"
#include "noc/trace.hpp"

#include <iostream>

namespace spikeloom::apps {

namespace {

constexpr const char* kAboutSimulate =
    "Runs an integer model on a chip in SystemC, cycle by cycle, and compares every spike and "
    "every "
    "logit with the golden model; exit code 1 where one bit differs. The prompt is the prefill "
    "phase: "
    "its tokens follow one another through the chip's pipeline and each is scored. With --mode "
    "generate, "
    "--tokens more are generated, each waiting for the one before. Options win over --config.";

/// The run configuration of --config, over it the chip, the seed and the tables of the options.
RunConfig configured(const options::variables_map& values) {
    RunConfig config;
    if (values.count("config") != 0) {
        config = schema::read_file<RunConfig>(values["config"].as<std::string>());
    }
    if (values.count("chip") != 0) {
        config.chip = schema::read_file<arch::ChipConfig>(values["chip"].as<std::string>());
    } else if (values.count("config") == 0) {
        throw InputError("simulate: the option --chip (or --config) is missing");
    }
    if (values.count("seed") != 0) {
        config.seed = values["seed"].as<std::uint64_t>();
    }
    if (values.count("energy") != 0) {
        config.energy.clear();
        for (const auto& path : values["energy"].as<std::vector<std::string>>()) {
            config.energy.push_back({path});
        }
    }
    return config;
}

void write_run(const std::string& directory, const Simulated& simulated) {
    analysis::save(simulated.run, directory);
    write_file(std::filesystem::path(directory) / "report.html",
               analysis::render_report({simulated.run}, {}, {}));
}

}  // namespace

int run_simulate(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    const auto text = [](const char* name) {
        return options::value<std::string>()->value_name(name);
    };
    described.add_options()("config", text("YAML"),
                            "a run directory's config.yaml, to run it again")  //
        ("chip", text("YAML"), "the chip");
    add_run_options(described);
    described.add_options()                                                                    //
        ("seed", options::value<std::uint64_t>()->value_name("N"), "of sampling (default 1)")  //
        ("energy",
         options::value<std::vector<std::string>>()->multitoken()->composing()->value_name(
             "YAML..."),
         "energy tables (default configs/energy/cmos-45nm*.yaml)")                      //
        ("report", text("DIR"),                                                         //
         "write the run directory: result.json, events.csv, config.yaml, report.html")  //
        ("power", text("FILE"),                                                         //
         "write energy and power over time, a row for every --power-cycles cycles")     //
        ("power-cycles",
         options::value<std::int64_t>()->value_name("N")->default_value(kPowerCycles),
         "cycles of the cores' clock a row of --power and, if there are few, a stretch of the "
         "report's power")                                                               //
        ("trace", text("FILE"),                                                          //
         "write Chrome trace events of every program and emission (opens in Perfetto)")  //
        ("packets", text("FILE"),                                                        //
         "write every packet of the network, a trace that `noc --chip YAML` replays; FILE.bin: "
         "binary");
    add_json_option(described);
    options::variables_map values;
    if (!parse("simulate", kAboutSimulate, described, arguments, values)) {
        return 0;
    }
    const RunInputs inputs = read_run_inputs(values, configured(values), "simulate");
    Simulation asked = inputs.simulation();
    asked.record_activity = values.count("report") != 0;
    if (values.count("trace") != 0) {
        asked.trace = values["trace"].as<std::string>();
    }
    asked.keep_packets = values.count("packets") != 0;
    asked.power_cycles = count_option(values, "simulate", "power-cycles");
    asked.commands = {command_line("simulate", arguments)};
    Simulated simulated =
        simulate(inputs.program, inputs.config.chip, inputs.model, inputs.tables, asked);
    simulated.run.config_yaml = schema::write(inputs.config);
    if (asked.keep_packets) {
        noc::write_trace(values["packets"].as<std::string>(), simulated.packets);
    }
    if (values.count("report") != 0) {
        write_run(values["report"].as<std::string>(), simulated);
    }
    if (values.count("power") != 0) {
        write_file(values["power"].as<std::string>(), simulated.power_csv);
    }
    if (!json_on_stdout(values)) {
        std::cout << summary_of(simulated.run);
        if (!simulated.run.generated.empty()) {
            std::cout << "\n" << simulated.run.prompt << simulated.run.generated << "\n";
        }
    }
    write_json(values, result_of(simulated));
    if (!simulated.run.verification.bit_exact()) {
        throw CheckFailed("the fabric differs from the golden model: " + simulated.first_mismatch);
    }
    return 0;
}

}  // namespace spikeloom::apps
