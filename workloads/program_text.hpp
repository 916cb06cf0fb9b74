// The Program file's YAML as plain structs: names instead of numbers, instructions as text. A
// detail of program_file.cpp and kept apart from it because it is the format.
#pragma once

#include "arch/program.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::workloads::text {

/// What destinations and waits_for call the host.
inline constexpr const char* kHost = "host";

struct Destination {
    std::string to;  // a stage or the host
    std::uint32_t axon = 0;
    std::string place;  // of the entry in the file that was read
};

struct Output {
    std::string name;
    std::string source;  // a run of a register
    arch::Encoding encoding = arch::Encoding::dense;
    std::uint32_t value_bits = 16;
    std::vector<Destination> destinations;
    std::string place;
};

/// `initial` is "zero", "fill N" (all elements are N) or "tensor" (in the memory file, under
/// "<stage>/<register>").
struct Register {
    std::string name;
    arch::Register::Kind kind = arch::Register::Kind::scratch;
    std::uint32_t length = 0;
    std::string initial = "zero";
    std::string place;
};

struct Instruction {
    std::string line;
    std::string place;
};

struct Axons {
    arch::AxonBlock block;
};

struct Stage {
    std::string name;
    arch::TileId tile = 0;
    std::string waits_for;  // names, with commas
    std::vector<Axons> axons;
    std::vector<Register> registers;
    std::vector<Instruction> program;
    std::vector<Output> outputs;
    std::string place;
};

struct Host {
    arch::TileId tile = 0;
    std::string token_stage;
    std::uint32_t result_length = 0;
    std::string waits_for;
    std::string place;
};

struct Image {
    arch::TileId tile = 0;
    std::uint64_t address = 0;
    std::string tensor;
    std::string place;
};

struct Program {
    std::string name;
    Host host;
    std::vector<Stage> stages;
    std::vector<Image> synapse_images;
    std::vector<Image> memory_images;
};

void describe(schema::Walk& walk, Destination& destination);
void describe(schema::Walk& walk, Output& output);
void describe(schema::Walk& walk, Register& declared);
void describe(schema::Walk& walk, Instruction& instruction);
void describe(schema::Walk& walk, Axons& axons);
void describe(schema::Walk& walk, Stage& stage);
void describe(schema::Walk& walk, Image& image);
void describe(schema::Walk& walk, Program& program);

}  // namespace spikeloom::workloads::text
