#include "workloads/program_file.hpp"

#include "arch/check_stage.hpp"
#include "arch/chip.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "workloads/instruction_text.hpp"
#include "workloads/program_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace spikeloom::workloads {

namespace {

using arch::StageId;

constexpr const char* kFill = "fill ";

/// The stages' numbers by name, the host's last.
using StageNames = std::map<std::string, StageId>;

/// Names stand in lists with commas and in operands, so they are made of letters, digits, '_', '.'.
bool is_name(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '.';
    });
}

std::string joined(const std::vector<StageId>& stages, const std::vector<std::string>& names) {
    std::string text;
    for (const StageId stage : stages) {
        text += (text.empty() ? "" : ", ") + names.at(stage);
    }
    return text;
}

// ---- writing

std::vector<std::string> stage_names(const arch::Program& program) {
    std::vector<std::string> names;
    std::set<std::string> seen = {text::kHost};
    for (const arch::Stage& stage : program.stages) {
        if (!is_name(stage.name) || !seen.insert(stage.name).second) {
            throw InputError("program " + program.name + ": stage name '" + stage.name +
                             "'; allowed are names of letters, digits, '_' and '.', each once, "
                             "other than host");
        }
        names.push_back(stage.name);
    }
    names.emplace_back(text::kHost);
    return names;
}

text::Register register_text(const arch::Register& declared, const std::string& stage,
                             Safetensors& tensors) {
    text::Register result{declared.name, declared.kind, declared.length, "zero", {}};
    const std::vector<std::int32_t>& values = declared.initial;
    if (values.empty()) {
        return result;
    }
    if (std::all_of(values.begin(), values.end(), [&](auto v) { return v == values[0]; })) {
        result.initial = kFill + std::to_string(values[0]);
    } else {
        result.initial = "tensor";
        tensors.add<std::int32_t>(stage + "/" + declared.name, {values.size()}, values);
    }
    return result;
}

text::Stage stage_text(const arch::Stage& stage, const std::vector<std::string>& names,
                       Safetensors& tensors) {
    text::Stage result;
    result.name = stage.name;
    result.tile = stage.tile;
    result.waits_for = joined(stage.producers, names);
    for (const arch::AxonBlock& block : stage.axons) {
        result.axons.push_back({block});
    }
    for (const arch::Register& declared : stage.registers) {
        result.registers.push_back(register_text(declared, stage.name, tensors));
    }
    for (const arch::Instruction& instruction : stage.program) {
        result.program.push_back({instruction_text(instruction, stage.registers), {}});
    }
    for (const arch::Output& output : stage.outputs) {
        text::Output& written = result.outputs.emplace_back();
        written.name = output.name;
        written.source = run_text({output.source, output.length}, stage.registers);
        written.encoding = output.encoding;
        written.value_bits = output.value_bits;
        for (const arch::Destination& to : output.destinations) {
            written.destinations.push_back({names.at(to.stage), to.axon, {}});
        }
    }
    return result;
}

std::vector<text::Image> image_texts(const std::vector<arch::MemoryImage>& images,
                                     const std::string& kind, Safetensors& tensors) {
    std::vector<text::Image> result;
    for (const arch::MemoryImage& image : images) {
        const std::string tensor =
            kind + "/" + std::to_string(image.tile) + "/" + std::to_string(image.address);
        if (tensors.contains(tensor)) {
            throw InputError("two images for address " + std::to_string(image.address) +
                             " of tile " + std::to_string(image.tile));
        }
        tensors.add<std::uint8_t>(tensor, {image.bytes.size()}, image.bytes);
        result.push_back({image.tile, image.address, tensor, {}});
    }
    return result;
}

// ---- reading

[[noreturn]] void refuse(const std::string& place, const std::string& message) {
    throw InputError(place + ": " + message);
}

/// Runs `body` and puts the place before what it complains of.
template <class Body>
auto at_place(const std::string& place, Body&& body) {
    try {
        return body();
    } catch (const InputError& error) {
        throw InputError(place + ": " + error.what());
    }
}

StageId stage_of(const std::string& name, const StageNames& names, const std::string& place) {
    const auto found = names.find(name);
    if (found == names.end()) {
        refuse(place, "found '" + name + "'; allowed is the name of a stage, or host");
    }
    return found->second;
}

