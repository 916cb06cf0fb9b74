// A chip that runs a spiking network step by step, cycle by cycle: cores with axon tables and
// synapse memory, several to a tile, a network that carries the spikes, and a barrier.
//
// A step (docs/snn.md has the diagram and the cycles):
//   1. Every core takes its neurons one after the other; a neuron that fires writes a packet for
//      every core it reaches into its tile's output queue, and waits where that is full.
//   2. The network brings the packets; an interface hands one over only while every core of the
//      tile has a free place in its event queue.
//   3. The core looks the row up, reads it and adds it to the accumulators of its delay, in the
//      same pipeline as the core of a Program.
//   4. When all is done everywhere, the barrier releases the next step.
//
// What a step computes does not depend on when its spikes arrive, so neurons are computed at its
// beginning, and only times are left to the events. The network is simulated in every cycle in
// which anything moves. All of the chip is one process, so it needs no SystemC kernel; the network
// is the one that the Program's chip hosts in SystemC.
#pragma once

#include "arch/config.hpp"
#include "arch/events.hpp"
#include "arch/spike_network.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace spikeloom::arch {

class SteppedChip {
  public:
    /// InputError where the network does not fit the chip. `seed` is that of its random sources.
    SteppedChip(const ChipConfig& config, SpikeNetwork network, std::uint64_t seed);
    ~SteppedChip();
    SteppedChip(const SteppedChip&) = delete;
    SteppedChip& operator=(const SteppedChip&) = delete;

    /// Is told of every step, once it is over, the neurons that fired in it, in their order.
    using Observer = std::function<void(std::uint64_t step, std::span<const NeuronId> fired)>;
    void observe(Observer observer);

    /// Runs one step; CheckFailed where spikes are stuck.
    void step();

    std::uint64_t steps() const;
    std::uint64_t spikes() const;
    std::uint64_t synaptic_operations() const;
    float membrane(NeuronId neuron) const;
    const SpikeNetwork& network() const;

    /// The cycle of the cores' clock in which the next step begins.
    Cycle now() const;
    double seconds() const;
    /// Counts since the start.
    Counts snapshot() const;

  private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace spikeloom::arch
