#include "arch/stepped_chip.hpp"

#include "arch/network_counts.hpp"
#include "arch/stepped_core.hpp"
#include "base/error.hpp"
#include "noc/network.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace spikeloom::arch {

namespace {

constexpr double kSecondsPerPicosecond = 1e-12;
constexpr int kSpikeClass = 0;

/// Rows and bits on each core, against its axon table and synapse memory.
void check_memories(const ChipConfig& config, const SpikeNetwork& network) {
    std::vector<std::uint64_t> rows(network.cores.size());
    std::vector<std::uint64_t> bits(network.cores.size());
    for (std::uint32_t row = 0; row < network.rows.rows(); ++row) {
        const std::uint16_t core = network.rows.core(row);
        ++rows[core];
        bits[core] += config.stepped.row_bits(network.rows.synapses_of(row));
    }
    for (std::size_t core = 0; core < rows.size(); ++core) {
        if (rows[core] > config.core.axon_entries) {
            throw InputError("core " + std::to_string(core) + ": " + std::to_string(rows[core]) +
                             " axons reach it; core.axon_entries allows " +
                             std::to_string(config.core.axon_entries));
        }
        if (bits[core] > std::uint64_t{config.core.synapse_bytes} * 8) {
            throw InputError("core " + std::to_string(core) + ": its synapses take " +
                             std::to_string((bits[core] + 7) / 8) +
                             " bytes; core.synapse_bytes allows " +
                             std::to_string(config.core.synapse_bytes));
        }
    }
}

/// Where each row begins in its core's synapse memory: one behind the other, each in a word of its
/// own. Empty where no read ever waits for a bank, so that nobody asks.
std::vector<std::uint32_t> first_words(const ChipConfig& config, const SpikeNetwork& network) {
    std::vector<std::uint32_t> first;
    if (config.core.synapse_bank_cycles == 1) {
        return first;
    }
    std::vector<std::uint64_t> words(network.cores.size());
    for (std::uint32_t row = 0; row < network.rows.rows(); ++row) {
        std::uint64_t& next = words[network.rows.core(row)];
        first.push_back(static_cast<std::uint32_t>(next));
        const std::uint64_t bits = config.stepped.row_bits(network.rows.synapses_of(row));
        next += (bits + config.core.synapse_port_bits - 1) / config.core.synapse_port_bits;
    }
    return first;
}

/// Spikes travel in the virtual channels of the class of events; nothing uses the others.
noc::NetworkConfig spike_network_config(const ChipConfig& config) {
    noc::NetworkConfig network = config.network;
    network.vcs = network.message_classes[kEventClass];
    network.message_classes.clear();
    return network;
}

}  // namespace

struct SteppedChip::Machine {
    /// The output queue that the cores of a tile share, and its gate.
    struct Tile {
        std::uint64_t credits = 0;      // places of the output queue, flits
        Cycle usable = 0;               // from when they may be used
        Cycle next_write = 0;           // a flit a cycle
        std::uint64_t local_flits = 0;  // of the queue, for cores of the same tile
        bool watched = false;
        noc::Cycle closed_until = 0;
        std::uint64_t closed_cycles = 0;
        std::uint64_t local_packets = 0;
    };

    Machine(const ChipConfig& chip, SpikeNetwork spiking, std::uint64_t seed)
        : config(chip),
          clocks(chip.clocks()),
          network(std::move(spiking)),
          row_words(first_words(chip, network)),
          neurons(network, seed),
          noc(spike_network_config(chip)),
          tiles(chip.tiles()) {
        flits =
            static_cast<std::uint16_t>((config.stepped.packet_bits +
                                        static_cast<std::uint32_t>(config.network.flit_bits) - 1) /
                                       static_cast<std::uint32_t>(config.network.flit_bits));
        queue = std::max<std::uint64_t>(config.core.output_queue, flits);
        batch = std::min<std::uint64_t>(config.core.output_credits, queue - flits + 1);
        cores.reserve(network.cores.size());
        for (std::size_t core = 0; core < network.cores.size(); ++core) {
            cores.emplace_back(config, network, core, row_words);
        }
        for (Tile& tile : tiles) {
            tile.credits = queue;
        }
    }

