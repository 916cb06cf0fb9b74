// Programs as files: P.yaml holds the structure, for people; P.safetensors beside it the constants
// and memory images. docs/mapping.md explains the keys.
//
// Reading what was written gives the same Program, value for value, but for numbers that an
// instruction or a kind of axons does not have.
#pragma once

#include "arch/config.hpp"
#include "arch/program.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom::workloads {

/// A Program with the places of its stages in the file ("p.yaml:17:5: stages[2]"), for what is
/// found wrong with them later.
struct ProgramFile {
    arch::Program program;
    std::vector<std::string> places;
};

/// Throws InputError (file:line:column: key: what is wrong) where the files break the format, name
/// stages or registers that are not there, or do not belong together. Whether the Program fits a
/// chip is not asked.
ProgramFile load_program(const std::filesystem::path& path);

/// arch::check, with the line of the stage put before what is wrong with it. InputError.
void check_on_chip(const ProgramFile& file, const arch::ChipConfig& chip);

/// Writes both files. `path` must end in .yaml. `about` is put at the top as comments, line by
/// line.
void save_program(const arch::Program& program, const std::filesystem::path& path,
                  const std::string& about);

/// The memory file that belongs to a Program file.
std::filesystem::path tensors_path(const std::filesystem::path& path);

/// Fills in who waits for whom, in the order of stages: a stage's producers are those stages that
/// have a destination in it, and the host for the stage of tokens.
void connect_producers(arch::Program& program);

}  // namespace spikeloom::workloads
