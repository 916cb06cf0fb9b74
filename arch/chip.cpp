#include "arch/chip.hpp"

#include "arch/core.hpp"
#include "arch/dram.hpp"
#include "arch/fabric.hpp"
#include "arch/host_tile.hpp"
#include "arch/memory_tile.hpp"
#include "arch/network_counts.hpp"
#include "arch/protocol_checker.hpp"
#include "arch/sram.hpp"
#include "base/error.hpp"
#include "noc/packet_log.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace spikeloom::arch {

namespace {

constexpr double kPicosecond = 1e-12;
constexpr std::size_t kLinesOfStall = 12;

std::vector<std::string> mac_names(const Program& program) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> widths;
    for (const Stage& stage : program.stages) {
        for (const AxonBlock& block : stage.axons) {
            if (block.kind != AxonBlock::Kind::direct && block.value_bits > 1) {
                widths.emplace(block.weight_bits, block.value_bits);
            }
        }
    }
    std::vector<std::string> names;
    for (const auto& [weight_bits, value_bits] : widths) {
        names.push_back(mac_name(weight_bits, value_bits));
    }
    return names;
}

}  // namespace

/// The SystemC design. It is the network's sink and passes what is delivered to the tiles.
struct Chip::Parts final : noc::DeliverySink {
    /// A memory tile, its memory, and a checker on the link between them.
    struct Memory {
        Memory(const std::string& name, Fabric& shared, TileId at)
            : tile(("memory_" + name).c_str(), shared, at),
              checker(("memory_link_" + name).c_str()) {
            const MemoryConfig& what = shared.config.memory;
            tile.socket.bind(checker.upstream);
            if (what.kind == MemoryKind::dram) {
                dram = std::make_unique<Dram>(("dram_" + name).c_str(), what.dram);
                checker.downstream.bind(dram->socket);
            } else {
                sram = std::make_unique<Sram>(("sram_" + name).c_str(), what.sram,
                                              shared.clocks.core_period);
                checker.downstream.bind(sram->socket);
            }
        }
        MemoryTile tile;
        ProtocolChecker checker;
        std::unique_ptr<Dram> dram;
        std::unique_ptr<Sram> sram;
    };

    Parts(const ChipConfig& chip, Program what)
        : config(chip),
          program(std::move(what)),
          counts(mac_names(program), config.tiles()),
          network("network", config.network, *this),
          fabric{config, program, network, counts, config.clocks(), config.packet_format()},
          host("host", fabric),
          cores(config.tiles()),
          memories(config.tiles()) {
        std::vector<std::vector<StageId>> stages(config.tiles());
        for (StageId id = 0; id < program.stages.size(); ++id) {
            std::vector<StageId>& on_tile = stages[program.stages[id].tile];
            fabric.index_on_tile.push_back(static_cast<std::uint32_t>(on_tile.size()));
            on_tile.push_back(id);
        }
        for (TileId tile = 0; tile < config.tiles(); ++tile) {
            const std::string name = std::to_string(tile);
            if (config.is_memory(tile)) {
                memories[tile] = std::make_unique<Memory>(name, fabric, tile);
            } else if (!stages[tile].empty()) {
                cores[tile] =
                    std::make_unique<Core>(("core_" + name).c_str(), fabric, tile, stages[tile]);
            }
        }
        for (const MemoryImage& image : program.memory_images) {
            memories[image.tile]->tile.load(image);
        }
        program.synapse_images.clear();
        program.memory_images.clear();
    }

    void deliver(noc::Cycle cycle, std::span<const noc::Delivery> deliveries) override {
        ++fabric.progress;
        for (const noc::Delivery& delivery : deliveries) {
            const Message& message = fabric.messages[delivery.tag];
            if (Core* const core = cores[delivery.node].get()) {
                core->receive(cycle, message, delivery.flit, delivery.tail);
            } else if (delivery.node == config.host_tile) {
                host.receive(cycle, message, delivery.flit, delivery.tail);
            } else if (delivery.tail) {
                memories[delivery.node]->tile.receive(cycle, message);
            }
            if (delivery.tail) {
                fabric.messages.remove(delivery.tag);
            }
        }
    }

    void sources_drained(noc::Cycle cycle, std::span<const noc::SourceReport> reports) override {
        for (const noc::SourceReport& report : reports) {
            if (Core* const core = cores[report.node].get()) {
                core->flits_left(cycle);
            } else {
                memories[report.node]->tile.flits_left(cycle);
            }
        }
    }

    void count_memories(Counts& into) const;
    void check_links() const;
    [[noreturn]] void report_stall() const;
    bool finished() const;

    const ChipConfig config;
    Program program;
    Counts counts;
    noc::NetworkModule network;
    Fabric fabric;
    HostTile host;
    std::vector<std::unique_ptr<Core>> cores;       // by tile
    std::vector<std::unique_ptr<Memory>> memories;  // by tile
    Sampler sampler;
    Cycle sample_cycles = 0;
    const noc::PacketLog* packets = nullptr;  // where they are kept
};

