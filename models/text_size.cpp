#include "models/text_size.hpp"

#include "models/tokenizer.hpp"
#include "models/unicode.hpp"

#include <string>

namespace spikeloom::models {

TextSize size_of_text(std::string_view text) {
    TextSize size;
    size.bytes = text.size();
    bool in_word = false;
    for (std::size_t at = 0; at < text.size();) {
        const unicode::Character character = unicode::first_character(text.substr(at));
        const bool space = unicode::kind_of(character.code) == unicode::Kind::space;
        size.words += !space && !in_word ? 1 : 0;
        in_word = !space;
        ++size.characters;
        at += character.bytes;
    }
    return size;
}

TextSize size_of_text(const Tokenizer& tokenizer, std::span<const int> ids) {
    std::string text;
    for (const int id : ids) {
        if (!tokenizer.special(id)) {
            tokenizer.decode({&id, 1}, text);
        }
    }
    return size_of_text(text);
}

}  // namespace spikeloom::models
