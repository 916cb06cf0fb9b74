// Banks of a core's synapse memory. Word w lies in bank w mod banks; a bank takes `busy` cycles for
// a read, and another read of it waits so long. The port delivers a word a cycle, in order, so what
// follows a read that waits, waits as well.
#pragma once

#include "arch/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace spikeloom::arch {

class MemoryBanks {
  public:
    MemoryBanks(std::uint32_t banks, std::uint32_t busy) : busy_(busy), free_(banks, 0) {}

    /// Reads `words` words from word `first` on, the first in cycle `from` if its bank is free.
    /// Returns the cycles from `from` on that the port is taken.
    std::uint32_t read(Cycle from, std::uint64_t first, std::uint32_t words) {
        if (busy_ == 1) {
            return words;  // a bank is free again in the next cycle: nothing ever waits
        }
        Cycle next = from;
        for (std::uint32_t i = 0; i < words; ++i) {
            Cycle& free = free_[(first + i) % free_.size()];
            next = std::max(next, free);
            free = next + busy_;
            ++next;
        }
        return static_cast<std::uint32_t>(next - from);
    }

  private:
    std::uint32_t busy_;
    std::vector<Cycle> free_;  // the first cycle in which a bank may be read
};

}  // namespace spikeloom::arch
