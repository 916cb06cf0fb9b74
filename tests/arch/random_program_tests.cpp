// Random Programs on random chips: whatever the widths, depths and clocks, the sums are those of a
// plain evaluation of the Program, and two runs are the same to the last count.
#include "base/random.hpp"
#include "models/fixed_point.hpp"
#include "tests/arch/small_chip.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

std::uint32_t pick(Random& random, std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(random.below(most - least + 1));
}

/// A chip of 4 x 3 tiles with a host and two memory tiles, everything else drawn, and often as
/// narrow and short as it may be.
ChipConfig random_chip(Random& random) {
    ChipConfig config;
    config.network.width = 4;
    config.network.height = 3;
    config.network.flit_bits = random.below(2) == 0 ? 32 : 64;
    config.network.buffer = static_cast<int>(pick(random, 1, 4));
    config.network.message_classes = {static_cast<int>(pick(random, 1, 3)), 1, 1, 1};
    config.network.vcs = config.network.message_classes[0] + 3;
    config.network.clock_hz = 1e9 * (0.5 + random.uniform());
    config.host_tile = pick(random, 0, 11);
    config.memory_tiles = {(config.host_tile + 3) % 12, (config.host_tile + 7) % 12};
    config.memory.dram.rows = 16;
    config.memory.request_queue = pick(random, 1, 4);
    config.max_packet_flits = pick(random, 5, 12);
    config.core.output_credits = pick(random, 1, 8);
    config.core.output_queue =
        config.max_packet_flits + config.core.output_credits - 1 + pick(random, 0, 8);
    config.memory.output_credits = pick(random, 1, 8);
    config.memory.output_queue = config.max_packet_flits + config.memory.output_credits - 1;
    // Often so short that the network is held back wherever it can be.
    config.core.event_queue = random.below(2) == 0 ? pick(random, 1, 6) : pick(random, 64, 80);
    config.core.axon_latency = pick(random, 1, 3);
    config.core.lanes = pick(random, 1, 8);
    config.core.accumulator_slots = pick(random, 1, 2);
    config.core.sparse_index_bits = pick(random, 0, 5);
    config.core.accumulator_banks = pick(random, 0, 9);
    config.core.accumulator_bits = random.below(3) == 0 ? pick(random, 2, 20) : 32;
    config.core.synapse_banks = pick(random, 1, 3);
    config.core.synapse_bank_cycles = pick(random, 1, 3);
    config.core.synapse_port_bits = pick(random, 1, 64);
    config.core.scan_width = pick(random, 1, 16);
    config.core.vector.lanes = pick(random, 1, 8);
    config.core.dma_queue = pick(random, 1, 3);
    config.core.dma_outstanding = pick(random, 1, 3);
    config.core.dma_prefetch = pick(random, 0, 3);
    config.core.dma_burst_rows = pick(random, 1, 3);
    config.host.result_slots = pick(random, 1, 2);
    config.stall_cycles = 200000;
    return config;
}

/// Layers of stages, each fed by all stages of the layer before; some axons have their rows in the
/// core, some in a memory tile, some are direct.
class RandomProgram {
  public:
    RandomProgram(Random& random, const ChipConfig& config) : random_(random), config_(config) {
        for (TileId tile = 0; tile < config.tiles(); ++tile) {
            if (config.is_core(tile)) {
                cores_.push_back(tile);
            }
        }
        synapses_.resize(config.tiles());
        memory_.resize(config.tiles());
        std::vector<StageId> before;
        for (std::uint32_t layer = 0; layer < 3; ++layer) {
            std::vector<StageId> now;
            const std::uint32_t width = layer == 0 ? 1 : pick(random_, 1, 3);
            for (std::uint32_t i = 0; i < width; ++i) {
                now.push_back(add_stage(before));
            }
            before = now;
        }
        finish(before);
    }

    Program program;

  private:
    StageId add_stage(const std::vector<StageId>& producers) {
        const auto id = static_cast<StageId>(program.stages.size());
        Stage stage;
        stage.name = "stage " + std::to_string(id);
        stage.tile = cores_[random_.below(cores_.size())];
        const std::uint32_t length = pick(random_, 1, 40);
        stage.registers = {accumulators(length), state("membrane", length),
                           scratch("values", length)};
        add_program(stage, length);
        std::uint32_t axon = 0;
        for (const StageId producer : producers) {
            Output& output = program.stages[producer].outputs[0];
            output.destinations.push_back({id, axon});
            add_axons(stage, axon, output.length, output.value_bits);
            axon += output.length;
        }
        if (producers.empty()) {
            add_axons(stage, 0, kTokens, 1);
        }
        program.stages.push_back(stage);
        return id;
    }

