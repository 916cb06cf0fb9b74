// The axon table of a stage: what an event on each axon makes the core do, and how long it takes.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"
#include "arch/weight_rows.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::arch {

class AxonTable {
  public:
    /// A row, and what it takes of the core.
    struct Row {
        std::uint64_t address = 0;  // in its memory, bytes
        std::uint32_t synapses = 0;
        std::uint32_t first_word = 0;   // of the synapse memory
        std::uint32_t words = 0;        // of the port that it touches; remote: of its buffer
        std::uint32_t lane_cycles = 0;  // of remote rows: known when they come
        std::uint32_t bank_waits = 0;   // of these, for accumulators of one bank

        void set_lane_cycles(std::uint32_t cycles, const Lanes& lanes) {
            lane_cycles = cycles;
            bank_waits = cycles - (synapses + lanes.lanes - 1) / lanes.lanes;
        }
    };

    /// A run of axons; see AxonBlock.
    struct Block {
        AxonBlock axons;
        std::vector<Row> rows;      // none for direct entries
        WeightRows weights;         // sram
        std::size_t mac_event = 0;  // its count of multiply-accumulates; 0: plain adds
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
    const Row& row_of(std::uint32_t axon) const {
        const Block& block = block_of(axon);
        return block.rows[axon - block.axons.first_axon];
    }
    /// Whether an event on `axon` makes the core fetch a row: a remote one that is not empty.
    bool fetches(std::uint32_t axon) const {
        return block_of(axon).axons.kind == AxonBlock::Kind::remote && row_of(axon).synapses > 0;
    }
    bool has_remote_rows() const { return remote_; }

  private:
    void add(const AxonBlock& axons, const CoreConfig& config,
             std::span<const std::uint8_t> synapse_memory);

    std::vector<Block> blocks_;
    std::vector<std::uint16_t> entries_;  // the block of each axon
    bool remote_ = false;
};

}  // namespace spikeloom::arch
