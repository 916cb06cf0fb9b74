// GPT-2's split of a text into words, over which no merge reaches:
//     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// (OpenAI, gpt-2, src/encoder.py). Bytes that are no character count as the third class.
#pragma once

#include <cstddef>
#include <string_view>

namespace spikeloom::models {

/// The length of the first word of a text that is not empty.
std::size_t first_word(std::string_view text);

/// A place near `wanted` bytes, or the end, where a text can be cut without any word, before or
/// behind, coming out differently: in front of an ASCII space that follows another ASCII character.
std::size_t word_boundary(std::string_view text, std::size_t wanted);

}  // namespace spikeloom::models
