// Texts that are one token wherever they stand, found before anything else splits a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace spikeloom::models {

class AddedTokens {
  public:
    /// No token may be longer, bytes: finding one takes as many steps at every place of a text.
    static constexpr std::size_t kLongest = 1024;

    AddedTokens();

    /// `text` must not be empty nor longer than kLongest.
    void add(std::string_view text, int id);
    bool empty() const { return nodes_.size() == 1; }

    struct Match {
        std::size_t begin = 0;
        std::size_t end = 0;
        int id = 0;
    };
    /// The leftmost token in text[from ...], and of those that begin there the longest. Without
    /// one, begin and end are the text's size.
    Match find(std::string_view text, std::size_t from) const;

  private:
    static constexpr int kNone = -1;
    struct Node {
        int id = kNone;  // of the token that ends here
        std::vector<std::pair<unsigned char, std::uint32_t>> next;
    };
    /// The node behind `node` for a byte; 0 where there is none.
    std::uint32_t child(std::uint32_t node, unsigned char byte) const;

    std::vector<Node> nodes_;           // a tree of bytes; the first is its root
    std::vector<std::uint32_t> first_;  // the root's children by byte, 0 where there is none
};

}  // namespace spikeloom::models
