// Tokens split for training and validation.
#pragma once

#include "models/tokens.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace spikeloom::models {

class Tokenizer;

/// The largest text that is tokenised into memory; its ids take about as much again.
constexpr std::uint64_t kLargestTextInMemory = std::uint64_t{1} << 30;

/// A file as tokens:
///  - X.bin or X.idx: the ids of that pair (indexed_tokens.hpp), from the map;
///  - any other file is a text. Its bytes are taken from the map where the tokenizer is of bytes,
///    so it may be larger than memory, too; other tokenizers give ids in memory.
/// `tokenizer` may be missing for a pair. Throws InputError naming the file where a text has no
/// ids, or is too large for this and should be turned into a pair first; for ids from `vocabulary`
/// on, when they are read.
Tokens open_tokens(const std::filesystem::path& path, Tokenizer* tokenizer, int vocabulary);

/// The last part of a text is kept for validation: training never sees it.
class Corpus {
  public:
    /// `validation_fraction` of the tokens, at least 2 if it is not 0. Throws InputError where what
    /// is left for training is shorter than one sequence and its targets.
    Corpus(const Tokens& tokens, double validation_fraction, std::size_t sequence);

    const Tokens& training() const { return training_; }
    const Tokens& validation() const { return validation_; }

  private:
    Tokens training_;
    Tokens validation_;
};

}  // namespace spikeloom::models
