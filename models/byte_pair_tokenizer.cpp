#include "models/byte_pair_tokenizer.hpp"

#include "base/error.hpp"
#include "models/unicode.hpp"
#include "models/word_split.hpp"

#include <cstdio>
#include <utility>

namespace spikeloom::models {

BytePairTokenizer::BytePairTokenizer(BytePairVocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)), merger_(vocabulary_.byte_tokens, vocabulary_.merges) {}

void BytePairTokenizer::encode(std::string_view text, std::size_t offset, std::vector<int>& ids) {
    std::size_t at = 0;
    while (at < text.size()) {
        const AddedTokens::Match added = vocabulary_.raw_added.find(text, at);
        if (!encode_between(text.substr(at, added.begin - at), ids)) {
            refuse(text, offset);
        }
        if (added.begin < added.end) {
            ids.push_back(added.id);
        }
        at = added.end;
    }
}

bool BytePairTokenizer::encode_between(std::string_view text, std::vector<int>& ids) {
    if (vocabulary_.nfc) {
        text = unicode::nfc(text, normalised_);
    }
    std::size_t at = 0;
    while (at < text.size()) {
        const AddedTokens::Match added = vocabulary_.normalised_added.find(text, at);
        if (!encode_words(text.substr(at, added.begin - at), ids)) {
            return false;
        }
        if (added.begin < added.end) {
            ids.push_back(added.id);
        }
        at = added.end;
    }
    return true;
}

bool BytePairTokenizer::encode_words(std::string_view text, std::vector<int>& ids) {
    while (!text.empty()) {
        const std::string_view word = text.substr(0, first_word(text));
        if (!cache_.find(word, ids)) {
            const std::size_t before = ids.size();
            if (!merger_.merge(word, ids)) {
                return false;
            }
            cache_.insert(word, std::span<const int>(ids).subspan(before));
        }
        text.remove_prefix(word.size());
    }
    return true;
}

void BytePairTokenizer::refuse(std::string_view text, std::size_t offset) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (vocabulary_.byte_tokens[byte] == BytePairMerger::kNoToken) {
            char shown[8];
            std::snprintf(shown, sizeof shown, "0x%02x", byte);
            throw InputError(
                "byte " + std::to_string(offset + i) + " of the text is " + shown +
                ", which no token of the vocabulary holds" +
                (byte >= 0xf5 || byte == 0xc0 || byte == 0xc1 ? " (it is in no valid UTF-8)" : ""));
        }
    }
    throw InputError("the text, normalised, holds bytes that no token of the vocabulary holds");
}

std::size_t BytePairTokenizer::cut(std::string_view text, std::size_t wanted) const {
    return vocabulary_.added_span_words ? text.size() : word_boundary(text, wanted);
}

}  // namespace spikeloom::models
