#include "models/byte_pair_merger.hpp"

#include <algorithm>
#include <bit>

namespace spikeloom::models {

namespace {

constexpr std::uint64_t kFree = ~std::uint64_t{0};
constexpr std::uint32_t kEnd = ~std::uint32_t{0};

std::uint64_t key_of(int left, int right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 |
           static_cast<std::uint32_t>(right);
}

/// Fibonacci hashing: the slot is in the product's upper half.
std::size_t slot_of(std::uint64_t key, std::size_t slots) {
    return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15ULL) >> 32) & (slots - 1);
}

}  // namespace

BytePairMerger::BytePairMerger(const std::array<int, 256>& byte_tokens,
                               const std::vector<Merge>& merges)
    : byte_tokens_(byte_tokens),
      keys_(std::bit_ceil(2 * merges.size() + 1), kFree),
      ranked_(keys_.size()) {
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
        const std::uint64_t key = key_of(merges[rank].left, merges[rank].right);
        std::size_t slot = slot_of(key, keys_.size());
        while (keys_[slot] != kFree && keys_[slot] != key) {
            slot = (slot + 1) & (keys_.size() - 1);
        }
        keys_[slot] = key;
        ranked_[slot] = {static_cast<std::uint32_t>(rank), merges[rank].result};
    }
}

const BytePairMerger::Ranked* BytePairMerger::find(int left, int right) const {
    const std::uint64_t key = key_of(left, right);
    std::size_t slot = slot_of(key, keys_.size());
    while (keys_[slot] != key) {
        if (keys_[slot] == kFree) {
            return nullptr;
        }
        slot = (slot + 1) & (keys_.size() - 1);
    }
    return &ranked_[slot];
}

/// Puts the pair at `position` among the candidates, a heap with the next merge on top.
void BytePairMerger::propose(std::uint32_t position) {
    const Symbol& symbol = symbols_[position];
    const int right = symbols_[symbol.next].id;
    if (const Ranked* found = find(symbol.id, right)) {
        candidates_.push_back({found->rank, position, {symbol.id, right, found->result}});
    }
}

bool BytePairMerger::merge(std::string_view word, std::vector<int>& tokens) {
    const auto later = [](const Candidate& a, const Candidate& b) {
        return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
    };
    const auto size = static_cast<std::uint32_t>(word.size());
    symbols_.resize(size);
    for (std::uint32_t i = 0; i < size; ++i) {
        const int id = byte_tokens_[static_cast<unsigned char>(word[i])];
        if (id == kNoToken) {
            return false;
        }
        symbols_[i] = {id, i - 1, i + 1 < size ? i + 1 : kEnd};
    }
    candidates_.clear();
    for (std::uint32_t i = 0; i + 1 < size; ++i) {
        propose(i);
    }
    std::make_heap(candidates_.begin(), candidates_.end(), later);
    const auto propose_into_heap = [&](std::uint32_t position) {
        const std::size_t before = candidates_.size();
        propose(position);
        if (candidates_.size() > before) {
            std::push_heap(candidates_.begin(), candidates_.end(), later);
        }
    };
    while (!candidates_.empty()) {
        std::pop_heap(candidates_.begin(), candidates_.end(), later);
        const Candidate best = candidates_.back();
        candidates_.pop_back();
        Symbol& left = symbols_[best.position];
        // One of the two may have merged with another neighbour since it was proposed.
        if (left.id != best.merge.left || left.next == kEnd ||
            symbols_[left.next].id != best.merge.right) {
            continue;
        }
        Symbol& right = symbols_[left.next];
        right.id = kNoToken;
        left.id = best.merge.result;
        left.next = right.next;
        if (left.next != kEnd) {
            symbols_[left.next].previous = best.position;
            propose_into_heap(best.position);
        }
        if (best.position != 0) {
            propose_into_heap(left.previous);
        }
    }
    for (std::uint32_t i = 0; i < size; i = symbols_[i].next) {
        tokens.push_back(symbols_[i].id);
    }
    return true;
}

}  // namespace spikeloom::models
