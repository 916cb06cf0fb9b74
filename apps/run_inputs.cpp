#include "apps/run_inputs.hpp"

#include "apps/configs.hpp"
#include "apps/text_input.hpp"
#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "workloads/compiler.hpp"
#include "workloads/program_file.hpp"

#include <algorithm>
#include <utility>

namespace spikeloom::apps {

namespace {

/// What the options say, over what `config` has.
void apply_run_options(const options::variables_map& values, const std::string& command,
                       RunConfig& config) {
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
    if (config.model.empty()) {
        throw InputError(command + ": the option --model is missing");
    }
    if (values.count("mode") != 0) {
        const auto mode = values["mode"].as<std::string>();
        if (mode != "prefill" && mode != "generate") {
            throw InputError(command + ": --mode " + mode + "; allowed are prefill and generate");
        }
        config.mode = mode == "prefill" ? Mode::prefill : Mode::generate;
    }
    if (values.count("tokens") != 0) {
        config.tokens = count_option(values, command, "tokens");
    }
    if (values.count("temperature") != 0) {
        config.temperature = values["temperature"].as<double>();
    }
    if (values.count("top-p") != 0) {
        config.top_p = values["top-p"].as<double>();
    }
    if (config.energy.empty()) {
        for (const char* standard : kStandardTables) {
            config.energy.push_back({find_config(standard).string()});
        }
    }
}

void read_prompt(const options::variables_map& values, const std::string& command,
                 const Safetensors& file, RunInputs& inputs) {
    RunConfig& config = inputs.config;
    const int vocabulary = inputs.model.config.vocabulary;
    if (values.count("prompt") + values.count("text") > 1) {
        throw InputError(command + ": found --prompt and --text; allowed is one of them");
    }
    if (values.count("prompt") != 0) {
        if (!inputs.tokenizer) {
            inputs.tokenizer = require_tokenizer(values, file, vocabulary);
        }
        config.prompt = encode_prompt(*inputs.tokenizer, values["prompt"].as<std::string>(),
                                      command + ": --prompt");
    } else if (values.count("text") != 0) {
        const models::Tokens text =
            open_text(values["text"].as<std::string>(), inputs.tokenizer, vocabulary);
        // A whole text is a prefill of at most --tokens; what is generated comes behind all of it.
        const bool limited = config.mode == Mode::prefill && values.count("tokens") != 0;
        config.prompt = text.ids(
            0, limited ? std::min<std::uint64_t>(text.size(), config.tokens) : text.size());
    }
    if (config.prompt.empty()) {
        throw InputError(command +
                         ": no prompt; --prompt S or --text FILE must give at least one token");
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

}  // namespace

void add_run_options(options::options_description& described) {
    const auto text = [](const char* name) {
        return options::value<std::string>()->value_name(name);
    };
    described.add_options()("model", text("Q"), "the integer model")                             //
        ("program", text("P"),                                                                   //
         "a Program from `map`, or one of your own; otherwise the model is compiled")            //
        ("prompt", text("S"), "the prompt")                                                      //
        ("text", text("FILE"),                                                                   //
         "a file as prompt, text or a pair X.bin, X.idx; with --mode prefill its first "         //
         "--tokens tokens")                                                                      //
        ("tokens", options::value<std::int64_t>()->value_name("N"),                              //
         "tokens to generate (default 64)")                                                      //
        ("mode", text("M"),                                                                      //
         "prefill: the prompt only; generate: the prompt, then --tokens more (default)")         //
        ("temperature", options::value<double>()->value_name("T"), "of sampling (default 0.8)")  //
        ("top-p", options::value<double>()->value_name("P"),                                     //
         "sample among the likeliest tokens of this probability (default 0.95)")                 //
        ("strategy", text("S"), "placement: linear, greedy or anneal (default greedy)")          //
        ("head", text("HOME"),
         "where the head's weights live: dram (streamed for every token, default) or cores")  //
        ("rows", text("KIND"),
         "shorter: sparse rows where they take less room, if the chip has them (default); dense");
    add_tokenizer_option(described);
}

Simulation RunInputs::simulation() const {
    Simulation asked;
    asked.label = model.config.spiking() ? "spiking model" : "dense ANN twin";
    asked.tokenizer = tokenizer ? &*tokenizer : nullptr;
    asked.prompt = config.prompt;
    asked.generate = config.mode == Mode::generate ? config.tokens : 0;
    asked.sampling = {config.temperature, config.top_p};
    asked.seed = config.seed;
    asked.record_activity = false;
    return asked;
}

RunInputs read_run_inputs(const options::variables_map& values, RunConfig config,
                          const std::string& command) {
    RunInputs inputs;
    apply_run_options(values, command, config);
    inputs.config = std::move(config);
    const Safetensors file = Safetensors::read(inputs.config.model);
    inputs.model = models::QuantisedModel::from(file);
    inputs.tokenizer = find_tokenizer(values, file, inputs.model.config.vocabulary);
    read_prompt(values, command, file, inputs);
    for (const EnergyFile& table : inputs.config.energy) {
        inputs.tables.push_back(analysis::load_energy_table(table.table));
    }
    inputs.program = chosen_program(inputs.config, inputs.model);
    return inputs;
}

}  // namespace spikeloom::apps
