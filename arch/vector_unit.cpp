#include "arch/vector_unit.hpp"

#include "models/fixed_point.hpp"

#include <algorithm>
#include <span>

namespace spikeloom::arch {

namespace fixed = models::fixed;

namespace {

Event operations_event(OpClass op_class) {
    return static_cast<Event>(static_cast<std::uint32_t>(Event::vector_simple) +
                              static_cast<std::uint32_t>(op_class));
}

Cycle groups(std::uint32_t length, std::uint32_t lanes) {
    return (Cycle{length} + lanes - 1) / lanes;
}

std::uint64_t saturated(fixed::Values x, int shift, int bits) {
    return static_cast<std::uint64_t>(std::count_if(x.begin(), x.end(), [&](std::int32_t value) {
        return fixed::narrow(value, shift, bits) != fixed::shift_right(value, shift);
    }));
}

/// Elements for which a straight line between two table entries is followed.
std::uint64_t interpolations(const Instruction& instruction, const fixed::Functions& functions) {
    const bool line = (instruction.op == Opcode::exponential &&
                       functions.exponential.method == fixed::Method::piecewise_linear) ||
                      (instruction.op == Opcode::sigmoid &&
                       functions.sigmoid.method == fixed::Method::piecewise_linear);
    return line ? instruction.length : 0;
}

/// Steps of Newton's iteration for quotients; a layer_norm has one root, which no table prices.
std::uint64_t newton_steps(const Instruction& instruction, const fixed::Functions& functions) {
    return instruction.op == Opcode::divide ? std::uint64_t{instruction.length} *
                                                  static_cast<std::uint64_t>(functions.divide_steps)
                                            : 0;
}

}  // namespace

Operands operands_of(const Instruction& instruction) {
    Operands result;
    result.read.push_back(instruction.a);
    switch (instruction.op) {
        case Opcode::add:
        case Opcode::subtract:
        case Opcode::multiply:
        case Opcode::maximum:
        case Opcode::divide:
            result.read.push_back(instruction.b);
            break;
        case Opcode::interpolate:
            result.read.push_back(instruction.b);
            result.read.push_back(instruction.c);
            break;
        case Opcode::lif:
            result.read.push_back(instruction.b);
            result.written.push_back(instruction.b);
            break;
        case Opcode::layer_norm:
            result.read.push_back(instruction.a);  // once for the sums, once to normalise
            break;
        case Opcode::narrow:
        case Opcode::shift_left:
        case Opcode::rectify:
        case Opcode::exponential:
        case Opcode::sigmoid:
        case Opcode::copy:
            break;
    }
    result.written.push_back(instruction.to);
    return result;
}

Cycle instruction_cycles(const Instruction& instruction, const VectorUnitConfig& config) {
    const FunctionalUnit& unit = config.unit(class_of(instruction.op));
    const Cycle pass =
        (groups(instruction.length, config.lanes) - 1) * unit.interval + unit.latency;
    return config.issue + (instruction.op == Opcode::layer_norm ? 2 * pass : pass);
}

VectorProgram::VectorProgram(const Stage& stage, const VectorUnitConfig& config)
    : functions_(config.functions) {
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(Event::count));
    const auto add = [&](Event event, std::uint64_t count) {
        counts[static_cast<std::size_t>(event)] += count;
    };
    for (const Instruction& instruction : stage.program) {
        const Cycle cycles = instruction_cycles(instruction, config);
        const FunctionalUnit& unit = config.unit(class_of(instruction.op));
        const Operands operands = operands_of(instruction);
        for (const Operand& operand : operands.read) {
            if (operand.register_index == 0) {
                add(Event::accumulator_reads, instruction.length);
                // The last group is taken `latency` before the last result.
                accumulators_read_ = cycles_ + cycles - unit.latency + unit.interval;
            } else {
                add(Event::state_read_bits, instruction.length * kWordBits);
            }
        }
        add(Event::state_write_bits, operands.written.size() * instruction.length * kWordBits);
        add(operations_event(class_of(instruction.op)), instruction.length);
        add(Event::vector_instructions, 1);
        add(Event::vector_interpolations, interpolations(instruction, functions_));
        add(Event::vector_newton_steps, newton_steps(instruction, functions_));
        cycles_ += cycles;
    }
    cycles_ = std::max<Cycle>(cycles_, 1);
    for (std::size_t event = 0; event < counts.size(); ++event) {
        if (counts[event] != 0) {
            counts_.emplace_back(static_cast<Event>(event), counts[event]);
        }
    }
}

void VectorProgram::execute(const Stage& stage, std::vector<std::vector<std::int32_t>>& registers,
                            Counts& counts, TileId tile) const {
    for (const Instruction& in : stage.program) {
        const auto run = [&](const Operand& operand) {
            return std::span(registers[operand.register_index]).subspan(operand.first, in.length);
        };
        const fixed::Results to = run(in.to);
        const fixed::Results a = run(in.a);
        switch (in.op) {
            case Opcode::add:
                fixed::add(a, run(in.b), to);
                break;
            case Opcode::subtract:
                fixed::subtract(a, run(in.b), to);
                break;
            case Opcode::multiply:
                fixed::multiply(a, run(in.b), in.shift, to);
                break;
            case Opcode::interpolate:
                fixed::interpolate(a, run(in.b), run(in.c), to);
                break;
            case Opcode::narrow:
                counts.add(tile, Event::narrow_saturations, saturated(a, in.shift, in.bits));
                fixed::narrow(a, in.shift, in.bits, to);
                break;
            case Opcode::shift_left:
                fixed::shift_left(a, in.shift, to);
                break;
            case Opcode::maximum:
                fixed::maximum(a, run(in.b), to);
                break;
            case Opcode::rectify:
                fixed::rectify(a, to);
                break;
            case Opcode::exponential:
                fixed::exponential(a, to, functions_.exponential);
                break;
            case Opcode::sigmoid:
                fixed::sigmoid(a, to, functions_.sigmoid);
                break;
            case Opcode::divide:
                fixed::divide(a, run(in.b), to, functions_.divide_steps);
                break;
            case Opcode::lif:
                fixed::integrate_and_fire(a, in.lif, run(in.b), to);
                break;
            case Opcode::copy:
                std::copy(a.begin(), a.end(), to.begin());
                break;
            case Opcode::layer_norm:
                fixed::normalise(a, in.length, fixed::sum(a), fixed::sum_of_squares(a),
                                 in.immediate, to, functions_.normalise_steps);
                break;
        }
    }
    for (const auto& [event, count] : counts_) {
        counts.add(tile, event, count);
    }
}

}  // namespace spikeloom::arch
