// generate: a float or integer model continues a prompt.
#include "apps/command.hpp"
#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "models/corpus.hpp"
#include "models/integer_model.hpp"
#include "models/quantised_model.hpp"
#include "models/recurrent_model.hpp"
#include "models/sampler.hpp"

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>

namespace spikeloom::apps {

namespace {

using Step = std::function<std::span<const float>(int)>;

Step float_model(const std::string& path) {
    struct Owned {
        explicit Owned(const std::string& from)
            : parameters(models::Parameters::load(from)), model(parameters) {}
        models::Parameters parameters;
        models::RecurrentModel model;
    };
    auto owned = std::make_shared<Owned>(path);
    return [owned](int token) { return owned->model.step(token); };
}

Step integer_model(const std::string& path) {
    struct Owned {
        explicit Owned(const std::string& from)
            : quantised(models::QuantisedModel::load(from)), model(quantised) {}
        models::QuantisedModel quantised;
        models::IntegerModel model;
        std::vector<float> logits;
    };
    auto owned = std::make_shared<Owned>(path);
    return [owned](int token) {
        const models::fixed::Values logits = owned->model.step(token);
        owned->logits.resize(logits.size());
        for (std::size_t i = 0; i < logits.size(); ++i) {
            owned->logits[i] = static_cast<float>(logits[i]) / models::fixed::kOne;
        }
        return std::span<const float>(owned->logits);
    };
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
         "of the draws");
    add_json_option(described);
    options::variables_map values;
    if (!parse(
            "generate",
            "Continues a prompt. Standard output gets the continuation as it arises; in the JSON "
            "object, `text` is the continuation.",
            described, arguments, values)) {
        return 0;
    }
    const auto path = required<std::string>(values, "model");
    const auto prompt = required<std::string>(values, "prompt");
    const int count = values["tokens"].as<int>();
    if (prompt.empty()) {
        throw InputError("generate: the prompt is empty; at least one byte is needed");
    }
    if (count < 0) {
        throw InputError("generate: --tokens " + std::to_string(count) +
                         "; a whole number of at least 0 is needed");
    }
    models::Sampler sampler({values["temperature"].as<double>(), values["top-p"].as<double>()},
                            values["seed"].as<std::uint64_t>());
    const bool integer = models::kind_of(Safetensors::read(path)) == "integer";
    const Step step = integer ? integer_model(path) : float_model(path);

    const auto start = std::chrono::steady_clock::now();
    std::span<const float> logits;
    const std::vector<int> prompt_tokens = models::byte_tokens(prompt);
    for (const int token : prompt_tokens) {
        logits = step(token);
    }
    std::string text;
    for (int i = 0; i < count; ++i) {
        const int token = sampler.sample(logits);
        const std::string piece = models::byte_text({&token, 1});
        text += piece;
        if (!json_on_stdout(values)) {
            std::cout << piece << std::flush;
        }
        if (i + 1 < count) {
            logits = step(token);
        }
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!json_on_stdout(values)) {
        std::cout << "\n";
    }
    const auto steps = static_cast<double>(prompt_tokens.size()) + std::max(0, count - 1);
    write_json(values, {{"model", path},
                        {"precision", integer ? "integer" : "float"},
                        {"prompt", prompt},
                        {"text", text},
                        {"tokens", count},
                        {"tokens_per_second", seconds > 0.0 ? steps / seconds : 0.0}});
    return 0;
}

}  // namespace spikeloom::apps
