#include "apps/text_input.hpp"

#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "models/carried_tokenizer.hpp"
#include "models/corpus.hpp"

#include <cstdint>
#include <utility>

namespace spikeloom::apps {

void add_tokenizer_option(options::options_description& described) {
    described.add_options()("tokenizer", options::value<std::string>()->value_name("FILE"),
                            "tokenizer.json, encoder.json, a character vocabulary, or the folder "
                            "of one; default: what the model carries, else bytes");
}

std::optional<models::Tokenizer> find_tokenizer(const options::variables_map& values,
                                                const Safetensors& model, int vocabulary) {
    if (values.count("tokenizer") == 0) {
        return models::tokenizer_of(model, vocabulary);
    }
    models::Tokenizer named = models::Tokenizer::load(values["tokenizer"].as<std::string>());
    models::require_vocabulary(named, vocabulary, model.origin);
    return named;
}

models::Tokenizer require_tokenizer(const options::variables_map& values, const Safetensors& model,
                                    int vocabulary) {
    std::optional<models::Tokenizer> found = find_tokenizer(values, model, vocabulary);
    if (!found) {
        throw InputError(model.origin + ": a vocabulary of " + std::to_string(vocabulary) +
                         " ids and no tokenizer in the file; --tokenizer FILE is needed");
    }
    return std::move(*found);
}

std::optional<models::Tokenizer> named_tokenizer(const options::variables_map& values,
                                                 int vocabulary) {
    Safetensors none;
    none.origin = "model.vocabulary";
    return find_tokenizer(values, none, vocabulary);
}

models::Tokens open_text(const std::string& path, std::optional<models::Tokenizer>& tokenizer,
                         int vocabulary) {
    return models::open_tokens(path, tokenizer ? &*tokenizer : nullptr, vocabulary);
}

std::vector<int> encode_prompt(models::Tokenizer& tokenizer, const std::string& prompt,
                               const std::string& option) {
    try {
        return tokenizer.encode(prompt);
    } catch (const InputError& error) {
        throw InputError(option + ": " + error.what());
    }
}

std::size_t count_of(const options::variables_map& values, const std::string& command,
                     const std::string& name) {
    const auto value = values[name].as<std::int64_t>();
    if (value < 0) {
        throw InputError(command + ": --" + name + " " + std::to_string(value) +
                         "; a whole number of at least 0 is needed");
    }
    return static_cast<std::size_t>(value);
}

}  // namespace spikeloom::apps
