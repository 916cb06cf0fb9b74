// Small chips and Programs made by hand, for the tests of the chip.
#pragma once

#include "arch/chip.hpp"
#include "tests/support/simulation_test.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace spikeloom::tests {

/// Four tiles in a row: 0 the host, 1 and 2 cores, 3 a memory tile. Every latency is 1 or a number
/// that a hand can add up; the network is the four-stage router of docs/noc.md, where a packet that
/// may be injected in cycle r, over H links with no other traffic, has its flit k handed over in
/// cycle r + 6 + 4H + k (k up to 3: a buffer has 4 places, and a place's round trip takes 5).
inline arch::ChipConfig small_chip() {
    arch::ChipConfig config;
    config.network.width = 4;
    config.network.height = 1;
    config.host_tile = 0;
    config.memory_tiles = {3};
    config.core.axon_latency = 1;
    config.core.synapse_latency = 1;
    config.core.synapse_port_bits = 64;
    config.core.lanes = 8;
    config.core.vector.lanes = 8;
    config.core.vector.issue = 1;
    config.host.latency = 10;
    config.memory.dram.rows = 16;
    config.stall_cycles = 20000;
    return config;
}

inline arch::Register accumulators(std::uint32_t length) {
    return {"sums", arch::Register::Kind::accumulator, length, {}};
}
inline arch::Register scratch(const std::string& name, std::uint32_t length) {
    return {name, arch::Register::Kind::scratch, length, {}};
}
inline arch::Register state(const std::string& name, std::uint32_t length) {
    return {name, arch::Register::Kind::state, length, {}};
}
inline arch::Register constant(const std::string& name, std::vector<std::int32_t> values) {
    const auto length = static_cast<std::uint32_t>(values.size());
    return {name, arch::Register::Kind::constant, length, std::move(values)};
}

/// Rows without gaps, in the core's synapse memory.
inline arch::AxonBlock rows(std::uint32_t axons, std::uint32_t row_length,
                            std::uint32_t weight_bits, std::uint64_t address,
                            std::uint32_t value_bits) {
    arch::AxonBlock block;
    block.axons = axons;
    block.row_length = row_length;
    block.weight_bits = weight_bits;
    block.address = address;
    block.row_stride = (row_length * weight_bits + 7) / 8;
    block.value_bits = value_bits;
    return block;
}

/// Axon i adds its value to accumulator i.
inline arch::AxonBlock direct(std::uint32_t axons, std::uint32_t value_bits) {
    arch::AxonBlock block;
    block.kind = arch::AxonBlock::Kind::direct;
    block.axons = axons;
    block.row_length = 1;
    block.value_bits = value_bits;
    return block;
}

inline arch::Instruction copy(std::uint32_t from, std::uint32_t to, std::uint32_t length) {
    arch::Instruction instruction;
    instruction.op = arch::Opcode::copy;
    instruction.length = length;
    instruction.a = {from, 0};
    instruction.to = {to, 0};
    return instruction;
}

inline arch::Output send(std::uint32_t from, std::uint32_t length, arch::Encoding encoding,
                         std::uint32_t value_bits, std::vector<arch::Destination> to) {
    return {"out", {from, 0}, length, encoding, value_bits, std::move(to)};
}

/// A stage whose program copies its sums to register 1 and that sends them on.
inline arch::Stage relay(const std::string& name, arch::TileId tile, std::uint32_t length,
                         arch::AxonBlock axons, arch::Output output) {
    arch::Stage stage;
    stage.name = name;
    stage.tile = tile;
    stage.axons = {axons};
    stage.registers = {accumulators(length), scratch("values", length)};
    stage.program = {copy(0, 1, length)};
    stage.outputs = {std::move(output)};
    return stage;
}

/// Fills in the producers: whoever sends to a stage, and the host to its token stage.
inline void connect(arch::Program& program) {
    const auto host = static_cast<arch::StageId>(program.stages.size());
    std::map<arch::StageId, std::vector<arch::StageId>> senders;
    for (arch::StageId id = 0; id < host; ++id) {
        for (const arch::Output& output : program.stages[id].outputs) {
            for (const arch::Destination& destination : output.destinations) {
                std::vector<arch::StageId>& list = senders[destination.stage];
                if (std::find(list.begin(), list.end(), id) == list.end()) {
                    list.push_back(id);
                }
            }
        }
    }
    senders[program.host.token_stage].push_back(host);
    for (arch::StageId id = 0; id < host; ++id) {
        program.stages[id].producers = senders[id];
    }
    program.host.producers = senders[host];
}

/// `stages[0]` gets the tokens; a destination of stages.size() is the host.
inline arch::Program program_of(std::vector<arch::Stage> stages, std::uint32_t result_length) {
    arch::Program program;
    program.name = "test";
    program.stages = std::move(stages);
    program.host.tile = 0;
    program.host.token_stage = 0;
    program.host.result_length = result_length;
    connect(program);
    return program;
}

/// One stage on tile 1: token t gives row t of an 8-bit matrix [tokens, length] to the host.
inline arch::Program lookup_program(std::uint32_t tokens, std::uint32_t length) {
    arch::Program program =
        program_of({relay("lookup", 1, length, rows(tokens, length, 8, 0, 1),
                          send(1, length, arch::Encoding::dense, 16, {{1, 0}}))},
                   length);
    arch::MemoryImage image;
    image.tile = 1;
    for (std::uint32_t i = 0; i < tokens * length; ++i) {
        image.bytes.push_back(static_cast<std::uint8_t>(i * 37 + 11));
    }
    program.synapse_images = {image};
    return program;
}

inline std::int32_t lookup_value(std::uint32_t token, std::uint32_t length, std::uint32_t element) {
    return static_cast<std::int8_t>(
        static_cast<std::uint8_t>((token * length + element) * 37 + 11));
}

/// A chip in a kernel of its own that keeps what comes out.
struct ChipBench : SimulationTest, arch::Probe {
    struct Run {
        arch::StageId stage;
        std::uint64_t step;
        arch::Cycle ready, start, end;
        bool operator==(const Run& other) const = default;
    };

    ChipBench(const arch::ChipConfig& config, arch::Program program)
        : chip(config, std::move(program)) {
        chip.attach(this);
        chip.host().on_result(
            [this](std::uint64_t step, std::span<const std::int32_t> values, arch::Cycle cycle) {
                steps.push_back(step);
                results.emplace_back(values.begin(), values.end());
                cycles.push_back(cycle);
            });
    }

    void program_ended(const arch::ProgramRun& run) override {
        runs.push_back({run.stage, run.step, run.ready, run.start, run.end});
    }
    void emission_ended(const arch::EmissionRun& run) override { emissions.push_back(run); }

    /// Feeds the tokens at once and runs until all is done.
    void run(const std::vector<std::uint32_t>& tokens) {
        for (const std::uint32_t token : tokens) {
            chip.host().feed_token(token);
        }
        chip.run();
    }

    Run run_of(arch::StageId stage, std::uint64_t step) const {
        const auto found = std::find_if(runs.begin(), runs.end(), [&](const Run& run) {
            return run.stage == stage && run.step == step;
        });
        return found == runs.end() ? Run{} : *found;
    }

    arch::Chip chip;
    std::vector<std::uint64_t> steps;
    std::vector<std::vector<std::int32_t>> results;
    std::vector<arch::Cycle> cycles;
    std::vector<Run> runs;
    std::vector<arch::EmissionRun> emissions;
};

}  // namespace spikeloom::tests
