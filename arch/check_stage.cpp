#include "arch/check_stage.hpp"

#include "arch/message.hpp"
#include "arch/vector_unit.hpp"
#include "arch/weight_rows.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace spikeloom::arch {

namespace {

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 28;  // of a register: a bound on bytes
constexpr std::uint32_t kMostNormalised = 1U << 14;  // models/fixed_point.hpp, normalise
constexpr int kMostShiftRight = 62;
constexpr int kMostShiftLeft = 31;

class StageCheck {
  public:
    StageCheck(const Stage& stage, const ChipConfig& config) : stage_(stage), config_(config) {}

    void check() const {
        if (!config_.is_core(stage_.tile)) {
            refuse("is on tile " + std::to_string(stage_.tile) + ", which is no spiking core");
        }
        check_registers();
        check_axons();
        for (std::size_t i = 0; i < stage_.program.size(); ++i) {
            check_instruction(stage_.program[i], "instruction " + std::to_string(i));
        }
        for (const Output& output : stage_.outputs) {
            check_output(output);
        }
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw InputError("program: stage '" + stage_.name + "': " + what);
    }

    std::size_t accumulators() const { return stage_.registers.front().length; }

    // ---- registers

    void check_registers() const {
        if (stage_.registers.empty() ||
            stage_.registers.front().kind != Register::Kind::accumulator) {
            refuse("its first register is not the accumulators");
        }
        for (std::size_t i = 0; i < stage_.registers.size(); ++i) {
            const Register& reg = stage_.registers[i];
            const std::string name = "register '" + reg.name + "'";
            if (i > 0 && reg.kind == Register::Kind::accumulator) {
                refuse(name + " is a second one of accumulators; allowed is one");
            }
            if (reg.length < 1 || reg.length > kMostElements) {
                refuse(name + " has " + std::to_string(reg.length) +
                       " elements; allowed are 1 to " + std::to_string(kMostElements));
            }
            const bool initial = reg.initial.size() == reg.length;
            if (reg.kind == Register::Kind::constant ? !initial
                                                     : !reg.initial.empty() && !initial) {
                refuse(name + " has " + std::to_string(reg.initial.size()) +
                       " initial values; allowed are " + std::to_string(reg.length));
            }
            if ((reg.kind == Register::Kind::accumulator || reg.kind == Register::Kind::scratch) &&
                !reg.initial.empty()) {
                refuse(name + " has initial values, which only constants and states may have");
            }
            for (std::size_t j = 0; j < i; ++j) {
                if (stage_.registers[j].name == reg.name) {
                    refuse("has two registers called '" + reg.name + "'");
                }
            }
        }
    }

    // ---- axons

    void check_axons() const {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> runs;
        for (const AxonBlock& block : stage_.axons) {
            const std::string where = "axons from " + std::to_string(block.first_axon) + ": ";
            const std::uint64_t end = std::uint64_t{block.first_axon} + block.axons;
            if (block.axons < 1 || end > kAxonNumbers) {
                refuse(where + "found " + std::to_string(block.axons) +
                       " axons; allowed are 1 or more, up to axon " +
                       std::to_string(kAxonNumbers - 1));
            }
            if (block.value_bits < 1 || block.value_bits > 32) {
                refuse(where + "value_bits is " + std::to_string(block.value_bits) +
                       "; allowed are 1 to 32");
            }
            if (block.kind == AxonBlock::Kind::direct) {
                check_direct(block, where);
            } else {
                check_rows(block, where);
            }
            runs.emplace_back(block.first_axon, end);
        }
        std::sort(runs.begin(), runs.end());
        for (std::size_t i = 1; i < runs.size(); ++i) {
            if (runs[i].first < runs[i - 1].second) {
                refuse("axon " + std::to_string(runs[i].first) +
                       " has two entries; allowed is one");
            }
        }
    }

    void check_direct(const AxonBlock& block, const std::string& where) const {
        if (std::uint64_t{block.accumulator} + block.axons > accumulators()) {
            refuse(where + "add to accumulators " + std::to_string(block.accumulator) + " to " +
                   std::to_string(std::uint64_t{block.accumulator} + block.axons) + "; there are " +
                   std::to_string(accumulators()));
        }
    }

    void check_rows(const AxonBlock& block, const std::string& where) const {
        if (block.weight_bits < 1 || block.weight_bits > 16) {
            refuse(where + "weight_bits is " + std::to_string(block.weight_bits) +
                   "; allowed are 1 to 16");
        }
        if (block.row_length < 1 ||
            std::uint64_t{block.accumulator} + block.row_length > accumulators()) {
            refuse(where + "a row of " + std::to_string(block.row_length) + " from accumulator " +
                   std::to_string(block.accumulator) + " on; there are " +
                   std::to_string(accumulators()) + " accumulators");
        }
        if (block.index_bits > 0) {
            check_sparse(block, where);
        } else if (!block.synapses.empty()) {
            refuse(where +
                   "dense rows with synapses of their own; allowed where index_bits is not 0");
        }
        const bool remote = block.kind == AxonBlock::Kind::remote;
        const RowTotals totals = totals_of(block);
        if (remote && !config_.is_memory(block.memory_tile)) {
            refuse(where + "rows on tile " + std::to_string(block.memory_tile) +
                   ", which is no memory tile");
        }
        if (remote && totals.longest > config_.core.dma_row_bytes) {
            refuse(where + "remote rows of " + std::to_string(totals.longest) +
                   " bytes; the DMA engine fetches " + std::to_string(config_.core.dma_row_bytes));
        }
        const std::uint64_t memory = remote ? config_.memory.bytes() : config_.core.synapse_bytes;
        if (block.address > memory || totals.bytes > memory - block.address) {
            refuse(where + "rows in bytes " + std::to_string(block.address) + " and the " +
                   std::to_string(totals.bytes) + " from there on; the memory has " +
                   std::to_string(memory));
        }
    }

