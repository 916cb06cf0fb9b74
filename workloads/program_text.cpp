#include "workloads/program_text.hpp"

#include "base/schema.hpp"

namespace spikeloom::workloads::text {

namespace {
// A vector in a core's state memory; far above any core, low enough to be allocated.
constexpr std::int64_t kLongestRegister = std::int64_t{1} << 24;
}  // namespace

void describe(schema::Walk& walk, Destination& destination) {
    destination.place = walk.place();
    walk.required().text("to", destination.to, "a stage's name, or host");
    walk.required().integer("axon", destination.axon, {0},
                            "axon at which element 0 of the output arrives; the others follow");
}

void describe(schema::Walk& walk, Output& output) {
    using arch::Encoding;
    output.place = walk.place();
    walk.required().text("name", output.name, "what probes and reports call it");
    walk.required().text("source", output.source, "a register, or a run of it: name[first:end]");
    walk.required().choice(
        "encoding", output.encoding,
        {{"binary", Encoding::binary}, {"graded", Encoding::graded}, {"dense", Encoding::dense}},
        "binary: addresses of ones; graded: address and value of non-zeros; dense: all values");
    walk.required().integer("value_bits", output.value_bits, {1, 32}, "bits of a value; binary: 1");
    walk.list("destinations", output.destinations, "where every element goes");
}

void describe(schema::Walk& walk, Register& declared) {
    using Kind = arch::Register::Kind;
    declared.place = walk.place();
    walk.required().text("name", declared.name, "what instructions and outputs call it");
    walk.required().choice("kind", declared.kind,
                           {{"accumulator", Kind::accumulator},
                            {"scratch", Kind::scratch},
                            {"state", Kind::state},
                            {"constant", Kind::constant}},
                           "accumulator: filled by the axons, the first register; scratch: lives "
                           "within a step; state: lives on; constant: never written");
    walk.required().integer("length", declared.length, {1, kLongestRegister}, "32-bit values");
    if (declared.kind == Kind::state || declared.kind == Kind::constant) {
        walk.text("initial", declared.initial,
                  "zero, fill N, or tensor (<stage>/<register> in the memory file)");
    }
}

void describe(schema::Walk& walk, Instruction& instruction) {
    instruction.place = walk.place();
    walk.required().text("do", instruction.line, "to = operation(operands, numbers)");
}

void describe(schema::Walk& walk, Axons& axons) {
    using Kind = arch::AxonBlock::Kind;
    arch::AxonBlock& block = axons.block;
    walk.required().choice(
        "kind", block.kind,
        {{"sram", Kind::sram}, {"remote", Kind::remote}, {"direct", Kind::direct}},
        "sram: the row lies in the core; remote: it is fetched from a memory tile; direct: no row, "
        "one accumulator an axon");
    walk.required().integer("first_axon", block.first_axon, {0}, "of the run");
    walk.required().integer("axons", block.axons, {1}, "how many");
    walk.required().integer("accumulator", block.accumulator, {0},
                            "the rows' first accumulator; direct: that of the first axon");
    walk.required().integer("value_bits", block.value_bits, {1, 32},
                            "bits of the events that arrive; 1: binary");
    if (block.kind == Kind::direct) {
        block.row_length = 1;
        walk.required().integer("direct_weight", block.direct_weight, {INT32_MIN},
                                "what an event's value is multiplied with");
        return;
    }
    walk.required().integer("row_length", block.row_length, {1},
                            "accumulators that a row may reach; of a dense row, its synapses");
    walk.required().integer("weight_bits", block.weight_bits, {1, 16},
                            "1: {0, 1}; otherwise two's complement");
    walk.required().integer("address", block.address, {0}, "of the first row, bytes");
    walk.integer("index_bits", block.index_bits, {0, 16},
                 "0: dense rows; otherwise sparse ones, and the bits of a synapse's index");
    if (block.index_bits > 0) {
        walk.required().integers("synapses", block.synapses, {0},
                                 "of each axon's sparse row; the rows follow one another");
    } else {
        walk.required().integer("row_stride", block.row_stride, {0},
                                "of dense rows, bytes from row to row");
    }
    if (block.kind == Kind::remote) {
        walk.required().integer("memory_tile", block.memory_tile, {0}, "where the rows are");
    }
}

void describe(schema::Walk& walk, Stage& stage) {
    stage.place = walk.place();
    walk.required().text("name", stage.name, "every stage has its own");
    walk.required().integer("tile", stage.tile, {0}, "y * width + x");
    walk.text("waits_for", stage.waits_for,
              "the producers of its events, with commas; must agree with the destinations");
    walk.list("axons", stage.axons, "its axon table, in runs");
    walk.list("registers", stage.registers, "its vectors");
    walk.list("program", stage.program, "what the vector unit does in a step, in order");
    walk.list("outputs", stage.outputs, "what is sent when the program has ended");
}

void describe(schema::Walk& walk, Image& image) {
    image.place = walk.place();
    walk.required().integer("tile", image.tile, {0}, "whose memory");
    walk.required().integer("address", image.address, {0}, "of its first byte");
    walk.required().text("tensor", image.tensor, "the bytes, u8, in the memory file");
}

void describe(schema::Walk& walk, Program& program) {
    walk.required().text("name", program.name, "of the program");
    walk.required().section("host", "the ends of the machine", [&] {
        Host& host = program.host;
        host.place = walk.place();
        walk.required().integer("tile", host.tile, {0}, "where the host is attached");
        walk.required().text("token_stage", host.token_stage, "the stage that gets the tokens");
        walk.required().integer("result_length", host.result_length, {1, kLongestRegister},
                                "values a step that come back");
        walk.text("waits_for", host.waits_for, "the stages that send them");
    });
    walk.required().list("stages", program.stages, "in any order; reports keep it");
    walk.list("synapse_images", program.synapse_images, "what the cores' synapse memories hold");
    walk.list("memory_images", program.memory_images, "what the DRAM behind memory tiles holds");
}

}  // namespace spikeloom::workloads::text
