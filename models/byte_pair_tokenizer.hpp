// Byte-level BPE as Hugging Face's tokenizers library runs it: added tokens are found first, what
// lies between them is normalised and split into words, and each word merges on its own.
#pragma once

#include "models/added_tokens.hpp"
#include "models/byte_pair_merger.hpp"
#include "models/token_pieces.hpp"
#include "models/word_cache.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::models {

/// What a tokenizer's files say.
struct BytePairVocabulary {
    std::array<int, 256> byte_tokens{};  ///< BytePairMerger::kNoToken where a byte has none
    std::vector<Merge> merges;           ///< by rank
    TokenPieces pieces;
    AddedTokens raw_added;         ///< found in the text as it is
    AddedTokens normalised_added;  ///< found, after these, in the normalised text between them
    bool nfc = false;              ///< text is brought to normalisation form C
    /// Whether some added token holds a place where a text may otherwise be cut (word_boundary).
    bool added_span_words = false;
};

class BytePairTokenizer {
  public:
    explicit BytePairTokenizer(BytePairVocabulary vocabulary);

    const TokenPieces& pieces() const { return vocabulary_.pieces; }
    bool normalises() const { return vocabulary_.nfc; }

    /// Appends the text's ids. `offset` is the text's place in a whole that errors count from.
    /// Throws InputError for a byte that no token holds: a vocabulary learned from valid UTF-8 has
    /// none for bytes that UTF-8 does not use.
    void encode(std::string_view text, std::size_t offset, std::vector<int>& ids);

    /// A place near `wanted` bytes, or the end, where the text can be cut in two without another
    /// id.
    std::size_t cut(std::string_view text, std::size_t wanted) const;

  private:
    bool encode_between(std::string_view text, std::vector<int>& ids);
    bool encode_words(std::string_view text, std::vector<int>& ids);
    [[noreturn]] void refuse(std::string_view text, std::size_t offset) const;

    BytePairVocabulary vocabulary_;
    BytePairMerger merger_;
    WordCache cache_;
    std::string normalised_;
};

}  // namespace spikeloom::models
