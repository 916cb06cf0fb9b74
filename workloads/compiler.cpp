#include "workloads/compiler.hpp"

#include "arch/chip.hpp"
#include "base/error.hpp"
#include "workloads/partition.hpp"
#include "workloads/ways.hpp"

#include <cmath>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace spikeloom::workloads {

namespace {

using arch::AxonBlock;
using arch::TileId;

/// Gives out the bytes of the memories one behind the other and collects what they are to hold.
class Memories {
  public:
    /// Puts rows behind what the tile's memory holds already and returns their address.
    std::uint64_t append(TileId tile, const std::vector<std::uint8_t>& bytes) {
        std::vector<std::uint8_t>& image = images_[tile];
        const std::uint64_t address = image.size();
        image.insert(image.end(), bytes.begin(), bytes.end());
        return address;
    }

    std::vector<arch::MemoryImage> images() && {
        std::vector<arch::MemoryImage> result;
        for (auto& [tile, bytes] : images_) {
            result.push_back({tile, 0, std::move(bytes)});
        }
        return result;
    }

  private:
    std::map<TileId, std::vector<std::uint8_t>> images_;
};

void load_memories(arch::Program& program, const std::vector<BlockRows>& rows,
                   const arch::ChipConfig& chip) {
    const Ways ways(chip);
    Memories synapses;
    Memories drams;
    for (const BlockRows& needed : rows) {
        arch::Stage& stage = program.stages[needed.stage];
        AxonBlock& block = stage.axons[needed.block];
        const PackedRows packed = needed.pack();
        if (block.kind == AxonBlock::Kind::remote) {
            block.memory_tile = ways.nearest_memory(stage.tile);
            block.address = drams.append(block.memory_tile, packed.bytes);
            if (block.address + packed.bytes.size() > chip.memory.bytes()) {
                throw InputError("chip " + chip.name + ": the rows streamed from memory tile " +
                                 std::to_string(block.memory_tile) + " take more than the " +
                                 std::to_string(chip.memory.bytes()) + " bytes of its memory");
            }
        } else {
            block.address = synapses.append(stage.tile, packed.bytes);
        }
    }
    program.synapse_images = std::move(synapses).images();
    program.memory_images = std::move(drams).images();
}

std::string program_name(const models::ModelConfig& model, const arch::ChipConfig& chip) {
    const char* const kind = !model.spiking()          ? " dense twin"
                             : model.spikes_in_front() ? " lif_linear"
                                                       : "";
    return "SpikeGPT " + std::to_string(model.layers) + "x" + std::to_string(model.channels) +
           kind + " on " + chip.name;
}

}  // namespace

Compiled compile(const models::QuantisedModel& model, const arch::ChipConfig& chip,
                 const CompilerOptions& options) {
    Partition cut = partition(model, chip, options.activity, options.head, options.rows);
    Compiled compiled;
    compiled.layout = cut.layout;
    compiled.accumulator_bits = model.accumulator_bits();
    compiled.interval = cut.interval;
    compiled.latency = cut.latency;
    compiled.program = std::move(cut.graph.program);
    arch::Program& program = compiled.program;
    program.name = program_name(model.config, chip);
    program.host.tile = chip.host_tile;

    const std::vector<TileId> tiles =
        place(program, cut.cores, chip, options.activity, options.strategy, options.seed);
    for (std::size_t s = 0; s < program.stages.size(); ++s) {
        program.stages[s].tile = tiles[cut.cores[s]];
    }
    load_memories(program, cut.graph.rows, chip);
    arch::check(program, chip);
    return compiled;
}

std::string describe_mapping(const Compiled& compiled, const models::ModelConfig& model,
                             const arch::ChipConfig& chip) {
    std::ostringstream out;
    out << compiled.program.name << ": " << compiled.program.stages.size() << " stages, chip of "
        << chip.cores() << " cores\n";
    for (std::size_t kind = 0; kind < kMatrixStages; ++kind) {
        const auto stage = static_cast<MatrixStage>(kind);
        const std::uint32_t parts = compiled.layout.parts[kind];
        const std::uint32_t rows = rows_of(stage, model);
        out << name_of(stage) << ": " << rows << " rows in " << parts
            << (parts == 1 ? " part" : " parts") << " of at most "
            << largest_part(rows, parts, compiled.layout.granule)
            << (compiled.layout.streamed[kind] ? ", streamed from DRAM" : "") << '\n';
    }
    std::size_t sparse = 0;
    std::size_t with_rows = 0;
    for (const arch::Stage& stage : compiled.program.stages) {
        for (const AxonBlock& block : stage.axons) {
            with_rows += block.kind == AxonBlock::Kind::direct ? 0 : 1;
            sparse += block.index_bits > 0 ? 1 : 0;
        }
    }
    out << "rows: " << sparse << " of " << with_rows << " runs of axons have sparse ones\n"
        << "accumulators: " << compiled.accumulator_bits << " bits hold every sum, the cores have "
        << chip.core.accumulator_bits << '\n';
    out << "relays of the residual stream: " << compiled.layout.att_relays << " beside a time-mix, "
        << compiled.layout.ffn_relays << " beside a channel-mix\n"
        << "estimated: a token every " << std::llround(compiled.interval)
        << " cycles in a pipeline, " << std::llround(compiled.latency) << " cycles for one alone\n";
    return out.str();
}

}  // namespace spikeloom::workloads
