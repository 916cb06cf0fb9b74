#include "arch/message.hpp"

#include <algorithm>

namespace spikeloom::arch {

std::uint32_t event_bits(Encoding encoding, std::uint32_t value_bits) {
    switch (encoding) {
        case Encoding::binary:
            return kAxonBits;
        case Encoding::graded:
            return kAxonBits + value_bits;
        case Encoding::dense:
            break;
    }
    return value_bits;
}

std::uint64_t events_per_flit(const Program& program, TileId tile, int flit_bits) {
    std::uint32_t shortest = kAxonBits + 32;
    const auto sent_here = [&](const Destination& destination) {
        return destination.stage < program.stages.size() &&
               program.stages[destination.stage].tile == tile;
    };
    for (const Stage& stage : program.stages) {
        for (const Output& output : stage.outputs) {
            if (std::any_of(output.destinations.begin(), output.destinations.end(), sent_here)) {
                shortest = std::min(shortest, event_bits(output.encoding, output.value_bits));
            }
        }
    }
    if (program.stages[program.host.token_stage].tile == tile) {
        shortest = std::min(shortest, kAxonBits);
    }
    // A flit may complete an event that began in the one before.
    return (static_cast<std::uint64_t>(flit_bits) + shortest - 1) / shortest;
}

}  // namespace spikeloom::arch
