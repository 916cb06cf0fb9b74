// Whether a Program can run on a chip: everything that the tiles take for granted later.
#include "arch/check_stage.hpp"
#include "arch/chip.hpp"
#include "arch/message.hpp"
#include "arch/weight_rows.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace spikeloom::arch {

namespace {

constexpr std::size_t kStagesOfTile = 64;        // 6 bits of a packet's header
constexpr std::size_t kProducersOfStage = 4096;  // 12 bits

[[noreturn]] void refuse(const std::string& what) {
    throw InputError("program: " + what);
}

// ---- tiles
// ---------------------------------------------------------------------------------------

/// What the stages of a tile take of it.
struct Usage {
    std::size_t stages = 0;
    std::uint64_t axons = 0;
    std::uint64_t accumulators = 0;
    std::uint64_t state_bytes = 0;
};

void check_capacity(TileId tile, const char* what, std::uint64_t used, std::uint64_t there) {
    if (used > there) {
        refuse("tile " + std::to_string(tile) + ": its stages need " + std::to_string(used) + " " +
               what + "; the core has " + std::to_string(there));
    }
}

void check_tiles(const Program& program, const ChipConfig& config) {
    std::map<TileId, Usage> tiles;
    for (const Stage& stage : program.stages) {
        Usage& usage = tiles[stage.tile];
        ++usage.stages;
        for (const AxonBlock& block : stage.axons) {
            usage.axons += block.axons;
        }
        for (std::size_t i = 0; i < stage.registers.size(); ++i) {
            (i == 0 ? usage.accumulators : usage.state_bytes) +=
                std::uint64_t{stage.registers[i].length} * (i == 0 ? 1 : sizeof(std::int32_t));
        }
    }
    for (const auto& [tile, usage] : tiles) {
        check_capacity(tile, "places in its table of stages", usage.stages, kStagesOfTile);
        check_capacity(tile, "axon entries", usage.axons, config.core.axon_entries);
        check_capacity(tile, "accumulators", usage.accumulators, config.core.accumulators);
        check_capacity(tile, "bytes of state memory", usage.state_bytes, config.core.state_bytes);
    }
}

// ---- images
// --------------------------------------------------------------------------------------

void check_images(const std::vector<MemoryImage>& images, const char* what, std::uint64_t bytes,
                  const ChipConfig& config, bool memory_tile) {
    std::vector<std::pair<std::pair<TileId, std::uint64_t>, std::uint64_t>> runs;  // start, end
    for (const MemoryImage& image : images) {
        const std::string name = std::string(what) + " image of tile " + std::to_string(image.tile);
        if (memory_tile ? !config.is_memory(image.tile) : !config.is_core(image.tile)) {
            refuse(name + ": the tile is no " + (memory_tile ? "memory tile" : "spiking core"));
        }
        if (image.address > bytes || image.bytes.size() > bytes - image.address) {
            refuse(name + ": found bytes " + std::to_string(image.address) + " to " +
                   std::to_string(image.address + image.bytes.size()) + "; the memory has " +
                   std::to_string(bytes));
        }
        if (!image.bytes.empty()) {
            runs.push_back({{image.tile, image.address}, image.address + image.bytes.size()});
        }
    }
    std::sort(runs.begin(), runs.end());
    for (std::size_t i = 1; i < runs.size(); ++i) {
        if (runs[i].first.first == runs[i - 1].first.first &&
            runs[i].first.second < runs[i - 1].second) {
            refuse(std::string(what) + " images of tile " + std::to_string(runs[i].first.first) +
                   ": two of them overlap at byte " + std::to_string(runs[i].first.second));
        }
    }
}

// ---- sparse rows
// ---------------------------------------------------------------------------------

/// Bytes [address, address + size) of a tile's memory as the images leave it: 0 where there is
/// none.
std::vector<std::uint8_t> bytes_of(const std::vector<MemoryImage>& images, TileId tile,
                                   std::uint64_t address, std::uint64_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (const MemoryImage& image : images) {
        const std::uint64_t first = std::max(address, image.address);
        const std::uint64_t end = std::min(address + size, image.address + image.bytes.size());
        if (image.tile == tile && first < end) {
            std::copy_n(image.bytes.begin() + static_cast<std::ptrdiff_t>(first - image.address),
                        end - first, bytes.begin() + static_cast<std::ptrdiff_t>(first - address));
        }
    }
    return bytes;
}

/// The indices of sparse rows are in the images, so these decide which accumulators they reach.
void check_sparse_rows(const Program& program) {
    for (const Stage& stage : program.stages) {
        for (const AxonBlock& block : stage.axons) {
            if (block.kind == AxonBlock::Kind::direct || block.index_bits == 0) {
                continue;
            }
            const bool remote = block.kind == AxonBlock::Kind::remote;
            const std::vector<std::uint8_t> bytes = bytes_of(
                remote ? program.memory_images : program.synapse_images,
                remote ? block.memory_tile : stage.tile, block.address, totals_of(block).bytes);
            const std::vector<RowPlace> places = row_places(block);
            for (std::size_t row = 0; row < places.size(); ++row) {
                const std::uint64_t reach =
                    reach_of(std::span(bytes).subspan(places[row].address - block.address),
                             shape_of(block), places[row].synapses);
                if (reach > block.row_length) {
                    refuse("stage '" + stage.name + "': axon " +
                           std::to_string(block.first_axon + row) +
                           ": the indices of its row reach accumulator " +
                           std::to_string(reach - 1) + " of " + std::to_string(block.row_length));
                }
            }
        }
    }
}

// ---- who sends to whom
// ---------------------------------------------------------------------------

class Connections {
  public:
    Connections(const Program& program, const ChipConfig& config)
        : program_(program),
          config_(config),
          host_(static_cast<StageId>(program.stages.size())),
          senders_(program.stages.size() + 1) {}