    TileId tile_of(std::size_t core) const {
        return static_cast<TileId>(core / config.stepped.cores_per_tile);
    }

    void run_events();
    void write_packets(TileId at);
    void wait_for_credits(TileId at);
    void deliver(const noc::Delivery& delivery, noc::Cycle cycle);
    void deliver_local();
    void close_gate(TileId at, const SteppedCore& core, noc::Cycle cycle);
    void step_network(noc::Cycle cycle);
    void return_credits(const noc::SourceReport& report, noc::Cycle cycle);
    void count_cores(Counts& into) const;

    /// A spike on its way to a core of the same tile.
    struct LocalSpike {
        Cycle arrives;  // it is in the core's event queue at the end of this cycle, if it has room
        std::uint32_t row;
        friend bool operator>(const LocalSpike& a, const LocalSpike& b) {
            return std::tie(a.arrives, a.row) > std::tie(b.arrives, b.row);
        }
    };

    const ChipConfig config;
    Clocks clocks;
    SpikeNetwork network;
    std::vector<std::uint32_t> row_words;  // see first_words
    Neurons neurons;
    noc::Network noc;
    std::vector<SteppedCore> cores;
    std::vector<Tile> tiles;
    std::uint16_t flits = 1;  // of a packet
    std::uint64_t queue = 0;  // places of an output queue
    std::uint64_t batch = 0;  // of them returned at a time
    std::priority_queue<LocalSpike, std::vector<LocalSpike>, std::greater<>> local;
    std::size_t watched = 0;  // tiles that wait for credits of the network
    Observer observer;
    std::vector<NeuronId> fired;
    std::uint64_t step = 0;
    std::uint64_t spikes = 0;
    Cycle base = 0;  // of the next step
};

/// Writes what there are credits for. The oldest packet goes first, of equally old ones that of the
/// first core.
void SteppedChip::Machine::write_packets(TileId at) {
    Tile& tile = tiles[at];
    const std::size_t first = std::size_t{at} * config.stepped.cores_per_tile;
    while (true) {
        SteppedCore* oldest = &cores[first];
        for (std::size_t i = 1; i < config.stepped.cores_per_tile; ++i) {
            if (cores[first + i].next_write() < oldest->next_write()) {
                oldest = &cores[first + i];
            }
        }
        if (oldest->next_write() == kNever) {
            return;
        }
        if (tile.credits < flits) {
            wait_for_credits(at);
            return;
        }
        const Cycle begun = std::max({oldest->next_write(), tile.next_write, tile.usable});
        const Cycle written = begun + flits - 1;
        tile.credits -= flits;
        tile.next_write = written + 1;

        const std::uint32_t row = oldest->next_row();
        network.rows.prefetch(row);
        const TileId to = tile_of(network.rows.core(row));
        if (to == at) {
            const bool own = &cores[network.rows.core(row)] == oldest;
            tile.local_packets += own ? 0 : 1;
            tile.local_flits += flits;
            local.push({written + (own ? 0 : config.stepped.local_cycles), row});
        } else {
            noc::Packet packet;
            packet.source = at;
            packet.destination = to;
            packet.flits = flits;
            packet.message_class = kSpikeClass;
            packet.ready = clocks.network_sees(written);
            packet.tag = row;
            noc.send(packet);
        }
        oldest->wrote(written);
    }
}

/// Has the network say when a batch of the flits that it holds has left. Where there are not that
/// many, spikes of the tile's own bring the credits.
void SteppedChip::Machine::wait_for_credits(TileId at) {
    Tile& tile = tiles[at];
    const std::uint64_t held = queue - tile.credits - tile.local_flits;
    if (!tile.watched && held >= batch) {
        tile.watched = true;
        ++watched;
        noc.watch_source(at, kSpikeClass, static_cast<std::uint32_t>(held - batch));
    }
}

