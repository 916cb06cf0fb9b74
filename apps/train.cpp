// train: a text and a configuration become a model, a learning curve and a checkpoint to go on
// from.
#include "analysis/training_report.hpp"
#include "apps/command.hpp"
#include "apps/curve_file.hpp"
#include "apps/text_input.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/schema.hpp"
#include "models/corpus.hpp"
#include "models/trainer.hpp"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>

namespace spikeloom::apps {

namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int) {
    interrupted = 1;
}

/// The first interrupt ends the run in order; a second one kills as usual.
class InterruptWatch {
  public:
    InterruptWatch() { std::signal(SIGINT, note_interrupt); }
    ~InterruptWatch() { std::signal(SIGINT, SIG_DFL); }
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;
    static bool seen() {
        if (interrupted != 0) {
            std::signal(SIGINT, SIG_DFL);
        }
        return interrupted != 0;
    }
};

/// `m.safetensors` -> `m` + suffix.
fs::path beside(const fs::path& out, const std::string& suffix) {
    fs::path stem = out;
    if (stem.extension() == ".safetensors") {
        stem.replace_extension();
    }
    return stem += suffix;
}

std::string shown(const models::CurvePoint& p) {
    char text[96];
    std::snprintf(text, sizeof text, "step %lld: %.3f bits per token in training, %.3f held out",
                  static_cast<long long>(p.step), p.train_bits, p.valid_bits);
    return text;
}

/// An object a layer: the rate of each of its layers of neurons.
ordered_json rates_json(const std::vector<models::SiteActivity>& rates) {
    ordered_json layers = ordered_json::array();
    for (const auto& [layer, site, neurons] : rates) {
        if (layers.size() == static_cast<std::size_t>(layer)) {
            layers.push_back(ordered_json::object());
        }
        layers.back()[models::name_of(site)] = neurons.firing_rate;
    }
    return layers;
}

models::TrainingRun configured_run(const options::variables_map& values) {
    auto run = schema::read_file<models::TrainingRun>(required<std::string>(values, "config"));
    if (values.count("minutes") != 0) {
        run.training.minutes = values["minutes"].as<double>();
        if (!(run.training.minutes > 0.0) || std::isinf(run.training.minutes)) {
            throw InputError("train: --minutes " + std::to_string(run.training.minutes) +
                             "; a number above 0 is needed");
        }
    } else if (values.count("steps") != 0) {
        run.training.minutes = 0.0;
    }
    if (values.count("seed") != 0) {
        run.training.seed = values["seed"].as<std::uint64_t>();
    }
    if (run.model.classes != 0) {
        throw InputError("train: model.classes is that of a classifier, which `classify` trains");
    }
    return run;
}

}  // namespace

