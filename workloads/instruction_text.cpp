#include "workloads/instruction_text.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>

namespace spikeloom::workloads {

namespace {

using arch::Instruction;
using arch::Opcode;
using arch::Operand;
using arch::Register;

/// A number that belongs to an operation.
struct Number {
    const char* name;
    std::int64_t (*get)(const Instruction&);
    void (*set)(Instruction&, std::int64_t);
    std::int64_t least;
    std::int64_t most;
};

constexpr std::int64_t kLeast32 = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kMost32 = std::numeric_limits<std::int32_t>::max();

template <auto Field>
constexpr Number number(const char* name) {
    return {name, [](const Instruction& i) { return std::int64_t{i.*Field}; },
            [](Instruction& i, std::int64_t value) { i.*Field = static_cast<int>(value); },
            kLeast32, kMost32};
}

template <auto Field>
constexpr Number neuron_number(const char* name) {
    return {name, [](const Instruction& i) { return std::int64_t{i.lif.*Field}; },
            [](Instruction& i, std::int64_t v) { i.lif.*Field = static_cast<std::int32_t>(v); },
            kLeast32, kMost32};
}

constexpr Number kShift = number<&Instruction::shift>("shift");
constexpr Number kBits = number<&Instruction::bits>("bits");
constexpr Number kEpsilon = {"epsilon", [](const Instruction& i) { return i.immediate; },
                             [](Instruction& i, std::int64_t value) { i.immediate = value; },
                             std::numeric_limits<std::int64_t>::min(),
                             std::numeric_limits<std::int64_t>::max()};
constexpr Number kInverseTau = neuron_number<&models::fixed::Lif::inverse_tau>("inverse_tau");
constexpr Number kThreshold = neuron_number<&models::fixed::Lif::threshold>("threshold");
constexpr Number kReset = neuron_number<&models::fixed::Lif::reset>("reset");

struct Operation {
    Opcode op;
    const char* name;
    int operands;
    std::vector<Number> numbers;
};

const std::vector<Operation>& operations() {
    static const std::vector<Operation> table = {
        {Opcode::add, "add", 2, {}},
        {Opcode::subtract, "subtract", 2, {}},
        {Opcode::multiply, "multiply", 2, {kShift}},
        {Opcode::interpolate, "interpolate", 3, {}},
        {Opcode::narrow, "narrow", 1, {kShift, kBits}},
        {Opcode::shift_left, "shift_left", 1, {kShift}},
        {Opcode::maximum, "maximum", 2, {}},
        {Opcode::rectify, "rectify", 1, {}},
        {Opcode::exponential, "exponential", 1, {}},
        {Opcode::sigmoid, "sigmoid", 1, {}},
        {Opcode::divide, "divide", 2, {}},
        {Opcode::lif, "lif", 2, {kInverseTau, kThreshold, kReset}},
        {Opcode::copy, "copy", 1, {}},
        {Opcode::layer_norm, "layer_norm", 1, {kEpsilon}},
    };
    return table;
}

const Operation& operation_of(Opcode op) {
    return *std::find_if(operations().begin(), operations().end(),
                         [op](const Operation& operation) { return operation.op == op; });
}

Operand Instruction::*const kOperands[] = {&Instruction::a, &Instruction::b, &Instruction::c};

/// Reads a line word by word.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    /// A name: letters, digits, '_' and '.'.
    std::string name(const char* what) {
        skip_blanks();
        const std::size_t first = at_;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                      text_[at_] == '_' || text_[at_] == '.')) {
            ++at_;
        }
        if (at_ == first) {
            fail(std::string("expected ") + what);
        }
        return std::string(text_.substr(first, at_ - first));
    }

    std::int64_t number(std::int64_t least, std::int64_t most) {
        skip_blanks();
        std::int64_t value = 0;
        const char* const first = text_.data() + at_;
        const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
        if (error != std::errc() || value < least || value > most) {
            fail("expected a whole number from " + std::to_string(least) + " to " +
                 std::to_string(most));
        }
        at_ += static_cast<std::size_t>(end - first);
        return value;
    }

    /// Takes `c` where it comes next.
    bool take(char c) {
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }

    void expect(char c) {
        if (!take(c)) {
            fail(std::string("expected '") + c + "'");
        }
    }

    void expect_end() {
        skip_blanks();
        if (at_ != text_.size()) {
            fail("expected the end of the line");
        }
    }

    [[noreturn]] void fail(const std::string& message) const {
        const std::string_view rest = text_.substr(std::min(at_, text_.size()), 20);
        throw InputError("'" + std::string(text_.substr(0, 80)) + "': " + message + ", found '" +
                         std::string(rest) + "'");
    }

  private:
    void skip_blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') {
            ++at_;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

