// Chips for tests of the compiler.
#pragma once

#include "arch/config.hpp"

namespace spikeloom::tests {

/// A mesh of `width` x `height` tiles with the host on tile 0 and the memory on the last tile.
inline arch::ChipConfig chip_of(int width, int height) {
    arch::ChipConfig chip;
    chip.network.width = width;
    chip.network.height = height;
    chip.memory_tiles = {static_cast<arch::TileId>(width * height - 1)};
    return chip;
}

}  // namespace spikeloom::tests
