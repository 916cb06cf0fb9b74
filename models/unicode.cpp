#include "models/unicode.hpp"

#include "base/error.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

namespace spikeloom::models::unicode {

namespace {

/// No character below it is changed by composition, composes with the one before or is reordered:
/// U+0300 is the first that does.
constexpr char32_t kFirstComposing = 0x300;

constexpr unsigned char byte_at(std::string_view text, std::size_t i) {
    return static_cast<unsigned char>(text[i]);
}

Kind category_kind(char32_t code) {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
            return Kind::letter;
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
            return Kind::number;
        case UTF8PROC_CATEGORY_ZS:  // with the controls below, White_Space is these three
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
            return Kind::space;
        default:
            return (code >= 0x09 && code <= 0x0d) || code == 0x85 ? Kind::space : Kind::other;
    }
}

/// Latin-1 is most of most texts.
const std::array<Kind, 256>& latin_kinds() {
    static const std::array<Kind, 256> kinds = [] {
        std::array<Kind, 256> filled{};
        for (std::size_t code = 0; code < filled.size(); ++code) {
            filled[code] = category_kind(static_cast<char32_t>(code));
        }
        return filled;
    }();
    return kinds;
}

/// A run of well-formed characters in normalisation form C.
void append_composed(std::string& to, std::string_view run) {
    utf8proc_uint8_t* composed = nullptr;
    const utf8proc_ssize_t length =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(run.data()),
                     static_cast<utf8proc_ssize_t>(run.size()), &composed,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
    if (length < 0) {
        throw InputError(std::string("text that cannot be normalised: ") + utf8proc_errmsg(length));
    }
    to.append(reinterpret_cast<const char*>(composed), static_cast<std::size_t>(length));
}

}  // namespace

Character first_character(std::string_view text) {
    const unsigned char lead = byte_at(text, 0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) {
        return {kNoCharacter, 1};
    }
    // The second byte alone tells overlong forms, surrogates and what is too large.
    const unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte_at(text, 1) < least || byte_at(text, 1) > most) {
        return {kNoCharacter, 1};
    }
    char32_t code = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const unsigned char next = byte_at(text, i);
        if ((next & 0xc0U) != 0x80) {
            return {kNoCharacter, 1};
        }
        code = (code << 6) | (next & 0x3fU);
    }
    return {code, bytes};
}

std::string name_of(char32_t code) {
    char name[16];
    std::snprintf(name, sizeof name, "U+%04X", static_cast<unsigned>(code));
    return name;
}

void append(std::string& text, char32_t code) {
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xc0 | (code >> 6));
        text += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        text += static_cast<char>(0xe0 | (code >> 12));
        text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        text += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        text += static_cast<char>(0xf0 | (code >> 18));
        text += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
        text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        text += static_cast<char>(0x80 | (code & 0x3f));
    }
}

Kind kind_of(char32_t code) {
    if (code < 256) {
        return latin_kinds()[code];
    }
    return code == kNoCharacter ? Kind::other : category_kind(code);
}

std::string_view nfc(std::string_view text, std::string& scratch) {
    // A run that composition may change is one character and those behind it from kFirstComposing
    // on; all else is taken over as it is.
    scratch.clear();
    std::size_t taken = 0;   // of the text, into scratch
    std::size_t before = 0;  // where the character before begins
    bool composes = false;   // whether that is one
    std::size_t at = 0;
    while (at < text.size()) {
        if (byte_at(text, at) < 0x80) {
            before = at++;
            composes = true;
            continue;
        }
        Character next = first_character(text.substr(at));
        if (next.code < kFirstComposing || next.code == kNoCharacter) {
            composes = next.code != kNoCharacter;
            before = at;
            at += next.bytes;
            continue;
        }
        const std::size_t begin = composes ? before : at;
        while (next.code >= kFirstComposing && next.code != kNoCharacter) {
            at += next.bytes;
            if (at == text.size()) {
                break;
            }
            next = first_character(text.substr(at));
        }
        scratch.append(text.substr(taken, begin - taken));
        append_composed(scratch, text.substr(begin, at - begin));
        taken = at;
        composes = false;  // what follows is below kFirstComposing, which composes with nothing
    }
    if (taken == 0) {
        return text;
    }
    scratch.append(text.substr(taken));
    return scratch;
}

bool is_utf16(std::string_view bytes) {
    return bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff");
}

std::string from_utf16(std::string_view bytes, const std::string& origin) {
    if (!is_utf16(bytes) || bytes.size() % 2 != 0) {
        throw InputError(origin + ": no UTF-16: " +
                         (bytes.size() % 2 != 0 ? "an odd number of bytes"
                                                : "it does not begin with a byte order mark"));
    }
    const std::size_t high = bytes[0] == '\xff' ? 1 : 0;  // place of a unit's high byte
    const auto unit_at = [&](std::size_t i) {
        return static_cast<char32_t>(byte_at(bytes, i + high) << 8 | byte_at(bytes, i + 1 - high));
    };
    std::string text;
    text.reserve(bytes.size());
    for (std::size_t i = 2; i < bytes.size(); i += 2) {
        char32_t code = unit_at(i);
        if (code >= 0xd800 && code < 0xe000) {
            const char32_t low = i + 2 < bytes.size() ? unit_at(i + 2) : 0;
            if (code >= 0xdc00 || low < 0xdc00 || low >= 0xe000) {
                throw InputError(origin + ": no UTF-16: half a character at byte " +
                                 std::to_string(i));
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        append(text, code);
    }
    return text;
}

}  // namespace spikeloom::models::unicode
