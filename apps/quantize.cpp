// quantize: a trained float model becomes the integer model, and what that costs is measured.
#include "apps/command.hpp"
#include "apps/text_input.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/safetensors.hpp"
#include "models/evaluation.hpp"
#include "models/integer_model.hpp"
#include "models/quantiser.hpp"
#include "models/recurrent_model.hpp"
#include "models/text_size.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <span>

namespace spikeloom::apps {

namespace {

using nlohmann::ordered_json;

/// The part of the text that both models are compared on is the one that training keeps for
/// validation by default: its last twentieth.
constexpr std::size_t kHeldOutShare = 20;
/// Tokens of it on which the two models' spikes are compared.
constexpr std::size_t kAgreementTokens = 1024;

struct Split {
    std::span<const int> calibration;
    std::span<const int> held_out;
    std::size_t held_out_begin;
};

Split split(const std::string& path, std::span<const int> tokens, int calibration_tokens,
            int max_tokens) {
    const std::size_t held_out = tokens.size() / kHeldOutShare;
    if (held_out < 2) {
        throw InputError(
            path + ": " + std::to_string(tokens.size()) +
            " tokens; at least 40 are needed, of which the last twentieth is held out");
    }
    const std::size_t begin = tokens.size() - held_out;
    return {
        tokens.first(std::min<std::size_t>(begin, static_cast<std::size_t>(calibration_tokens))),
        tokens.subspan(begin,
                       std::min<std::size_t>(held_out, static_cast<std::size_t>(max_tokens))),
        begin};
}

/// Fraction of the neurons' outputs that are the same in both models, each running on its own: one
/// spike that differs changes what follows.
double spike_agreement(const models::Parameters& parameters, models::IntegerModel& integer,
                       std::span<const int> tokens) {
    models::RecurrentModel exact(parameters);
    const std::span<const models::LifSite> sites = models::lif_sites(parameters.config());
    std::size_t equal = 0;
    std::size_t all = 0;
    exact.observe([&](models::Site site, int layer, std::span<const float> spikes) {
        const auto neurons = std::find_if(sites.begin(), sites.end(), [&](models::LifSite neuron) {
            return models::spikes_of(neuron) == site;
        });
        if (neurons == sites.end()) {
            return;
        }
        const auto& fired = integer.trace().spikes[static_cast<std::size_t>(layer)][*neurons];
        for (std::size_t c = 0; c < spikes.size(); ++c) {
            equal += (fired[c] != 0) == (spikes[c] != 0.0F) ? 1 : 0;
        }
        all += spikes.size();
    });
    integer.reset();
    for (const int token : tokens) {
        integer.step(token);
        exact.step(token);
    }
    return static_cast<double>(equal) / static_cast<double>(all);
}

/// How many tokens a byte of their text takes; none where no tokenizer says what they stand for.
std::optional<double> tokens_per_byte(const std::optional<models::Tokenizer>& tokenizer,
                                      std::span<const int> tokens) {
    const std::uint64_t bytes = tokenizer ? models::size_of_text(*tokenizer, tokens).bytes : 0;
    return bytes > 0
               ? std::optional(static_cast<double>(tokens.size()) / static_cast<double>(bytes))
               : std::nullopt;
}

ordered_json saturations(const models::IntegerModel& model) {
    ordered_json sites = ordered_json::object();
    for (const models::Saturation& site : model.saturations()) {
        sites[site.site] = {{"values", site.values}, {"saturated", site.saturated}};
    }
    return sites;
}

int at_least(const options::variables_map& values, const std::string& name, int least) {
    const int value = values[name].as<int>();
    if (value < least) {
        throw InputError("quantize: --" + name + " " + std::to_string(value) + "; at least " +
                         std::to_string(least) + " is needed");
    }
    return value;
}

}  // namespace

int run_quantize(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()("model", options::value<std::string>()->value_name("FILE"),
                            "the trained float model (safetensors)");
    described.add_options()("text", options::value<std::string>()->value_name("FILE"),
                            "text to calibrate on (its beginning) and to compare the two models on "
                            "(its last twentieth, which training holds out too)");
    described.add_options()("weight-bits", options::value<int>()->value_name("N")->default_value(8),
                            "bits of the matrices' weights, 2 to 16");
    described.add_options()("event-bits", options::value<int>()->value_name("N")->default_value(16),
                            "bits, at most, of the values that travel into a matrix, 2 to 16");
    described.add_options()("prune",
                            options::value<double>()->value_name("SHARE")->default_value(0),
                            "share of the weights of every row to be left out, those that count "
                            "least; sparse rows need no room for them");
    described.add_options()("calibration-tokens",
                            options::value<int>()->value_name("N")->default_value(4096),
                            "tokens to calibrate the events' formats on");
    described.add_options()("max-tokens",
                            options::value<int>()->value_name("N")->default_value(16384),
                            "tokens of the held-out text to compare on, at most");
    described.add_options()("threads", options::value<int>()->value_name("N")->default_value(0),
                            "threads of the float model; 0: one a processor");
    described.add_options()("out", options::value<std::string>()->value_name("FILE"),
                            "the integer model (safetensors)");
    add_tokenizer_option(described);
    add_json_option(described);
    options::variables_map values;
    if (!parse("quantize",
               "Turns a float SpikeGPT into the integer one that chips run, and measures what that "
               "costs in bits per byte.",
               described, arguments, values)) {
        return 0;
    }
    const auto model_path = required<std::string>(values, "model");
    const auto text_path = required<std::string>(values, "text");
    const auto out_path = required<std::string>(values, "out");
    const int calibration_tokens = at_least(values, "calibration-tokens", 1);
    const int max_tokens = at_least(values, "max-tokens", 2);
    models::QuantiserOptions wanted;
    wanted.weight_bits = values["weight-bits"].as<int>();
    wanted.event_bits = values["event-bits"].as<int>();
    wanted.prune = values["prune"].as<double>();
    wanted.check();
    Workers workers(at_least(values, "threads", 0));

    const Safetensors file = Safetensors::read(model_path);
    const models::Parameters parameters = models::Parameters::from(file);
    const int vocabulary = parameters.config().vocabulary;
    std::optional<models::Tokenizer> tokenizer = find_tokenizer(values, file, vocabulary);
    const std::vector<int> tokens = open_text(text_path, tokenizer, vocabulary).ids();
    const Split text = split(text_path, tokens, calibration_tokens, max_tokens);

    Progress calibrating("calibrating", "tokens", text.calibration.size());
    const models::Calibration calibration(parameters, text.calibration,
                                          [&](std::size_t done) { calibrating.update(done); });
    calibrating.finish();
    const models::QuantisedModel quantised = models::quantise(parameters, calibration, wanted);
    quantised.save(out_path, tokenizer ? tokenizer->description() : std::string());

    const std::size_t predictions = text.held_out.size() - 1;
    Progress evaluating("float model", "tokens", predictions);
    const double float_bits = models::evaluate(parameters, text.held_out, workers,
                                               [&](std::size_t done) { evaluating.update(done); });
    evaluating.finish();
    Progress comparing("integer model", "tokens", predictions);
    models::IntegerModel integer(quantised);
    const double integer_bits =
        models::evaluate(integer, text.held_out, [&](std::size_t done) { comparing.update(done); });
    comparing.finish();

    const ordered_json sites = saturations(integer);

    ordered_json agreement = nullptr;
    if (parameters.config().spiking()) {
        agreement =
            spike_agreement(parameters, integer,
                            text.held_out.first(std::min(kAgreementTokens, text.held_out.size())));
    }

    const std::optional<double> per_byte = tokens_per_byte(tokenizer, text.held_out.subspan(1));
    const auto bits_per_byte = [&](double bits_per_token) -> ordered_json {
        return per_byte ? ordered_json(bits_per_token * *per_byte) : ordered_json();
    };
    const auto float_bytes = std::filesystem::file_size(model_path);
    const auto integer_bytes = std::filesystem::file_size(out_path);
    if (!json_on_stdout(values)) {
        std::cout << out_path << ": " << wanted.weight_bits << "-bit weights, " << integer_bytes
                  << " bytes (float: " << float_bytes << ")\n"
                  << "on " << predictions << " held-out tokens: float " << float_bits
                  << ", integer " << integer_bits << " bits per token";
        if (per_byte) {
            std::cout << "; float " << float_bits * *per_byte << ", integer "
                      << integer_bits * *per_byte << " bits per byte";
        }
        std::cout << "\n";
        for (const auto& [name, site] : sites.items()) {
            if (site["saturated"] != 0) {
                std::cout << name << ": " << site["saturated"] << " of " << site["values"]
                          << " values saturated\n";
            }
        }
    }
    write_json(values,
               {{"model", model_path},
                {"out", out_path},
                {"weight_bits", wanted.weight_bits},
                {"event_bits", wanted.event_bits},
                {"prune", wanted.prune},
                {"calibration_tokens", text.calibration.size()},
                {"held_out", {{"first_token", text.held_out_begin}, {"tokens", predictions}}},
                {"tokens", predictions},
                {"bits_per_token_float", float_bits},
                {"bits_per_token_integer", integer_bits},
                {"bits_per_byte_float", bits_per_byte(float_bits)},
                {"bits_per_byte_integer", bits_per_byte(integer_bits)},
                {"bits_per_byte_loss", bits_per_byte(integer_bits - float_bits)},
                {"float_bytes", float_bytes},
                {"integer_bytes", integer_bytes},
                {"spike_agreement", agreement},
                {"saturations", sites}});
    return 0;
}

}  // namespace spikeloom::apps
