// What a stage must be, looked at alone: a part of check() (arch/chip.hpp).
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"

namespace spikeloom::arch {

/// Throws InputError where the stage's tile, axons, registers, instructions or outputs make no
/// sense on such a chip.
void check_stage(const Stage& stage, const ChipConfig& config);

}  // namespace spikeloom::arch