    void add_program(Stage& stage, std::uint32_t length) {
        Instruction instruction = copy(0, 2, length);
        const std::uint64_t kind = random_.below(3);
        if (kind == 0) {  // spikes
            instruction.op = Opcode::lif;
            instruction.b = {1, 0};
            instruction.lif.threshold = 100;
            stage.outputs = {
                send(2, length, random_.below(2) == 0 ? Encoding::binary : Encoding::dense, 1, {})};
        } else {
            const std::uint32_t bits = pick(random_, 2, 16);
            instruction.op = Opcode::narrow;
            instruction.shift = 4;
            instruction.bits = static_cast<int>(bits);
            stage.outputs = {
                send(2, length, kind == 1 ? Encoding::graded : Encoding::dense, bits, {})};
        }
        stage.program = {instruction};
    }

    void add_axons(Stage& stage, std::uint32_t first, std::uint32_t count,
                   std::uint32_t value_bits) {
        const std::uint32_t length = stage.registers[0].length;
        AxonBlock block;
        const std::uint64_t kind = random_.below(4);
        if (kind == 0 && count <= length) {
            block = direct(count, value_bits);
            block.accumulator = pick(random_, 0, length - count);
            block.direct_weight = -3;
        } else {
            block = rows(count, length, pick(random_, 1, 16), 0, value_bits);
            block.row_stride += pick(random_, 0, 2);
            std::vector<std::uint8_t>* bytes = &synapses_[stage.tile];
            if (kind == 1) {
                block.kind = AxonBlock::Kind::remote;
                block.memory_tile = config_.memory_tiles[random_.below(2)];
                bytes = &memory_[block.memory_tile];
            }
            block.address = bytes->size();
            if (config_.core.sparse_index_bits > 0 && random_.below(2) == 0) {
                add_sparse_rows(block, *bytes);
            }
            for (std::uint64_t i = 0;
                 block.index_bits == 0 && i < std::uint64_t{count} * block.row_stride; ++i) {
                bytes->push_back(static_cast<std::uint8_t>(random_.next()));
            }
        }
        block.first_axon = first;
        stage.axons.push_back(block);
    }

    /// Random weights on random accumulators, as far as the indices and the rows reach.
    void add_sparse_rows(AxonBlock& block, std::vector<std::uint8_t>& bytes) {
        block.row_stride = 0;
        block.index_bits = config_.core.sparse_index_bits;
        for (std::uint32_t axon = 0; axon < block.axons; ++axon) {
            std::vector<bool> bits;
            const auto put = [&](std::uint64_t value, std::uint32_t width) {
                for (std::uint32_t i = 0; i < width; ++i) {
                    bits.push_back((value >> i & 1) != 0);
                }
            };
            std::uint32_t synapses = 0;
            for (std::uint32_t next = 0; random_.below(8) != 0; ++synapses) {
                const std::uint32_t skip = pick(random_, 0, (1U << block.index_bits) - 1);
                if (next + skip >= block.row_length) {
                    break;
                }
                put(skip, block.index_bits);
                put(random_.next(), block.weight_bits);
                next += skip + 1;
            }
            block.synapses.push_back(synapses);
            const std::size_t first = bytes.size();
            bytes.resize(first + (bits.size() + 7) / 8);
            for (std::size_t i = 0; i < bits.size(); ++i) {
                bytes[first + i / 8] =
                    static_cast<std::uint8_t>(bytes[first + i / 8] | (bits[i] ? 1U : 0U) << i % 8);
            }
        }
    }

    void finish(const std::vector<StageId>& last) {
        const auto host = static_cast<StageId>(program.stages.size());
        std::uint32_t at = 0;
        for (const StageId id : last) {
            Output& output = program.stages[id].outputs[0];
            output.destinations.push_back({host, at});
            at += output.length;
        }
        program.host = {config_.host_tile, 0, at, {}};
        for (TileId tile = 0; tile < config_.tiles(); ++tile) {
            if (!synapses_[tile].empty()) {
                program.synapse_images.push_back({tile, 0, synapses_[tile]});
            }
            if (!memory_[tile].empty()) {
                program.memory_images.push_back({tile, 0, memory_[tile]});
            }
        }
        connect(program);
    }

