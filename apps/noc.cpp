// spikeloom noc: a network alone, under synthetic or recorded traffic.
#include "apps/command.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/progress.hpp"
#include "base/schema.hpp"
#include "noc/experiment.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

namespace spikeloom::apps {

namespace {

constexpr const char* kAboutNoc =
    "Runs synthetic or recorded traffic through a network, cycle by cycle, hosted in SystemC.\n"
    "Packets are created in the first warmup + cycles cycles, those after the warm-up are "
    "measured,\n"
    "then the network drains. A trace is measured whole and runs until drained. A packet's "
    "latency\n"
    "is the cycle in which its last flit is ejected minus the cycle of its creation. Options win\n"
    "over the file of --config, which wins over the defaults. energy_j is dynamic energy alone, "
    "from\n"
    "Noxim's published numbers per event (docs/noc.md).";

/// An option that sets one key of the configuration.
struct Setting {
    const char* option;
    const char* key;
};

constexpr std::array<Setting, 27> kSettings = {{
    {"topology", "network.topology"},
    {"routing", "network.routing"},
    {"vcs", "network.vcs"},
    {"buffer", "network.buffer"},
    {"flit-bits", "network.flit_bits"},
    {"vc-choice", "network.vc_choice"},
    {"routing-delay", "network.routing_delay"},
    {"vc-allocation-delay", "network.vc_allocation_delay"},
    {"forward-delay", "network.forward_delay"},
    {"credit-delay", "network.credit_delay"},
    {"injection-delay", "network.injection_delay"},
    {"link-length-mm", "network.link_length_mm"},
    {"clock-hz", "network.clock_hz"},
    {"traffic", "traffic.pattern"},
    {"rate", "traffic.rate"},
    {"packet-flits", "traffic.packet_flits"},
    {"include-self", "traffic.include_self"},
    {"hotspot-node", "traffic.hotspot_node"},
    {"hotspot-fraction", "traffic.hotspot_fraction"},
    {"trace", "traffic.trace"},
    {"warmup", "warmup"},
    {"cycles", "cycles"},
    {"drain-limit", "drain_limit"},
    {"stall-limit", "stall_limit"},
    {"seed", "seed"},
    {"width", "network.width"},
    {"height", "network.height"},
}};

/// What a key means, what it allows and its default, by key, from the configuration's own
/// description.
std::map<std::string, std::string> key_descriptions() {
    std::map<std::string, std::string> descriptions;
    std::istringstream rows(schema::document<noc::ExperimentConfig>());
    for (std::string row; std::getline(rows, row);) {
        // | `key` | allowed | default | meaning |
        std::array<std::string, 5> cells;
        std::istringstream line(row);
        for (std::string& cell : cells) {
            std::getline(line, cell, '|');
            const std::size_t first = cell.find_first_not_of(" `");
            cell = first == std::string::npos
                       ? ""
                       : cell.substr(first, cell.find_last_not_of(" `") + 1 - first);
        }
        descriptions[cells[1]] = cells[4] + " (" + cells[2] + "; default " + cells[3] + ")";
    }
    return descriptions;
}

/// "8x4" as its two numbers, which the schema checks.
std::pair<std::string, std::string> split_size(const std::string& size) {
    const std::size_t x = size.find('x');
    if (x == std::string::npos || x == 0 || x + 1 == size.size()) {
        throw InputError("--size: found '" + size + "'; allowed is WIDTHxHEIGHT, such as 8x8");
    }
    return {size.substr(0, x), size.substr(x + 1)};
}

/// A word of the command line as a YAML scalar: bare where that is safe, so that numbers stay
/// numbers.
std::string scalar(const std::string& word) {
    const auto plain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '.' || c == '-' || c == '+';
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) {
        return word;
    }
    std::string quoted = "'";
    for (const char c : word) {
        quoted += c == '\'' ? "''" : std::string(1, c);
    }
    return quoted + "'";
}

/// The options that were given, as the YAML they stand for.
std::string as_yaml(const options::variables_map& values) {
    std::map<std::string, std::string> sections;  // the last, "", is the top level
    const auto add = [&](const std::string& key, const std::string& word) {
        const std::size_t dot = key.find('.');
        if (dot == std::string::npos) {
            sections[""] += key + ": " + scalar(word) + "\n";
        } else {
            sections[key.substr(0, dot)] += "  " + key.substr(dot + 1) + ": " + scalar(word) + "\n";
        }
    };
    if (values.count("size") != 0) {
        const auto [width, height] = split_size(values["size"].as<std::string>());
        add("network.width", width);
        add("network.height", height);
    }
    for (const Setting& setting : kSettings) {
        if (values.count(setting.option) != 0) {
            add(setting.key, values[setting.option].as<std::string>());
        }
    }
    std::string text;
    for (const auto& [section, keys] : sections) {
        text += section.empty() ? keys : section + ":\n" + keys;
    }
    return text.empty() ? "{}" : text;
}

noc::ExperimentConfig read_config(const options::variables_map& values) {
    noc::ExperimentConfig config;
    if (values.count("config") != 0) {
        config = schema::read_file<noc::ExperimentConfig>(values["config"].as<std::string>());
    }
    schema::read_text(as_yaml(values), "options",
                      [&](schema::Walk& walk) { describe(walk, config); });
    return config;
}

template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json as_json(const noc::ExperimentResult& result) {
    nlohmann::ordered_json json;
    json["packets"] = result.packets;
    json["latency_average"] = or_null(result.latency_average);
    json["latency_p99"] = or_null(result.latency_p99);
    json["latency_max"] = or_null(result.latency_max);
    json["hops_average"] = or_null(result.hops_average);
    json["throughput"] = result.throughput;
    json["flit_hops"] = result.flit_hops;
    json["cycles"] = result.cycles;
    json["drained"] = result.drained;
    json["wall_seconds"] = result.wall_seconds;
    json["energy_j"] = result.energy_j;
    if (result.as_recorded) {
        json["retired_as_recorded"] = *result.as_recorded;
    }
    return json;
}

void print(const nlohmann::ordered_json& result) {
    for (const auto& [key, value] : result.items()) {
        std::cout << key << std::string(21 - key.size(), ' ') << value << '\n';
    }
}

}  // namespace

