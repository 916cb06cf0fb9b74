// What one simulation leaves behind: everything that reports and comparisons are made from.
//
// A run directory holds `result.json` (this struct, and figures derived from it), `events.csv` (the
// counts of every phase, tile and event) and `config.yaml` (the resolved configuration as text). It
// is enough to price the run anew with any energy table, without simulating again. docs/energy.md
// describes the files.
#pragma once

#include "analysis/counts.hpp"
#include "analysis/energy_table.hpp"
#include "analysis/pricing.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spikeloom::analysis {

/// What sits on a place of the tile grid.
enum class TileKind { core, memory, host, empty };
inline constexpr TileKind kTileKinds[] = {TileKind::core, TileKind::memory, TileKind::host,
                                          TileKind::empty};
std::string_view name_of(TileKind kind);

/// The machine, as far as reports show it. Tile y * width + x sits in column x, row y.
struct Chip {
    std::string name;
    int width = 0;
    int height = 0;
    std::vector<TileKind> tiles;  // width * height of them
    double core_hertz = 0.0;
    double network_hertz = 0.0;
    double memory_bytes_per_second = 0.0;  // of all memory tiles at most; 0: there are none
    std::uint64_t memory_burst_bytes = 0;  // of a DRAM's burst; 0: they are SRAM
    Units units;
};

/// The model that ran on it.
struct Model {
    std::string name;
    std::string variant;  // "linear_lif", "dense" ...
    int layers = 0;
    int channels = 0;
    int hidden = 0;  // of the channel mix
    int vocabulary = 0;
    int context = 0;  // tokens of a training sequence
    std::uint64_t parameters = 0;
    int weight_bits = 0;
    /// Multiply-accumulates a token of the matrices that read values, by block ("time mix",
    /// "head").
    std::vector<std::pair<std::string, std::uint64_t>> macs_per_token;
};

/// Flits that left a router through a port. Ports: 0 to column + 1, 1 to column - 1, 2 to row + 1,
/// 3 to row - 1, 4 to the tile.
struct LinkLoad {
    std::uint32_t tile = 0;
    int port = 0;
    std::uint64_t flits = 0;
};
inline constexpr int kPorts = 5;

/// Prefill (tokens known, pipelined) and generation (each token waits for the one before) are
/// phases of their own: their figures are never mixed.
struct Phase {
    std::string name;  // "prefill" or "generate"
    std::uint64_t tokens = 0;
    std::uint64_t cycles = 0;  // of the core clock
    double seconds = 0.0;      // simulated
    std::vector<LinkLoad> links;
    /// In events.csv. Reports take from here, too, how long the units of a core were busy:
    /// pipeline_busy_cycles, vector_busy_cycles, encoder_busy_cycles.
    TileCounts counts;

    double cycles_per_token() const;
    double tokens_per_second() const;
};

/// Fraction of a layer's neurons that fire at a token, averaged over the run.
struct FiringRate {
    int layer = 0;
    std::string block;  // behind the time mix "att", behind the channel mix "ffn"; in front of a
                        // matrix its name, "att_key"
    double rate = 0.0;
};

/// The comparison with the golden model.
struct Verification {
    std::uint64_t spikes_compared = 0;  // one bit each
    std::uint64_t logits_compared = 0;  // 32 bits each
    std::uint64_t mismatches = 0;       // spikes and logits that differ

    std::uint64_t bits_compared() const { return spikes_compared + 32 * logits_compared; }
    /// Nothing compared is nothing shown.
    bool bit_exact() const { return mismatches == 0 && bits_compared() != 0; }
};

struct BitsPerByte {
    std::optional<double> floating;  // of the float model
    std::optional<double> integer;   // of the integer model the chip runs
};

/// The spikes of one layer of neurons.
struct Raster {
    std::string name;
    std::uint32_t neurons = 0;
    std::vector<std::vector<std::uint32_t>> spikes;  // by step, the neurons that fired
};

/// The membrane of one neuron, a value a step, as it is compared with the threshold.
struct MembraneTrace {
    std::string block;  // the layer of neurons it belongs to
    std::uint32_t neuron = 0;
    double threshold = 1.0;
    std::vector<double> values;
};

/// Energy over a stretch of the run's time, by the first of its tables.
struct PowerSample {
    double begin = 0.0;  // s
    double end = 0.0;
    PerComponent<double> joules = {};
};

struct LearningPoint {
    std::uint64_t tokens = 0;          // seen in training so far
    double train_bits = 0.0;           // bits a token
    std::optional<double> valid_bits;  // bits a token, where it was measured
};

struct Run {
    std::string label;    // what reports call the run
    std::string kind;     // "spiking model, simulated", "dense ANN twin, simulated"
    std::string version;  // of spikeloom
    std::uint64_t seed = 0;
    std::vector<std::string> commands;  // how it was made, a command line each
    Chip chip;
    Model model;
    std::vector<Phase> phases;  // at least one; the last is the one the run was asked for
    std::vector<FiringRate> firing_rates;  // none of a model without spikes
    Verification verification;
    BitsPerByte bits_per_byte;
    std::string prompt;
    std::string generated;
    std::vector<Raster> rasters;
    std::vector<MembraneTrace> membranes;
    std::vector<PowerSample> power;  // stretches that follow each other; none: not asked for
    std::vector<LearningPoint> learning_curve;
    double wall_seconds = 0.0;               // of the simulation, on the computer that ran it
    std::vector<EnergyTable> energy_tables;  // with which it was priced when it ran
    std::string config_yaml;                 // config.yaml

    /// The phase that stands for the run: the last.
    const Phase& main_phase() const { return phases.back(); }
};

/// Throws InputError naming `origin` and the field where the run contradicts itself: tiles that do
/// not fill the grid, a tile or neuron outside its range, no phase, two of one name.
void validate(const Run& run, const std::string& origin);

/// The text of result.json. Bytes that are no UTF-8 in prompt and generated text become U+FFFD.
std::string result_json(const Run& run);

/// The text of events.csv: a header and a row `phase,tile,event,count` for each count that
/// is not 0.
std::string events_csv(const Run& run);

/// Writes the three files into `directory`, each whole or not at all. Throws InputError.
void save(const Run& run, const std::filesystem::path& directory);

/// Reads a run directory back. Throws InputError naming the file and the key or line where one is
/// missing, damaged, or says what the others contradict.
Run load_run(const std::filesystem::path& directory);

}  // namespace spikeloom::analysis