  public:
    static constexpr std::uint32_t kTokens = 20;

  private:
    Random& random_;
    const ChipConfig& config_;
    std::vector<TileId> cores_;
    std::vector<std::vector<std::uint8_t>> synapses_;
    std::vector<std::vector<std::uint8_t>> memory_;
};

/// The Program without a machine: stage by stage, axon by axon, weight by weight.
class Evaluation {
  public:
    Evaluation(const Program& program, std::uint32_t accumulator_bits)
        : program_(program), most_((std::int64_t{1} << (accumulator_bits - 1)) - 1) {
        for (const Stage& stage : program.stages) {
            membranes_.emplace_back(stage.registers[0].length);
        }
    }

    std::vector<std::int32_t> step(std::uint32_t token) {
        std::vector<std::vector<std::int64_t>> sums;
        for (const Stage& stage : program_.stages) {
            sums.emplace_back(stage.registers[0].length);
        }
        std::vector<std::int32_t> result(program_.host.result_length);
        add(0, token, 1, sums);
        ++events_;
        for (std::size_t id = 0; id < program_.stages.size(); ++id) {
            const std::vector<std::int32_t> values = run(id, sums[id]);
            const Output& output = program_.stages[id].outputs[0];
            for (const Destination& to : output.destinations) {
                for (std::uint32_t i = 0; i < values.size(); ++i) {
                    if (to.stage == program_.stages.size()) {
                        result[to.axon + i] = values[i];
                    } else {
                        const bool sent = output.encoding == Encoding::dense || values[i] != 0;
                        events_ += sent ? 1 : 0;
                        add(to.stage, to.axon + i, values[i], sums);
                    }
                }
            }
        }
        return result;
    }

    /// That the cores were sent so far.
    std::uint64_t events() const { return events_; }

  private:
    std::vector<std::int32_t> run(std::size_t id, const std::vector<std::int64_t>& sums) {
        const Instruction& instruction = program_.stages[id].program[0];
        std::vector<std::int32_t> values;
        for (std::size_t i = 0; i < sums.size(); ++i) {
            // They wrap at 32 bits, and saturate to the accumulators' width.
            const auto wrapped = static_cast<std::int32_t>(sums[i]);
            const auto sum =
                static_cast<std::int32_t>(std::clamp<std::int64_t>(wrapped, -most_ - 1, most_));
            if (instruction.op == Opcode::lif) {
                const auto next =
                    models::fixed::integrate_and_fire(membranes_[id][i], sum, instruction.lif);
                membranes_[id][i] = next.membrane;
                values.push_back(next.spike ? 1 : 0);
            } else {
                values.push_back(models::fixed::narrow(sum, instruction.shift, instruction.bits));
            }
        }
        return values;
    }

    void add(StageId stage, std::uint32_t axon, std::int32_t value,
             std::vector<std::vector<std::int64_t>>& sums) const {
        for (const AxonBlock& block : program_.stages[stage].axons) {
            if (axon < block.first_axon || axon >= block.first_axon + block.axons) {
                continue;
            }
            const std::uint32_t row = axon - block.first_axon;
            if (block.kind == AxonBlock::Kind::direct) {
                sums[stage][block.accumulator + row] += std::int64_t{value} * block.direct_weight;
                continue;
            }
            const TileId tile = program_.stages[stage].tile;
            if (block.index_bits > 0) {
                std::uint64_t bit = block.address * 8;
                for (std::uint32_t before = 0; before < row; ++before) {
                    const std::uint64_t bits = block.synapses[before] *
                                               std::uint64_t{block.index_bits + block.weight_bits};
                    bit += (bits + 7) / 8 * 8;
                }
                std::int64_t at = block.accumulator;
                for (std::uint32_t i = 0; i < block.synapses[row]; ++i) {
                    at += bits_of(block, tile, bit, block.index_bits);
                    bit += block.index_bits;
                    sums[stage][static_cast<std::size_t>(at++)] +=
                        value * signed_weight(block, bits_of(block, tile, bit, block.weight_bits));
                    bit += block.weight_bits;
                }
                continue;
            }
            for (std::uint32_t i = 0; i < block.row_length; ++i) {
                const std::uint64_t bit =
                    (block.address + std::uint64_t{row} * block.row_stride) * 8 +
                    std::uint64_t{i} * block.weight_bits;
                sums[stage][block.accumulator + i] +=
                    value * signed_weight(block, bits_of(block, tile, bit, block.weight_bits));
            }
        }
    }

