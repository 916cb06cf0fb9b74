// Writes one stage of a Program the way an assembler would: registers by name, then instructions.
#pragma once

#include "arch/program.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::workloads {

/// A run of a register's elements.
struct Vector {
    arch::Operand at;
    std::uint32_t length = 0;

    Vector part(std::uint32_t first, std::uint32_t count) const {
        return {{at.register_index, at.first + first}, count};
    }
};

class StageBuilder {
  public:
    /// Register 0, "sum", holds the accumulators.
    StageBuilder(std::string name, std::uint32_t accumulators);

    Vector sums() const { return {{0, 0}, stage_.registers[0].length}; }
    Vector scratch(std::string name, std::uint32_t length);
    /// A register that keeps its values from step to step and starts with all `initial`.
    Vector state(std::string name, std::uint32_t length, std::int32_t initial = 0);
    Vector constant(std::string name, std::span<const std::int32_t> values);

    // The instructions, in the order of the program; the operands have the length of `to`.
    void add(Vector to, Vector a, Vector b);
    void subtract(Vector to, Vector a, Vector b);
    void multiply(Vector to, Vector a, Vector b, int shift = models::fixed::kFraction);
    void interpolate(Vector to, Vector a, Vector b, Vector weight);
    void narrow(Vector to, Vector a, int shift, int bits);
    void shift_left(Vector to, Vector a, int shift);
    void maximum(Vector to, Vector a, Vector b);
    void rectify(Vector to, Vector a);
    void exponential(Vector to, Vector a);
    void sigmoid(Vector to, Vector a);
    void divide(Vector to, Vector a, Vector b);
    void lif(Vector spikes, Vector input, Vector membrane, const models::fixed::Lif& neuron);
    void copy(Vector to, Vector a);
    void layer_norm(Vector to, Vector a, std::int64_t epsilon);

    /// Appends a block of axons behind those there are and returns its place.
    std::size_t axons(const arch::AxonBlock& block);
    /// The axon that the next block starts with.
    std::uint32_t next_axon() const { return next_axon_; }

    void output(std::string name, Vector source, arch::Encoding encoding, int value_bits,
                std::vector<arch::Destination> destinations = {});

    arch::Stage finish() { return std::move(stage_); }

  private:
    Vector declare(arch::Register declared);
    void emit(arch::Opcode op, Vector to, Vector a, Vector b = {}, Vector c = {});
    arch::Instruction& last() { return stage_.program.back(); }

    arch::Stage stage_;
    std::uint32_t next_axon_ = 0;
};

}  // namespace spikeloom::workloads