int run_train(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                      //
        ("config", options::value<std::string>()->value_name("YAML"),                            //
         "sections `model` and `training` (spikeloom info --keys train)")                        //
        ("text", options::value<std::string>()->value_name("FILE"),                              //
         "the text, or tokens as a pair X.bin, X.idx; its end is held out")                      //
        ("out", options::value<std::string>()->value_name("FILE"),                               //
         "the model (M.safetensors); beside it M.curve.csv and M.checkpoint.safetensors")        //
        ("steps", options::value<std::int64_t>()->value_name("N"),                               //
         "end when N steps are done in all; the learning rate's schedule stays that of "         //
         "training.steps, or is N steps long where the configuration has none")                  //
        ("minutes", options::value<double>()->value_name("M"),                                   //
         "instead of training.minutes: longest time, which the schedule follows")                //
        ("threads", options::value<int>()->value_name("N")->default_value(0),                    //
         "0: one a processor; the result does not depend on it")                                 //
        ("seed", options::value<std::uint64_t>()->value_name("N"), "instead of training.seed")   //
        ("init", options::value<std::string>()->value_name("FILE"),                              //
         "a float model of the same shape, whose weights (and tokenizer) training starts from")  //
        ("resume", "go on from M.checkpoint.safetensors, bit for bit")                           //
        ("report", options::value<std::string>()->value_name("HTML"),                            //
         "a page with the learning curve and what the neurons did; needs gnuplot")               //
        ("tokenizer", options::value<std::string>()->value_name("FILE"),                         //
         "tokenizer.json, encoder.json, a character vocabulary, or the folder of one; default: "
         "bytes. The model carries it");
    add_json_option(described);
    options::variables_map values;
    if (!parse("train",
               "Trains a SpikeGPT on a text by back-propagation through time. An interrupt "
               "(Ctrl-C) ends the run in order, as if its last step had come.",
               described, arguments, values)) {
        return 0;
    }
    models::TrainingRun run = configured_run(values);
    const fs::path out = required<std::string>(values, "out");
    const auto text_path = required<std::string>(values, "text");
    const std::int64_t stop_at =
        values.count("steps") != 0 ? values["steps"].as<std::int64_t>() : 0;
    const int threads = values["threads"].as<int>();
    if (stop_at < 0 || threads < 0 || (values.count("steps") != 0 && stop_at == 0)) {
        throw InputError("train: --steps must be at least 1 and --threads at least 0");
    }
    const fs::path checkpoint = beside(out, ".checkpoint.safetensors");
    const fs::path curve_path = beside(out, ".curve.csv");

    std::optional<Safetensors> start;
    if (values.count("init") != 0) {
        if (values.count("resume") != 0) {
            throw InputError("train: --init and --resume both say where to start");
        }
        start = Safetensors::read(values["init"].as<std::string>());
    }
    std::optional<models::Tokenizer> tokenizer =
        start ? find_tokenizer(values, *start, run.model.vocabulary)
              : named_tokenizer(values, run.model.vocabulary);
    run.tokenizer = tokenizer ? tokenizer->description() : std::string();
    const models::Corpus corpus(open_text(text_path, tokenizer, run.model.vocabulary),
                                run.training.validation_fraction,
                                static_cast<std::size_t>(run.model.context));
    Workers workers(threads);
    models::Trainer trainer(run, workers);
    if (start) {
        trainer.start_from(models::Parameters::from(*start));
        start.reset();
    }
    CurveFile curve(curve_path,
                    bytes_per_token(corpus, tokenizer,
                                    static_cast<std::size_t>(run.training.evaluation_tokens)));
    if (values.count("resume") != 0) {
        trainer.resume(checkpoint);
        curve.resume(trainer.steps());
    }
    const std::int64_t steps_before = trainer.steps();

    constexpr double kProgressUnits = 10000.0;
    Progress progress("training", "tokens", static_cast<std::uint64_t>(kProgressUnits));
    const std::int64_t tokens_before = trainer.tokens();
    const InterruptWatch interrupt;
    models::Trainer::Watch watch;
    watch.step = [&](double done, double bits) {
        char text[48];
        std::snprintf(text, sizeof text, "%.2f bits", bits);
        progress.update(static_cast<std::uint64_t>(done * kProgressUnits),
                        static_cast<std::uint64_t>(trainer.tokens() - tokens_before), text);
    };
    watch.evaluation = [&](const models::CurvePoint& point) {
        curve.add(point);
        progress.line(shown(point));
    };
    watch.checkpoint = [&] { trainer.save_checkpoint(checkpoint); };
    watch.stop = [] { return InterruptWatch::seen(); };
    trainer.train(corpus, stop_at, watch);
    progress.finish();
    trainer.parameters().save(out, run.tokenizer);
    if (values.count("report") != 0) {
        analysis::TrainingReportOptions page;
        page.title = "Training of " + out.stem().string();
        page.commands = {command_line("train", arguments)};
        page.configuration = schema::write(run);
        write_file(values["report"].as<std::string>(),
                   analysis::render_training_report({{out.stem().string(), curve.curve()}}, page));
    }

    const double seconds = trainer.training_seconds();
    const auto tokens = static_cast<double>(trainer.tokens() - tokens_before);
    ordered_json result = {{"model", out.string()},
                           {"checkpoint", checkpoint.string()},
                           {"curve", curve_path.string()},
                           {"parameters", trainer.parameters().count()},
                           {"steps", trainer.steps()},
                           {"tokens", trainer.tokens()},
                           {"train_bits_per_token", nullptr},
                           {"train_bits_per_byte", nullptr},
                           {"valid_bits_per_token", nullptr},
                           {"valid_bits_per_byte", nullptr},
                           {"tokens_per_second", seconds > 0.0 ? tokens / seconds : 0.0},
                           {"seconds", seconds},
                           {"firing_rates", ordered_json::array()}};
    if (!trainer.curve().empty()) {
        // What is not a number becomes null.
        const analysis::TrainingPoint& last = curve.curve().back();
        result["train_bits_per_token"] = last.train_bits_per_token;
        result["train_bits_per_byte"] = last.train_bits_per_byte;
        result["valid_bits_per_token"] = last.valid_bits_per_token;
        result["valid_bits_per_byte"] = last.valid_bits_per_byte;
        result["firing_rates"] = rates_json(trainer.curve().back().activity);
    }
    if (!json_on_stdout(values)) {
        std::cout << out.string() << ": " << trainer.steps() << " steps";
        if (steps_before > 0) {
            std::cout << " (" << steps_before << " of them before)";
        }
        if (!trainer.curve().empty()) {
            std::cout << ", " << trainer.curve().back().valid_bits
                      << " bits per token on held-out text";
        }
        std::cout << "\n";
    }
    write_json(values, result);
    return 0;
}

}  // namespace spikeloom::apps
