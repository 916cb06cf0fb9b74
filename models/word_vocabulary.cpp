#include "models/word_vocabulary.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <utility>

namespace spikeloom::models {

namespace {

bool in_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '\'' || c == '-' || byte >= 0x80;
}

char lower_case(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    bool open = false;  // whether the last word may go on
    for (const char c : text) {
        if (in_word(c)) {
            if (!open) {
                words.emplace_back();
            }
            words.back() += lower_case(c);
            open = true;
        } else {
            open = false;
            if (c > ' ' && c != '\x7f') {
                words.emplace_back(1, c);
            }
        }
    }
    return words;
}

WordVocabulary::WordVocabulary(std::vector<std::string> words) : words_(std::move(words)) {
    for (const std::string& word : words_) {
        if (!ids_.emplace(word, static_cast<int>(ids_.size()) + 1).second) {
            throw InputError("a vocabulary that holds the word '" + word + "' twice");
        }
    }
}

WordVocabulary WordVocabulary::of(const std::vector<std::string_view>& texts,
                                  std::size_t least_count, std::size_t most_words) {
    std::unordered_map<std::string, std::size_t> counts;
    for (const std::string_view text : texts) {
        for (std::string& word : split_words(text)) {
            ++counts[std::move(word)];
        }
    }
    std::vector<std::pair<std::string, std::size_t>> kept;
    for (const auto& [word, count] : counts) {
        if (count >= least_count) {
            kept.emplace_back(word, count);
        }
    }
    std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    kept.resize(std::min(kept.size(), most_words));
    std::vector<std::string> words;
    for (auto& [word, count] : kept) {
        words.push_back(std::move(word));
    }
    return WordVocabulary(std::move(words));
}

std::vector<int> WordVocabulary::encode(std::string_view text) const {
    std::vector<int> ids;
    for (const std::string& word : split_words(text)) {
        const auto found = ids_.find(word);
        ids.push_back(found == ids_.end() ? kUnknown : found->second);
    }
    return ids;
}

}  // namespace spikeloom::models