void Chip::Parts::count_memories(Counts& into) const {
    for (const TileId tile : config.memory_tiles) {
        if (const Sram* const sram = memories[tile]->sram.get()) {
            into.set(tile, Event::memory_sram_read_bits, sram->read_bits());
            into.set(tile, Event::memory_sram_write_bits, sram->write_bits());
            continue;
        }
        const DramCounts counts_of = memories[tile]->dram->counts();
        into.set(tile, Event::dram_activates, counts_of.activates);
        into.set(tile, Event::dram_precharges, counts_of.precharges);
        into.set(tile, Event::dram_read_bursts, counts_of.read_bursts);
        into.set(tile, Event::dram_write_bursts, counts_of.write_bursts);
        into.set(tile, Event::dram_refreshes, counts_of.refreshes);
        into.set(tile, Event::dram_bank_refreshes, counts_of.bank_refreshes);
        for (std::size_t state = 0; state < kDramStates; ++state) {
            into.set(
                tile,
                static_cast<Event>(static_cast<std::size_t>(Event::dram_active_cycles) + state),
                counts_of.cycles[state]);
        }
    }
}

void Chip::Parts::check_links() const {
    for (const auto& memory : memories) {
        if (memory && !memory->checker.violations().empty()) {
            throw CheckFailed("a breach of the TLM-2.0 base protocol: " +
                              memory->checker.violations().front());
        }
    }
}

bool Chip::Parts::finished() const {
    if (host.steps_finished() < host.steps_fed()) {
        return false;
    }
    for (const auto& core : cores) {
        if (core && !core->waits(host.steps_fed()).empty()) {
            return false;
        }
    }
    return true;
}

void Chip::Parts::report_stall() const {
    std::vector<std::string> lines;
    if (host.steps_finished() < host.steps_fed()) {
        lines.push_back(host.wait());
    }
    for (const auto& core : cores) {
        if (core) {
            for (std::string& line : core->waits(host.steps_fed())) {
                lines.push_back(std::move(line));
            }
        }
    }
    for (const auto& memory : memories) {
        if (memory && !memory->tile.wait().empty()) {
            lines.push_back(memory->tile.wait());
        }
    }
    if (const auto blockage = network.network().find_blockage()) {
        lines.push_back("in the network, " + blockage->what);
    }
    std::string text =
        "the chip stalls after " +
        std::to_string(sc_core::sc_time_stamp().value() / fabric.clocks.core_period) + " cycles";
    for (std::size_t i = 0; i < lines.size() && i < kLinesOfStall; ++i) {
        text += (i == 0 ? ": " : "; ") + lines[i];
    }
    if (lines.size() > kLinesOfStall) {
        text += "; and " + std::to_string(lines.size() - kLinesOfStall) + " more";
    }
    throw CheckFailed(text);
}

Chip::Chip(const ChipConfig& config, Program program) {
    validate(config);
    check(program, config);
    parts_ = std::make_unique<Parts>(config, std::move(program));
}

Chip::~Chip() = default;

const ChipConfig& Chip::config() const {
    return parts_->config;
}

const Program& Chip::program() const {
    return parts_->program;
}

Host& Chip::host() {
    return parts_->host;
}

void Chip::attach(Probe* probe) {
    parts_->fabric.probe = probe;
}

void Chip::sample(Cycle cycles, Sampler sampler) {
    parts_->sample_cycles = cycles;
    parts_->sampler = std::move(sampler);
}

void Chip::advance(Cycle cycles) {
    const auto run = [&](Cycle some) {
        sc_core::sc_start(sc_core::sc_time::from_value(some * parts_->fabric.clocks.core_period),
                          sc_core::SC_EXIT_ON_STARVATION);
    };
    if (!parts_->sampler) {
        run(cycles);
        return;
    }
    for (Cycle done = 0; done < cycles && sc_core::sc_pending_activity();) {
        const Cycle some = std::min(parts_->sample_cycles, cycles - done);
        run(some);
        done += some;
        parts_->sampler(snapshot());
    }
}

void Chip::run() {
    const Fabric& fabric = parts_->fabric;
    do {
        const std::uint64_t before = fabric.progress;
        advance(parts_->config.stall_cycles);
        parts_->host.rethrow();
        if (fabric.progress == before && sc_core::sc_pending_activity()) {
            parts_->report_stall();
        }
    } while (sc_core::sc_pending_activity());
    parts_->check_links();
    if (!parts_->finished()) {
        parts_->report_stall();
    }
}

Cycle Chip::now() const {
    return sc_core::sc_time_stamp().value() / parts_->fabric.clocks.core_period;
}

double Chip::seconds() const {
    return static_cast<double>(sc_core::sc_time_stamp().value()) * kPicosecond;
}

Counts Chip::snapshot() const {
    Counts result = parts_->counts;
    count_network(parts_->network.network(), result);
    parts_->count_memories(result);
    result.cycles = now();
    result.seconds = seconds();
    return result;
}

void Chip::keep_packets() {
    parts_->packets = &parts_->network.network().keep_log();
}

std::span<const noc::TraceRow> Chip::packets() const {
    return parts_->packets == nullptr ? std::span<const noc::TraceRow>()
                                      : std::span<const noc::TraceRow>(parts_->packets->rows());
}

std::span<const std::int32_t> Chip::values(StageId stage, std::string_view register_name) const {
    const Stage& what = parts_->program.stages.at(stage);
    for (std::size_t i = 0; i < what.registers.size(); ++i) {
        if (what.registers[i].name == register_name) {
            return parts_->cores[what.tile]->values(stage, i);
        }
    }
    throw InputError("stage '" + what.name + "' has no register '" + std::string(register_name) +
                     "'");
}

}  // namespace spikeloom::arch
