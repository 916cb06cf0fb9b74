// Words as tokens: the vocabulary of a classifier that is trained from scratch on little text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spikeloom::models {

/// The words of a text: runs of letters, digits, apostrophes, hyphens and bytes beyond ASCII, and
/// every other printable character for itself; ASCII letters in lower case.
std::vector<std::string> split_words(std::string_view text);

class WordVocabulary {
  public:
    /// Of every word that the vocabulary does not have; also what stands behind a text's end in a
    /// batch, and for a text without tokens.
    static constexpr int kUnknown = 0;

    /// Ids from 1 on in the order given. Throws InputError for a word that is there twice.
    explicit WordVocabulary(std::vector<std::string> words = {});

    /// The words that occur at least `least_count` times, the most frequent first (equally frequent
    /// ones in the order of their bytes), `most_words` of them at most.
    static WordVocabulary of(const std::vector<std::string_view>& texts, std::size_t least_count,
                             std::size_t most_words);

    std::vector<int> encode(std::string_view text) const;

    /// One more than the largest id.
    int size() const { return static_cast<int>(words_.size()) + 1; }
    const std::vector<std::string>& words() const { return words_; }

  private:
    std::vector<std::string> words_;
    std::unordered_map<std::string, int> ids_;
};

}  // namespace spikeloom::models
