#include "sample_run.hpp"

#include "base/random.hpp"

#include <atomic>
#include <cmath>
#include <unistd.h>

namespace spikeloom::tests {

namespace {

using namespace analysis;

constexpr std::uint32_t kWidth = 4;
constexpr std::uint32_t kTiles = 16;
constexpr std::uint32_t kHost = 0;
constexpr std::uint32_t kMemory = 12;
constexpr std::uint64_t kCores = kTiles - 2;

Chip sample_chip() {
    Chip chip;
    chip.name = "sample-4x4";
    chip.width = kWidth;
    chip.height = kTiles / kWidth;
    chip.tiles.assign(kTiles, TileKind::core);
    chip.tiles[kHost] = TileKind::host;
    chip.tiles[kMemory] = TileKind::memory;
    chip.core_hertz = 500e6;
    chip.network_hertz = 1e9;
    chip.memory_bytes_per_second = 6.4e9;
    chip.memory_burst_bytes = 32;
    chip.units.cores = kCores;
    chip.units.routers = kTiles;
    chip.units.memory_tiles = 1;
    chip.units.links = 48;
    chip.units.chips = 1;
    chip.units.sram_bytes = kCores * 180224;
    chip.units.buffer_bits = kTiles * 5 * 4 * 4 * 32;
    chip.units.flit_bits = 32;
    return chip;
}

/// A busy phase: more work per token in the middle of the grid than at its edge.
Phase sample_phase(const std::string& name, std::uint64_t tokens, std::uint64_t cycles_per_token,
                   double accumulate_share, Random& random) {
    Phase phase;
    phase.name = name;
    phase.tokens = tokens;
    phase.cycles = tokens * cycles_per_token + random.below(100);
    phase.seconds = static_cast<double>(phase.cycles) / 500e6;
    for (std::uint32_t tile = 0; tile < kTiles; ++tile) {
        EventCounts& counts = phase.counts[tile];
        const int column = static_cast<int>(tile % kWidth);
        const int row = static_cast<int>(tile / kWidth);
        const double middle = 1.0 / (1.0 + 0.4 * (std::abs(column - 1.5) + std::abs(row - 1.5)));
        const auto some = [&](double most) {
            return static_cast<std::uint64_t>(most * middle * (0.7 + 0.3 * random.uniform()) *
                                              static_cast<double>(tokens));
        };
        counts["noc_buffer_write_bits"] = some(9000);
        counts["noc_link_bit_mm"] = some(8000);
        const int last = static_cast<int>(kWidth) - 1;
        const bool there[] = {column<last, column> 0, row<last, row> 0, true};
        for (int port = 0; port < kPorts; ++port) {
            if (there[port]) {
                phase.links.push_back({tile, port, some(300)});
            }
        }
        if (tile == kMemory) {
            counts["dram_read_bursts"] = some(100);
        } else if (tile != kHost) {
            counts["synapse_read_bits"] = some(60000);
            counts["accumulates"] = some(7000 * accumulate_share);
            counts["mac_8x16"] = some(7000 * (1.0 - accumulate_share));
            counts["vector_exponential"] = some(40);
            counts["pipeline_busy_cycles"] =
                phase.cycles / 2 * static_cast<std::uint64_t>(1000 * middle) / 1000;
            counts["vector_busy_cycles"] = phase.cycles / 5;
            counts["encoder_busy_cycles"] = phase.cycles / 9;
        }
    }
    return phase;
}

}  // namespace

Run sample_run(std::uint64_t seed) {
    Random random(seed);
    Run run;
    run.label = "spiking " + std::to_string(seed);
    run.kind = "spiking model, simulated";
    run.version = "0.1.0";
    run.seed = seed;
    run.commands = {"spikeloom simulate --model sample --tokens 48"};
    run.chip = sample_chip();
    run.model = {"sample", "linear_lif",
                 3,        64,
                 256,      256,
                 128,      196608,
                 8,        {{"time mix", 49152}, {"channel mix", 110592}, {"head", 16384}}};
    run.phases.push_back(sample_phase("prefill", 32, 900, 0.6, random));
    run.phases.push_back(sample_phase("generate", 48, 2600, 0.6, random));
    for (int layer = 0; layer < run.model.layers; ++layer) {
        run.firing_rates.push_back({layer, "att", 0.05 + 0.1 * layer + 0.01 * random.uniform()});
        run.firing_rates.push_back({layer, "ffn", 0.08 + 0.12 * layer + 0.01 * random.uniform()});
    }
    run.verification = {30720, 20480, 0};
    run.bits_per_byte = {2.345678, 2.356789};
    run.prompt = "It is a truth ";
    run.generated = "universally acknowledged";
    for (const char* name : {"layer0.att.spikes", "layer2.ffn.spikes"}) {
        Raster raster{name, 64, std::vector<std::vector<std::uint32_t>>(48)};
        for (auto& step : raster.spikes) {
            for (std::uint32_t neuron = 0; neuron < 64; ++neuron) {
                if (random.uniform() < 0.15) {
                    step.push_back(neuron);
                }
            }
        }
        run.rasters.push_back(raster);
        for (const std::uint32_t neuron : {3U, 17U, 40U}) {
            MembraneTrace trace{name, neuron, 1.0, {}};
            double membrane = 0.0;
            for (int step = 0; step < 48; ++step) {
                membrane = membrane / 2 + random.uniform();
                trace.values.push_back(membrane);
                membrane = membrane >= 1.0 ? 0.0 : membrane;
            }
            run.membranes.push_back(trace);
        }
    }
    for (std::uint64_t i = 0; i <= 40; ++i) {
        LearningPoint point{
            i * 25000,
            2.2 + 5.8 * std::exp(-static_cast<double>(i) / 6.0) + 0.05 * random.uniform(),
            {}};
        if (i % 10 == 0) {
            point.valid_bits = point.train_bits + 0.08;
        }
        run.learning_curve.push_back(point);
    }
    for (int i = 0; i < 3; ++i) {
        PowerSample sample{i * 1e-5, (i + 1) * 1e-5, {}};
        sample.joules[static_cast<std::size_t>(Component::routers)] = 1e-9 * (i + 1);
        sample.joules[static_cast<std::size_t>(Component::leakage)] = 4e-9;
        run.power.push_back(sample);
    }
    run.wall_seconds = 3.25;
    run.energy_tables = {sample_table()};
    run.config_yaml = "chip:\n  width: 4\n  height: 4\nseed: " + std::to_string(seed) + "\n";
    return run;
}

Run dense_sample_run() {
    Random random(99);
    Run run = sample_run(2);
    run.label = "dense twin";
    run.kind = "dense ANN twin, simulated";
    run.model.variant = "dense";
    run.phases = {sample_phase("prefill", 32, 1400, 0.0, random),
                  sample_phase("generate", 48, 3900, 0.0, random)};
    run.firing_rates.clear();
    run.rasters.clear();
    run.membranes.clear();
    run.learning_curve.clear();
    return run;
}

EnergyTable sample_table() {
    EnergyTable table;
    table.name = "sample-table";
    table.technology = "made up for tests";
    table.citations = {{"NOBODY", {"Nobody, \"Numbers made up\", tests of this repository"}}};
    const auto add = [&](const char* name, double picojoules, Component component) {
        table.events[name] = {picojoules, component, "NOBODY: made up"};
    };
    add("synapse_read_bits", 0.3, Component::synapse_memory);
    add("accumulates", 0.1, Component::accumulates);
    add("vector_exponential", 9.0, Component::neuron);
    for (const char* unit : {"pipeline_busy_cycles", "vector_busy_cycles", "encoder_busy_cycles"}) {
        add(unit, 0.0, Component::core_control);
    }
    add("noc_buffer_write_bits", 0.02, Component::routers);
    add("noc_link_bit_mm", 0.05, Component::links);
    add("dram_read_bursts", 2000.0, Component::dram);
    table.macs = {0.003, 0.1, "NOBODY: made up"};
    table.static_powers["cores"] = {2.0, Unit::core, Component::leakage, "NOBODY: made up", 1.0};
    table.static_powers["routers"] = {1.0, Unit::router, Component::leakage, "NOBODY: made up",
                                      1.0};
    table.static_powers["links"] = {0.01, Unit::link, Component::leakage, "NOBODY: made up", 1.0};
    table.static_powers["standby"] = {30.0, Unit::memory_tile, Component::dram, "NOBODY: made up",
                                      1.0};
    return table;
}

ScratchFolder::ScratchFolder() {
    static std::atomic<int> next = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("spikeloom-analysis-" + std::to_string(::getpid()) + "-" + std::to_string(next++));
    std::filesystem::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace spikeloom::tests