    void check() {
        senders_[program_.host.token_stage].insert(host_);
        for (StageId id = 0; id < host_; ++id) {
            for (const Output& output : program_.stages[id].outputs) {
                check_output(id, output);
            }
        }
        for (StageId id = 0; id < host_; ++id) {
            check_producers(program_.stages[id].producers, id,
                            "stage '" + program_.stages[id].name + "'");
        }
        check_producers(program_.host.producers, host_, "the host");
    }

  private:
    void check_output(StageId id, const Output& output) {
        const std::string where =
            "stage '" + program_.stages[id].name + "', output '" + output.name + "'";
        const std::uint64_t longest = std::uint64_t{config_.max_packet_flits} *
                                      static_cast<std::uint64_t>(config_.network.flit_bits);
        const std::uint32_t bits = event_bits(output.encoding, output.value_bits);
        if (config_.header_bits + bits > longest) {
            refuse(where + ": an event of " + std::to_string(bits) +
                   " bits and a header do not fit the " + std::to_string(longest) +
                   " bits of the longest packet");
        }
        std::set<std::pair<StageId, std::uint32_t>> seen;
        for (const Destination& destination : output.destinations) {
            if (destination.stage > host_) {
                refuse(where + ": found destination stage " + std::to_string(destination.stage) +
                       "; allowed are 0 to " + std::to_string(host_) + ", the last being the host");
            }
            if (!seen.insert({destination.stage, destination.axon}).second) {
                refuse(where + ": names a destination twice");
            }
            if (destination.stage == host_) {
                check_result(where, output, destination);
            } else {
                check_axons(where, output, destination);
            }
            senders_[destination.stage].insert(id);
        }
    }

    void check_result(const std::string& where, const Output& output,
                      const Destination& destination) const {
        const std::uint64_t end = std::uint64_t{destination.axon} + output.length;
        if (end > program_.host.result_length) {
            refuse(where + ": elements " + std::to_string(destination.axon) + " to " +
                   std::to_string(end) + " for the host; the result has " +
                   std::to_string(program_.host.result_length));
        }
    }

