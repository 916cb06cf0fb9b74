// The bytes that each token id stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::models {

/// The largest id that a vocabulary may have: that of the largest model (ModelConfig::vocabulary).
constexpr int kLargestTokenId = 1'048'575;

class TokenPieces {
  public:
    /// Gives the id its bytes. Throws InputError, in the name of `origin`, for an id that has some
    /// already or is out of range. `special`: a mark that is no part of a text, such as the end of
    /// a document.
    void set(std::int64_t id, std::string_view bytes, bool special, const std::string& origin);

    /// Changes what an id that has bytes stands for.
    void redefine(int id, std::string_view bytes, bool special);

    /// One more than the largest id: the least vocabulary a model needs.
    int vocabulary() const { return static_cast<int>(entries_.size()); }

    bool contains(int id) const;
    bool special(int id) const {
        return contains(id) && entries_[static_cast<std::size_t>(id)].special;
    }

    /// Throws InputError for an id that stands for nothing.
    void append(std::span<const int> ids, std::string& text) const;

  private:
    struct Entry {
        std::size_t begin = 0;
        std::uint32_t length = 0;
        bool known = false;
        bool special = false;
    };
    std::string bytes_;
    std::vector<Entry> entries_;
};

}  // namespace spikeloom::models
