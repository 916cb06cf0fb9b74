// What an SRAM behind a memory tile is.
#pragma once

#include <cstdint>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::arch {

/// Times in cycles of the clock it is given.
struct SramConfig {
    std::uint64_t bytes = std::uint64_t{1} << 20;
    std::uint32_t port_bits = 128;
    std::uint32_t interval = 1;  // between words
    std::uint32_t latency = 2;   // from the last word's entry to its data
    std::uint32_t queue = 4;     // accesses under way
};

/// The keys, for base/schema.hpp.
void describe(schema::Walk& walk, SramConfig& sram);

}  // namespace spikeloom::arch
