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
    return (from + std::countr_zero(std::rotr(set, from))) & 63;
}

/// A set of virtual channels of a router's ports. A member is its number: the port, and in the low
/// bits the channel, `shift` bits of them. Wide routers and many channels take more words.
template <int Words>
class VcSet {
  public:
    bool has(int number) const { return (words_[word(number)] >> (number & 63) & 1) != 0; }
    void insert(int number) { words_[word(number)] |= std::uint64_t{1} << (number & 63); }
    /// Without a branch.
    void insert_if(bool condition, int number) {
        words_[word(number)] |= static_cast<std::uint64_t>(condition) << (number & 63);
    }
    void erase(int number) { words_[word(number)] &= ~(std::uint64_t{1} << (number & 63)); }
    void erase_if(bool condition, int number) {
        words_[word(number)] &= ~(static_cast<std::uint64_t>(condition) << (number & 63));
    }

    /// Itself, or the empty set.
    VcSet given(bool condition) const {
        VcSet result = *this;
        for (std::uint64_t& word : result.words_) {
            word &= -static_cast<std::uint64_t>(condition);
        }
        return result;
    }

    bool empty() const {
        std::uint64_t any = 0;
        for (const std::uint64_t word : words_) {
            any |= word;
        }
        return any == 0;
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

    VcSet& operator|=(const VcSet& other) {
        for (std::size_t i = 0; i < Words; ++i) {
            words_[i] |= other.words_[i];
        }
        return *this;
    }
    /// The members of `a` that are not in `b`.
    friend VcSet operator-(VcSet a, const VcSet& b) {
        for (std::size_t i = 0; i < Words; ++i) {
            a.words_[i] &= ~b.words_[i];
        }
        return a;
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

/// A set of nodes, a bit each.
class NodeSet {
  public:
    explicit NodeSet(std::size_t nodes) : words_((nodes + 63) / 64) {}

    void insert(std::uint32_t node) { insert_if(true, node); }
    /// Without a branch.
    void insert_if(bool condition, std::uint32_t node) {
        words_[node >> 6] |= static_cast<std::uint64_t>(condition) << (node & 63);
    }

    bool empty() const {
        for (const std::uint64_t word : words_) {
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
        for (std::size_t word = 0; word < words_.size(); ++word) {
            std::uint64_t kept = words_[word];
            for (std::uint64_t left = kept; left != 0; left &= left - 1) {
                const int bit = std::countr_zero(left);
                const auto node =
                    static_cast<std::uint32_t>(word) * 64 + static_cast<std::uint32_t>(bit);
                kept &= ~(static_cast<std::uint64_t>(!stays(node)) << bit);
            }
            words_[word] = kept;
        }
    }

  private:
    std::vector<std::uint64_t> words_;
};

}  // namespace spikeloom::noc
