// info: what a model, a chip or a Program is, and which keys a configuration file may have.
#include "analysis/energy_table.hpp"
#include "apps/command.hpp"
#include "arch/config.hpp"
#include "arch/weight_rows.hpp"
#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "models/carried_tokenizer.hpp"
#include "models/classifier_trainer.hpp"
#include "models/operations.hpp"
#include "models/parameters.hpp"
#include "models/quantised_model.hpp"
#include "models/training_config.hpp"
#include "noc/experiment.hpp"
#include "noc/graph.hpp"
#include "workloads/program_file.hpp"
#include "workloads/snn_network.hpp"

#include <iostream>
#include <map>
#include <optional>
#include <set>

namespace spikeloom::apps {

namespace {

using nlohmann::ordered_json;

/// Multiply-accumulates a token, each matrix once.
/// Of the matrices: multiply-accumulates, and where a matrix reads spikes the accumulates that it
/// would take if every neuron fired.
ordered_json operations(const models::ModelConfig& config) {
    const models::Operations counts = models::operations_of(config);
    const models::Products total = counts.total();
    return {{"time_mix_macs", counts.time_mix.multiplies},
            {"channel_mix_macs", counts.channel_mix.multiplies},
            {"head_macs", counts.head.multiplies},
            {"total_macs", total.multiplies},
            {"time_mix_accumulates_at_most", counts.time_mix.accumulates},
            {"channel_mix_accumulates_at_most", counts.channel_mix.accumulates},
            {"total_accumulates_at_most", total.accumulates},
            {"neuron_updates", counts.neuron_updates}};
}

/// What the model's ids are of, as far as its file says.
ordered_json tokenizer_kind(const Safetensors& file, int vocabulary) {
    const std::optional<models::Tokenizer> carried = models::tokenizer_of(file, vocabulary);
    return carried ? ordered_json(carried->kind()) : ordered_json();
}

ordered_json describe_model(const std::string& path) {
    const Safetensors file = Safetensors::read(path);
    const std::string kind = models::kind_of(file);
    const models::ModelConfig config = models::config_of(file);
    ordered_json tensors = ordered_json::object();
    std::uint64_t bytes = 0;
    std::uint64_t values = 0;
    for (const auto& [name, tensor] : file.tensors) {
        tensors[name] = {{"type", name_of(tensor.dtype)}, {"shape", tensor.shape}};
        bytes += tensor.bytes.size();
        values += tensor.elements();
    }
    return {{"kind", kind},
            {"variant", models::name_of(config.variant)},
            {"layers", config.layers},
            {"channels", config.channels},
            {"hidden", config.hidden()},
            {"vocabulary", config.vocabulary},
            {"tokenizer", tokenizer_kind(file, config.vocabulary)},
            {"values", values},
            {"bytes", bytes},
            {"operations_per_token", operations(config)},
            {"tensors", tensors}};
}

ordered_json describe_chip(const std::string& path) {
    const auto chip = schema::read_file<arch::ChipConfig>(path);
    const std::uint64_t cores = chip.cores();
    ordered_json described = {{"name", chip.name},
                              {"topology", noc::name_of(chip.network.topology)}};
    if (chip.network.is_grid()) {
        described["width"] = chip.network.width;
        described["height"] = chip.network.height;
    }
    described.update(ordered_json{
        {"routers", noc::Graph(chip.network).routers()},
        {"tiles", chip.tiles()},
        {"cores", cores},
        {"memory_tiles", chip.memory_tiles.size()},
        {"core_clock_hz", chip.core_clock_hz},
        {"network_clock_hz", chip.network.clock_hz},
        {"flit_bits", chip.network.flit_bits},
        {"synapse_bytes", cores * chip.core.synapse_bytes},
        {"state_bytes", cores * chip.core.state_bytes},
        {"axon_entries", cores * chip.core.axon_entries},
        {"function_table_bits", cores * arch::function_table_bits(chip.core.vector.functions)},
        {"memory_bytes", chip.memory_tiles.size() * chip.memory.bytes()},
        {"accumulates_per_second_peak",
         static_cast<double>(cores) * chip.core.lanes * chip.core_clock_hz}});
    return described;
}

ordered_json describe_program(const std::string& path) {
    const arch::Program program = workloads::load_program(path).program;
    ordered_json stages = ordered_json::array();
    std::set<arch::TileId> tiles;
    std::uint64_t synapses = 0;
    for (const arch::Stage& stage : program.stages) {
        std::uint64_t axons = 0;
        std::uint64_t stage_synapses = 0;
        for (const arch::AxonBlock& block : stage.axons) {
            axons += block.axons;
            stage_synapses += arch::totals_of(block).synapses;
        }
        std::uint64_t state_values = 0;
        for (const arch::Register& vector : stage.registers) {
            state_values += vector.length;
        }
        tiles.insert(stage.tile);
        synapses += stage_synapses;
        stages.push_back({{"name", stage.name},
                          {"tile", stage.tile},
                          {"axons", axons},
                          {"synapses", stage_synapses},
                          {"registers_bytes", 4 * state_values},
                          {"instructions", stage.program.size()}});
    }
    const auto total = [](const std::vector<arch::MemoryImage>& images) {
        std::uint64_t bytes = 0;
        for (const arch::MemoryImage& image : images) {
            bytes += image.bytes.size();
        }
        return bytes;
    };
    return {{"name", program.name},
            {"cores", tiles.size()},
            {"synapses", synapses},
            {"synapse_memory_bytes", total(program.synapse_images)},
            {"dram_bytes", total(program.memory_images)},
            {"stages", stages}};
}

const std::map<std::string, std::string (*)()>& documented_schemas() {
    static const std::map<std::string, std::string (*)()> schemas = {
        {"chip", schema::document<arch::ChipConfig>},
        {"classify", schema::document<models::ClassifierRun>},
        {"energy", schema::document<analysis::EnergyTable>},
        {"noc", schema::document<noc::ExperimentConfig>},
        {"snn", schema::document<workloads::SnnNetwork>},
        {"train", schema::document<models::TrainingRun>},
    };
    return schemas;
}

int print_keys(const std::string& kind) {
    const auto found = documented_schemas().find(kind);
    if (found == documented_schemas().end()) {
        throw InputError("--keys: found '" + kind +
                         "'; allowed is one of chip, classify, energy, noc, snn, train");
    }
    std::cout << found->second();
    return 0;
}

/// The result as lines `key: value`, without the long lists that JSON has.
void print_summary(const ordered_json& result) {
    for (const auto& [key, value] : result.items()) {
        if (key == "tensors") {
            std::cout << "tensors:\n";
            for (const auto& [name, tensor] : value.items()) {
                std::cout << "  " << name << "  " << tensor["type"].get<std::string>() << " "
                          << tensor["shape"].dump() << "\n";
            }
        } else if (key == "stages") {
            std::cout << "stages:\n";
            for (const ordered_json& stage : value) {
                std::cout << "  " << stage["name"].get<std::string>() << "  tile " << stage["tile"]
                          << ", " << stage["axons"] << " axons, " << stage["synapses"]
                          << " synapses, " << stage["instructions"] << " instructions\n";
            }
        } else if (value.is_object()) {
            std::cout << key << ":\n";
            for (const auto& [inner, number] : value.items()) {
                std::cout << "  " << inner << ": " << number << "\n";
            }
        } else {
            std::cout << key << ": "
                      << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
        }
    }
}

}  // namespace

int run_info(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                       //
        ("model", options::value<std::string>()->value_name("FILE"), "a float or integer model")  //
        ("chip", options::value<std::string>()->value_name("YAML"), "a chip's configuration")     //
        ("program", options::value<std::string>()->value_name("YAML"), "a compiled Program")      //
        ("keys", options::value<std::string>()->value_name("KIND"),
         "print the keys of a configuration as a Markdown table: chip, classify, energy, noc, "
         "train");
    add_json_option(described);
    options::variables_map values;
    if (!parse("info",
               "Describes a model, a chip or a Program: sizes, shapes, memory, operations a token.",
               described, arguments, values)) {
        return 0;
    }
    const std::size_t given = values.count("model") + values.count("chip") +
                              values.count("program") + values.count("keys");
    if (given != 1) {
        throw InputError("info: found " + std::to_string(given) +
                         " of --model, --chip, --program, --keys; allowed is exactly one");
    }
    if (values.count("keys") != 0) {
        return print_keys(values["keys"].as<std::string>());
    }
    const ordered_json result =
        values.count("model") != 0  ? describe_model(values["model"].as<std::string>())
        : values.count("chip") != 0 ? describe_chip(values["chip"].as<std::string>())
                                    : describe_program(values["program"].as<std::string>());
    if (!json_on_stdout(values)) {
        print_summary(result);
    }
    write_json(values, result);
    return 0;
}

}  // namespace spikeloom::apps