std::vector<StageId> listed(const std::string& text, const StageNames& names,
                            const std::string& place) {
    std::vector<StageId> stages;
    for (std::size_t first = 0; first < text.size();) {
        const std::size_t comma = std::min(text.find(',', first), text.size());
        std::string name = text.substr(first, comma - first);
        name.erase(0, name.find_first_not_of(' '));
        name.erase(name.find_last_not_of(' ') + 1);
        stages.push_back(stage_of(name, names, place + ".waits_for"));
        first = comma + 1;
    }
    return stages;
}

std::vector<std::int32_t> initial_values(const text::Register& declared, const std::string& stage,
                                         const Safetensors& tensors) {
    const std::string& text = declared.initial;
    if (text == "zero") {
        return {};
    }
    if (text == "tensor") {
        return tensors.values<std::int32_t>(stage + "/" + declared.name, {declared.length});
    }
    if (text.rfind(kFill, 0) == 0) {
        std::int32_t value = 0;
        const char* const last = text.data() + text.size();
        const auto [end, error] =
            std::from_chars(text.data() + std::char_traits<char>::length(kFill), last, value);
        if (error == std::errc() && end == last) {
            return std::vector<std::int32_t>(declared.length, value);
        }
    }
    refuse(declared.place + ".initial",
           "found '" + text + "'; allowed is zero, fill with a 32-bit number, or tensor");
}

arch::Stage stage_from(const text::Stage& read, const StageNames& names,
                       const Safetensors& tensors) {
    arch::Stage stage;
    stage.name = read.name;
    stage.tile = read.tile;
    for (const text::Axons& axons : read.axons) {
        stage.axons.push_back(axons.block);
    }
    for (const text::Register& declared : read.registers) {
        if (!is_name(declared.name) ||
            std::any_of(stage.registers.begin(), stage.registers.end(),
                        [&](const arch::Register& r) { return r.name == declared.name; })) {
            refuse(declared.place + ".name",
                   "found '" + declared.name +
                       "'; allowed is a name of letters, digits, '_' and '.', once in a stage");
        }
        stage.registers.push_back({declared.name, declared.kind, declared.length,
                                   initial_values(declared, read.name, tensors)});
    }
    for (const text::Instruction& instruction : read.program) {
        stage.program.push_back(at_place(instruction.place + ".do", [&] {
            return parse_instruction(instruction.line, stage.registers);
        }));
    }
    for (const text::Output& output : read.outputs) {
        const Run run = at_place(output.place + ".source",
                                 [&] { return parse_run(output.source, stage.registers); });
        arch::Output& made = stage.outputs.emplace_back();
        made = {output.name, run.at, run.length, output.encoding, output.value_bits, {}};
        for (const text::Destination& to : output.destinations) {
            made.destinations.push_back({stage_of(to.to, names, to.place + ".to"), to.axon});
        }
    }
    return stage;
}

std::vector<arch::MemoryImage> images_from(const std::vector<text::Image>& read,
                                           const Safetensors& tensors) {
    std::vector<arch::MemoryImage> images;
    for (const text::Image& image : read) {
        images.push_back({image.tile, image.address, at_place(image.place + ".tensor", [&] {
                              return tensors.values<std::uint8_t>(image.tensor);
                          })});
    }
    return images;
}

/// What the file says of who waits for whom, where it says it, must be what the destinations say;
/// its order counts.
void take_producers(std::vector<StageId>& producers, std::vector<StageId> said,
                    const std::string& place, const std::vector<std::string>& names) {
    if (said.empty()) {
        return;
    }
    std::vector<StageId> sorted = said;
    std::sort(sorted.begin(), sorted.end());
    std::sort(producers.begin(), producers.end());
    if (sorted != producers) {
        refuse(place + ".waits_for", "found '" + joined(said, names) +
                                         "'; by the destinations it is '" +
                                         joined(producers, names) + "'");
    }
    producers = std::move(said);
}

}  // namespace

void check_on_chip(const ProgramFile& file, const arch::ChipConfig& chip) {
    const std::vector<arch::Stage>& stages = file.program.stages;
    for (std::size_t s = 0; s < stages.size(); ++s) {
        at_place(file.places[s], [&] { arch::check_stage(stages[s], chip); });
    }
    try {
        arch::check(file.program, chip);
    } catch (const InputError& error) {
        // What concerns two stages names the first of them first.
        const std::string message = error.what();
        std::size_t earliest = std::string::npos;
        std::string place;
        for (std::size_t s = 0; s < stages.size(); ++s) {
            const std::size_t at = message.find("stage '" + stages[s].name + "'");
            if (at < earliest) {
                earliest = at;
                place = file.places[s] + ": ";
            }
        }
        throw InputError(place + message);
    }
}

