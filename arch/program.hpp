// The Program: what a chip executes. A core knows no layer and no model; it knows stages.
//
// A stage waits for its inputs of a step (one step is one token), accumulates them through its
// axons, runs a short vector program over its registers, and sends the results as events to other
// stages. The compiler (workloads/) writes Programs, the chip (arch/) runs them, people may edit
// them: every Program is checked against the chip before it runs.
#pragma once

#include "models/fixed_point.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::arch {

using TileId = std::uint32_t;

/// A stage of the Program, by its place in Program::stages.
using StageId = std::uint32_t;

/// How events travel (docs/core.md has the bit layouts).
enum class Encoding {
    binary,  // addresses of the elements that are 1; nothing for the others
    graded,  // (address, value) of the elements that are not 0
    dense,   // all values in order, without addresses
};

/// What events on a run of axons do. The axon table of a core holds one entry an axon; a block is a
/// run of entries of one kind whose rows follow one another, as the compiler writes them.
/// arch/weight_rows.hpp has the rows' bits.
struct AxonBlock {
    enum class Kind {
        sram,    // the axon's row lies in the core's synapse memory
        remote,  // the row is fetched from a memory tile when an event comes
        direct,  // no row: the event adds value * direct_weight to one accumulator
    };
    Kind kind = Kind::sram;
    std::uint32_t first_axon = 0;
    std::uint32_t axons = 0;
    std::uint32_t accumulator = 0;  // the row's first accumulator; direct: that of the first axon
    std::uint32_t row_length = 0;   // accumulators that a row may reach; direct: 1
    std::uint32_t weight_bits = 8;  // 1: {0, 1}; 2 to 16: two's complement
    std::uint64_t address = 0;      // of the first axon's row, in bytes
    std::uint32_t row_stride = 0;   // dense: bytes from one axon's row to the next
    std::uint32_t index_bits = 0;   // 0: dense, a weight an accumulator; 1 to 16: sparse rows ...
    std::vector<std::uint32_t> synapses;  // ... of so many synapses, an axon each, close together
    TileId memory_tile = 0;               // remote: where the row lives
    std::int32_t direct_weight = 1;       // direct
    std::uint32_t value_bits = 1;         // of the events that arrive here; 1: plain accumulates
};

/// Bits of an element of a register.
inline constexpr std::uint32_t kWordBits = 32;

/// A register of a stage: a vector of 32-bit values in the core's state memory.
struct Register {
    enum class Kind {
        accumulator,  // filled by the axons; the first register of every stage, one only
        scratch,      // lives within a step
        state,        // lives from step to step
        constant,     // never written
    };
    std::string name;
    Kind kind = Kind::scratch;
    std::uint32_t length = 0;
    std::vector<std::int32_t> initial;  // constant: `length` values; state: likewise or empty (0)
};

/// The vector unit's instructions; each is the kernel of that name in models/fixed_point.hpp.
enum class Opcode {
    add,
    subtract,
    multiply,
    interpolate,
    narrow,
    shift_left,
    maximum,
    rectify,
    exponential,
    sigmoid,
    divide,
    lif,
    copy,
    layer_norm,
};

/// A run of elements of a register.
struct Operand {
    std::uint32_t register_index = 0;
    std::uint32_t first = 0;
};

/// to[i] = op(a[i], b[i], c[i]) for `length` elements. `shift` and `bits` where the kernel has
/// them. lif: a = input, b = membrane (state, updated), to = spikes. interpolate: c = weight.
/// layer_norm: to = normalise(a) with its two sums over `length` values, `immediate` = epsilon.
struct Instruction {
    Opcode op = Opcode::copy;
    std::uint32_t length = 0;
    Operand to, a, b, c;
    int shift = 0;
    int bits = 32;
    std::int64_t immediate = 0;
    models::fixed::Lif lif;
};

/// One consumer of an output: element i of the output arrives as axon `axon + i` of `stage`.
struct Destination {
    StageId stage = 0;
    std::uint32_t axon = 0;
};

/// A run of a register that is sent when the program has ended.
struct Output {
    std::string name;  // what probes and reports call it ("layer0.att.spikes")
    Operand source;
    std::uint32_t length = 0;
    Encoding encoding = Encoding::dense;
    std::uint32_t value_bits = 16;  // binary: 1
    std::vector<Destination> destinations;
};

/// A stage on a tile. `producers` are the stages that send to it, each once: a step is complete
/// when all of them have sent their end-of-step marker and everything announced in it has been
/// accumulated; when the accumulators of a step are free again, each producer gets a step credit.
struct Stage {
    std::string name;
    TileId tile = 0;
    std::vector<AxonBlock> axons;
    std::vector<Register> registers;
    std::vector<Instruction> program;
    std::vector<Output> outputs;
    std::vector<StageId> producers;
};

/// The two ends of the machine, on the host tile: the stage the host sends the tokens to (the token
/// is the axon of one binary event), and the stages whose output the host collects, in order of
/// elements. The host is a producer and consumer like a stage; it has the number of stages as its
/// StageId.
struct HostPort {
    TileId tile = 0;
    StageId token_stage = 0;
    std::uint32_t result_length = 0;  // values a step that come back; axon i is element i
    std::vector<StageId> producers;   // the stages that send them
};

/// Bytes to be written into a memory before the run.
struct MemoryImage {
    TileId tile = 0;
    std::uint64_t address = 0;
    std::vector<std::uint8_t> bytes;
};

struct Program {
    std::string name;
    std::vector<Stage> stages;
    HostPort host;
    std::vector<MemoryImage> synapse_images;  // per core, address within its synapse memory
    std::vector<MemoryImage> memory_images;   // per memory tile, address within its DRAM
};

}  // namespace spikeloom::arch
