// A vector instruction as one line of text, the form in which a Program file holds it.
//
//     to = operation(operand, ..., name number, ...)
//
// An operand is a register's name, or a run of its elements, name[first:end] with `end` excluded.
// All operands of an instruction have the same length; a bare name is the whole register. Behind
// the operands stand the numbers that the operation has, each by its name and all of them:
//
//     k = multiply(sum[0:64], k_scale, shift 22)
//     xk = narrow(mixed, shift 6, bits 16)
//     h = layer_norm(x, epsilon 43980)
//     spikes = lif(drive, membrane, inverse_tau 32768, threshold 65536, reset 0)
#pragma once

#include "arch/program.hpp"

#include <string>
#include <vector>

namespace spikeloom::workloads {

/// The name of an operation as text has it ("layer_norm").
const char* name_of(arch::Opcode op);

/// Throws InputError where the instruction points at a register that is not there.
std::string instruction_text(const arch::Instruction& instruction,
                             const std::vector<arch::Register>& registers);

/// Throws InputError with what was found and what is allowed; whether the numbers suit the machine
/// is for the chip's check to say.
arch::Instruction parse_instruction(const std::string& text,
                                    const std::vector<arch::Register>& registers);

/// A run of a register as an operand is written, and back.
struct Run {
    arch::Operand at;
    std::uint32_t length = 0;
};
std::string run_text(const Run& run, const std::vector<arch::Register>& registers);
Run parse_run(const std::string& text, const std::vector<arch::Register>& registers);

}  // namespace spikeloom::workloads
