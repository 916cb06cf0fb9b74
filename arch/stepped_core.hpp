// A core of a chip that steps, as far as its cycles go: the unit that takes the neurons and writes
// their packets, and the pipeline that takes arriving spikes to the accumulators.
#pragma once

#include "arch/config.hpp"
#include "arch/memory_banks.hpp"
#include "arch/neurons.hpp"
#include "arch/row_pipeline.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::arch {

class SteppedCore {
  public:
    /// `first_words`: where each row of the network begins in its core's synapse memory; needed
    /// where a bank can be waited for.
    SteppedCore(const ChipConfig& config, const SpikeNetwork& network, std::size_t core,
                std::span<const std::uint32_t> first_words);

    // ---- neurons, and the packets they write

    /// Begins a step in cycle `base`: computes its neurons and knows from then on which packets it
    /// will write. Appends those that fire to `fired`.
    void begin(Neurons& neurons, std::uint64_t step, Cycle base, std::vector<NeuronId>& fired);
    /// The cycle in which it would write the first flit of its next packet; kNever: no more.
    Cycle next_write() const { return next_write_; }
    /// The row that the packet asks for.
    std::uint32_t next_row() const { return row_; }
    /// The packet is written, its last flit in cycle `written`.
    void wrote(Cycle written);

    // ---- spikes that arrive

    /// A spike is in the event queue at the end of cycle `accepted`; adds its row to the sums.
    void accept(Cycle accepted, std::uint32_t row, std::uint64_t step);
    /// The cycle in which the event queue's next place becomes free; 0: one is.
    Cycle place_free() const { return full_turn_ ? pops_[next_pop_] : 0; }

    /// Everything of the present step is over from this cycle on. Once all packets are written.
    Cycle end() const { return std::max(update_end_ + shift_, finished_); }

    struct Counts {
        std::uint64_t idle_updates = 0;
        std::uint64_t active_updates = 0;
        std::uint64_t spikes = 0;
        std::uint64_t random_draws = 0;
        std::uint64_t packets = 0;
        std::uint64_t rows = 0;
        std::uint64_t row_words = 0;
        std::uint64_t synapses = 0;
        std::uint64_t saturations = 0;
        std::uint64_t state_words = 0;
        std::uint64_t accumulator_reads = 0;
        std::uint64_t pipeline_busy = 0;
        std::uint64_t update_busy = 0;
        std::uint64_t write_waits = 0;  // cycles a packet waited to be written
    };
    const Counts& counts() const { return counts_; }

  private:
    struct Spike {
        NeuronId neuron;
        Cycle after;  // cycles of the neurons up to it
    };

    void next_packet();
    void add_row(std::uint32_t row, std::uint64_t step, std::uint32_t& met);
    std::uint32_t words(std::uint32_t synapses) const;
    std::uint32_t lane_cycles(std::uint32_t synapses) const;
    std::span<std::int32_t> sums_of(std::uint64_t step);
    void saturate(std::span<std::int32_t> sums);

    const SteppedConfig& stepped_;
    const CoreConfig& config_;
    const SpikeNetwork& network_;
    const CoreNeurons& neurons_;
    std::size_t core_;

    std::vector<Update> updates_;
    std::vector<Spike> fired_;  // of the present step, in order
    std::size_t spike_ = 0;     // the one whose packets are being written
    std::uint32_t row_ = 0;     // the next packet's
    Cycle base_ = 0;
    Cycle update_end_ = 0;  // if it never waited for packets
    Cycle shift_ = 0;       // how much later it is for having written packets
    Cycle next_write_ = kNever;

    RowPipeline pipeline_;
    std::span<const std::uint32_t> first_words_;
    MemoryBanks banks_;
    std::vector<Cycle> pops_;  // of the last events, a ring as long as the event queue
    std::size_t next_pop_ = 0;
    bool full_turn_ = false;
    Cycle finished_ = 0;

    std::size_t accumulators_;  // of a slot
    std::uint64_t slots_;       // steps ahead that a spike may reach, a power of two
    std::vector<std::int32_t> sums_;
    Counts counts_;
};

}  // namespace spikeloom::arch
