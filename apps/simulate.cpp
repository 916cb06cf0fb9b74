// simulate: a model runs on a chip, cycle by cycle, and every bit of it is verified.
#include "analysis/report.hpp"
#include "apps/command.hpp"
#include "apps/configs.hpp"
#include "apps/run_config.hpp"
#include "apps/simulation.hpp"
#include "apps/text_input.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "workloads/compiler.hpp"
#include "workloads/program_file.hpp"

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>

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

/// What the options say, on top of a run configuration where one is given.
RunConfig configured(const options::variables_map& values) {
    RunConfig config;
    if (values.count("config") != 0) {
        config = schema::read_file<RunConfig>(values["config"].as<std::string>());
    }
    const auto text = [&](const char* name, std::string& field) {
        if (values.count(name) != 0) {
            field = values[name].as<std::string>();
        }
    };
    text("model", config.model);
    text("program", config.program);
    text("strategy", config.strategy);
    text("head", config.head);
    text("rows", config.rows);
    if (values.count("chip") != 0) {
        config.chip = schema::read_file<arch::ChipConfig>(values["chip"].as<std::string>());
    } else if (values.count("config") == 0) {
        throw InputError("simulate: the option --chip (or --config) is missing");
    }
    if (config.model.empty()) {
        throw InputError("simulate: the option --model is missing");
    }
    if (values.count("mode") != 0) {
        const auto mode = values["mode"].as<std::string>();
        if (mode != "prefill" && mode != "generate") {
            throw InputError("simulate: --mode " + mode + "; allowed are prefill and generate");
        }
        config.mode = mode == "prefill" ? Mode::prefill : Mode::generate;
    }
    if (values.count("tokens") != 0) {
        const auto tokens = values["tokens"].as<std::int64_t>();
        if (tokens < 1) {
            throw InputError("simulate: --tokens " + std::to_string(tokens) +
                             "; a whole number of at least 1 is needed");
        }
        config.tokens = static_cast<std::uint64_t>(tokens);
    }
    if (values.count("temperature") != 0) {
        config.temperature = values["temperature"].as<double>();
    }
    if (values.count("top-p") != 0) {
        config.top_p = values["top-p"].as<double>();
    }
    if (values.count("seed") != 0) {
        config.seed = values["seed"].as<std::uint64_t>();
    }
    if (values.count("energy") != 0) {
        config.energy.clear();
        for (const auto& path : values["energy"].as<std::vector<std::string>>()) {
            config.energy.push_back({path});
        }
    } else if (config.energy.empty()) {
        for (const char* standard : kStandardTables) {
            config.energy.push_back({find_config(standard).string()});
        }
    }
    return config;
}

void read_prompt(const options::variables_map& values, const Safetensors& file, int vocabulary,
                 std::optional<models::Tokenizer>& tokenizer, RunConfig& config) {
    if (values.count("prompt") + values.count("text") > 1) {
        throw InputError("simulate: found --prompt and --text; allowed is one of them");
    }
    if (values.count("prompt") != 0) {
        if (!tokenizer) {
            tokenizer = require_tokenizer(values, file, vocabulary);
        }
        config.prompt =
            encode_prompt(*tokenizer, values["prompt"].as<std::string>(), "simulate: --prompt");
    } else if (values.count("text") != 0) {
        const models::Tokens text =
            open_text(values["text"].as<std::string>(), tokenizer, vocabulary);
        // A whole text is a prefill of at most --tokens; what is generated comes behind all of it.
        const bool limited = config.mode == Mode::prefill && values.count("tokens") != 0;
        config.prompt = text.ids(
            0, limited ? std::min<std::uint64_t>(text.size(), config.tokens) : text.size());
    }
    if (config.prompt.empty()) {
        throw InputError(
            "simulate: no prompt; --prompt S or --text FILE must give at least one token");
    }
}

/// The Program of the user's file, checked against the chip with the file's lines in every message,
/// or the model compiled.
arch::Program chosen_program(const RunConfig& config, const models::QuantisedModel& model) {
    if (!config.program.empty()) {
        workloads::ProgramFile file = workloads::load_program(config.program);
        workloads::check_on_chip(file, config.chip);
        return std::move(file.program);
    }
    workloads::CompilerOptions compiler;
    compiler.strategy = workloads::strategy_named(config.strategy);
    compiler.head = workloads::head_home_named(config.head);
    compiler.rows = workloads::row_kind_named(config.rows);
    compiler.seed = config.seed;
    return workloads::compile(model, config.chip, compiler).program;
}

void write_run(const std::string& directory, const Simulated& simulated) {
    analysis::save(simulated.run, directory);
    write_file(std::filesystem::path(directory) / "report.html",
               analysis::render_report({simulated.run}, {}, {}));
}

}  // namespace

