// The little of Unicode that tokenizers need. Categories and composition come from utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace spikeloom::models::unicode {

/// What stands for a byte that is no part of a character.
constexpr char32_t kNoCharacter = 0xffff'ffff;

struct Character {
    char32_t code;      ///< kNoCharacter where the byte begins none
    std::size_t bytes;  ///< 1 to 4
};

/// The character at the beginning of a text that is not empty. Well-formed UTF-8 is that of the
/// Unicode standard, table 3-7: no surrogates, no overlong forms, nothing above U+10FFFF.
Character first_character(std::string_view text);

/// "U+0041".
std::string name_of(char32_t code);

/// Appends a character as UTF-8.
void append(std::string& text, char32_t code);

/// The classes that byte-level BPE splits text by: general category L, general category N, property
/// White_Space, all else. A byte that is no character is of the last.
enum class Kind : std::uint8_t { other, letter, number, space };
Kind kind_of(char32_t code);

/// The text in normalisation form C: `text` itself where it is so already, else a view of
/// `scratch`. Bytes that are no characters stay where they are, and nothing composes across them.
std::string_view nfc(std::string_view text, std::string& scratch);

/// UTF-16 with a byte order mark as UTF-8. Throws InputError, in the name of `origin`, where the
/// mark is missing, a surrogate has no partner or a byte is left over.
std::string from_utf16(std::string_view bytes, const std::string& origin);

/// Whether a file begins as UTF-16 with a byte order mark does.
bool is_utf16(std::string_view bytes);

}  // namespace spikeloom::models::unicode
