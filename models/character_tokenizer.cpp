#include "models/character_tokenizer.hpp"

#include "base/error.hpp"
#include "models/unicode.hpp"

#include <algorithm>

namespace spikeloom::models {

void CharacterTokenizer::add(std::int64_t id, std::string_view text, const std::string& origin) {
    const unicode::Character character = text.empty() ? unicode::Character{unicode::kNoCharacter, 0}
                                                      : unicode::first_character(text);
    if (character.code == unicode::kNoCharacter || character.bytes != text.size()) {
        throw InputError(origin + ": id " + std::to_string(id) +
                         " stands for something else than one character");
    }
    pieces_.set(id, text, false, origin);
    if (!ids_.emplace(character.code, static_cast<int>(id)).second) {
        throw InputError(origin + ": two ids for the character " +
                         unicode::name_of(character.code));
    }
}

void CharacterTokenizer::encode(std::string_view text, std::size_t offset,
                                std::vector<int>& ids) const {
    for (std::size_t at = 0; at < text.size();) {
        const unicode::Character character = unicode::first_character(text.substr(at));
        const auto found = ids_.find(character.code);
        if (found == ids_.end()) {
            throw InputError("byte " + std::to_string(offset + at) + " of the text: " +
                             (character.code == unicode::kNoCharacter
                                  ? std::string("no valid UTF-8; characters are needed")
                                  : "the character " + unicode::name_of(character.code) +
                                        " is not in the vocabulary"));
        }
        ids.push_back(found->second);
        at += character.bytes;
    }
}

std::size_t CharacterTokenizer::cut(std::string_view text, std::size_t wanted) {
    std::size_t at = wanted;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80) {
        ++at;
    }
    return std::min(at, text.size());
}

}  // namespace spikeloom::models
