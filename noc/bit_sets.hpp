// Sets as bit masks: of virtual channels or ports in one word, of nodes in many.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom::noc {

/// The first member of a set that is not empty, at or after `from`, else from 0 on: how every round
/// robin pointer of the machine chooses. `from` may be one past the last member.
inline int first_at(std::uint64_t set, int from) {
    const std::uint64_t later = from < 64 ? set & (~std::uint64_t{0} << from) : 0;
    return std::countr_zero(later != 0 ? later : set);
}

/// A set of virtual channels of a router's ports. A member is its number: the port, and in the low
/// bits the channel, `shift` bits of them. Wide routers and many channels take more words.
template <int Words>
class VcSet {
  public:
    bool has(int number) const { return (words_[word(number)] >> (number & 63) & 1) != 0; }
    void insert(int number) { words_[word(number)] |= std::uint64_t{1} << (number & 63); }
    void erase(int number) { words_[word(number)] &= ~(std::uint64_t{1} << (number & 63)); }

    bool empty() const {
        std::uint64_t any = 0;
        for (const std::uint64_t word : words_) {
            any |= word;
        }
        return any == 0;
    }
    bool single() const {
        std::uint64_t any = 0;
        std::uint64_t more = 0;
        for (const std::uint64_t word : words_) {
            more |= (word & (word - 1)) | (any != 0 ? word : 0);
            any |= word;
        }
        return any != 0 && more == 0;
    }
    /// The least member of a set that is not empty.
    int first() const {
        std::size_t i = 0;
        while (i + 1 < Words && words_[i] == 0) {
            ++i;
        }
        return static_cast<int>(i) * 64 + std::countr_zero(words_[i]);
    }
    /// Takes the least member out of a set that is not empty.
    int take_first() {
        const int number = first();
        words_[word(number)] &= words_[word(number)] - 1;
        return number;
    }
    /// The channels of one port, a bit each.
    std::uint32_t of_port(int port, int shift) const {
        const int number = port << shift;
        const std::uint64_t from_port = words_[word(number)] >> (number & 63);
        return static_cast<std::uint32_t>(from_port) & ((std::uint32_t{1} << (1 << shift)) - 1);
    }
    void fill_port(int port, int shift, int vcs) {
        const int number = port << shift;
        words_[word(number)] |= ((std::uint64_t{1} << vcs) - 1) << (number & 63);
    }

    friend VcSet operator&(VcSet a, const VcSet& b) {
        for (std::size_t i = 0; i < Words; ++i) {
            a.words_[i] &= b.words_[i];
        }
        return a;
    }
    friend VcSet operator|(VcSet a, const VcSet& b) {
        for (std::size_t i = 0; i < Words; ++i) {
            a.words_[i] |= b.words_[i];
        }
        return a;
    }

  private:
    static std::size_t word(int number) {
        return Words == 1 ? 0 : static_cast<std::size_t>(number >> 6);
    }

    std::array<std::uint64_t, Words> words_{};
};

/// A set of nodes whose sweep costs the members, not the range: a bit a node, and above it a bit
/// for each word that is not empty.
class NodeSet {
  public:
    explicit NodeSet(std::size_t nodes)
        : words_((nodes + 63) / 64), summary_((nodes + 4095) / 4096) {}

    void insert(std::uint32_t node) {
        words_[node >> 6] |= std::uint64_t{1} << (node & 63);
        summary_[node >> 12] |= std::uint64_t{1} << ((node >> 6) & 63);
    }

    bool empty() const {
        for (const std::uint64_t word : summary_) {
            if (word != 0) {
                return false;
            }
        }
        return true;
    }

    /// Calls `stays(node)` for every member in rising order and drops those for which it is false.
    /// Inserting members during the sweep is not allowed.
    template <class Stays>
    void sweep(Stays&& stays) {
        for (std::size_t block = 0; block < summary_.size(); ++block) {
            std::uint64_t kept_words = 0;
            for (std::uint64_t words = summary_[block]; words != 0; words &= words - 1) {
                const int word = std::countr_zero(words);
                std::uint64_t& members = words_[block * 64 + static_cast<std::size_t>(word)];
                std::uint64_t kept = members;
                for (std::uint64_t left = members; left != 0; left &= left - 1) {
                    const int bit = std::countr_zero(left);
                    const auto node = static_cast<std::uint32_t>(block * 4096) +
                                      static_cast<std::uint32_t>(word * 64 + bit);
                    kept &= ~(static_cast<std::uint64_t>(!stays(node)) << bit);
                }
                members = kept;
                kept_words |= static_cast<std::uint64_t>(kept != 0) << word;
            }
            summary_[block] = kept_words;
        }
    }

  private:
    std::vector<std::uint64_t> words_;
    std::vector<std::uint64_t> summary_;
};

}  // namespace spikeloom::noc
