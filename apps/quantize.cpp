// quantize: a trained float model becomes the integer model, and what that costs is measured.
#include "apps/command.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "models/corpus.hpp"
#include "models/evaluation.hpp"
#include "models/integer_model.hpp"
#include "models/quantiser.hpp"
#include "models/recurrent_model.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
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
        throw InputError(path + ": " + std::to_string(tokens.size()) +
                         " bytes; at least 40 are needed, of which the last twentieth is held out");
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
    std::size_t block = 0;
    std::size_t equal = 0;
    std::size_t all = 0;
    exact.observe([&](models::Site site, int, std::span<const float> spikes) {
        if (site != models::Site::att_spikes && site != models::Site::ffn_spikes) {
            return;
        }
        const models::Trace& trace = integer.trace();
        const auto row = trace.row(trace.spikes, block++);
        for (std::size_t c = 0; c < spikes.size(); ++c) {
            equal += (row[c] != 0) == (spikes[c] != 0.0F) ? 1 : 0;
        }
        all += spikes.size();
    });
    integer.reset();
    for (const int token : tokens) {
        integer.step(token);
        block = 0;
        exact.step(token);
    }
    return static_cast<double>(equal) / static_cast<double>(all);
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
    wanted.check();
    Workers workers(at_least(values, "threads", 0));

    const models::Parameters parameters = models::Parameters::load(model_path);
    if (parameters.config().vocabulary > 256) {
        throw InputError(model_path + ": a vocabulary of " +
                         std::to_string(parameters.config().vocabulary) +
                         " tokens; quantize reads its text as bytes, 256 at most");
    }
    const std::vector<int> tokens =
        models::read_byte_tokens(text_path, parameters.config().vocabulary);
    const Split text = split(text_path, tokens, calibration_tokens, max_tokens);

    Progress calibrating("calibrating", "tokens", text.calibration.size());
    const models::Calibration calibration(parameters, text.calibration,
                                          [&](std::size_t done) { calibrating.update(done); });
    calibrating.finish();
    const models::QuantisedModel quantised = models::quantise(parameters, calibration, wanted);
    quantised.save(out_path);

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

    const auto float_bytes = std::filesystem::file_size(model_path);
    const auto integer_bytes = std::filesystem::file_size(out_path);
    if (!json_on_stdout(values)) {
        std::cout << out_path << ": " << wanted.weight_bits << "-bit weights, " << integer_bytes
                  << " bytes (float: " << float_bytes << ")\n"
                  << "bits per byte on " << predictions << " held-out tokens: float " << float_bits
                  << ", integer " << integer_bits << "\n";
        for (const auto& [name, site] : sites.items()) {
            if (site["saturated"] != 0) {
                std::cout << name << ": " << site["saturated"] << " of " << site["values"]
                          << " values saturated\n";
            }
        }
    }
    // A token is a byte.
    write_json(values,
               {{"model", model_path},
                {"out", out_path},
                {"weight_bits", wanted.weight_bits},
                {"event_bits", wanted.event_bits},
                {"calibration_tokens", text.calibration.size()},
                {"held_out", {{"first_byte", text.held_out_begin}, {"tokens", predictions}}},
                {"tokens", predictions},
                {"bits_per_byte_float", float_bits},
                {"bits_per_byte_integer", integer_bits},
                {"bits_per_byte_loss", integer_bits - float_bits},
                {"float_bytes", float_bytes},
                {"integer_bytes", integer_bytes},
                {"spike_agreement", agreement},
                {"saturations", sites}});
    return 0;
}

}  // namespace spikeloom::apps
