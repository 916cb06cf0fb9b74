#include "models/word_cache.hpp"

#include <algorithm>
#include <cstring>

namespace spikeloom::models {

namespace {

constexpr std::size_t kFirstSlots = std::size_t{1} << 12;

std::uint32_t hash_of(std::string_view word) {
    constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15ULL;
    std::uint64_t hash = word.size() * kFactor;
    const auto take = [&](std::size_t bytes) {
        std::uint64_t part = 0;
        std::memcpy(&part, word.data(), bytes);
        word.remove_prefix(bytes);
        hash = (hash ^ part) * kFactor;
        hash ^= hash >> 32;
    };
    while (word.size() >= sizeof(std::uint64_t)) {
        take(sizeof(std::uint64_t));
    }
    take(word.size());
    return static_cast<std::uint32_t>(hash);
}

}  // namespace

WordCache::WordCache() {
    clear(kFirstSlots);
}

void WordCache::clear(std::size_t slots) {
    entries_.assign(slots, {});
    text_.clear();
    tokens_.clear();
    words_ = 0;
}

std::size_t WordCache::slot(std::string_view word, std::uint32_t hash) const {
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = hash & mask;
    while (entries_[at].length != 0 &&
           !(entries_[at].hash == hash && entries_[at].length == word.size() &&
             std::memcmp(text_.data() + entries_[at].text, word.data(), word.size()) == 0)) {
        at = (at + 1) & mask;
    }
    return at;
}

bool WordCache::find(std::string_view word, std::vector<int>& tokens) const {
    const Entry& entry = entries_[slot(word, hash_of(word))];
    if (entry.length == 0) {
        return false;
    }
    const auto first = tokens_.begin() + entry.first;
    tokens.insert(tokens.end(), first, first + entry.count);
    return true;
}

void WordCache::grow() {
    std::vector<Entry> old(2 * entries_.size());
    old.swap(entries_);
    const std::size_t mask = entries_.size() - 1;
    for (const Entry& entry : old) {
        if (entry.length != 0) {
            std::size_t at = entry.hash & mask;
            while (entries_[at].length != 0) {
                at = (at + 1) & mask;
            }
            entries_[at] = entry;
        }
    }
}

void WordCache::insert(std::string_view word, std::span<const int> tokens) {
    if (word.empty() || word.size() > kLongestWord) {
        return;
    }
    if (words_ == kMostWords) {
        clear(kFirstSlots);
    }
    if (2 * (words_ + 1) > entries_.size()) {
        grow();
    }
    const std::uint32_t hash = hash_of(word);
    entries_[slot(word, hash)] = {
        hash, static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(tokens_.size()),
        static_cast<std::uint16_t>(word.size()), static_cast<std::uint16_t>(tokens.size())};
    text_ += word;
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    ++words_;
}

}  // namespace spikeloom::models