Run scan_run(Scanner& scanner, const std::vector<Register>& registers) {
    const std::string name = scanner.name("a register's name");
    const auto found = std::find_if(registers.begin(), registers.end(),
                                    [&](const Register& r) { return r.name == name; });
    if (found == registers.end()) {
        throw InputError("'" + name + "' is no register of this stage");
    }
    Run run{{static_cast<std::uint32_t>(found - registers.begin()), 0}, found->length};
    if (scanner.take('[')) {
        run.at.first = static_cast<std::uint32_t>(scanner.number(0, found->length));
        scanner.expect(':');
        const auto end = scanner.number(run.at.first, found->length);
        run.length = static_cast<std::uint32_t>(end - run.at.first);
        scanner.expect(']');
    }
    return run;
}

}  // namespace

const char* name_of(Opcode op) {
    return operation_of(op).name;
}

std::string run_text(const Run& run, const std::vector<Register>& registers) {
    if (run.at.register_index >= registers.size()) {
        throw InputError("register " + std::to_string(run.at.register_index) + " of " +
                         std::to_string(registers.size()) + " does not exist");
    }
    const Register& r = registers[run.at.register_index];
    if (run.at.first == 0 && run.length == r.length) {
        return r.name;
    }
    return r.name + "[" + std::to_string(run.at.first) + ":" +
           std::to_string(std::uint64_t{run.at.first} + run.length) + "]";
}

Run parse_run(const std::string& text, const std::vector<Register>& registers) {
    Scanner scanner(text);
    const Run run = scan_run(scanner, registers);
    scanner.expect_end();
    return run;
}

std::string instruction_text(const Instruction& instruction,
                             const std::vector<Register>& registers) {
    const Operation& operation = operation_of(instruction.op);
    std::string text =
        run_text({instruction.to, instruction.length}, registers) + " = " + operation.name + "(";
    for (int i = 0; i < operation.operands; ++i) {
        text += (i == 0 ? "" : ", ") +
                run_text({instruction.*kOperands[i], instruction.length}, registers);
    }
    for (const Number& n : operation.numbers) {
        text += std::string(", ") + n.name + " " + std::to_string(n.get(instruction));
    }
    return text + ")";
}

Instruction parse_instruction(const std::string& text, const std::vector<Register>& registers) {
    Scanner scanner(text);
    const Run to = scan_run(scanner, registers);
    scanner.expect('=');
    const std::string name = scanner.name("an operation");
    const auto operation =
        std::find_if(operations().begin(), operations().end(),
                     [&](const Operation& candidate) { return candidate.name == name; });
    if (operation == operations().end()) {
        std::string names;
        for (const Operation& known : operations()) {
            names += (names.empty() ? "" : ", ") + std::string(known.name);
        }
        throw InputError("'" + name + "' is no operation; allowed are " + names);
    }
    Instruction instruction;
    instruction.op = operation->op;
    instruction.to = to.at;
    instruction.length = to.length;
    scanner.expect('(');
    for (int i = 0; i < operation->operands; ++i) {
        if (i > 0) {
            scanner.expect(',');
        }
        const Run operand = scan_run(scanner, registers);
        if (operand.length != to.length) {
            scanner.fail("operand " + std::to_string(i + 1) + " has " +
                         std::to_string(operand.length) + " elements, the result " +
                         std::to_string(to.length));
        }
        instruction.*kOperands[i] = operand.at;
    }
    for (const Number& n : operation->numbers) {
        scanner.expect(',');
        if (const std::string found = scanner.name(n.name); found != n.name) {
            scanner.fail("expected '" + std::string(n.name) + "' and its number instead of '" +
                         found + "'");
        }
        n.set(instruction, scanner.number(n.least, n.most));
    }
    scanner.expect(')');
    scanner.expect_end();
    return instruction;
}

}  // namespace spikeloom::workloads
