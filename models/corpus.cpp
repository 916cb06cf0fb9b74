#include "models/corpus.hpp"

#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "models/indexed_tokens.hpp"
#include "models/tokenizer.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace spikeloom::models {

Tokens open_tokens(const std::filesystem::path& path, Tokenizer* tokenizer, int vocabulary) {
    if (names_indexed_tokens(path)) {
        return open_indexed_tokens(path, vocabulary);
    }
    if (tokenizer == nullptr) {
        throw InputError(path.string() + ": a text needs a tokenizer; --tokenizer FILE names one");
    }
    auto file = std::make_shared<const MappedFile>(path);
    if (tokenizer->is_bytes()) {
        return {std::move(file), TokenType::byte, path.string(), vocabulary};
    }
    const std::string_view text = file->bytes();
    if (text.size() > kLargestTextInMemory) {
        throw InputError(path.string() + ": " + std::to_string(text.size()) + " bytes; at most " +
                         std::to_string(kLargestTextInMemory) +
                         " are tokenised in memory, so turn it into a pair X.bin, X.idx first: "
                         "spikeloom tokenize --index");
    }
    try {
        return tokenizer->encode(text);
    } catch (const InputError& error) {
        throw InputError(path.string() + ": " + error.what());
    }
}

Corpus::Corpus(const Tokens& tokens, double validation_fraction, std::size_t sequence) {
    auto held_back =
        static_cast<std::size_t>(static_cast<double>(tokens.size()) * validation_fraction);
    if (validation_fraction > 0.0) {
        held_back = std::min(tokens.size(), std::max<std::size_t>(2, held_back));
    }
    const std::size_t training = tokens.size() - held_back;
    if (training < sequence + 1) {
        throw InputError("the text has " + std::to_string(tokens.size()) + " tokens, " +
                         std::to_string(training) + " of them for training; a sequence of " +
                         std::to_string(sequence) + " and its targets need " +
                         std::to_string(sequence + 1));
    }
    training_ = tokens.part(0, training);
    validation_ = tokens.part(training, held_back);
}

}  // namespace spikeloom::models
