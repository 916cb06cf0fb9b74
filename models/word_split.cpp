#include "models/word_split.hpp"

#include "models/unicode.hpp"

#include <array>

namespace spikeloom::models {

namespace {

using unicode::Kind;

struct Classed {
    Kind kind;
    std::size_t bytes;
};

Classed classed_at(std::string_view text, std::size_t at) {
    static const std::array<Kind, 128> ascii = [] {
        std::array<Kind, 128> kinds{};
        for (std::size_t code = 0; code < kinds.size(); ++code) {
            kinds[code] = unicode::kind_of(static_cast<char32_t>(code));
        }
        return kinds;
    }();
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < ascii.size()) {
        return {ascii[byte], 1};
    }
    const unicode::Character character = unicode::first_character(text.substr(at));
    return {unicode::kind_of(character.code), character.bytes};
}

/// The end of the run of one kind that begins at `at`.
std::size_t run_end(std::string_view text, std::size_t at, Kind kind) {
    while (at < text.size()) {
        const Classed next = classed_at(text, at);
        if (next.kind != kind) {
            break;
        }
        at += next.bytes;
    }
    return at;
}

std::size_t contraction(std::string_view text) {
    constexpr std::array<std::string_view, 7> kEndings{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (const std::string_view ending : kEndings) {
        if (text.starts_with(ending)) {
            return ending.size();
        }
    }
    return 0;
}

/// White space goes as one word, but what stands behind it gets the last character of a run.
std::size_t white_space(std::string_view text) {
    std::size_t last = 0;  // where the run's last character begins
    std::size_t end = 0;
    while (end < text.size()) {
        const Classed next = classed_at(text, end);
        if (next.kind != Kind::space) {
            return last == 0 ? end : last;
        }
        last = end;
        end += next.bytes;
    }
    return end;
}

}  // namespace

std::size_t first_word(std::string_view text) {
    if (text[0] == '\'') {
        if (const std::size_t length = contraction(text)) {
            return length;
        }
    }
    const std::size_t begin = text[0] == ' ' && text.size() > 1 ? 1 : 0;
    const Classed first = classed_at(text, begin);
    if (first.kind == Kind::space) {
        return white_space(text);
    }
    return run_end(text, begin + first.bytes, first.kind);
}

std::size_t word_boundary(std::string_view text, std::size_t wanted) {
    const auto ascii_but_space = [](char c) {
        return static_cast<unsigned char>(c) < 0x80 &&
               unicode::kind_of(static_cast<char32_t>(c)) != Kind::space;
    };
    for (std::size_t at = wanted; at < text.size(); ++at) {
        if (at > 0 && text[at] == ' ' && ascii_but_space(text[at - 1])) {
            return at;
        }
    }
    return text.size();
}

}  // namespace spikeloom::models
