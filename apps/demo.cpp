// demo: the main job from end to end. Trains a SpikeGPT on a text, quantises it, compiles it onto a
// chip, simulates prefill and generation, verifies every bit, sets the dense twin and the paper's
// formula beside it, and writes one report.
#include "analysis/report.hpp"
#include "apps/command.hpp"
#include "apps/configs.hpp"
#include "apps/simulation.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/schema.hpp"
#include "models/corpus.hpp"
#include "models/evaluation.hpp"
#include "models/integer_model.hpp"
#include "models/quantiser.hpp"
#include "models/trainer.hpp"
#include "workloads/compiler.hpp"
#include "workloads/program_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <ostream>

namespace spikeloom::apps {

namespace {

namespace fs = std::filesystem;

constexpr const char* kAboutDemo =
    "Trains a byte-level SpikeGPT on a text, quantises it to the integer golden model, compiles it "
    "onto "
    "a chip, simulates a prompt and a generation cycle by cycle, compares every spike and every "
    "logit "
    "with the golden model, simulates the dense ANN twin on the same chip, and writes report.html, "
    "result.json, the models and the Programs into --out. Exit code 1 where one bit differs.";

constexpr std::size_t kCalibrationTokens = 4096;  // of the training text
constexpr std::size_t kComparedTokens = 16384;    // of the held-out text, float against integer

struct Demo {
    fs::path out;
    fs::path text;
    models::TrainingRun training;
    arch::ChipConfig chip;
    std::vector<analysis::EnergyTable> tables;
    std::size_t prompt_tokens = 0;
    std::uint64_t generate = 0;
    models::SamplerConfig sampling;
    std::uint64_t seed = 1;
    std::vector<std::string> commands;
    std::ostream* log = nullptr;  // standard output, or standard error where that is JSON's
};

void say(const Demo& demo, const std::string& line) {
    *demo.log << line << std::endl;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

struct Trained {
    models::Parameters parameters;
    std::vector<analysis::LearningPoint> curve;
};

Trained train(const Demo& demo, const models::Corpus& corpus, Workers& workers) {
    models::Trainer trainer(demo.training, workers);
    constexpr double kProgressUnits = 10000.0;
    Progress progress("training", "tokens", static_cast<std::uint64_t>(kProgressUnits));
    models::Trainer::Watch watch;
    watch.step = [&](double done, double bits) {
        progress.update(static_cast<std::uint64_t>(done * kProgressUnits),
                        static_cast<std::uint64_t>(trainer.tokens()),
                        formatted("%.2f bits a byte", bits));
    };
    trainer.train(corpus, 0, watch);
    progress.finish();
    Trained trained{trainer.parameters(), {}};
    for (const models::CurvePoint& point : trainer.curve()) {
        analysis::LearningPoint learning{
            static_cast<std::uint64_t>(point.tokens), point.train_bits, {}};
        if (std::isfinite(point.valid_bits)) {
            learning.valid_bits = point.valid_bits;
        }
        trained.curve.push_back(learning);
    }
    trained.parameters.save(demo.out / "model.safetensors");
    say(demo, formatted("  %lld tokens in %lld steps", static_cast<long long>(trainer.tokens()),
                        static_cast<long long>(trainer.steps())));
    return trained;
}

/// The same shape and weights with every LIF replaced by the identity. It was not trained without
/// spikes, so its text means nothing; its cost does.
models::Parameters dense_twin(const models::Parameters& spiking) {
    models::Parameters twin(spiking.config().dense_twin());
    std::copy(spiking.flat().begin(), spiking.flat().end(), twin.flat().begin());
    return twin;
}

models::QuantisedModel quantised(const models::Parameters& parameters,
                                 const models::Corpus& corpus) {
    const models::Tokens& text = corpus.training();
    const models::Calibration calibration(parameters,
                                          text.ids(0, std::min(text.size(), kCalibrationTokens)));
    return models::quantise(parameters, calibration, {});
}

/// Compiles the model, writes the Program beside the model, runs it and writes its run directory.
Simulated run_on_chip(const Demo& demo, const std::string& name, const std::string& label,
                      const models::QuantisedModel& model, const std::vector<int>& prompt) {
    model.save(demo.out / (name + ".integer.safetensors"));
    const workloads::Compiled compiled = workloads::compile(model, demo.chip, {});
    workloads::save_program(compiled.program, demo.out / (name + ".program.yaml"),
                            workloads::describe_mapping(compiled, model.config, demo.chip));
    const models::Tokenizer bytes = models::Tokenizer::bytes();
    Simulation asked;
    asked.label = label;
    asked.tokenizer = &bytes;
    asked.prompt = prompt;
    asked.generate = demo.generate;
    asked.sampling = demo.sampling;
    asked.seed = demo.seed;
    asked.trace = demo.out / (name + ".trace.json");
    asked.commands = demo.commands;
    return simulate(compiled.program, demo.chip, model, demo.tables, asked);
}

void print_run(const Demo& demo, const Simulated& simulated) {
    std::string text = summary_of(simulated.run);
    text.pop_back();
    std::string indented = "  ";
    for (const char c : text) {
        indented += c;
        indented += c == '\n' ? "  " : "";
    }
    say(demo, indented);
    if (!simulated.first_mismatch.empty()) {
        say(demo, "  first mismatch: " + simulated.first_mismatch);
    }
}

std::vector<int> choose_prompt(const models::Corpus& corpus, std::size_t tokens) {
    const models::Tokens& held_out = corpus.validation();
    if (held_out.size() < tokens + 2) {
        throw InputError("demo: the held-out part of the text has " +
                         std::to_string(held_out.size()) + " bytes; a prompt of " +
                         std::to_string(tokens) + " needs more");
    }
    return held_out.ids(0, tokens);
}

nlohmann::ordered_json result_json(const Demo& demo, const Simulated& spiking,
                                   const Simulated& twin) {
    const analysis::Run& run = spiking.run;
    nlohmann::ordered_json result;
    std::uint64_t tokens = 0;
    double joules = 0.0;
    std::uint64_t cycles = 0;
    for (const analysis::Phase& phase : run.phases) {
        tokens += phase.tokens;
        cycles += phase.cycles;
        joules += analysis::price(phase.counts, demo.tables.front(), phase.seconds, run.chip.units)
                      .joules;
    }
    result["bits_per_byte"] = *run.bits_per_byte.floating;
    result["bits_per_byte_integer"] = *run.bits_per_byte.integer;
    result["tokens"] = tokens;
    result["bit_exact"] = run.verification.bit_exact() && twin.run.verification.bit_exact();
    result["energy_per_token_j"] = joules / static_cast<double>(tokens);
    result["cycles_per_token"] = static_cast<double>(cycles) / static_cast<double>(tokens);
    result["report"] = (demo.out / "report.html").string();
    result["spiking"] = result_of(spiking);
    result["dense_twin"] = result_of(twin);
    return result;
}

nlohmann::ordered_json run(const Demo& demo, int threads) {
    Workers workers(threads);
    const models::ModelConfig& shape = demo.training.model;
    models::Tokenizer tokenizer = models::Tokenizer::bytes();
    const models::Corpus corpus(models::open_tokens(demo.text, &tokenizer, shape.vocabulary),
                                demo.training.training.validation_fraction,
                                static_cast<std::size_t>(shape.context));
    const std::vector<int> prompt = choose_prompt(corpus, demo.prompt_tokens);
    const std::vector<int> compared =
        corpus.validation().ids(0, std::min(corpus.validation().size(), kComparedTokens));

    say(demo, formatted("1. training a SpikeGPT of %d layers x %d channels on %s", shape.layers,
                        shape.channels, demo.text.string().c_str()));
    const Trained trained = train(demo, corpus, workers);
    const double float_bits = models::evaluate(trained.parameters, compared, workers);
    say(demo,
        formatted("  %.3f bits a byte on %zu bytes it never saw", float_bits, compared.size()));

    say(demo, "2. quantising to the integer golden model");
    const models::QuantisedModel model = quantised(trained.parameters, corpus);
    models::IntegerModel golden(model);
    const double integer_bits = models::evaluate(golden, compared);
    say(demo, formatted("  %.3f bits a byte on the same text, %+.4f against float", integer_bits,
                        integer_bits - float_bits));

    say(demo,
        formatted("3. compiling onto %s (%u cores) and simulating %zu tokens of prompt and %llu "
                  "generated, cycle by cycle",
                  demo.chip.name.c_str(), demo.chip.cores(), prompt.size(),
                  static_cast<unsigned long long>(demo.generate)));
    Simulated spiking = run_on_chip(demo, "model", "SpikeGPT", model, prompt);
    spiking.run.bits_per_byte = {float_bits, integer_bits};
    spiking.run.learning_curve = trained.curve;
    spiking.run.config_yaml = schema::write(demo.chip);
    print_run(demo, spiking);

    say(demo, "4. the dense ANN twin on the same chip, for comparison");
    Simulated twin = run_on_chip(demo, "dense-twin", "dense ANN twin",
                                 quantised(dense_twin(trained.parameters), corpus), prompt);
    twin.run.config_yaml = schema::write(demo.chip);
    print_run(demo, twin);

    analysis::save(spiking.run, demo.out / "spiking");
    analysis::save(twin.run, demo.out / "dense-twin");
    write_file(demo.out / "report.html",
               analysis::render_report({spiking.run, twin.run}, demo.tables, {}));
    say(demo, "5. the report: " + (demo.out / "report.html").string());
    if (demo.generate > 0) {
        say(demo, "\n" + spiking.run.prompt + "|" + spiking.run.generated);
    }
    return result_json(demo, spiking, twin);
}

}  // namespace

int run_demo(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                   //
        ("out", options::value<std::string>()->value_name("DIR")->default_value("demo-out"),  //
         "where everything is written")                                                       //
        ("text",
         options::value<std::string>()->value_name("FILE")->default_value(                //
             ".cache/text/sotu.txt"),                                                     //
         "the text to learn, as bytes (scripts/demo.sh fetches the default)")             //
        ("config", options::value<std::string>()->value_name("YAML"),                     //
         "model and training (default configs/models/demo.yaml)")                         //
        ("minutes", options::value<double>()->value_name("M"), "length of the training")  //
        ("chip", options::value<std::string>()->value_name("YAML"),                       //
         "the chip (default configs/chips/spikeloom-20.yaml)")                            //
        ("energy",
         options::value<std::vector<std::string>>()->multitoken()->composing()->value_name(
             "YAML..."),
         "energy tables; the first gives the figures (default configs/energy/cmos-45nm*.yaml)")  //
        ("prompt-tokens", options::value<std::uint32_t>()->value_name("N")->default_value(128),  //
         "bytes of held-out text as prompt")                                                     //
        ("tokens", options::value<std::uint32_t>()->value_name("N")->default_value(64),          //
         "tokens to generate")                                                                   //
        ("temperature", options::value<double>()->value_name("T")->default_value(0.7),
         "of sampling")                                                               //
        ("seed", options::value<std::uint64_t>()->value_name("N")->default_value(1),  //
         "of training and sampling")                                                  //
        ("threads", options::value<int>()->value_name("N")->default_value(0),         //
         "of training; 0: one a processor");
    add_json_option(described);
    options::variables_map values;
    if (!parse("demo", kAboutDemo, described, arguments, values)) {
        return 0;
    }
    const auto path_of = [&](const char* name, const char* standard) {
        return values.count(name) != 0 ? fs::path(values[name].as<std::string>())
                                       : find_config(standard);
    };
    Demo demo;
    demo.out = values["out"].as<std::string>();
    demo.text = values["text"].as<std::string>();
    demo.training = schema::read_file<models::TrainingRun>(path_of("config", "models/demo.yaml"));
    demo.seed = values["seed"].as<std::uint64_t>();
    demo.training.training.seed = demo.seed;
    if (values.count("minutes") != 0) {
        demo.training.training.minutes = values["minutes"].as<double>();
    }
    if (!(demo.training.training.minutes > 0.0) && demo.training.training.steps == 0) {
        throw InputError("demo: --minutes must be above 0 where the configuration has no steps");
    }
    demo.chip = schema::read_file<arch::ChipConfig>(path_of("chip", "chips/spikeloom-20.yaml"));
    if (values.count("energy") != 0) {
        for (const auto& path : values["energy"].as<std::vector<std::string>>()) {
            demo.tables.push_back(analysis::load_energy_table(path));
        }
    } else {
        for (const char* standard : kStandardTables) {
            demo.tables.push_back(analysis::load_energy_table(find_config(standard)));
        }
    }
    demo.prompt_tokens = std::max<std::size_t>(1, values["prompt-tokens"].as<std::uint32_t>());
    demo.generate = values["tokens"].as<std::uint32_t>();
    demo.sampling = {values["temperature"].as<double>(), 0.95};
    demo.commands = {command_line("demo", arguments)};
    demo.log = json_on_stdout(values) ? &std::cerr : &std::cout;
    if (values["threads"].as<int>() < 0) {
        throw InputError("demo: --threads must be at least 0");
    }

    const nlohmann::ordered_json result = run(demo, values["threads"].as<int>());
    write_file(demo.out / "result.json",
               result.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    write_json(values, result);
    if (!result["bit_exact"].get<bool>()) {
        throw CheckFailed("the fabric differs from the golden model; see " +
                          result["report"].get<std::string>());
    }
    return 0;
}

}  // namespace spikeloom::apps
