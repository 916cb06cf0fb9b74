#include "workloads/stage_builder.hpp"

#include <utility>

namespace spikeloom::workloads {

using arch::Opcode;
using Kind = arch::Register::Kind;

StageBuilder::StageBuilder(std::string name, std::uint32_t accumulators) {
    stage_.name = std::move(name);
    declare({"sum", Kind::accumulator, accumulators, {}});
}

Vector StageBuilder::declare(arch::Register declared) {
    const auto index = static_cast<std::uint32_t>(stage_.registers.size());
    stage_.registers.push_back(std::move(declared));
    return {{index, 0}, stage_.registers.back().length};
}

Vector StageBuilder::scratch(std::string name, std::uint32_t length) {
    return declare({std::move(name), Kind::scratch, length, {}});
}

Vector StageBuilder::state(std::string name, std::uint32_t length, std::int32_t initial) {
    std::vector<std::int32_t> values;
    if (initial != 0) {
        values.assign(length, initial);
    }
    return declare({std::move(name), Kind::state, length, std::move(values)});
}

Vector StageBuilder::constant(std::string name, std::span<const std::int32_t> values) {
    return declare({std::move(name),
                    Kind::constant,
                    static_cast<std::uint32_t>(values.size()),
                    {values.begin(), values.end()}});
}

void StageBuilder::emit(Opcode op, Vector to, Vector a, Vector b, Vector c) {
    arch::Instruction instruction;
    instruction.op = op;
    instruction.length = to.length;
    instruction.to = to.at;
    instruction.a = a.at;
    instruction.b = b.at;
    instruction.c = c.at;
    stage_.program.push_back(instruction);
}

void StageBuilder::add(Vector to, Vector a, Vector b) {
    emit(Opcode::add, to, a, b);
}

void StageBuilder::subtract(Vector to, Vector a, Vector b) {
    emit(Opcode::subtract, to, a, b);
}

void StageBuilder::multiply(Vector to, Vector a, Vector b, int shift) {
    emit(Opcode::multiply, to, a, b);
    last().shift = shift;
}

void StageBuilder::interpolate(Vector to, Vector a, Vector b, Vector weight) {
    emit(Opcode::interpolate, to, a, b, weight);
}

void StageBuilder::narrow(Vector to, Vector a, int shift, int bits) {
    emit(Opcode::narrow, to, a);
    last().shift = shift;
    last().bits = bits;
}

void StageBuilder::shift_left(Vector to, Vector a, int shift) {
    emit(Opcode::shift_left, to, a);
    last().shift = shift;
}

void StageBuilder::maximum(Vector to, Vector a, Vector b) {
    emit(Opcode::maximum, to, a, b);
}

void StageBuilder::rectify(Vector to, Vector a) {
    emit(Opcode::rectify, to, a);
}

void StageBuilder::exponential(Vector to, Vector a) {
    emit(Opcode::exponential, to, a);
}

void StageBuilder::sigmoid(Vector to, Vector a) {
    emit(Opcode::sigmoid, to, a);
}

void StageBuilder::divide(Vector to, Vector a, Vector b) {
    emit(Opcode::divide, to, a, b);
}

void StageBuilder::lif(Vector spikes, Vector input, Vector membrane,
                       const models::fixed::Lif& neuron) {
    emit(Opcode::lif, spikes, input, membrane);
    last().lif = neuron;
}

void StageBuilder::copy(Vector to, Vector a) {
    emit(Opcode::copy, to, a);
}

void StageBuilder::layer_norm(Vector to, Vector a, std::int64_t epsilon) {
    emit(Opcode::layer_norm, to, a);
    last().immediate = epsilon;
}

std::size_t StageBuilder::axons(const arch::AxonBlock& block) {
    stage_.axons.push_back(block);
    stage_.axons.back().first_axon = next_axon_;
    next_axon_ += block.axons;
    return stage_.axons.size() - 1;
}

void StageBuilder::output(std::string name, Vector source, arch::Encoding encoding, int value_bits,
                          std::vector<arch::Destination> destinations) {
    stage_.outputs.push_back({std::move(name), source.at, source.length, encoding,
                              static_cast<std::uint32_t>(value_bits), std::move(destinations)});
}

}  // namespace spikeloom::workloads
