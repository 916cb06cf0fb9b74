// Remembers the tokens of words: a text has few different words, and merging one costs much more
// than finding it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::models {

/// A hash table whose words and tokens lie in two arrays of their own. When it holds as many words
/// as it may it forgets them all, which bounds its memory on any text.
class WordCache {
  public:
    /// Longer words are rarely seen twice.
    static constexpr std::size_t kLongestWord = 64;
    static constexpr std::size_t kMostWords = std::size_t{1} << 17;

    WordCache();

    /// Appends the word's tokens if it is known.
    bool find(std::string_view word, std::vector<int>& tokens) const;
    /// Takes in a word that is not known.
    void insert(std::string_view word, std::span<const int> tokens);

  private:
    struct Entry {
        std::uint32_t hash = 0;
        std::uint32_t text = 0;    // where the word begins in text_
        std::uint32_t first = 0;   // its first token in tokens_
        std::uint16_t length = 0;  // of the word, bytes; 0: a free slot
        std::uint16_t count = 0;   // of tokens
    };
    std::size_t slot(std::string_view word, std::uint32_t hash) const;
    void clear(std::size_t slots);
    void grow();

    std::vector<Entry> entries_;  // a power of two, at most half of them taken
    std::string text_;
    std::vector<int> tokens_;
    std::size_t words_ = 0;
};

}  // namespace spikeloom::models
