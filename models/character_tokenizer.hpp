// A token is a character (a Unicode code point), as in SpikeGPT's character-level models.
#pragma once

#include "models/token_pieces.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spikeloom::models {

class CharacterTokenizer {
  public:
    /// Gives a character its id. Throws InputError, in the name of `origin`, where `text` is not
    /// one character or has an id already, or the id is taken.
    void add(std::int64_t id, std::string_view text, const std::string& origin);

    const TokenPieces& pieces() const { return pieces_; }

    /// Appends the text's ids; `offset` as in BytePairTokenizer. Throws InputError for a byte that
    /// is no character and for a character without an id: there is no id for what is unknown.
    void encode(std::string_view text, std::size_t offset, std::vector<int>& ids) const;

    /// A place near `wanted` bytes, or the end, where no character is cut.
    static std::size_t cut(std::string_view text, std::size_t wanted);

  private:
    TokenPieces pieces_;
    std::unordered_map<char32_t, int> ids_;
};

}  // namespace spikeloom::models