    /// Every element must find an entry that expects values of its width.
    void check_axons(const std::string& where, const Output& output,
                     const Destination& destination) const {
        const Stage& to = program_.stages[destination.stage];
        std::uint64_t covered = 0;
        const std::uint64_t first = destination.axon;
        const std::uint64_t end = first + output.length;
        for (const AxonBlock& block : to.axons) {
            const std::uint64_t from = std::max<std::uint64_t>(first, block.first_axon);
            const std::uint64_t until =
                std::min<std::uint64_t>(end, std::uint64_t{block.first_axon} + block.axons);
            if (from >= until) {
                continue;
            }
            covered += until - from;
            if (block.value_bits != output.value_bits) {
                refuse(where + ": sends values of " + std::to_string(output.value_bits) +
                       " bits to axon " + std::to_string(from) + " of stage '" + to.name +
                       "', which expects " + std::to_string(block.value_bits));
            }
        }
        if (covered != output.length) {
            refuse(where + ": sends to axons " + std::to_string(first) + " to " +
                   std::to_string(end) + " of stage '" + to.name + "', which has no entries for " +
                   std::to_string(output.length - covered) + " of them");
        }
    }

    void check_producers(const std::vector<StageId>& producers, StageId consumer,
                         const std::string& where) const {
        const std::set<StageId> listed(producers.begin(), producers.end());
        if (listed.size() != producers.size()) {
            refuse(where + ": names a producer twice");
        }
        if (producers.empty()) {
            refuse(where + ": has no producer, so its steps would have no end");
        }
        if (producers.size() > kProducersOfStage) {
            refuse(where + ": has " + std::to_string(producers.size()) +
                   " producers; allowed are " + std::to_string(kProducersOfStage));
        }
        for (const StageId producer : listed) {
            if (senders_[consumer].count(producer) == 0) {
                refuse(where + ": waits for " + name_of(producer) + ", which sends nothing to it");
            }
        }
        for (const StageId sender : senders_[consumer]) {
            if (listed.count(sender) == 0) {
                refuse(where + ": does not wait for " + name_of(sender) + ", which sends to it");
            }
        }
    }

    std::string name_of(StageId id) const {
        if (id < host_) {
            return "stage '" + program_.stages[id].name + "'";
        }
        return id == host_ ? "the host" : "stage " + std::to_string(id);
    }

    const Program& program_;
    const ChipConfig& config_;
    StageId host_;
    std::vector<std::set<StageId>> senders_;  // of each stage and the host
};

void check_host(const HostPort& host, std::size_t stages, const ChipConfig& config) {
    if (host.tile != config.host_tile) {
        refuse("the host is on tile " + std::to_string(host.tile) + "; the chip has it on tile " +
               std::to_string(config.host_tile));
    }
    if (host.token_stage >= stages) {
        refuse("the host sends to stage " + std::to_string(host.token_stage) +
               "; allowed are 0 to " + std::to_string(stages - 1));
    }
    if (host.result_length < 1 || host.result_length > kAxonNumbers) {
        refuse("the host's result has " + std::to_string(host.result_length) +
               " values; allowed are 1 to " + std::to_string(kAxonNumbers));
    }
}

}  // namespace

void check(const Program& program, const ChipConfig& config) {
    if (program.stages.empty()) {
        refuse("has no stages");
    }
    check_host(program.host, program.stages.size(), config);
    std::set<std::string> names;
    for (const Stage& stage : program.stages) {
        if (!names.insert(stage.name).second) {
            refuse("has two stages called '" + stage.name + "'");
        }
        check_stage(stage, config);
    }
    check_tiles(program, config);
    Connections(program, config).check();
    check_images(program.synapse_images, "synapse memory", config.core.synapse_bytes, config,
                 false);
    check_images(program.memory_images, "memory", config.memory.bytes(), config, true);
    check_sparse_rows(program);
}

}  // namespace spikeloom::arch
