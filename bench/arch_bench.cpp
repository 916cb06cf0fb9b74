// How fast the host simulates synapses: on one core fed with spikes, and on a chip whose cores all
// multiply the same dense vector. Synaptic operations are the accumulates and multiply-accumulates
// that the chip counts.
#include "arch/chip.hpp"
#include "base/random.hpp"

#include <cstdlib>

#include <benchmark/benchmark.h>
#include <systemc>

namespace spikeloom::arch {
namespace {

constexpr std::uint32_t kAxons = 128;

void fresh_kernel() {
    sc_core::sc_curr_simcontext = new sc_core::sc_simcontext();
    sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
}

/// 5 x 4 tiles, as configs/chips/spikeloom-20.yaml.
ChipConfig chip_of_20() {
    ChipConfig config;
    config.network.vcs = 6;
    config.network.message_classes = {3, 1, 1, 1};
    config.network.buffer = 8;
    config.core.lanes = 16;
    config.core.synapse_port_bits = 128;
    return config;
}

AxonBlock rows(std::uint32_t row_length, std::uint32_t value_bits) {
    AxonBlock block;
    block.axons = kAxons;
    block.row_length = row_length;
    block.row_stride = row_length;
    block.value_bits = value_bits;
    return block;
}

Stage stage_on(TileId tile, std::uint32_t row_length, std::uint32_t value_bits) {
    Stage stage;
    stage.name = "tile " + std::to_string(tile);
    stage.tile = tile;
    stage.axons = {rows(row_length, value_bits)};
    stage.registers = {{"sums", Register::Kind::accumulator, row_length, {}},
                       {"values", Register::Kind::scratch, row_length, {}}};
    Instruction narrow;
    narrow.op = Opcode::narrow;
    narrow.length = row_length;
    narrow.to = {1, 0};
    narrow.bits = 16;
    stage.program = {narrow};
    return stage;
}

MemoryImage random_rows(TileId tile, std::uint32_t row_length) {
    Random random(tile);
    MemoryImage image{tile, 0, std::vector<std::uint8_t>(std::size_t{kAxons} * row_length)};
    for (std::uint8_t& byte : image.bytes) {
        byte = static_cast<std::uint8_t>(random.next());
    }
    return image;
}

/// The spikes of a step go to one core, whose sums go to the host.
Program one_core(std::uint32_t row_length) {
    Program program;
    program.stages = {stage_on(1, row_length, 1)};
    program.stages[0].outputs = {{"sums", {1, 0}, 1, Encoding::dense, 16, {{1, 0}}}};
    program.stages[0].producers = {1};
    program.host = {0, 0, 1, {0}};
    program.synapse_images = {random_rows(1, row_length)};
    return program;
}

/// A core sends 128 values of 16 bits to all others, each of which sends one sum to the host.
Program whole_chip(const ChipConfig& config, std::uint32_t row_length) {
    Program program;
    program.stages = {stage_on(1, kAxons, 1)};
    program.synapse_images = {random_rows(1, kAxons)};
    program.stages[0].outputs = {{"values", {1, 0}, kAxons, Encoding::dense, 16, {}}};
    for (TileId tile = 2; tile < config.tiles(); ++tile) {
        program.stages.push_back(stage_on(tile, row_length, 16));
        program.synapse_images.push_back(random_rows(tile, row_length));
    }
    const auto host = static_cast<StageId>(program.stages.size());
    program.stages[0].producers = {host};
    program.host = {0, 0, host - 1, {}};
    for (StageId id = 1; id < host; ++id) {
        program.stages[0].outputs[0].destinations.push_back({id, 0});
        program.stages[id].producers = {0};
        program.stages[id].outputs = {{"sum", {1, 0}, 1, Encoding::dense, 16, {{host, id - 1}}}};
        program.host.producers.push_back(id);
    }
    return program;
}

void simulate(benchmark::State& state, const ChipConfig& config, const Program& program) {
    fresh_kernel();
    Chip chip(config, program);
    std::vector<std::uint32_t> spikes;
    for (std::uint32_t axon = 0; axon < kAxons; ++axon) {
        spikes.push_back(axon);
    }
    const Counts before = chip.snapshot();
    for ([[maybe_unused]] auto _ : state) {
        for (int step = 0; step < 20; ++step) {
            chip.host().feed(spikes);
        }
        chip.run();
    }
    const Counts counts = chip.snapshot() - before;
    const auto rate = [&](const char* name, std::uint64_t count) {
        state.counters[name] =
            benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsRate);
    };
    rate("synaptic_operations", counts.total(Event::accumulates) + counts.total_macs());
    rate("cycles", counts.cycles);
    rate("flit_hops", counts.total(Event::noc_crossbar_bits) /
                          static_cast<std::uint64_t>(config.network.flit_bits));
}

void core(benchmark::State& state) {
    const auto row_length = static_cast<std::uint32_t>(state.range(0));
    simulate(state, chip_of_20(), one_core(row_length));
}
BENCHMARK(core)->ArgName("row")->Arg(32)->Arg(128)->Arg(512)->Unit(benchmark::kMillisecond);

void chip(benchmark::State& state) {
    const auto row_length = static_cast<std::uint32_t>(state.range(0));
    const ChipConfig config = chip_of_20();
    simulate(state, config, whole_chip(config, row_length));
}
BENCHMARK(chip)->ArgName("row")->Arg(32)->Arg(128)->Arg(512)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace spikeloom::arch

int sc_main(int argc, char* argv[]) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

int main(int argc, char* argv[]) {
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
