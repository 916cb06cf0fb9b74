// The front of a core, register by register: a chain of lookup registers and the memory stage
// behind it. The pipeline is first in, first out, and a row's time is known when it enters, so the
// cycles of a passage are worked out at once (docs/core.md, "Lookup, synapse memory, lanes"):
//
//     p(i) = max(earliest, p(i-1) + 1, u(i-A))      enters the first of A lookup registers
//     u(i) = max(p(i) + A, u(i-1) + s(i-1))         leaves the last one for the memory stage
//     f(i) = u(i) + M + s(i)                        the accumulators show its row
#pragma once

#include "arch/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace spikeloom::arch {

class RowPipeline {
  public:
    /// A = `axon_latency`, M = `synapse_latency`.
    RowPipeline(std::uint32_t axon_latency, std::uint32_t synapse_latency)
        : axon_latency_(axon_latency),
          synapse_latency_(synapse_latency),
          left_lookup_(axon_latency, 0) {}

    /// The first cycle, from `earliest` on, in which something may enter the lookup.
    Cycle entry_after(Cycle earliest) const {
        return std::max({earliest, next_entry_, left_lookup_[next_register_]});
    }

    /// The cycle in which what enters the lookup in cycle `entered` begins at the memory stage.
    Cycle memory_after(Cycle entered) const {
        return std::max(entered + axon_latency_, memory_free_);
    }

    struct Passage {
        Cycle left_lookup;
        Cycle finished;
    };
    /// Something enters in cycle `entered` and takes `service` cycles of the memory stage.
    Passage pass(Cycle entered, std::uint32_t service) {
        const Cycle left = memory_after(entered);
        next_entry_ = entered + 1;
        left_lookup_[next_register_] = left;
        next_register_ = next_register_ + 1 == left_lookup_.size() ? 0 : next_register_ + 1;
        memory_free_ = left + service;
        return {left, left + synapse_latency_ + service};
    }

    /// The memory stage has no more to do from this cycle on.
    Cycle memory_free() const { return memory_free_; }

  private:
    std::uint32_t axon_latency_;
    std::uint32_t synapse_latency_;
    std::vector<Cycle> left_lookup_;  // of the last A entries, a ring
    std::size_t next_register_ = 0;
    Cycle next_entry_ = 0;
    Cycle memory_free_ = 0;
};

}  // namespace spikeloom::arch