int run_noc(const std::vector<std::string>& arguments) {
    options::options_description described("options", 100);
    const auto text = [] { return options::value<std::string>()->value_name("X"); };
    described.add_options()("config", options::value<std::string>()->value_name("YAML"),
                            "network, traffic and run, as in configs/noc/");
    described.add_options()("size", options::value<std::string>()->value_name("WxH"),
                            "width and height of the network, in routers");
    const std::map<std::string, std::string> descriptions = key_descriptions();
    for (const Setting& setting : kSettings) {
        described.add_options()(setting.option, text(), descriptions.at(setting.key).c_str());
    }
    described.add_options()(
        "packets", options::value<std::string>()->value_name("FILE"),
        "write a row `id ctime src dst retire_cycle` for every packet delivered");
    add_json_option(described);
    options::variables_map values;
    if (!parse("noc", kAboutNoc, described, arguments, values)) {
        return 0;
    }
    const noc::ExperimentConfig config = read_config(values);

    std::unique_ptr<Progress> progress;
    const bool keep_rows = values.count("packets") != 0;
    const noc::ExperimentResult result = noc::run_experiment(
        config, noc::Host::systemc, keep_rows, [&](noc::Cycle done, noc::Cycle known) {
            if (!progress) {
                progress = std::make_unique<Progress>("noc", "cycles", known);
            }
            progress->update(std::min(done, known), done, done > known ? "draining" : "");
        });
    if (progress) {
        progress->finish();
    }
    if (keep_rows) {
        write_file(values["packets"].as<std::string>(), noc::trace_text(result.rows));
    }
    const nlohmann::ordered_json json = as_json(result);
    write_json(values, json);
    if (!json_on_stdout(values)) {
        print(json);
    }
    return 0;
}

}  // namespace spikeloom::apps
