#include "models/carried_tokenizer.hpp"

#include "base/error.hpp"
#include "base/safetensors.hpp"

namespace spikeloom::models {

namespace {

constexpr int kBytes = 256;

}  // namespace

void carry_tokenizer(Safetensors& file, const std::string& description) {
    if (!description.empty()) {
        file.metadata[kTokenizerKey] = description;
    }
}

std::string carried_description(const Safetensors& file) {
    const auto found = file.metadata.find(kTokenizerKey);
    return found == file.metadata.end() ? std::string() : found->second;
}

std::optional<Tokenizer> tokenizer_of(const Safetensors& file, int vocabulary) {
    const std::string description = carried_description(file);
    if (!description.empty()) {
        Tokenizer tokenizer = Tokenizer::parse(
            description, file.origin + ": metadata '" + std::string(kTokenizerKey) + "'");
        require_vocabulary(tokenizer, vocabulary, file.origin);
        return tokenizer;
    }
    return vocabulary <= kBytes ? std::optional(Tokenizer::bytes()) : std::nullopt;
}

void require_vocabulary(const Tokenizer& tokenizer, int vocabulary, const std::string& model) {
    // Bytes are looked at one by one: a model of ASCII text may do without the others.
    if (!tokenizer.is_bytes() && tokenizer.vocabulary() > vocabulary) {
        throw InputError(model + ": a vocabulary of " + std::to_string(vocabulary) +
                         " ids; the tokenizer (" + tokenizer.kind() + ") needs " +
                         std::to_string(tokenizer.vocabulary()));
    }
}

}  // namespace spikeloom::models
