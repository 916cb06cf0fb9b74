// The synapses of a chip that steps: a row for every pair of neuron and core that it reaches.
//
// In the simulator a synapse takes 4 bytes: the accumulator it feeds, 16 bits, and its weight, 16
// bits. A row is a run of 32-bit words, segment after segment; a segment has one delay and begins
// with a word of its own. Synapses of one weight on neighbouring accumulators are one word, however
// many. (What a row takes in the chip's memory is SteppedConfig's matter.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::arch {

/// A synapse before it is packed.
struct Synapse {
    std::uint16_t core = 0;
    std::uint16_t accumulator = 0;  // on that core
    std::int16_t weight = 0;        // in units of its receptor
    std::uint8_t delay = 1;         // steps
};

class SynapseRows {
  public:
    std::size_t rows() const { return cores_.size(); }
    std::uint64_t synapses() const { return synapses_; }
    std::uint16_t core(std::uint32_t row) const { return cores_[row]; }
    /// Synapses of a row.
    std::uint32_t synapses_of(std::uint32_t row) const;
    /// Bytes of the computer's memory.
    std::size_t bytes() const;

    /// Appends the rows of one neuron; sorts its synapses by core, delay and accumulator.
    void append(std::vector<Synapse>& synapses);
    /// Room for so many synapses and rows, so that the vectors need not grow by copies.
    void reserve(std::uint64_t synapses, std::uint64_t rows);

    /// Adds a row to the sums. sums(delay) is where the accumulators of that delay begin, and
    /// add(sum, weight) the addition. Returns the synapses met.
    template <class Sums, class Add>
    std::uint32_t accumulate(std::uint32_t row, Sums sums, Add add) const {
        const std::uint32_t* word = words_.data() + begins_[row];
        const std::uint32_t* const end = words_.data() + end_of(row);
        std::uint32_t met = 0;
        while (word != end) {
            const std::uint32_t header = *word++;
            const std::uint32_t count = header & kCountMask;
            std::int32_t* const to = sums(header >> kDelayShift);
            met += count;
            if ((header & kRun) != 0) {
                const std::int32_t weight = weight_of(*word);
                std::int32_t* const first = to + accumulator_of(*word++);
                for (std::uint32_t i = 0; i < count; ++i) {
                    add(first[i], weight);
                }
                continue;
            }
            for (std::uint32_t i = 0; i < count; ++i) {
                add(to[accumulator_of(word[i])], weight_of(word[i]));
            }
            word += count;
        }
        return met;
    }

    /// Has the processor fetch a row that will be needed soon.
    void prefetch(std::uint32_t row) const { __builtin_prefetch(words_.data() + begins_[row]); }

  private:
    static constexpr std::uint32_t kCountMask = 0xffff;
    static constexpr std::uint32_t kRun = 0x10000;
    static constexpr std::uint32_t kDelayShift = 24;

    static std::uint32_t accumulator_of(std::uint32_t word) { return word & 0xffffU; }
    static std::int32_t weight_of(std::uint32_t word) {
        return static_cast<std::int32_t>(word) >> 16;
    }
    std::size_t end_of(std::uint32_t row) const {
        return row + 1 == begins_.size() ? words_.size() : begins_[row + 1];
    }
    void append_segment(std::span<const Synapse> segment);

    std::vector<std::uint32_t> words_;
    std::vector<std::uint32_t> begins_;  // by row
    std::vector<std::uint16_t> cores_;   // by row
    std::uint64_t synapses_ = 0;
};

}  // namespace spikeloom::arch
