// eval: how well a model predicts a text, in one of three precisions on exactly the same
// predictions.
#include "apps/command.hpp"
#include "apps/text_input.hpp"
#include "arch/config.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "models/evaluation.hpp"
#include "models/integer_model.hpp"
#include "models/quantised_model.hpp"
#include "models/text_size.hpp"
#include "workloads/compiler.hpp"
#include "workloads/session.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <optional>
#include <span>

namespace spikeloom::apps {

namespace {

/// What is asked of a model in every precision.
struct Question {
    std::span<const int> tokens;
    std::optional<models::Windows> windows;  // none: one context, the whole text
    models::EvaluationProgress progress;
};

double float_bits(const Safetensors& file, const Question& asked, int threads) {
    Workers workers(threads);
    const models::Parameters parameters = models::Parameters::from(file);
    return asked.windows
               ? models::evaluate(parameters, asked.tokens, *asked.windows, workers, asked.progress)
               : models::evaluate(parameters, asked.tokens, workers, asked.progress);
}

/// With the functions of the chip, if one is named.
double integer_bits(const Safetensors& file, const Question& asked, const std::string& chip_path) {
    const models::QuantisedModel quantised = models::QuantisedModel::from(file);
    const models::fixed::Functions functions =
        chip_path.empty() ? models::fixed::Functions{}
                          : schema::read_file<arch::ChipConfig>(chip_path).core.vector.functions;
    models::IntegerModel model(quantised, functions);
    return asked.windows ? models::evaluate(model, asked.tokens, *asked.windows, asked.progress)
                         : models::evaluate(model, asked.tokens, asked.progress);
}

/// The text is the prompt of a session: every logit comes back from the chip and is verified.
double fabric_bits(const Safetensors& file, const Question& asked, const std::string& chip_path) {
    const models::QuantisedModel model = models::QuantisedModel::from(file);
    const auto chip = schema::read_file<arch::ChipConfig>(chip_path);
    const workloads::Compiled compiled = workloads::compile(model, chip, {});
    workloads::SessionOptions session;
    session.prompt.assign(asked.tokens.begin(), asked.tokens.end());
    session.progress = [&](std::uint64_t done) { asked.progress(done); };
    const workloads::SessionResult result =
        workloads::run_session(compiled.program, chip, model, session);
    if (!result.verification.bit_exact()) {
        throw CheckFailed("the fabric differs from the golden model: " +
                          (result.verification.first ? result.verification.first->text()
                                                     : std::string("nothing was compared")));
    }
    return result.prompt_bits / static_cast<double>(asked.tokens.size() - 1);
}

std::optional<models::Windows> windows_of(const options::variables_map& values, int context) {
    const std::size_t length = count_of(values, "eval", "context");
    const std::size_t stride = count_of(values, "eval", "stride");
    if (length == 0 && stride == 0) {
        return std::nullopt;
    }
    models::Windows windows;
    windows.length = length > 0 ? length : static_cast<std::size_t>(context);
    windows.stride = stride > 0 ? stride : windows.length;
    if (windows.stride > windows.length) {
        throw InputError("eval: --stride " + std::to_string(windows.stride) +
                         "; at most the window's " + std::to_string(windows.length) +
                         " tokens are allowed");
    }
    return windows;
}

/// The figures of a text with `predictions` predicted tokens, each under its label. Where no
/// tokenizer says what the ids stand for, there is no text to relate them to.
void report(const options::variables_map& values, nlohmann::ordered_json result, double bits,
            const std::optional<models::TextSize>& text) {
    const auto predictions = result["tokens"].get<double>();
    result["bits_per_token"] = bits;
    result["perplexity"] = std::exp2(bits);
    const double total = bits * predictions;
    for (const char* key : {"bytes", "characters", "words", "bits_per_byte", "bits_per_character",
                            "perplexity_word"}) {
        result[key] = nullptr;
    }
    if (text) {
        const auto per = [&](std::uint64_t units) {
            return units > 0 ? nlohmann::ordered_json(total / static_cast<double>(units)) : nullptr;
        };
        result["bytes"] = text->bytes;
        result["characters"] = text->characters;
        result["words"] = text->words;
        result["bits_per_byte"] = per(text->bytes);
        result["bits_per_character"] = per(text->characters);
        if (text->words > 0) {
            result["perplexity_word"] = std::exp2(total / static_cast<double>(text->words));
        }
    }
    if (!json_on_stdout(values)) {
        const auto line = [&](const char* label, const char* key, const char* note) {
            if (result[key].is_number()) {
                std::printf("%-22s %12.6g%s\n", label, result[key].get<double>(), note);
            }
        };
        line("tokens predicted", "tokens", "");
        line("bits per token", "bits_per_token", "");
        line("bits per byte", "bits_per_byte", "");
        line("bits per character", "bits_per_character", "");
        line("perplexity per token", "perplexity", "");
        line("perplexity per word", "perplexity_word", "  (words: what white space separates)");
        std::fflush(stdout);
    }
    write_json(values, result);
}

}  // namespace

int run_eval(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                      //
        ("model", options::value<std::string>()->value_name("FILE"),                             //
         "a float model, or for the other precisions an integer one (safetensors)")              //
        ("text", options::value<std::string>()->value_name("FILE"),                              //
         "the text, or tokens as a pair X.bin, X.idx")                                           //
        ("precision", options::value<std::string>()->value_name("P")->default_value("float"),    //
         "float; integer: the golden model; fabric: the chip of --chip, cycle by cycle")         //
        ("skip", options::value<std::int64_t>()->value_name("N")->default_value(0),              //
         "tokens to leave out at the text's beginning")                                          //
        ("max-tokens", options::value<std::int64_t>()->value_name("N")->default_value(0),        //
         "tokens to read, at most; the first of them is not predicted; 0: all")                  //
        ("stride", options::value<std::int64_t>()->value_name("N")->default_value(0),            //
         "evaluate in windows that overlap: each starts from the empty state, N tokens behind "  //
         "the one before, and its last N predictions count; 0: one context, the whole text")     //
        ("context", options::value<std::int64_t>()->value_name("N")->default_value(0),           //
         "length of the windows, tokens; 0: the model's context")                                //
        ("chip", options::value<std::string>()->value_name("YAML"),
         "for fabric: the chip; for integer: whose special functions are used (default: the "
         "finest)")                                                            //
        ("threads", options::value<int>()->value_name("N")->default_value(0),  //
         "threads of the float model; 0: one a processor");
    add_tokenizer_option(described);
    add_json_option(described);
    options::variables_map values;
    if (!parse("eval",
               "How well a model predicts a text. The model starts at its empty state and reads "
               "the text to its end with the state running on; N tokens make N - 1 predictions. "
               "Perplexities are 2 to the bits per token and to the bits per word.",
               described, arguments, values)) {
        return 0;
    }
    const auto model_path = required<std::string>(values, "model");
    const auto text_path = required<std::string>(values, "text");
    const auto precision = values["precision"].as<std::string>();
    const std::size_t skip = count_of(values, "eval", "skip");
    const std::size_t most = count_of(values, "eval", "max-tokens");
    const int threads = values["threads"].as<int>();
    if (precision != "float" && precision != "integer" && precision != "fabric") {
        throw InputError("eval: --precision " + precision +
                         "; allowed are float, integer and fabric");
    }
    if (threads < 0) {
        throw InputError("eval: --threads " + std::to_string(threads) +
                         "; a whole number of at least 0 is needed");
    }

    const Safetensors file = Safetensors::read(model_path);
    const models::ModelConfig config = models::config_of(file);
    const std::optional<models::Windows> windows = windows_of(values, config.context);
    if (windows && precision == "fabric") {
        throw InputError(
            "eval: --stride and --context are of the precisions float and integer; the "
            "chip reads the text in one context");
    }
    std::optional<models::Tokenizer> tokenizer = find_tokenizer(values, file, config.vocabulary);
    const models::Tokens all = open_text(text_path, tokenizer, config.vocabulary);
    const std::size_t begin = std::min(all.size(), skip);
    const std::size_t left = all.size() - begin;
    const std::vector<int> tokens = all.ids(begin, most > 0 ? std::min(left, most) : left);
    if (tokens.size() < 2) {
        throw InputError(text_path + ": " + std::to_string(tokens.size()) +
                         " tokens left to read; at least 2 are needed");
    }

    Progress progress("evaluating", "tokens", tokens.size() - 1);
    const Question asked{tokens, windows, [&](std::size_t done) { progress.update(done); }};
    const double bits =
        precision == "float" ? float_bits(file, asked, threads)
        : precision == "integer"
            ? integer_bits(
                  file, asked,
                  values.count("chip") != 0 ? values["chip"].as<std::string>() : std::string())
            : fabric_bits(file, asked, required<std::string>(values, "chip"));
    progress.finish();

    nlohmann::ordered_json result = {{"model", model_path},  {"precision", precision},
                                     {"tokenizer", nullptr}, {"context", nullptr},
                                     {"stride", nullptr},    {"tokens", tokens.size() - 1}};
    std::optional<models::TextSize> text;
    if (tokenizer) {
        result["tokenizer"] = tokenizer->kind();
        text = models::size_of_text(*tokenizer, std::span(tokens).subspan(1));
    }
    if (windows) {
        result["context"] = windows->length;
        result["stride"] = windows->stride;
    }
    report(values, result, bits, text);
    return 0;
}

}  // namespace spikeloom::apps
