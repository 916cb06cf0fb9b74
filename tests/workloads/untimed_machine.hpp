// What a Program means, without time, packets and credits: each step runs the stages in the order
// in which they follow from one another. Written from arch/program.hpp, not from the chip.
#pragma once

#include "arch/program.hpp"
#include "models/fixed_point.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::tests {

class UntimedMachine {
  public:
    explicit UntimedMachine(const arch::Program& program) : program_(program) {
        for (const arch::Stage& stage : program.stages) {
            auto& registers = registers_.emplace_back();
            for (const arch::Register& r : stage.registers) {
                registers.push_back(r.initial.empty() ? std::vector<std::int32_t>(r.length)
                                                      : r.initial);
            }
        }
    }

    /// The results of a step. Stages must be in an order in which producers come first.
    std::vector<std::int32_t> step(std::uint32_t token) {
        std::vector<std::int32_t> results(program_.host.result_length);
        for (std::size_t s = 0; s < registers_.size(); ++s) {
            std::fill(registers_[s][0].begin(), registers_[s][0].end(), 0);
        }
        deliver({program_.host.token_stage, token}, 0, 1, results);
        for (std::size_t s = 0; s < registers_.size(); ++s) {
            run(s);
            for (const arch::Output& output : program_.stages[s].outputs) {
                for (std::uint32_t i = 0; i < output.length; ++i) {
                    const std::int32_t value =
                        registers_[s][output.source.register_index][output.source.first + i];
                    for (const arch::Destination& to : output.destinations) {
                        REQUIRE((to.stage > s || to.stage == program_.stages.size()));
                        deliver(to, i, value, results);
                    }
                }
            }
        }
        return results;
    }

    std::span<const std::int32_t> values(const std::string& stage, const std::string& name) const {
        for (std::size_t s = 0; s < registers_.size(); ++s) {
            for (std::size_t r = 0; r < registers_[s].size(); ++r) {
                if (program_.stages[s].name == stage &&
                    program_.stages[s].registers[r].name == name) {
                    return registers_[s][r];
                }
            }
        }
        FAIL("no register " << name << " of stage " << stage);
        return {};
    }

  private:
    using Block = arch::AxonBlock;

    static std::uint8_t byte(const std::vector<arch::MemoryImage>& images, arch::TileId tile,
                             std::uint64_t address) {
        for (const arch::MemoryImage& image : images) {
            if (image.tile == tile && address >= image.address &&
                address < image.address + image.bytes.size()) {
                return image.bytes[address - image.address];
            }
        }
        FAIL("tile " << tile << " holds nothing at " << address);
        return 0;
    }

    std::int32_t weight(const arch::Stage& stage, const Block& block, std::uint64_t row,
                        std::uint32_t column) const {
        std::int32_t value = 0;
        for (std::uint32_t b = 0; b < block.weight_bits; ++b) {
            const std::uint64_t bit = std::uint64_t{column} * block.weight_bits + b;
            const std::uint64_t address = block.address + row * block.row_stride + bit / 8;
            const std::uint8_t found =
                block.kind == Block::Kind::remote
                    ? byte(program_.memory_images, block.memory_tile, address)
                    : byte(program_.synapse_images, stage.tile, address);
            value |= ((found >> (bit % 8)) & 1) << b;
        }
        const std::int32_t sign = 1 << (block.weight_bits - 1);
        return block.weight_bits > 1 && (value & sign) != 0 ? value - 2 * sign : value;
    }

    void deliver(arch::Destination to, std::uint32_t element, std::int32_t value,
                 std::vector<std::int32_t>& results) {
        const std::uint32_t axon = to.axon + element;
        if (to.stage == program_.stages.size()) {
            results.at(axon) = value;
            return;
        }
        if (value == 0) {
            return;
        }
        const arch::Stage& stage = program_.stages[to.stage];
        std::vector<std::int32_t>& sums = registers_[to.stage][0];
        for (const Block& block : stage.axons) {
            if (axon < block.first_axon || axon >= block.first_axon + block.axons) {
                continue;
            }
            const std::uint32_t row = axon - block.first_axon;
            if (block.kind == Block::Kind::direct) {
                sums.at(block.accumulator + row) += value * block.direct_weight;
                return;
            }
            for (std::uint32_t i = 0; i < block.row_length; ++i) {
                sums.at(block.accumulator + i) += value * weight(stage, block, row, i);
            }
            return;
        }
        FAIL("stage " << stage.name << " has no axon " << axon);
    }

    void run(std::size_t s) {
        namespace fixed = models::fixed;
        using arch::Opcode;
        for (const arch::Instruction& in : program_.stages[s].program) {
            for (std::uint32_t i = 0; i < in.length; ++i) {
                const auto at = [&](const arch::Operand& operand) -> std::int32_t& {
                    return registers_[s].at(operand.register_index).at(operand.first + i);
                };
                const std::int32_t a = at(in.a);
                std::int32_t result = 0;
                switch (in.op) {
                    case Opcode::add:
                        result = fixed::add(a, at(in.b));
                        break;
                    case Opcode::subtract:
                        result = fixed::subtract(a, at(in.b));
                        break;
                    case Opcode::multiply:
                        result = fixed::multiply(a, at(in.b), in.shift);
                        break;
                    case Opcode::interpolate:
                        result = fixed::interpolate(a, at(in.b), at(in.c));
                        break;
                    case Opcode::narrow:
                        result = fixed::narrow(a, in.shift, in.bits);
                        break;
                    case Opcode::shift_left:
                        result = fixed::saturate(std::int64_t{a} << in.shift);
                        break;
                    case Opcode::maximum:
                        result = std::max(a, at(in.b));
                        break;
                    case Opcode::rectify:
                        result = std::max(a, 0);
                        break;
                    case Opcode::exponential:
                        result = fixed::exponential(a);
                        break;
                    case Opcode::sigmoid:
                        result = fixed::sigmoid(a);
                        break;
                    case Opcode::divide:
                        result = fixed::divide(a, at(in.b));
                        break;
                    case Opcode::copy:
                        result = a;
                        break;
                    case Opcode::lif: {
                        const auto update = fixed::integrate_and_fire(at(in.b), a, in.lif);
                        at(in.b) = update.membrane;
                        result = update.spike ? 1 : 0;
                        break;
                    }
                    case Opcode::layer_norm: {
                        if (i == 0) {
                            const auto x = std::span(registers_[s][in.a.register_index])
                                               .subspan(in.a.first, in.length);
                            normalised_.resize(in.length);
                            fixed::normalise(x, in.length, fixed::sum(x), fixed::sum_of_squares(x),
                                             in.immediate, normalised_);
                        }
                        result = normalised_[i];
                        break;
                    }
                }
                at(in.to) = result;
            }
        }
    }

    const arch::Program& program_;
    std::vector<std::vector<std::vector<std::int32_t>>> registers_;  // by stage and register
    std::vector<std::int32_t> normalised_;
};

}  // namespace spikeloom::tests
