#include "workloads/estimate.hpp"

#include "arch/message.hpp"
#include "arch/vector_unit.hpp"
#include "arch/weight_rows.hpp"
#include "noc/packet_format.hpp"
#include "workloads/ways.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::workloads {

namespace {

using arch::AxonBlock;

double quotient_up(double a, double b) {
    return std::ceil(a / b);
}

double mean_synapses(const AxonBlock& block) {
    return static_cast<double>(arch::totals_of(block).synapses) / block.axons;
}

/// Cycles of the lanes for a row, its synapses spread evenly over the banks of accumulators.
double lane_cycles(double synapses, const arch::CoreConfig& core) {
    const double banks = core.accumulator_banks == 0 ? core.lanes : core.accumulator_banks;
    return quotient_up(synapses, core.lanes) *
           quotient_up(std::min(1.0 * core.lanes, synapses), banks);
}

/// Cycles the pipeline spends on one event of a block.
double event_cycles(const AxonBlock& block, const arch::CoreConfig& core) {
    if (block.kind == AxonBlock::Kind::direct) {
        return 1.0;
    }
    const double synapses = mean_synapses(block);
    const double row_bits = synapses * (block.weight_bits + block.index_bits);
    const double read = block.kind == AxonBlock::Kind::sram
                            ? quotient_up(row_bits, core.synapse_port_bits) *
                                  std::max(1.0, 1.0 * core.synapse_bank_cycles / core.synapse_banks)
                            : 0.0;
    return std::max({1.0, read, lane_cycles(synapses, core)});
}

/// Cycles of the cores' clock from a request to the row's last byte at the memory; from a DRAM with
/// its page open or closed in equal parts.
double memory_cycles(double row_bits, const arch::ChipConfig& chip) {
    if (chip.memory.kind == arch::MemoryKind::sram) {
        const arch::SramConfig& sram = chip.memory.sram;
        return sram.latency + sram.interval * quotient_up(row_bits, sram.port_bits);
    }
    const arch::DramConfig& dram = chip.memory.dram;
    const double clocks = dram.access_cycles - 1.0 + dram.rcd / 2.0 + dram.rl + dram.dqsck +
                          quotient_up(row_bits, 1.0 * dram.data_rate * dram.width_bits);
    return clocks * dram.clock_ps * 1e-12 * chip.core_clock_hz;
}

/// Links between two tiles on average, as far as the network's shape tells; of a graph, which has
/// none, those to memory.
double mean_hops(const arch::ChipConfig& chip) {
    const noc::NetworkConfig& network = chip.network;
    switch (network.topology) {
        case noc::Topology::mesh:
        case noc::Topology::cmesh:
            return (network.width + network.height) / 3.0;
        case noc::Topology::torus:
            return (network.width + network.height) / 4.0;
        case noc::Topology::ring:
            return network.width / 4.0;
        case noc::Topology::graph:
            return Ways(chip).mean_hops_to_memory();
        case noc::Topology::tree:
            break;
    }
    return 2.0 * (network.levels - 1);  // up to the root and down
}

/// Cycles from the request of a row to its last byte, over so many links.
double fetch_cycles(const AxonBlock& block, const arch::ChipConfig& chip, double hops) {
    const noc::NetworkConfig& network = chip.network;
    const double hop_cycles =
        1.0 + network.routing_delay + network.vc_allocation_delay + network.forward_delay;
    const double row_bits = mean_synapses(block) * (block.weight_bits + block.index_bits);
    const double flits = quotient_up(row_bits, network.flit_bits);
    const double network_cycles = 2.0 * hops * hop_cycles + flits;
    return chip.memory.controller_latency + network_cycles * chip.core_clock_hz / network.clock_hz +
           memory_cycles(row_bits, chip);
}

double vector_cycles(const arch::Stage& stage, const arch::VectorUnitConfig& unit) {
    double cycles = 0.0;
    for (const arch::Instruction& instruction : stage.program) {
        cycles += static_cast<double>(arch::instruction_cycles(instruction, unit));
    }
    return cycles;
}

double emission_cycles(const arch::Stage& stage, const arch::ChipConfig& chip,
                       const Activity& activity) {
    const noc::PacketFormat format = chip.packet_format();
    // A slower network takes the flits more slowly than the encoder could write them.
    const double flit_cycles = std::max(1.0, chip.core_clock_hz / chip.network.clock_hz);
    double cycles = 0.0;
    for (const arch::Output& output : stage.outputs) {
        const auto events =
            static_cast<std::uint64_t>(std::llround(expected_events(output, activity)));
        const noc::Burst burst(
            format, static_cast<int>(arch::event_bits(output.encoding, output.value_bits)), events);
        const double windows = output.encoding == arch::Encoding::dense
                                   ? 0.0
                                   : quotient_up(output.length, chip.core.scan_width);
        const double flits = static_cast<double>(burst.total_flits()) * flit_cycles;
        const double marker = format.header_flits() * flit_cycles;
        cycles +=
            static_cast<double>(output.destinations.size()) * (std::max(windows, flits) + marker);
    }
    return cycles;
}

}  // namespace

