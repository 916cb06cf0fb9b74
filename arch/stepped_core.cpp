#include "arch/stepped_core.hpp"

#include <algorithm>
#include <bit>

namespace spikeloom::arch {

namespace {

/// Accumulators of a core: one for each neuron, two where a population has an inhibitory receptor
/// of its own.
std::size_t accumulators_of(const SpikeNetwork& network, const CoreNeurons& core) {
    const bool two = std::any_of(core.groups.begin(), core.groups.end(), [&](const auto& group) {
        return network.models[group.model].synapse != SynapseKind::delta;
    });
    return std::size_t{core.neurons} * (two ? 2 : 1);
}

std::uint64_t quotient_up(std::uint64_t a, std::uint64_t b) {
    return (a + b - 1) / b;
}

}  // namespace

SteppedCore::SteppedCore(const ChipConfig& config, const SpikeNetwork& network, std::size_t core,
                         std::span<const std::uint32_t> first_words)
    : stepped_(config.stepped),
      config_(config.core),
      network_(network),
      neurons_(network.cores[core]),
      core_(core),
      updates_(neurons_.neurons),
      pipeline_(config.core.axon_latency, config.core.synapse_latency),
      first_words_(first_words),
      banks_(config.core.synapse_banks, config.core.synapse_bank_cycles),
      pops_(config.core.event_queue),
      accumulators_(accumulators_of(network, neurons_)),
      slots_(std::bit_ceil(std::uint64_t{network.longest_delay} + 1)),
      sums_(accumulators_ * slots_) {}

std::span<std::int32_t> SteppedCore::sums_of(std::uint64_t step) {
    return std::span(sums_).subspan((step & (slots_ - 1)) * accumulators_, accumulators_);
}

/// Clamps what does not fit the accumulators, once the step's sums are complete: so it does not
/// depend on the order in which its spikes came.
void SteppedCore::saturate(std::span<std::int32_t> sums) {
    if (stepped_.accumulator_bits == 32) {
        return;
    }
    const std::int32_t most = (std::int32_t{1} << (stepped_.accumulator_bits - 1)) - 1;
    for (std::int32_t& sum : sums) {
        const std::int32_t exact = sum;
        sum = std::clamp(exact, -most - 1, most);
        counts_.saturations += sum != exact ? 1 : 0;
    }
}

void SteppedCore::begin(Neurons& neurons, std::uint64_t step, Cycle base,
                        std::vector<NeuronId>& fired) {
    const std::span<std::int32_t> sums = sums_of(step);
    saturate(sums);
    counts_.random_draws += neurons.run(core_, step, sums, updates_);
    std::fill(sums.begin(), sums.end(), 0);
    counts_.accumulator_reads += sums.size();
    for (const NeuronGroup& group : neurons_.groups) {
        counts_.state_words +=
            std::uint64_t{group.neurons} * Neurons::state_words(network_.models[group.model]);
    }

    fired_.clear();
    Cycle after = 0;
    std::uint64_t idle = 0;
    for (std::uint32_t i = 0; i < neurons_.neurons; ++i) {
        if (updates_[i] == Update::idle) {
            after += stepped_.idle_update_cycles;
            ++idle;
            continue;
        }
        after += stepped_.active_update_cycles;
        if (updates_[i] == Update::fired) {
            after += stepped_.spike_cycles;
            fired_.push_back({neurons_.first + i, after});
            fired.push_back(neurons_.first + i);
        }
    }
    counts_.idle_updates += idle;
    counts_.active_updates += neurons_.neurons - idle;
    counts_.spikes += fired_.size();
    counts_.update_busy += after;
    base_ = base;
    update_end_ = base + after;
    shift_ = 0;
    finished_ = base;
    spike_ = 0;
    row_ = fired_.empty() ? 0 : network_.axons[fired_.front().neuron];
    next_packet();
}

/// Finds the next packet, from `row_` of the present spike on.
void SteppedCore::next_packet() {
    while (spike_ < fired_.size() && row_ == network_.axons[fired_[spike_].neuron + 1]) {
        if (++spike_ < fired_.size()) {
            row_ = network_.axons[fired_[spike_].neuron];
        }
    }
    next_write_ = spike_ == fired_.size()
                      ? kNever
                      : base_ + fired_[spike_].after + shift_ + stepped_.axon_out_cycles - 1;
}

void SteppedCore::wrote(Cycle written) {
    counts_.write_waits += written - next_write_;
    const Cycle free = base_ + fired_[spike_].after + shift_;
    shift_ += written + 1 - free;
    ++counts_.packets;
    ++row_;
    next_packet();
}

std::uint32_t SteppedCore::words(std::uint32_t synapses) const {
    return static_cast<std::uint32_t>(
        quotient_up(stepped_.row_bits(synapses), config_.synapse_port_bits));
}

std::uint32_t SteppedCore::lane_cycles(std::uint32_t synapses) const {
    const std::uint64_t groups =
        quotient_up(stepped_.rows == RowFormat::dense ? stepped_.neurons : synapses, config_.lanes);
    return static_cast<std::uint32_t>(groups * stepped_.synapse_cycles);
}

void SteppedCore::add_row(std::uint32_t row, std::uint64_t step, std::uint32_t& met) {
    std::int32_t* const sums = sums_.data();
    const auto slot = [&](std::uint32_t delay) {
        return sums + ((step + delay) & (slots_ - 1)) * accumulators_;
    };
    // Unsigned, so that sums which do not fit wrap as the machine's do.
    met = network_.rows.accumulate(row, slot, [](std::int32_t& sum, std::int32_t weight) {
        sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                        static_cast<std::uint32_t>(weight));
    });
}

void SteppedCore::accept(Cycle accepted, std::uint32_t row, std::uint64_t step) {
    std::uint32_t met = 0;
    add_row(row, step, met);
    const Cycle popped = pipeline_.entry_after(accepted + 1);
    const std::uint32_t read = words(met);
    const std::uint32_t read_cycles =
        first_words_.empty() ? read
                             : banks_.read(pipeline_.memory_after(popped), first_words_[row], read);
    const std::uint32_t cycles = std::max({1U, read_cycles, lane_cycles(met)});
    finished_ = std::max(finished_, pipeline_.pass(popped, cycles).finished);
    ++counts_.rows;
    counts_.row_words += read;
    counts_.synapses += met;
    counts_.pipeline_busy += cycles;

    pops_[next_pop_] = popped;
    if (++next_pop_ == pops_.size()) {
        next_pop_ = 0;
        full_turn_ = true;
    }
}

}  // namespace spikeloom::arch
