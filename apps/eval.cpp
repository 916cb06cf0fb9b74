// eval: how well a model predicts a text, in one of three precisions on exactly the same
// predictions.
#include "apps/command.hpp"
#include "arch/config.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "models/corpus.hpp"
#include "models/evaluation.hpp"
#include "models/integer_model.hpp"
#include "models/quantised_model.hpp"
#include "workloads/compiler.hpp"
#include "workloads/session.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <span>

namespace spikeloom::apps {

namespace {

double float_bits(const std::string& path, std::span<const int> tokens, int threads,
                  Progress& progress) {
    Workers workers(threads);
    return models::evaluate(models::Parameters::load(path), tokens, workers,
                            [&](std::size_t done) { progress.update(done); });
}

double integer_bits(const std::string& path, std::span<const int> tokens, Progress& progress) {
    const models::QuantisedModel quantised = models::QuantisedModel::load(path);
    models::IntegerModel model(quantised);
    return models::evaluate(model, tokens, [&](std::size_t done) { progress.update(done); });
}

/// The text is the prompt of a session: every logit comes back from the chip and is verified.
double fabric_bits(const std::string& path, const std::string& chip_path,
                   std::span<const int> tokens, Progress& progress) {
    const models::QuantisedModel model = models::QuantisedModel::load(path);
    const auto chip = schema::read_file<arch::ChipConfig>(chip_path);
    const workloads::Compiled compiled = workloads::compile(model, chip, {});
    workloads::SessionOptions session;
    session.prompt.assign(tokens.begin(), tokens.end());
    session.progress = [&](std::uint64_t done) { progress.update(done); };
    const workloads::SessionResult result =
        workloads::run_session(compiled.program, chip, model, session);
    if (!result.verification.bit_exact()) {
        throw CheckFailed("the fabric differs from the golden model: " +
                          (result.verification.first ? result.verification.first->text()
                                                     : std::string("nothing was compared")));
    }
    return result.prompt_bits / static_cast<double>(tokens.size() - 1);
}

std::size_t count_of(const options::variables_map& values, const std::string& name) {
    const auto value = values[name].as<std::int64_t>();
    if (value < 0) {
        throw InputError("eval: --" + name + " " + std::to_string(value) +
                         "; a whole number of at least 0 is needed");
    }
    return static_cast<std::size_t>(value);
}

}  // namespace

int run_eval(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                    //
        ("model", options::value<std::string>()->value_name("FILE"),                           //
         "a float model, or for the other precisions an integer one (safetensors)")            //
        ("text", options::value<std::string>()->value_name("FILE"), "the text, as bytes")      //
        ("precision", options::value<std::string>()->value_name("P")->default_value("float"),  //
         "float; integer: the golden model; fabric: the chip of --chip, cycle by cycle")       //
        ("skip", options::value<std::int64_t>()->value_name("N")->default_value(0),            //
         "tokens to leave out at the text's beginning")                                        //
        ("max-tokens", options::value<std::int64_t>()->value_name("N")->default_value(0),      //
         "tokens to read, at most; the first of them is not predicted; 0: all")                //
        ("chip", options::value<std::string>()->value_name("YAML"), "for fabric: the chip")    //
        ("threads", options::value<int>()->value_name("N")->default_value(0),                  //
         "threads of the float model; 0: one a processor");
    add_json_option(described);
    options::variables_map values;
    if (!parse("eval",
               "Bits per token of a model on a text. The model starts at its empty state and reads "
               "the text to its end with the state running on; N tokens make N - 1 predictions.",
               described, arguments, values)) {
        return 0;
    }
    const auto model_path = required<std::string>(values, "model");
    const auto text_path = required<std::string>(values, "text");
    const auto precision = values["precision"].as<std::string>();
    const std::size_t skip = count_of(values, "skip");
    const std::size_t most = count_of(values, "max-tokens");
    const int threads = values["threads"].as<int>();
    if (precision != "float" && precision != "integer" && precision != "fabric") {
        throw InputError("eval: --precision " + precision +
                         "; allowed are float, integer and fabric");
    }
    if (threads < 0) {
        throw InputError("eval: --threads " + std::to_string(threads) +
                         "; a whole number of at least 0 is needed");
    }

    const int vocabulary = models::config_of(Safetensors::read(model_path)).vocabulary;
    const std::vector<int> all = models::read_byte_tokens(text_path, vocabulary);
    std::span<const int> tokens = std::span(all).subspan(std::min(all.size(), skip));
    if (most > 0) {
        tokens = tokens.first(std::min(tokens.size(), most));
    }
    if (tokens.size() < 2) {
        throw InputError(text_path + ": " + std::to_string(tokens.size()) +
                         " tokens left to read; at least 2 are needed");
    }

    Progress progress("evaluating", "tokens", tokens.size() - 1);
    const double bits =
        precision == "float" ? float_bits(model_path, tokens, threads, progress)
        : precision == "integer"
            ? integer_bits(model_path, tokens, progress)
            : fabric_bits(model_path, required<std::string>(values, "chip"), tokens, progress);
    progress.finish();

    const std::size_t predictions = tokens.size() - 1;
    if (!json_on_stdout(values)) {
        std::cout << bits << " bits per byte over " << predictions << " predictions (" << precision
                  << ")\n";
    }
    // A token is a byte.
    write_json(values, {{"model", model_path},
                        {"precision", precision},
                        {"tokens", predictions},
                        {"bits_per_token", bits},
                        {"bits_per_byte", bits},
                        {"perplexity", std::exp2(bits)}});
    return 0;
}

}  // namespace spikeloom::apps