    /// `count` bits of the block's memory from bit `first` on.
    std::int64_t bits_of(const AxonBlock& block, TileId tile, std::uint64_t first,
                         std::uint32_t count) const {
        const bool remote = block.kind == AxonBlock::Kind::remote;
        const std::vector<std::uint8_t>* bytes = nullptr;
        for (const MemoryImage& image : remote ? program_.memory_images : program_.synapse_images) {
            if (image.tile == (remote ? block.memory_tile : tile)) {
                bytes = &image.bytes;
            }
        }
        std::int64_t value = 0;
        for (std::uint32_t bit = 0; bit < count; ++bit) {
            const std::uint64_t at = first + bit;
            value |= std::int64_t{(*bytes)[at / 8] >> at % 8 & 1} << bit;
        }
        return value;
    }

    static std::int64_t signed_weight(const AxonBlock& block, std::int64_t value) {
        const bool negative = block.weight_bits > 1 && (value >> (block.weight_bits - 1)) != 0;
        return negative ? value - (std::int64_t{1} << block.weight_bits) : value;
    }

    const Program& program_;
    std::int64_t most_;  // that an accumulator holds
    std::uint64_t events_ = 0;
    std::vector<std::vector<std::int32_t>> membranes_;
};

}  // namespace

TEST_CASE("a random Program computes what its evaluation computes, on any chip", "[chip][random]") {
    const auto seed = GENERATE(range(1, 41));
    Random random(static_cast<std::uint64_t>(seed));
    const ChipConfig config = random_chip(random);
    const Program program = RandomProgram(random, config).program;
    std::vector<std::uint32_t> tokens;
    for (int i = 0; i < 6; ++i) {
        tokens.push_back(pick(random, 0, RandomProgram::kTokens - 1));
    }
    ChipBench bench(config, program);
    bench.run(tokens);
    Evaluation evaluation(program, config.core.accumulator_bits);
    REQUIRE(bench.results.size() == tokens.size());
    for (std::size_t step = 0; step < tokens.size(); ++step) {
        INFO("step " << step);
        CHECK(bench.results[step] == evaluation.step(tokens[step]));
    }
    // Every flit that was written has arrived somewhere, and every event was served: no more and no
    // fewer than the evaluation sent.
    const Counts counts = bench.chip.snapshot();
    CHECK(counts.total(Event::event_queue_writes) == evaluation.events());
    CHECK(counts.total(Event::noc_interface_bits) ==
          2 * counts.total(Event::output_flits) *
              static_cast<std::uint64_t>(config.network.flit_bits));
    CHECK(counts.total(Event::event_queue_writes) == counts.total(Event::event_queue_reads));
    CHECK(counts.total(Event::packets_requests) == counts.total(Event::memory_requests));
    CHECK(counts.total(Event::packets_requests) <= counts.total(Event::dma_rows));
    CHECK(counts.total(Event::programs) == tokens.size() * program.stages.size());
    CHECK(counts.total(Event::encoder_truncations) == 0);
}

TEST_CASE("two runs of a Program are the same to the last cycle and count", "[chip][random]") {
    Random random(99);
    const ChipConfig config = random_chip(random);
    const Program program = RandomProgram(random, config).program;
    struct Outcome {
        std::vector<std::vector<std::int32_t>> results;
        std::vector<Cycle> cycles;
        std::vector<ChipBench::Run> runs;
        Counts counts;
    };
    const auto run = [&] {
        ChipBench bench(config, program);
        bench.run({1, 2, 3});
        return Outcome{bench.results, bench.cycles, bench.runs, bench.chip.snapshot()};
    };
    const Outcome first = run();
    const Outcome second = run();
    CHECK(second.results == first.results);
    CHECK(second.cycles == first.cycles);
    CHECK(second.runs == first.runs);
    CHECK(second.counts == first.counts);
}