void SteppedChip::Machine::deliver(const noc::Delivery& delivery, noc::Cycle cycle) {
    const auto row = static_cast<std::uint32_t>(delivery.tag);
    SteppedCore& core = cores[network.rows.core(row)];
    core.accept(clocks.core_sees(cycle), row, step);
    close_gate(delivery.node, core, cycle);
}

/// Holds the network back, from after `cycle`, until the core has a free place.
void SteppedChip::Machine::close_gate(TileId at, const SteppedCore& core, noc::Cycle cycle) {
    if (core.place_free() == 0) {
        return;
    }
    const noc::Cycle until = clocks.network_sees(core.place_free());
    Tile& tile = tiles[at];
    if (until > std::max(cycle + 1, tile.closed_until)) {
        tile.closed_cycles += until - std::max(cycle + 1, tile.closed_until);
        tile.closed_until = until;
        noc.close_gate(at, kSpikeClass, until);
    }
}

void SteppedChip::Machine::return_credits(const noc::SourceReport& report, noc::Cycle cycle) {
    Tile& tile = tiles[report.node];
    const std::uint64_t left = queue - tile.credits - tile.local_flits - report.flits;
    tile.credits += left / batch * batch;
    tile.usable = std::max(tile.usable, clocks.core_sees(cycle));
    tile.watched = false;
    --watched;
    write_packets(report.node);
}

/// The next spike to a core of its own tile: it enters the event queue, or waits until there is a
/// place. Its place in the output queue is free with that.
void SteppedChip::Machine::deliver_local() {
    const LocalSpike spike = local.top();
    local.pop();
    SteppedCore& core = cores[network.rows.core(spike.row)];
    if (core.place_free() > spike.arrives) {
        local.push({core.place_free(), spike.row});
        return;
    }
    const TileId at = tile_of(network.rows.core(spike.row));
    Tile& tile = tiles[at];
    core.accept(spike.arrives, spike.row, step);
    close_gate(at, core, clocks.network_sees(spike.arrives));
    tile.local_flits -= flits;
    tile.credits += flits;
    tile.usable = std::max(tile.usable, spike.arrives + 1);
    write_packets(at);
}

void SteppedChip::Machine::step_network(noc::Cycle cycle) {
    noc.skip_to(cycle);
    noc.step();
    for (const noc::Delivery& delivery : noc.deliveries()) {
        if (delivery.tail) {
            deliver(delivery, cycle);
        }
    }
    for (const noc::SourceReport& report : noc.source_reports()) {
        return_credits(report, cycle);
    }
}

/// Runs network and local ways in the order of time until no spike is under way.
void SteppedChip::Machine::run_events() {
    while (!noc.drained() || watched != 0 || !local.empty()) {
        const noc::Cycle next = noc.next_activity();
        const Cycle seen = next == noc::kNever ? kNever : clocks.core_sees(next);
        if (!local.empty() && local.top().arrives <= seen) {
            deliver_local();
        } else if (next != noc::kNever) {
            step_network(next);
        } else {
            break;
        }
    }
    if (!noc.drained()) {
        const auto blockage = noc.find_blockage();
        throw CheckFailed("step " + std::to_string(step) + ": spikes are stuck" +
                          (blockage ? ": " + blockage->what : std::string()));
    }
}

SteppedChip::SteppedChip(const ChipConfig& config, SpikeNetwork network, std::uint64_t seed) {
    validate(config);
    const std::size_t cores = std::size_t{config.tiles()} * config.stepped.cores_per_tile;
    if (network.cores.size() != cores) {
        throw InputError("the network is laid out for " + std::to_string(network.cores.size()) +
                         " cores; the chip has " + std::to_string(cores));
    }
    check_memories(config, network);
    machine_ = std::make_unique<Machine>(config, std::move(network), seed);
}