    void check_sparse(const AxonBlock& block, const std::string& where) const {
        if (block.index_bits != config_.core.sparse_index_bits) {
            refuse(where + "index_bits is " + std::to_string(block.index_bits) +
                   "; the core's sparse_index_bits is " +
                   std::to_string(config_.core.sparse_index_bits));
        }
        if (block.synapses.size() != block.axons) {
            refuse(where + "synapses of " + std::to_string(block.synapses.size()) +
                   " rows; there are " + std::to_string(block.axons));
        }
        for (const std::uint32_t synapses : block.synapses) {
            if (synapses > block.row_length) {
                refuse(where + "a sparse row of " + std::to_string(synapses) +
                       " synapses; its row_length is " + std::to_string(block.row_length));
            }
        }
    }

    // ---- instructions

    void check_instruction(const Instruction& instruction, const std::string& where) const {
        const Operands operands = operands_of(instruction);
        for (const Operand& operand : operands.read) {
            check_range(operand, instruction.length, where);
        }
        for (const Operand& operand : operands.written) {
            check_range(operand, instruction.length, where);
            const Register& reg = stage_.registers[operand.register_index];
            if (reg.kind == Register::Kind::accumulator || reg.kind == Register::Kind::constant) {
                refuse(where + " writes register '" + reg.name +
                       "'; only scratch and state registers can be written");
            }
            for (const Operand& read : operands.read) {
                check_overlap(operand, read, instruction.length, where);
            }
        }
        if (instruction.op == Opcode::lif && same(instruction.to, instruction.b)) {
            refuse(where + " writes spikes and membrane to the same elements");
        }
        check_numbers(instruction, where);
    }

    static bool same(const Operand& a, const Operand& b) {
        return a.register_index == b.register_index && a.first == b.first;
    }

    void check_range(const Operand& operand, std::uint32_t length, const std::string& where) const {
        if (operand.register_index >= stage_.registers.size()) {
            refuse(where + " uses register " + std::to_string(operand.register_index) +
                   "; there are " + std::to_string(stage_.registers.size()));
        }
        const Register& reg = stage_.registers[operand.register_index];
        const std::uint64_t end = std::uint64_t{operand.first} + length;
        if (length < 1 || end > reg.length) {
            refuse(where + " uses elements " + std::to_string(operand.first) + " to " +
                   std::to_string(end) + " of register '" + reg.name + "'; there are " +
                   std::to_string(reg.length));
        }
    }

    /// In place is well defined, shifted is not: it would depend on the vector unit's lanes.
    void check_overlap(const Operand& a, const Operand& b, std::uint64_t length,
                       const std::string& where) const {
        const std::uint64_t distance = a.first > b.first ? a.first - b.first : b.first - a.first;
        if (a.register_index == b.register_index && distance != 0 && distance < length) {
            refuse(where + " writes elements of register '" +
                   stage_.registers[a.register_index].name +
                   "' that it also reads at other places");
        }
    }

    void check_numbers(const Instruction& instruction, const std::string& where) const {
        const bool right = instruction.op == Opcode::multiply || instruction.op == Opcode::narrow;
        const bool left = instruction.op == Opcode::shift_left;
        const int most = right ? kMostShiftRight : kMostShiftLeft;
        if ((right || left) && (instruction.shift < 0 || instruction.shift > most)) {
            refuse(where + " shifts by " + std::to_string(instruction.shift) +
                   "; allowed are 0 to " + std::to_string(most));
        }
        if (instruction.op == Opcode::narrow && (instruction.bits < 2 || instruction.bits > 32)) {
            refuse(where + " narrows to " + std::to_string(instruction.bits) +
                   " bits; allowed are 2 to 32");
        }
        if (instruction.op == Opcode::layer_norm && instruction.length > kMostNormalised) {
            refuse(where + " normalises " + std::to_string(instruction.length) +
                   " values; allowed are " + std::to_string(kMostNormalised));
        }
    }

    // ---- outputs

    void check_output(const Output& output) const {
        const std::string where = "output '" + output.name + "'";
        check_range(output.source, output.length, where);
        if (output.encoding != Encoding::dense && output.length > kAxonNumbers) {
            refuse(where + " has " + std::to_string(output.length) + " elements; allowed are " +
                   std::to_string(kAxonNumbers));
        }
        const bool binary = output.encoding == Encoding::binary;
        if (output.value_bits < 1 || output.value_bits > (binary ? 1 : 32)) {
            refuse(where + ": value_bits is " + std::to_string(output.value_bits) +
                   "; allowed are 1" + (binary ? ", as it is binary" : " to 32"));
        }
    }

    const Stage& stage_;
    const ChipConfig& config_;
};

}  // namespace

void check_stage(const Stage& stage, const ChipConfig& config) {
    StageCheck(stage, config).check();
}

}  // namespace spikeloom::arch
