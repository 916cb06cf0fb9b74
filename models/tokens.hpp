// Token ids, in memory or in a mapped file, in the width in which they are stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spikeloom {
class MappedFile;
}

namespace spikeloom::models {

/// How an id is stored, little-endian.
enum class TokenType : std::uint8_t { byte, uint16, int32 };

constexpr std::size_t size_of(TokenType type) {
    return type == TokenType::byte ? 1 : type == TokenType::uint16 ? 2 : 4;
}

/// A sequence of ids that may be far longer than memory. It is a view: copies and parts of it are
/// cheap and share what they show, which lives as long as one of them.
class Tokens {
  public:
    Tokens() = default;
    /// Ids in memory.
    Tokens(std::vector<int> ids);
    /// The whole of a mapped file; bytes at its end that make no id are left out. Ids from
    /// `vocabulary` on are refused when they are read, in the name of `origin`: reading a corpus
    /// through just to check it could take hours.
    Tokens(std::shared_ptr<const MappedFile> file, TokenType type, std::string origin,
           int vocabulary = std::numeric_limits<int>::max());

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    /// `count` ids from `first` on, which must be there.
    Tokens part(std::size_t first, std::size_t count) const;

    /// Reads to.size() ids from `first` on, which must be there. Throws InputError naming file and
    /// place where one is outside the vocabulary.
    void copy(std::size_t first, std::span<int> to) const;

    /// The same as a vector; all of them without arguments.
    std::vector<int> ids(std::size_t first, std::size_t count) const;
    std::vector<int> ids() const { return ids(0, size_); }

  private:
    std::shared_ptr<const void> owner_;
    const char* data_ = nullptr;  // of the owner's first id
    std::size_t first_ = 0;       // of this view in the owner
    std::size_t size_ = 0;
    TokenType type_ = TokenType::int32;
    int vocabulary_ = std::numeric_limits<int>::max();
    std::string origin_;
};

}  // namespace spikeloom::models
