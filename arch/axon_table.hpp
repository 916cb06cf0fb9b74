// The axon table of a stage and the rows it points to.
//
// In the machine an entry holds a row's address, length and first accumulator, and the rows are
// packed bits in the synapse memory. Here the rows are unpacked once, when the chip is loaded, to
// 8-bit (weights of up to 8 bits) or 16-bit integers, so that the arithmetic's kernels run straight
// over them; what is timed and counted are the packed bits.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::arch {

/// The weights of some rows, unpacked.
class WeightRows {
  public:
    WeightRows() = default;
    /// `rows` rows of `length` weights of `bits` bits each; row r starts at byte r * stride.
    WeightRows(std::span<const std::uint8_t> memory, std::uint32_t rows, std::uint32_t stride,
               std::uint32_t length, std::uint32_t bits);

    /// sums[i] += weight[row, i] * value
    void accumulate(std::uint32_t row, std::int32_t value, std::span<std::int32_t> sums) const;

  private:
    std::uint32_t length_ = 0;
    std::vector<std::int8_t> narrow_;
    std::vector<std::int16_t> wide_;
};

/// Bytes of a packed row.
constexpr std::uint64_t row_bytes(std::uint64_t length, std::uint64_t weight_bits) {
    return (length * weight_bits + 7) / 8;
}

class AxonTable {
  public:
    /// A run of axons; see AxonBlock.
    struct Block {
        AxonBlock axons;
        WeightRows rows;                   // sram
        std::vector<std::uint32_t> words;  // sram: synapse memory words that row r touches, ...
        std::vector<std::uint32_t> first_words;  // ... from this one on
        std::uint32_t service = 1;               // cycles of the lanes alone, and of a remote row
        std::size_t mac_event = 0;               // its count of multiply-accumulates; 0: plain adds
    };

    /// `synapse_memory` is the core's, whole. `mac_event(weight_bits, value_bits)` numbers counts.
    template <class MacEvent>
    AxonTable(const std::vector<AxonBlock>& blocks, const CoreConfig& config,
              std::span<const std::uint8_t> synapse_memory, MacEvent&& mac_event) {
        for (const AxonBlock& block : blocks) {
            add(block, config, synapse_memory);
            if (block.kind != AxonBlock::Kind::direct && block.value_bits > 1) {
                blocks_.back().mac_event = mac_event(block.weight_bits, block.value_bits);
            }
        }
    }

    const Block& block_of(std::uint32_t axon) const { return blocks_[entries_[axon]]; }
    bool has_remote_rows() const { return remote_; }

  private:
    void add(const AxonBlock& axons, const CoreConfig& config,
             std::span<const std::uint8_t> synapse_memory);

    std::vector<Block> blocks_;
    std::vector<std::uint16_t> entries_;  // the block of each axon
    bool remote_ = false;
};

}  // namespace spikeloom::arch
