// generate: a float or integer model continues a prompt.
#include "apps/command.hpp"
#include "apps/text_input.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/safetensors.hpp"
#include "models/integer_model.hpp"
#include "models/prompt.hpp"
#include "models/quantised_model.hpp"
#include "models/recurrent_model.hpp"
#include "models/sampler.hpp"
#include "models/utf8_stream.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>

namespace spikeloom::apps {

namespace {

using Clock = std::chrono::steady_clock;
/// Takes a token in and returns the logits of the next.
using Step = std::function<std::span<const float>(int)>;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A model behind its prompt.
struct Prompted {
    Step step;
    std::vector<float> logits;
    double seconds = 0.0;  // of reading the prompt
};

/// The parallel form reads the prompt and hands its state to the recurrent form.
Prompted float_model(const Safetensors& file, std::span<const int> prompt, int threads) {
    struct Owned {
        Owned(const Safetensors& from, int count)
            : parameters(models::Parameters::from(from)),
              workers(count),
              model(parameters, workers) {}
        models::Parameters parameters;
        Workers workers;
        models::RecurrentModel model;
    };
    auto owned = std::make_shared<Owned>(file, threads);
    const Clock::time_point start = Clock::now();
    models::PromptRead read = models::read_prompt(owned->parameters, prompt, owned->workers);
    owned->model.restore(read.state);
    return {[owned](int token) { return owned->model.step(token); }, std::move(read.logits),
            seconds_since(start)};
}

Prompted integer_model(const Safetensors& file, std::span<const int> prompt, int threads) {
    struct Owned {
        Owned(const Safetensors& from, int count)
            : quantised(models::QuantisedModel::from(from)),
              workers(count),
              model(quantised, workers) {}
        models::QuantisedModel quantised;
        Workers workers;
        models::IntegerModel model;
        std::vector<float> logits;
    };
    auto owned = std::make_shared<Owned>(file, threads);
    const Step step = [owned](int token) {
        const models::fixed::Values logits = owned->model.step(token);
        owned->logits.resize(logits.size());
        for (std::size_t i = 0; i < logits.size(); ++i) {
            owned->logits[i] = static_cast<float>(logits[i]) / models::fixed::kOne;
        }
        return std::span<const float>(owned->logits);
    };
    const Clock::time_point start = Clock::now();
    for (const int token : prompt) {
        step(token);
    }
    return {step, owned->logits, seconds_since(start)};
}

struct Continuation {
    std::string text;
    double seconds = 0.0;
};

/// Draws tokens and shows their text as it arises, in whole characters.
Continuation continue_prompt(Prompted& prompted, models::Sampler& sampler,
                             const models::Tokenizer& tokenizer, int count, std::ostream* shown) {
    Continuation continuation;
    models::Utf8Stream stream;
    // A vocabulary may be padded: ids behind the tokenizer's last have no text.
    const auto choices =
        std::min(prompted.logits.size(), static_cast<std::size_t>(tokenizer.vocabulary()));
    std::span<const float> logits = prompted.logits;
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < count; ++i) {
        const int token = sampler.sample(logits.first(choices));
        const std::string piece = tokenizer.decode({&token, 1});
        continuation.text += piece;
        if (shown != nullptr) {
            *shown << stream.take(piece) << std::flush;
        }
        if (i + 1 < count) {
            logits = prompted.step(token);
        }
    }
    continuation.seconds = seconds_since(start);
    if (shown != nullptr) {
        *shown << stream.finish() << std::endl;
    }
    return continuation;
}

}  // namespace

int run_generate(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                             //
        ("model", options::value<std::string>()->value_name("FILE"),                    //
         "a float or integer model (safetensors)")                                      //
        ("prompt", options::value<std::string>()->value_name("S"), "text to continue")  //
        ("tokens", options::value<int>()->value_name("N")->default_value(200),          //
         "tokens to generate")                                                          //
        ("temperature", options::value<double>()->value_name("T")->default_value(1.0),  //
         "logits are divided by it; 0: always the most likely token")                   //
        ("top-p", options::value<double>()->value_name("P")->default_value(1.0),        //
         "draw among the fewest most likely tokens that make up this probability")      //
        ("seed", options::value<std::uint64_t>()->value_name("N")->default_value(1),    //
         "of the draws")                                                                //
        ("threads", options::value<int>()->value_name("N")->default_value(0),           //
         "0: one a processor; the text does not depend on it");
    add_tokenizer_option(described);
    add_json_option(described);
    options::variables_map values;
    if (!parse(
            "generate",
            "Continues a prompt. Standard output gets the continuation as it arises; in the JSON "
            "object, `text` is the continuation and `tokens_per_second` the rate of generating it.",
            described, arguments, values)) {
        return 0;
    }
    const auto path = required<std::string>(values, "model");
    const auto prompt = required<std::string>(values, "prompt");
    const int count = values["tokens"].as<int>();
    const int threads = values["threads"].as<int>();
    if (prompt.empty()) {
        throw InputError("generate: the prompt is empty; at least one byte is needed");
    }
    if (count < 0 || threads < 0) {
        throw InputError("generate: --tokens " + std::to_string(count) + ", --threads " +
                         std::to_string(threads) + "; whole numbers of at least 0 are needed");
    }
    models::Sampler sampler({values["temperature"].as<double>(), values["top-p"].as<double>()},
                            values["seed"].as<std::uint64_t>());
    const Safetensors file = Safetensors::read(path);
    const int vocabulary = models::config_of(file).vocabulary;
    models::Tokenizer tokenizer = require_tokenizer(values, file, vocabulary);
    const std::vector<int> prompt_tokens = encode_prompt(tokenizer, prompt, "generate: --prompt");
    const bool integer = models::kind_of(file) == "integer";
    Prompted prompted = integer ? integer_model(file, prompt_tokens, threads)
                                : float_model(file, prompt_tokens, threads);
    const Continuation continuation = continue_prompt(
        prompted, sampler, tokenizer, count, json_on_stdout(values) ? nullptr : &std::cout);

    const auto rate = [](double tokens, double seconds) {
        return seconds > 0.0 ? tokens / seconds : 0.0;
    };
    write_json(values, {{"model", path},
                        {"precision", integer ? "integer" : "float"},
                        {"tokenizer", tokenizer.kind()},
                        {"prompt", prompt},
                        {"text", continuation.text},
                        {"prompt_tokens", prompt_tokens.size()},
                        {"tokens", count},
                        {"prompt_tokens_per_second",
                         rate(static_cast<double>(prompt_tokens.size()), prompted.seconds)},
                        // The first token's logits came with the prompt.
                        {"tokens_per_second", rate(std::max(0, count - 1), continuation.seconds)}});
    return 0;
}

}  // namespace spikeloom::apps
