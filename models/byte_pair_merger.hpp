// Byte-pair encoding of one word: its bytes become tokens, and neighbours merge by rank until none
// can. (Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units",
// 2016; over bytes as in Radford et al., "Language Models are Unsupervised Multitask Learners",
// 2019.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace spikeloom::models {

/// Two neighbouring tokens become one.
struct Merge {
    int left = 0;
    int right = 0;
    int result = 0;
};

class BytePairMerger {
  public:
    static constexpr int kNoToken = -1;

    /// The token of each byte, kNoToken where it has none; the merges by rank, the first merging
    /// first. Of two merges of the same pair the later counts.
    BytePairMerger(const std::array<int, 256>& byte_tokens, const std::vector<Merge>& merges);

    /// Appends the word's tokens; of pairs of equal rank the leftmost merges first. Returns false,
    /// with nothing appended, where a byte has no token. Takes n log n steps for n bytes.
    bool merge(std::string_view word, std::vector<int>& tokens);

  private:
    struct Ranked {
        std::uint32_t rank = 0;
        int result = kNoToken;
    };
    /// A token of the word, linked to its neighbours; `id` is kNoToken once it has merged away.
    struct Symbol {
        int id;
        std::uint32_t previous, next;
    };
    struct Candidate {
        std::uint32_t rank;
        std::uint32_t position;  // of the left one
        Merge merge;
    };

    const Ranked* find(int left, int right) const;
    void propose(std::uint32_t position);

    std::array<int, 256> byte_tokens_;
    // An open hash table of pairs. A power of two of slots, at most half of them full.
    std::vector<std::uint64_t> keys_;
    std::vector<Ranked> ranked_;
    // Kept from word to word for their memory.
    std::vector<Symbol> symbols_;
    std::vector<Candidate> candidates_;
};

}  // namespace spikeloom::models
