// figures: SpikeGPT's figures and energy table, made anew, each beside the paper's own value.
#include "analysis/paper_figures.hpp"
#include "apps/command.hpp"
#include "apps/configs.hpp"
#include "apps/text_input.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "models/attention_twin.hpp"
#include "models/corpus.hpp"
#include "models/lif_sites.hpp"
#include "models/recurrent_model.hpp"
#include "models/sequence_model.hpp"
#include "models/trainer.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <limits>
#include <map>
#include <optional>

namespace spikeloom::apps {

namespace {

using nlohmann::ordered_json;

constexpr const char* kAboutFigures =
    "Makes SpikeGPT's figures anew, with the paper's value beside each: --figure 3 trains models "
    "of several sizes and draws their loss; 4 shows membranes and spikes of a model; length "
    "measures cost against sequence length beside a quadratic-attention twin; table1 evaluates "
    "the paper's energy formula with measured firing rates. Writes report.html, figure.csv and "
    "figure.json into a directory. Needs gnuplot.";

struct Figure {
    std::string page;
    std::string csv;
    ordered_json json;
};

struct Size {
    int layers = 0;
    int channels = 0;
    std::string label() const { return std::to_string(layers) + " x " + std::to_string(channels); }
};

/// "3x128": layers and channels.
Size parse_size(const std::string& text) {
    Size size;
    const char* const end = text.data() + text.size();
    const auto layers = std::from_chars(text.data(), end, size.layers);
    if (layers.ec == std::errc() && layers.ptr != end && *layers.ptr == 'x') {
        const auto channels = std::from_chars(layers.ptr + 1, end, size.channels);
        if (channels.ec == std::errc() && channels.ptr == end && size.layers > 0 &&
            size.channels > 1) {
            return size;
        }
    }
    throw InputError("figures: --sizes: found '" + text +
                     "'; allowed is layers x channels, such as 3x128");
}

std::vector<Size> sizes_of(const options::variables_map& values,
                           const std::vector<std::string>& standard) {
    std::vector<Size> sizes;
    for (const std::string& text :
         values.count("sizes") != 0 ? values["sizes"].as<std::vector<std::string>>() : standard) {
        sizes.push_back(parse_size(text));
    }
    return sizes;
}

template <class T>
T count_at_least(const options::variables_map& values, const char* name, T least) {
    const T value = values[name].as<T>();
    if (value < least) {
        throw InputError(std::string("figures: --") + name + ": found " + std::to_string(value) +
                         "; allowed is at least " + std::to_string(least));
    }
    return value;
}

/// The first --tokens of the text, as the model of that file reads it.
std::vector<int> tokens_of(const options::variables_map& values, const Safetensors& file,
                           const models::ModelConfig& model) {
    std::optional<models::Tokenizer> tokenizer = find_tokenizer(values, file, model.vocabulary);
    const models::Tokens text =
        open_text(required<std::string>(values, "text"), tokenizer, model.vocabulary);
    const auto most = count_at_least<std::int64_t>(values, "tokens", 1);
    return text.ids(0, std::min(text.size(), static_cast<std::size_t>(most)));
}

analysis::FigureSource source_of(const options::variables_map& values,
                                 const std::vector<std::string>& arguments,
                                 const std::string& model) {
    return {{command_line("figures", arguments)},
            model,
            values.count("text") != 0 ? values["text"].as<std::string>() : std::string()};
}

std::string model_line(const models::ModelConfig& model, const std::string& path) {
    return path + ", " + Size{model.layers, model.channels}.label() + ", " +
           models::name_of(model.variant);
}

// ---- figure 3

Figure figure_3(const options::variables_map& values, const std::vector<std::string>& arguments) {
    auto run = schema::read_file<models::TrainingRun>(
        values.count("config") != 0 ? std::filesystem::path(values["config"].as<std::string>())
                                    : find_config("models/demo.yaml"));
    run.training.steps = count_at_least<std::int64_t>(values, "steps", 1);
    run.training.minutes = 0.0;
    constexpr std::int64_t kPoints = 40;
    run.training.evaluation_interval = std::max<std::int64_t>(1, run.training.steps / kPoints);
    run.training.checkpoint_interval = 0;
    run.training.seed = values["seed"].as<std::uint64_t>();
    std::optional<models::Tokenizer> tokenizer = named_tokenizer(values, run.model.vocabulary);
    const models::Corpus corpus(
        open_text(required<std::string>(values, "text"), tokenizer, run.model.vocabulary),
        run.training.validation_fraction, static_cast<std::size_t>(run.model.context));
    Workers workers(count_at_least<int>(values, "threads", 0));

    std::vector<analysis::LossCurve> curves;
    ordered_json models = ordered_json::array();
    for (const Size& size : sizes_of(values, {"2x64", "3x96", "3x128"})) {
        run.model.layers = size.layers;
        run.model.channels = size.channels;
        models::Trainer trainer(run, workers);
        Progress progress("training " + size.label(), "steps",
                          static_cast<std::uint64_t>(run.training.steps));
        models::Trainer::Watch watch;
        watch.step = [&](double, double) {
            progress.update(static_cast<std::uint64_t>(trainer.steps()));
        };
        trainer.train(corpus, 0, watch);
        progress.finish();
        analysis::LossCurve& curve = curves.emplace_back();
        curve.label = size.label();
        curve.parameters = trainer.parameters().count();
        for (const models::CurvePoint& point : trainer.curve()) {
            curve.points.push_back(
                {static_cast<std::uint64_t>(point.tokens), point.train_bits, {}});
            if (point.valid_bits == point.valid_bits) {  // not a number: not measured
                curve.points.back().valid_bits = point.valid_bits;
            }
        }
        models.push_back({{"layers", size.layers},
                          {"channels", size.channels},
                          {"parameters", curve.parameters},
                          {"tokens", trainer.tokens()},
                          {"final_train_bits_per_token", curve.final_train_bits()},
                          {"valid_bits_per_token", trainer.curve().back().valid_bits}});
    }
    const auto smaller = [](const analysis::LossCurve& a, const analysis::LossCurve& b) {
        return a.parameters < b.parameters;
    };
    std::vector<analysis::LossCurve> by_size = curves;
    std::stable_sort(by_size.begin(), by_size.end(), smaller);
    const bool falls = std::is_sorted(
        by_size.begin(), by_size.end(),
        [](const auto& a, const auto& b) { return a.final_train_bits() > b.final_train_bits(); });
    return {analysis::losses_page(curves, source_of(values, arguments, "")),
            analysis::losses_csv(curves),
            {{"figure", "3"}, {"models", models}, {"loss_falls_with_size", falls}}};
}

// ---- figure 4 and table 1: a model reads a text

/// The sites whose membranes and spikes the paper's figure shows, or those of the variant that
/// come nearest: behind time-mix and channel-mix, or in front of `output` and `value`.
struct ShownSites {
    models::LifSite time_mix;
    models::LifSite channel_mix;
};
ShownSites shown_sites(const models::ModelConfig& model, const std::string& path) {
    if (!model.spiking()) {
        throw InputError(path + ": the model has no spiking neurons (variant dense)");
    }
    return model.spikes_behind()
               ? ShownSites{models::LifSite::att, models::LifSite::ffn}
               : ShownSites{models::LifSite::att_output, models::LifSite::ffn_value};
}

/// Lets a model read tokens, and keeps what its neurons did.
analysis::SpikeActivity read_text(const models::Parameters& parameters, const ShownSites& sites,
                                  const std::vector<int>& tokens) {
    constexpr std::uint32_t kTraces = 4;  // neurons a layer, spread over the channels
    const models::ModelConfig& config = parameters.config();
    const std::span<const models::LifSite> neurons = models::lif_sites(config);
    analysis::SpikeActivity activity;
    std::vector<std::size_t> first_trace;
    for (int layer = 0; layer < config.layers; ++layer) {
        first_trace.push_back(activity.membranes.size());
        const auto width = static_cast<std::uint32_t>(models::lif_width(config, sites.time_mix));
        for (std::uint32_t trace = 0; trace < std::min(kTraces, width); ++trace) {
            activity.membranes.push_back({"layer " + std::to_string(layer) + " time mix",
                                          trace * width / kTraces,
                                          config.threshold,
                                          {}});
        }
        activity.rasters.push_back(
            {"layer " + std::to_string(layer) + " channel mix",
             static_cast<std::uint32_t>(models::lif_width(config, sites.channel_mix)),
             {}});
        for (const models::LifSite site : neurons) {
            activity.rates.push_back({layer, models::name_of(site), 0.0});
        }
    }
    models::RecurrentModel model(parameters);
    model.observe([&](models::Site site, int layer, std::span<const float> seen) {
        const auto l = static_cast<std::size_t>(layer);
        for (std::size_t i = 0; i < neurons.size(); ++i) {
            if (site == models::spikes_of(neurons[i])) {
                activity.rates[neurons.size() * l + i].rate +=
                    std::count(seen.begin(), seen.end(), 1.0F) /
                    static_cast<double>(seen.size() * tokens.size());
            }
        }
        if (site == models::membranes_of(sites.time_mix)) {
            const std::size_t end =
                l + 1 < first_trace.size() ? first_trace[l + 1] : activity.membranes.size();
            for (std::size_t i = first_trace[l]; i < end; ++i) {
                activity.membranes[i].values.push_back(
                    static_cast<double>(seen[activity.membranes[i].neuron]));
            }
        } else if (site == models::spikes_of(sites.channel_mix)) {
            std::vector<std::uint32_t>& fired = activity.rasters[l].spikes.emplace_back();
            for (std::uint32_t neuron = 0; neuron < seen.size(); ++neuron) {
                if (seen[neuron] == 1.0F) {
                    fired.push_back(neuron);
                }
            }
        }
    });
    Progress progress("reading", "tokens", tokens.size());
    std::uint64_t read = 0;
    for (const int token : tokens) {
        model.step(token);
        progress.update(++read);
    }
    progress.finish();
    return activity;
}

ordered_json block_rates(const std::vector<analysis::FiringRate>& rates) {
    ordered_json json = ordered_json::array();
    for (const analysis::FiringRate& rate : rates) {
        json.push_back({{"layer", rate.layer}, {"block", rate.block}, {"rate", rate.rate}});
    }
    return json;
}

Figure figure_4(const options::variables_map& values, const std::vector<std::string>& arguments) {
    const auto path = required<std::string>(values, "model");
    const Safetensors file = Safetensors::read(path);
    const models::Parameters parameters = models::Parameters::from(file);
    const ShownSites sites = shown_sites(parameters.config(), path);
    const std::vector<int> tokens = tokens_of(values, file, parameters.config());
    const analysis::SpikeActivity seen = read_text(parameters, sites, tokens);
    return {
        analysis::activity_page(
            seen, source_of(values, arguments, model_line(parameters.config(), path))),
        analysis::activity_csv(seen),
        {{"figure", "4"}, {"tokens", tokens.size()}, {"firing_rates", block_rates(seen.rates)}}};
}

Figure table_1(const options::variables_map& values, const std::vector<std::string>& arguments) {
    const auto path = required<std::string>(values, "model");
    const Safetensors file = Safetensors::read(path);
    const models::Parameters parameters = models::Parameters::from(file);
    const models::ModelConfig& config = parameters.config();
    const std::vector<int> tokens = tokens_of(values, file, config);
    const analysis::SpikeActivity seen = read_text(parameters, shown_sites(config, path), tokens);

    analysis::EnergyFormulas formulas;
    formulas.measured.channels = config.channels;
    formulas.measured.hidden = static_cast<double>(config.hidden());
    formulas.measured.vocabulary = config.vocabulary;
    formulas.measured.context = config.context;
    formulas.spikes_in_front = config.spikes_in_front();
    std::vector<std::map<std::string, double>> layers(static_cast<std::size_t>(config.layers));
    for (const analysis::FiringRate& rate : seen.rates) {
        layers[static_cast<std::size_t>(rate.layer)][rate.block] = rate.rate;
        formulas.mean_rate += rate.rate / static_cast<double>(seen.rates.size());
    }
    for (const std::map<std::string, double>& neurons : layers) {
        formulas.measured.layers.push_back(analysis::formula_rates(neurons));
    }
    const auto ratio = [](const analysis::FormulaModel& model, const analysis::FormulaColumn& by) {
        return analysis::vanilla_gpt_formula(model).joules() / by.joules();
    };
    const analysis::FormulaModel paper = analysis::paper_setting(formulas.mean_rate);
    const analysis::FormulaModel assumed = analysis::paper_setting(analysis::kPaperFiringRate);
    return {
        analysis::energy_page(formulas, source_of(values, arguments, model_line(config, path))),
        analysis::energy_csv(formulas),
        {{"figure", "table1"},
         {"tokens", tokens.size()},
         {"mean_firing_rate", formulas.mean_rate},
         {"firing_rates", block_rates(seen.rates)},
         {"spikegpt_j_per_token", analysis::spikegpt_formula(formulas.measured).joules()},
         {"vanilla_gpt_j_per_token", analysis::vanilla_gpt_formula(formulas.measured).joules()},
         {"as_built_j_per_token", formulas.as_built().joules()},
         {"reduction", ratio(formulas.measured, analysis::spikegpt_formula(formulas.measured))},
         {"reduction_paper_setting_measured_rate", ratio(paper, analysis::spikegpt_formula(paper))},
         {"reduction_paper_setting_assumed_rate",
          ratio(assumed, analysis::spikegpt_formula(assumed))},
         {"reduction_printed_in_the_paper", analysis::kPaperReduction}}};
}

// ---- cost against sequence length

/// The shortest of several times that `work` takes, seconds.
template <class Work>
double seconds_of(const Work& work) {
    using Clock = std::chrono::steady_clock;
    constexpr double kEnough = 0.3;  // seconds of measuring
    double best = std::numeric_limits<double>::infinity();
    double total = 0.0;
    for (int repeat = 0; repeat < 3 || total < kEnough; ++repeat) {
        const Clock::time_point start = Clock::now();
        work();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        best = std::min(best, seconds);
        total += seconds;
    }
    return best;
}

Figure figure_length(const options::variables_map& values,
                     const std::vector<std::string>& arguments) {
    models::ModelConfig config;
    const std::vector<Size> sizes = sizes_of(values, {"2x256"});
    if (sizes.size() != 1) {
        throw InputError("figures: --figure length takes one of --sizes; found " +
                         std::to_string(sizes.size()));
    }
    config.layers = sizes[0].layers;
    config.channels = sizes[0].channels;
    models::Parameters parameters(config);
    models::initialise(parameters, values["seed"].as<std::uint64_t>());
    Workers workers(count_at_least<int>(values, "threads", 0));
    models::SequenceModel recurrent(parameters, workers);
    models::AttentionTwin attention(parameters, workers);

    const auto longest =
        static_cast<std::size_t>(count_at_least<std::int64_t>(values, "longest", 2));
    Random random(values["seed"].as<std::uint64_t>());
    std::vector<int> tokens(longest);
    for (int& token : tokens) {
        token = static_cast<int>(random.below(static_cast<std::uint64_t>(config.vocabulary)));
    }
    const double matrix_macs =
        config.layers * (5.0 * config.channels * config.channels +
                         2.0 * config.channels * static_cast<double>(config.hidden())) +
        static_cast<double>(config.vocabulary) * config.channels;

    std::vector<analysis::LengthPoint> points;
    ordered_json rows = ordered_json::array();
    constexpr std::size_t kShortest = 128;
    Progress progress("measuring", "tokens", longest);
    for (std::size_t n = std::min(kShortest, longest); n <= longest; n *= 2) {
        const std::span<const int> sequence(tokens.data(), n);
        const models::MixingCost wkv = models::wkv_cost(config);
        const models::MixingCost quadratic = models::attention_cost(config, n);
        points.push_back({n, matrix_macs, wkv.macs, quadratic.macs, wkv.bytes, quadratic.bytes,
                          seconds_of([&] {
                              recurrent.forward({sequence, 1});
                          }),
                          seconds_of([&] { attention.forward(sequence); })});
        const analysis::LengthPoint& point = points.back();
        rows.push_back({{"tokens", n},
                        {"matrix_macs_per_token", point.matrix_macs},
                        {"wkv_macs_per_token", point.recurrent_macs},
                        {"attention_macs_per_token", point.attention_macs},
                        {"state_bytes", point.recurrent_bytes},
                        {"key_value_bytes", point.attention_bytes},
                        {"spikegpt_seconds", point.recurrent_seconds},
                        {"attention_seconds", point.attention_seconds}});
        progress.update(n);
    }
    progress.finish();
    return {
        analysis::length_page(
            points, source_of(values, arguments,
                              sizes[0].label() + ", starting values, 256 tokens of vocabulary")),
        analysis::length_csv(points),
        {{"figure", "length"}, {"threads", workers.threads()}, {"points", rows}}};
}

}  // namespace

int run_figures(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                   //
        ("figure", options::value<std::string>()->value_name("F"),                            //
         "3, 4, length or table1 (required)")                                                 //
        ("out", options::value<std::string>()->value_name("DIR"),                             //
         "the directory to write (required)")                                                 //
        ("model", options::value<std::string>()->value_name("M"),                             //
         "4 and table1: a float model")                                                       //
        ("text", options::value<std::string>()->value_name("FILE"),                           //
         "3: to train on; 4 and table1: to read")                                             //
        ("tokens", options::value<std::int64_t>()->value_name("N")->default_value(256),       //
         "4 and table1: of the text")                                                         //
        ("config", options::value<std::string>()->value_name("YAML"),                         //
         "3: how to train (default configs/models/demo.yaml)")                                //
        ("sizes", options::value<std::vector<std::string>>()->multitoken()->value_name("S"),  //
         "3: layers x channels of each model (default 2x64 3x96 3x128); length: of the one "  //
         "(default 2x256)")                                                                   //
        ("steps", options::value<std::int64_t>()->value_name("N")->default_value(1000),       //
         "3: of training, each")                                                              //
        ("longest", options::value<std::int64_t>()->value_name("N")->default_value(4096),     //
         "length: tokens; measured at 128, 256 and so on up to here")                         //
        ("threads", options::value<int>()->value_name("N")->default_value(0),                 //
         "0: one a processor")                                                                //
        ("seed", options::value<std::uint64_t>()->value_name("N")->default_value(1),
         "of starting values and batches");
    add_tokenizer_option(described);
    add_json_option(described);
    options::variables_map values;
    if (!parse("figures", kAboutFigures, described, arguments, values)) {
        return 0;
    }
    using Maker = Figure (*)(const options::variables_map&, const std::vector<std::string>&);
    const std::map<std::string, Maker> makers = {
        {"3", figure_3}, {"4", figure_4}, {"length", figure_length}, {"table1", table_1}};
    const auto name = required<std::string>(values, "figure");
    const auto maker = makers.find(name);
    if (maker == makers.end()) {
        throw InputError("figures: --figure: found '" + name +
                         "'; allowed are 3, 4, length and table1");
    }
    const std::filesystem::path out = required<std::string>(values, "out");
    const Figure figure = maker->second(values, arguments);
    std::filesystem::create_directories(out);
    write_file(out / "report.html", figure.page);
    write_file(out / "figure.csv", figure.csv);
    write_file(out / "figure.json", figure.json.dump(2) + "\n");
    if (!json_on_stdout(values)) {
        std::cout << "wrote " << (out / "report.html").string() << '\n';
    }
    write_json(values, figure.json);
    return 0;
}

}  // namespace spikeloom::apps
