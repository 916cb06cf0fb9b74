#include "arch/stage_state.hpp"

#include "arch/fabric.hpp"

#include <span>

namespace spikeloom::arch {

namespace {

/// The core's synapse memory with its images.
std::vector<std::uint8_t> synapse_memory(const Fabric& fabric, TileId tile) {
    std::vector<std::uint8_t> memory(fabric.config.core.synapse_bytes);
    for (const MemoryImage& image : fabric.program.synapse_images) {
        if (image.tile == tile) {
            std::copy(image.bytes.begin(), image.bytes.end(),
                      memory.begin() + static_cast<std::ptrdiff_t>(image.address));
        }
    }
    return memory;
}

std::vector<std::vector<std::int32_t>> initial_registers(const Stage& stage) {
    std::vector<std::vector<std::int32_t>> registers;
    for (const Register& reg : stage.registers) {
        registers.push_back(reg.initial);
        registers.back().resize(reg.length);
    }
    return registers;
}

StageState make_stage(Fabric& fabric, StageId id, std::span<const std::uint8_t> memory) {
    const CoreConfig& config = fabric.config.core;
    const Stage& stage = fabric.program.stages[id];
    StageState state{&stage,
                     id,
                     AxonTable(stage.axons, config, memory,
                               [&](std::uint32_t weight_bits, std::uint32_t value_bits) {
                                   return fabric.counts.index_of(mac_name(weight_bits, value_bits));
                               }),
                     initial_registers(stage),
                     {},
                     {}};
    state.slots.resize(config.accumulator_slots);
    for (Slot& slot : state.slots) {
        slot.sums.resize(stage.registers.front().length);
    }
    for (const Output& output : stage.outputs) {
        for (const Destination& destination : output.destinations) {
            const bool known = std::any_of(
                state.consumers.begin(), state.consumers.end(),
                [&](const Consumer& consumer) { return consumer.stage == destination.stage; });
            if (!known) {
                const bool host = destination.stage == fabric.program.stages.size();
                state.consumers.push_back({destination.stage, host ? fabric.config.host.result_slots
                                                                   : config.accumulator_slots});
            }
        }
    }
    return state;
}

}  // namespace

std::vector<StageState> make_stages(Fabric& fabric, TileId tile, const std::vector<StageId>& ids) {
    const std::vector<std::uint8_t> memory = synapse_memory(fabric, tile);
    std::vector<StageState> stages;
    for (const StageId id : ids) {
        stages.push_back(make_stage(fabric, id, memory));
    }
    return stages;
}

}  // namespace spikeloom::arch
