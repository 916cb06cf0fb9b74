// Texts and tokenizers as the subcommands take them.
#pragma once

#include "apps/command.hpp"
#include "models/tokenizer.hpp"
#include "models/tokens.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace spikeloom {
class Safetensors;
}

namespace spikeloom::apps {

/// Adds `--tokenizer FILE`, "instead of the one that the model carries".
void add_tokenizer_option(options::options_description& described);

/// The one of --tokenizer, else the model's (models::tokenizer_of); none where neither says. It
/// fits the model's vocabulary.
std::optional<models::Tokenizer> find_tokenizer(const options::variables_map& values,
                                                const Safetensors& model, int vocabulary);

/// The same where one is needed: InputError naming the model and --tokenizer.
models::Tokenizer require_tokenizer(const options::variables_map& values, const Safetensors& model,
                                    int vocabulary);

/// The same for a model that is still to be trained and has no file; errors name its key. A corpus
/// of ids needs no tokenizer.
std::optional<models::Tokenizer> named_tokenizer(const options::variables_map& values,
                                                 int vocabulary);

/// A file's tokens: models::open_tokens.
models::Tokens open_text(const std::string& path, std::optional<models::Tokenizer>& tokenizer,
                         int vocabulary);

/// The ids of a prompt; InputError in the name of `option` where something in it has none.
std::vector<int> encode_prompt(models::Tokenizer& tokenizer, const std::string& prompt,
                               const std::string& option);

/// The value of an option that counts something; InputError for a negative one.
std::size_t count_of(const options::variables_map& values, const std::string& command,
                     const std::string& name);

}  // namespace spikeloom::apps
