#include "models/corpus.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <algorithm>
#include <utility>

namespace spikeloom::models {

std::vector<int> byte_tokens(std::string_view text) {
    std::vector<int> tokens(text.size());
    std::transform(text.begin(), text.end(), tokens.begin(),
                   [](char c) { return static_cast<int>(static_cast<unsigned char>(c)); });
    return tokens;
}

std::string byte_text(std::span<const int> tokens) {
    std::string text;
    for (const int token : tokens) {
        if (token < 0 || token > 255) {
            throw InputError("token " + std::to_string(token) + " is no byte");
        }
        text += static_cast<char>(token);
    }
    return text;
}

std::vector<int> read_byte_tokens(const std::filesystem::path& path, int vocabulary) {
    std::vector<int> tokens = byte_tokens(read_file(path));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i] >= vocabulary) {
            throw InputError(path.string() + ": byte " + std::to_string(i) + " is " +
                             std::to_string(tokens[i]) + "; the model's vocabulary ends at " +
                             std::to_string(vocabulary - 1));
        }
    }
    return tokens;
}

Corpus::Corpus(std::vector<int> tokens, double validation_fraction, std::size_t sequence)
    : tokens_(std::move(tokens)) {
    auto held_back =
        static_cast<std::size_t>(static_cast<double>(tokens_.size()) * validation_fraction);
    if (validation_fraction > 0.0) {
        held_back = std::min(tokens_.size(), std::max<std::size_t>(2, held_back));
    }
    training_ = tokens_.size() - held_back;
    if (training_ < sequence + 1) {
        throw InputError("the text has " + std::to_string(tokens_.size()) + " tokens, " +
                         std::to_string(training_) + " of them for training; a sequence of " +
                         std::to_string(sequence) + " and its targets need " +
                         std::to_string(sequence + 1));
    }
}

}  // namespace spikeloom::models
