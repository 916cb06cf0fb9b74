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
inline int first_at(std::uint32_t set, int from) {
    const std::uint32_t later = set & (~std::uint32_t{0} << from);
    return std::countr_zero(later != 0 ? later : set);
}

/// A set of virtual channels of a router's ports, which have at most 16 each. A member is its
/// number, port * 16 + channel.
class VcSet {
  public:
    static constexpr int number(int port, int vc) { return port << 4 | vc; }
    static constexpr int port(int number) { return number >> 4; }
    static constexpr int vc(int number) { return number & 15; }

    bool has(int number) const { return (words_[word(number)] >> (number & 63) & 1) != 0; }
    void insert(int number) { words_[word(number)] |= std::uint64_t{1} << (number & 63); }
    void erase(int number) { words_[word(number)] &= ~(std::uint64_t{1} << (number & 63)); }
    void insert(const VcSet& other) {
        words_[0] |= other.words_[0];
        words_[1] |= other.words_[1];
    }
    void erase(const VcSet& other) {
        words_[0] &= ~other.words_[0];
        words_[1] &= ~other.words_[1];
    }

    bool empty() const { return (words_[0] | words_[1]) == 0; }
    bool single() const {
        const std::uint64_t any = words_[0] | words_[1];
        return (words_[0] == 0 || words_[1] == 0) && (any & (any - 1)) == 0 && any != 0;
    }
    /// The least member of a set that is not empty.
    int first() const {
        return words_[0] != 0 ? std::countr_zero(words_[0]) : 64 + std::countr_zero(words_[1]);
    }
    /// The channels of one port.
    std::uint32_t of_port(int port) const {
        return static_cast<std::uint32_t>(words_[word(port << 4)] >> ((port & 3) << 4)) & 0xffffU;
    }
    void fill_port(int port, int vcs) {
        words_[word(port << 4)] |= ((std::uint64_t{1} << vcs) - 1) << ((port & 3) << 4);
    }

    friend VcSet operator&(const VcSet& a, const VcSet& b) {
        return VcSet(a.words_[0] & b.words_[0], a.words_[1] & b.words_[1]);
    }
    friend VcSet operator|(const VcSet& a, const VcSet& b) {
        return VcSet(a.words_[0] | b.words_[0], a.words_[1] | b.words_[1]);
    }

    VcSet() = default;

  private:
    VcSet(std::uint64_t low, std::uint64_t high) : words_{low, high} {}
    static std::size_t word(int number) { return static_cast<std::size_t>(number >> 6); }

    std::array<std::uint64_t, 2> words_{};
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