std::filesystem::path tensors_path(const std::filesystem::path& path) {
    if (path.extension() != ".yaml") {
        throw InputError(path.string() + ": the name of a Program file ends in .yaml");
    }
    return std::filesystem::path(path).replace_extension(".safetensors");
}

void connect_producers(arch::Program& program) {
    const auto host = static_cast<StageId>(program.stages.size());
    for (arch::Stage& stage : program.stages) {
        stage.producers.clear();
    }
    program.host.producers.clear();
    for (StageId id = 0; id < host; ++id) {
        for (const arch::Output& output : program.stages[id].outputs) {
            for (const arch::Destination& to : output.destinations) {
                auto& producers =
                    to.stage == host ? program.host.producers : program.stages[to.stage].producers;
                if (producers.empty() || producers.back() != id) {
                    producers.push_back(id);
                }
            }
        }
    }
    if (program.host.token_stage < host) {
        program.stages[program.host.token_stage].producers.push_back(host);
    }
}

void save_program(const arch::Program& program, const std::filesystem::path& path,
                  const std::string& about) {
    const std::filesystem::path memory = tensors_path(path);
    const std::vector<std::string> names = stage_names(program);
    Safetensors tensors;
    text::Program written;
    written.name = program.name;
    written.host = {program.host.tile,
                    names.at(program.host.token_stage),
                    program.host.result_length,
                    joined(program.host.producers, names),
                    {}};
    for (const arch::Stage& stage : program.stages) {
        written.stages.push_back(stage_text(stage, names, tensors));
    }
    written.synapse_images = image_texts(program.synapse_images, "synapses", tensors);
    written.memory_images = image_texts(program.memory_images, "dram", tensors);

    std::string comments;
    for (std::size_t first = 0; first < about.size();) {
        const std::size_t end = std::min(about.find('\n', first), about.size());
        comments += "# " + about.substr(first, end - first) + "\n";
        first = end + 1;
    }
    tensors.write(memory);
    write_file(path,
               comments + schema::write_text([&](schema::Walk& walk) { describe(walk, written); }));
}

ProgramFile load_program(const std::filesystem::path& path) {
    const std::filesystem::path memory = tensors_path(path);
    text::Program read;
    schema::read_text(schema::load(path), path.string(),
                      [&](schema::Walk& walk) { describe(walk, read); });
    const Safetensors tensors = Safetensors::read(memory);

    StageNames names;
    for (const text::Stage& stage : read.stages) {
        if (!is_name(stage.name) || stage.name == text::kHost ||
            !names.emplace(stage.name, static_cast<StageId>(names.size())).second) {
            refuse(stage.place + ".name",
                   "found '" + stage.name +
                       "'; allowed is a name of letters, digits, '_' and '.', once in a Program, "
                       "other than host");
        }
    }
    names.emplace(text::kHost, static_cast<StageId>(read.stages.size()));

    ProgramFile file;
    arch::Program& program = file.program;
    program.name = read.name;
    for (const text::Stage& stage : read.stages) {
        program.stages.push_back(stage_from(stage, names, tensors));
        file.places.push_back(stage.place);
    }
    program.synapse_images = images_from(read.synapse_images, tensors);
    program.memory_images = images_from(read.memory_images, tensors);
    program.host.tile = read.host.tile;
    program.host.token_stage =
        stage_of(read.host.token_stage, names, read.host.place + ".token_stage");
    program.host.result_length = read.host.result_length;

    connect_producers(program);
    std::vector<std::string> by_id;
    for (const text::Stage& stage : read.stages) {
        by_id.push_back(stage.name);
    }
    by_id.emplace_back(text::kHost);
    for (std::size_t i = 0; i < read.stages.size(); ++i) {
        const text::Stage& stage = read.stages[i];
        take_producers(program.stages[i].producers, listed(stage.waits_for, names, stage.place),
                       stage.place, by_id);
    }
    take_producers(program.host.producers, listed(read.host.waits_for, names, read.host.place),
                   read.host.place, by_id);
    return file;
}

}  // namespace spikeloom::workloads
