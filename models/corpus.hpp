// Text as token ids, split for training and validation.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::models {

/// The byte tokenizer: a token is a byte, its id the byte's value.
std::vector<int> byte_tokens(std::string_view text);
/// The bytes of ids below 256; InputError for a larger one.
std::string byte_text(std::span<const int> tokens);

/// A file's bytes as tokens. Throws InputError where a byte is outside the vocabulary.
std::vector<int> read_byte_tokens(const std::filesystem::path& path, int vocabulary);

/// The last part of a text is kept for validation: training never sees it.
class Corpus {
  public:
    /// `validation_fraction` of the tokens, at least 2 if it is not 0. Throws InputError where what
    /// is left for training is shorter than one sequence and its targets.
    Corpus(std::vector<int> tokens, double validation_fraction, std::size_t sequence);

    std::span<const int> training() const { return {tokens_.data(), training_}; }
    std::span<const int> validation() const {
        return std::span<const int>(tokens_).subspan(training_);
    }

  private:
    std::vector<int> tokens_;
    std::size_t training_;
};

}  // namespace spikeloom::models