int run_simulate(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                      //
        ("config", options::value<std::string>()->value_name("YAML"),                            //
         "a run directory's config.yaml, to run it again")                                       //
        ("model", options::value<std::string>()->value_name("Q"), "the integer model")           //
        ("chip", options::value<std::string>()->value_name("YAML"), "the chip")                  //
        ("program", options::value<std::string>()->value_name("P"),                              //
         "a Program from `map`, or one of your own; otherwise the model is compiled")            //
        ("prompt", options::value<std::string>()->value_name("S"), "the prompt")                 //
        ("text", options::value<std::string>()->value_name("FILE"),                              //
         "a file as prompt, text or a pair X.bin, X.idx; with --mode prefill its first "         //
         "--tokens tokens")                                                                      //
        ("tokens", options::value<std::int64_t>()->value_name("N"),                              //
         "tokens to generate (default 64)")                                                      //
        ("mode", options::value<std::string>()->value_name("M"),                                 //
         "prefill: the prompt only; generate: the prompt, then --tokens more (default)")         //
        ("temperature", options::value<double>()->value_name("T"), "of sampling (default 0.8)")  //
        ("top-p", options::value<double>()->value_name("P"),                                     //
         "sample among the likeliest tokens of this probability (default 0.95)")                 //
        ("seed", options::value<std::uint64_t>()->value_name("N"), "of sampling (default 1)")    //
        ("strategy", options::value<std::string>()->value_name("S"),                             //
         "placement: linear, greedy or anneal (default greedy)")                                 //
        ("head", options::value<std::string>()->value_name("HOME"),
         "where the head's weights live: dram (streamed for every token, default) or cores")  //
        ("rows", options::value<std::string>()->value_name("KIND"),
         "shorter: sparse rows where they take less room, if the chip has them (default); dense")(
            "energy",
            options::value<std::vector<std::string>>()->multitoken()->composing()->value_name(
                "YAML..."),
            "energy tables (default configs/energy/cmos-45nm*.yaml)")                   //
        ("report", options::value<std::string>()->value_name("DIR"),                    //
         "write the run directory: result.json, events.csv, config.yaml, report.html")  //
        ("power", options::value<std::string>()->value_name("FILE"),                    //
         "write energy and power over time, a row for every --power-cycles cycles")     //
        ("power-cycles", options::value<std::int64_t>()->value_name("N")->default_value(10000),
         "cycles of the cores' clock a row of --power")                                  //
        ("trace", options::value<std::string>()->value_name("FILE"),                     //
         "write Chrome trace events of every program and emission (opens in Perfetto)")  //
        ("packets", options::value<std::string>()->value_name("FILE"),                   //
         "write every packet of the network, a trace that `noc --chip YAML` replays; FILE.bin: "
         "binary");
    add_tokenizer_option(described);
    add_json_option(described);
    options::variables_map values;
    if (!parse("simulate", kAboutSimulate, described, arguments, values)) {
        return 0;
    }
    RunConfig config = configured(values);
    const Safetensors file = Safetensors::read(config.model);
    const models::QuantisedModel model = models::QuantisedModel::from(file);
    std::optional<models::Tokenizer> tokenizer =
        find_tokenizer(values, file, model.config.vocabulary);
    read_prompt(values, file, model.config.vocabulary, tokenizer, config);
    std::vector<analysis::EnergyTable> tables;
    for (const EnergyFile& table : config.energy) {
        tables.push_back(analysis::load_energy_table(table.table));
    }
    const arch::Program program = chosen_program(config, model);

    Simulation asked;
    asked.label = model.config.spiking() ? "spiking model" : "dense ANN twin";
    asked.tokenizer = tokenizer ? &*tokenizer : nullptr;
    asked.prompt = config.prompt;
    asked.generate = config.mode == Mode::generate ? config.tokens : 0;
    asked.sampling = {config.temperature, config.top_p};
    asked.seed = config.seed;
    asked.record_activity = values.count("report") != 0;
    if (values.count("trace") != 0) {
        asked.trace = values["trace"].as<std::string>();
    }
    if (values.count("packets") != 0) {
        asked.packets = values["packets"].as<std::string>();
    }
    if (values.count("power") != 0) {
        const auto cycles = values["power-cycles"].as<std::int64_t>();
        if (cycles < 1) {
            throw InputError("simulate: --power-cycles " + std::to_string(cycles) +
                             "; a whole number of at least 1 is needed");
        }
        asked.power_cycles = static_cast<std::uint64_t>(cycles);
    }
    asked.commands = {command_line("simulate", arguments)};
    Simulated simulated = simulate(program, config.chip, model, tables, asked);
    simulated.run.config_yaml = schema::write(config);
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
