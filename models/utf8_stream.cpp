#include "models/utf8_stream.hpp"

#include "models/unicode.hpp"

namespace spikeloom::models {

namespace {

constexpr char32_t kReplacement = 0xfffd;

/// Whether a text that begins with no character would begin with one if more bytes followed.
bool may_become_character(std::string_view text) {
    // The shortest ways on: one to three more bytes, none of which can be wrong by its value but
    // the first, whose bounds depend on the lead.
    for (const char second : {'\x80', '\x90', '\xa0'}) {
        std::string longer(text);
        for (char next = text.size() == 1 ? second : '\x80'; longer.size() < 4; next = '\x80') {
            longer += next;
            if (unicode::first_character(longer).code != unicode::kNoCharacter) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

std::string Utf8Stream::take(std::string_view bytes) {
    kept_ += bytes;
    return show(false);
}

std::string Utf8Stream::finish() {
    return show(true);
}

std::string Utf8Stream::show(bool to_the_end) {
    std::string shown;
    std::size_t at = 0;
    while (at < kept_.size()) {
        const std::string_view rest = std::string_view(kept_).substr(at);
        const unicode::Character character = unicode::first_character(rest);
        if (character.code != unicode::kNoCharacter) {
            shown += rest.substr(0, character.bytes);
        } else if (!to_the_end && rest.size() < 4 && may_become_character(rest)) {
            break;
        } else {
            unicode::append(shown, kReplacement);
        }
        at += character.bytes;
    }
    kept_.erase(0, at);
    return shown;
}

}  // namespace spikeloom::models