std::vector<StageWork> estimate_work(const arch::Program& program, const arch::ChipConfig& chip,
                                     const Activity& activity) {
    const auto arrivals = expected_arrivals(program, activity);
    const double hops = chip.memory_tiles.empty() ? 0.0 : mean_hops(chip);
    std::vector<StageWork> work(program.stages.size());
    for (std::size_t s = 0; s < work.size(); ++s) {
        const arch::Stage& stage = program.stages[s];
        for (std::size_t b = 0; b < stage.axons.size(); ++b) {
            const AxonBlock& block = stage.axons[b];
            double cycles = event_cycles(block, chip.core);
            if (block.kind == AxonBlock::Kind::remote) {
                cycles =
                    std::max(cycles, fetch_cycles(block, chip, hops) / chip.core.dma_outstanding);
            }
            work[s].accumulate += arrivals[s][b] * cycles;
        }
        work[s].vector = vector_cycles(stage, chip.core.vector);
        work[s].emit = emission_cycles(stage, chip, activity);
    }
    return work;
}

double interval(const StageWork& work, const arch::ChipConfig& chip) {
    return chip.core.accumulator_slots > 1 ? std::max(work.accumulate, work.vector + work.emit)
                                           : work.accumulate + work.vector + work.emit;
}

double interval(const std::vector<StageWork>& stages, const arch::ChipConfig& chip) {
    double longest = 0.0;
    StageWork all;
    for (const StageWork& work : stages) {
        longest = std::max(longest, interval(work, chip));
        all.accumulate += work.accumulate;
        all.vector += work.vector;
        all.emit += work.emit;
    }
    return std::max({longest, all.accumulate, all.vector, all.emit});
}

Timetable timetable(const arch::Program& program, const std::vector<StageWork>& work) {
    const std::size_t stages = program.stages.size();
    Timetable times{std::vector<double>(stages, 0.0), std::vector<double>(stages, 0.0), 0.0};
    // A stage may stand before those that feed it, so the times are raised until they hold.
    bool changed = true;
    for (std::size_t pass = 0; pass < stages && changed; ++pass) {
        changed = false;
        for (std::size_t s = 0; s < stages; ++s) {
            double begin = work[s].accumulate;
            for (const arch::StageId producer : program.stages[s].producers) {
                if (producer < stages) {
                    begin = std::max(begin, times.end[producer] +
                                                std::max(work[producer].emit, work[s].accumulate));
                }
            }
            changed = changed || begin > times.begin[s];
            times.begin[s] = begin;
            times.end[s] = begin + work[s].vector;
            times.last_result = std::max(times.last_result, times.end[s] + work[s].emit);
        }
    }
    return times;
}

}  // namespace spikeloom::workloads
