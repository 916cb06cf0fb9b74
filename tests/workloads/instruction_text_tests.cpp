#include "base/error.hpp"
#include "tests/support/refusal.hpp"
#include "workloads/instruction_text.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

using arch::Instruction;
using arch::Opcode;
using arch::Register;

const std::vector<Register> kRegisters = {
    {"sum", Register::Kind::accumulator, 12, {}},
    {"x", Register::Kind::scratch, 4, {}},
    {"scale", Register::Kind::constant, 4, {1, 2, 3, 4}},
    {"state.v", Register::Kind::state, 8, {}},
};

std::string instruction_refusal(const std::string& text) {
    return tests::refusal_of([&] { parse_instruction(text, kRegisters); });
}

TEST_CASE("an instruction's text says registers, runs of them and numbers") {
    Instruction multiply;
    multiply.op = Opcode::multiply;
    multiply.length = 4;
    multiply.to = {1, 0};
    multiply.a = {0, 8};
    multiply.b = {2, 0};
    multiply.shift = 22;
    CHECK(instruction_text(multiply, kRegisters) == "x = multiply(sum[8:12], scale, shift 22)");

    Instruction lif;
    lif.op = Opcode::lif;
    lif.length = 3;
    lif.to = {1, 1};
    lif.a = {2, 0};
    lif.b = {3, 5};
    lif.lif = {16384, 65536, -7};
    CHECK(instruction_text(lif, kRegisters) ==
          "x[1:4] = lif(scale[0:3], state.v[5:8], inverse_tau 16384, threshold 65536, reset -7)");
}

TEST_CASE("text becomes the instruction it says") {
    const Instruction read =
        parse_instruction("  x[0:2]=layer_norm( sum[3:5] ,epsilon 9007199254740993 ) ", kRegisters);
    CHECK(read.op == Opcode::layer_norm);
    CHECK(read.length == 2);
    CHECK(read.to.register_index == 1);
    CHECK(read.to.first == 0);
    CHECK(read.a.register_index == 0);
    CHECK(read.a.first == 3);
    CHECK(read.immediate == 9007199254740993);
}

TEST_CASE("every operation survives being written and read") {
    const std::vector<std::string> lines = {
        "x = add(x, scale)",
        "x = subtract(x, scale)",
        "x = multiply(x, scale, shift 0)",
        "x = interpolate(x, state.v[4:8], scale)",
        "x = narrow(sum[0:4], shift 62, bits 2)",
        "x = shift_left(x, shift 10)",
        "x = maximum(x, scale)",
        "x = rectify(x)",
        "x = exponential(x)",
        "x = sigmoid(x)",
        "x = divide(x, scale)",
        "x = lif(sum[4:8], state.v[0:4], inverse_tau 1, threshold 2, reset -2147483648)",
        "state.v = copy(sum[2:10])",
        "x = layer_norm(x, epsilon 1)",
    };
    for (const std::string& line : lines) {
        CHECK(instruction_text(parse_instruction(line, kRegisters), kRegisters) == line);
    }
}

TEST_CASE("wrong text is refused with what was found and what is allowed") {
    using Catch::Contains;
    CHECK_THAT(instruction_refusal("x = ad(x, scale)"),
               Contains("'ad' is no operation") && Contains("add, subtract, multiply"));
    CHECK_THAT(instruction_refusal("y = add(x, scale)"),
               Contains("'y' is no register of this stage"));
    CHECK_THAT(instruction_refusal("x = add(x, sum)"),
               Contains("operand 2 has 12 elements, the result 4"));
    CHECK_THAT(instruction_refusal("x = add(x, sum[9:13])"),
               Contains("a whole number from 9 to 12"));
    CHECK_THAT(instruction_refusal("x = add(x, sum[4:2])"),
               Contains("a whole number from 4 to 12"));
    CHECK_THAT(instruction_refusal("x = multiply(x, scale)"), Contains("expected ','"));
    CHECK_THAT(instruction_refusal("x = multiply(x, scale, bits 3)"), Contains("expected 'shift'"));
    CHECK_THAT(instruction_refusal("x = multiply(x, scale, shift 99999999999)"),
               Contains("a whole number"));
    CHECK_THAT(instruction_refusal("x = add(x, scale, x)"), Contains("expected ')'"));
    CHECK_THAT(instruction_refusal("x = add(x, scale) x"), Contains("the end of the line"));
    CHECK_THAT(instruction_refusal("x"), Contains("expected '='"));
    CHECK_THAT(instruction_refusal(""), Contains("a register's name"));
}

TEST_CASE("an instruction that points at no register has no text") {
    Instruction instruction;
    instruction.to.register_index = 4;
    CHECK_THROWS_AS(instruction_text(instruction, kRegisters), InputError);
}

}  // namespace
}  // namespace spikeloom::workloads