SteppedChip::~SteppedChip() = default;

void SteppedChip::observe(Observer observer) {
    machine_->observer = std::move(observer);
}

void SteppedChip::step() {
    Machine& m = *machine_;
    m.fired.clear();
    for (SteppedCore& core : m.cores) {
        core.begin(m.neurons, m.step, m.base, m.fired);
    }
    for (TileId tile = 0; tile < m.tiles.size(); ++tile) {
        m.write_packets(tile);
    }
    m.run_events();
    Cycle end = m.base;
    for (const SteppedCore& core : m.cores) {
        end = std::max(end, core.end());
    }
    m.base = std::max(end + m.config.stepped.barrier_cycles, m.base + m.config.stepped.step_cycles);
    m.spikes += m.fired.size();
    if (m.observer) {
        m.observer(m.step, m.fired);
    }
    ++m.step;
}

std::uint64_t SteppedChip::steps() const {
    return machine_->step;
}

std::uint64_t SteppedChip::spikes() const {
    return machine_->spikes;
}

std::uint64_t SteppedChip::synaptic_operations() const {
    std::uint64_t sum = 0;
    for (const SteppedCore& core : machine_->cores) {
        sum += core.counts().synapses;
    }
    return sum;
}

float SteppedChip::membrane(NeuronId neuron) const {
    return machine_->neurons.membrane(neuron);
}

const SpikeNetwork& SteppedChip::network() const {
    return machine_->network;
}

Cycle SteppedChip::now() const {
    return machine_->base;
}

double SteppedChip::seconds() const {
    return static_cast<double>(machine_->base * machine_->clocks.core_period) *
           kSecondsPerPicosecond;
}

void SteppedChip::Machine::count_cores(Counts& into) const {
    for (std::size_t i = 0; i < cores.size(); ++i) {
        const SteppedCore::Counts& core = cores[i].counts();
        const TileId tile = tile_of(i);
        const auto add = [&](Event event, std::uint64_t count) { into.add(tile, event, count); };
        add(Event::event_queue_writes, core.rows);
        add(Event::event_queue_reads, core.rows);
        add(Event::axon_lookups, core.rows);
        add(Event::synapse_reads, core.row_words);
        add(Event::synapse_read_bits, core.row_words * config.core.synapse_port_bits);
        add(Event::accumulates, core.synapses);
        add(Event::accumulator_writes, core.synapses);
        add(Event::accumulator_saturations, core.saturations);
        add(Event::accumulator_reads, core.accumulator_reads);
        add(Event::vector_lif, core.idle_updates + core.active_updates);
        add(Event::state_read_bits, core.state_words * kWordBits);
        add(Event::state_write_bits, core.state_words * kWordBits);
        add(Event::neuron_updates_idle, core.idle_updates);
        add(Event::neuron_updates_active, core.active_updates);
        add(Event::neuron_spikes, core.spikes);
        add(Event::random_draws, core.random_draws);
        add(Event::encoder_events, core.packets);
        add(Event::packets_events, core.packets);
        add(Event::output_flits, core.packets * flits);
        add(Event::pipeline_busy_cycles, core.pipeline_busy);
        add(Event::vector_busy_cycles, core.update_busy);
        add(Event::encoder_waits, core.write_waits);
    }
    for (TileId tile = 0; tile < tiles.size(); ++tile) {
        into.add(tile, Event::packets_within_tile, tiles[tile].local_packets);
        into.add(tile, Event::gate_closed_cycles, tiles[tile].closed_cycles);
    }
    into.add(0, Event::barriers, step);
}

Counts SteppedChip::snapshot() const {
    const Machine& m = *machine_;
    Counts result({}, m.config.tiles());
    m.count_cores(result);
    count_network(m.noc, result);
    result.cycles = now();
    result.seconds = seconds();
    return result;
}

}  // namespace spikeloom::arch
