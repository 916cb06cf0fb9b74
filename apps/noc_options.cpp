#include "apps/noc_options.hpp"

#include "apps/command.hpp"
#include "arch/config.hpp"
#include "base/error.hpp"
#include "base/schema.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <utility>

namespace spikeloom::apps {

namespace {

/// An option that sets one key of the configuration.
struct NocSetting {
    const char* option;
    const char* key;
};

constexpr std::array<NocSetting, 44> kNocSettings = {{
    {"topology", "network.topology"},
    {"concentration", "network.concentration"},
    {"arity", "network.arity"},
    {"levels", "network.levels"},
    {"graph", "network.graph"},
    {"routing", "network.routing"},
    {"deadlock-check", "network.deadlock_check"},
    {"vcs", "network.vcs"},
    {"buffer", "network.buffer"},
    {"flit-bits", "network.flit_bits"},
    {"flow-control", "network.flow_control"},
    {"arbiter", "network.arbiter"},
    {"message-classes", "network.message_classes"},
    {"vc-choice", "network.vc_choice"},
    {"routing-delay", "network.routing_delay"},
    {"vc-allocation-delay", "network.vc_allocation_delay"},
    {"speculative", "network.speculative"},
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
    {"burst-cycles", "traffic.burst_cycles"},
    {"burst-rate", "traffic.burst_rate"},
    {"window", "traffic.window"},
    {"multicast-fraction", "traffic.multicast_fraction"},
    {"multicast-nodes", "traffic.multicast_nodes"},
    {"trace", "traffic.trace"},
    {"infer-causes", "traffic.infer_causes"},
    {"warmup", "warmup"},
    {"cycles", "cycles"},
    {"drain-limit", "drain_limit"},
    {"stall-limit", "stall_limit"},
    {"sample-cycles", "sample_cycles"},
    {"convergence", "convergence"},
    {"seed", "seed"},
    {"width", "network.width"},
    {"height", "network.height"},
}};

/// What a key means, what it allows and its default, by key, from the configuration's own
/// description.
std::map<std::string, std::string> noc_key_descriptions() {
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
std::pair<std::string, std::string> split_noc_size(const std::string& size) {
    const std::size_t x = size.find('x');
    if (x == std::string::npos || x == 0 || x + 1 == size.size()) {
        throw InputError("--size: found '" + size + "'; allowed is WIDTHxHEIGHT, such as 8x8");
    }
    return {size.substr(0, x), size.substr(x + 1)};
}

/// A word of the command line as a YAML noc_scalar: bare where that is safe, so that numbers stay
/// numbers.
std::string noc_scalar(const std::string& word) {
    const auto plain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '.' || c == '-' || c == '+';
    };
    // A list [2,1,1] stays one.
    const bool list =
        word.size() > 1 && word.front() == '[' && word.back() == ']' &&
        std::all_of(word.begin() + 1, word.end() - 1, [&](char c) { return plain(c) || c == ','; });
    if (list || (!word.empty() && std::all_of(word.begin(), word.end(), plain))) {
        return word;
    }
    std::string quoted = "'";
    for (const char c : word) {
        quoted += c == '\'' ? "''" : std::string(1, c);
    }
    return quoted + "'";
}

/// The options that were given, as the YAML they stand for.
std::string noc_yaml(const options::variables_map& values) {
    std::map<std::string, std::string> sections;  // the last, "", is the top level
    const auto add = [&](const std::string& key, const std::string& word) {
        const std::size_t dot = key.find('.');
        if (dot == std::string::npos) {
            sections[""] += key + ": " + noc_scalar(word) + "\n";
        } else {
            sections[key.substr(0, dot)] +=
                "  " + key.substr(dot + 1) + ": " + noc_scalar(word) + "\n";
        }
    };
    if (values.count("size") != 0) {
        const auto [width, height] = split_noc_size(values["size"].as<std::string>());
        add("network.width", width);
        add("network.height", height);
    }
    for (const NocSetting& setting : kNocSettings) {
        // The network's room knows no Programs: theirs is a trace that is made on the way.
        if (values.count(setting.option) != 0 &&
            !(setting.option == std::string("traffic") && asks_for_program(values))) {
            add(setting.key, values[setting.option].as<std::string>());
        }
    }
    std::string text;
    for (const auto& [section, keys] : sections) {
        text += section.empty() ? keys : section + ":\n" + keys;
    }
    return text.empty() ? "{}" : text;
}

}  // namespace

bool asks_for_program(const options::variables_map& values) {
    return values.count("traffic") != 0 && values["traffic"].as<std::string>() == "program";
}

void add_noc_options(options::options_description& described) {
    const auto text = [] { return options::value<std::string>()->value_name("X"); };
    described.add_options()("config", options::value<std::string>()->value_name("YAML"),
                            "network, traffic and run, as in configs/noc/");
    described.add_options()("chip", options::value<std::string>()->value_name("YAML"),
                            "begin with the network of a chip, which --config and options change");
    described.add_options()("size", options::value<std::string>()->value_name("WxH"),
                            "width and height of the network, in routers");
    std::map<std::string, std::string> descriptions = noc_key_descriptions();
    descriptions.at("traffic.pattern") +=
        "; or program: what a model's layers send one another on --chip (options below)";
    for (const NocSetting& setting : kNocSettings) {
        described.add_options()(setting.option, text(), descriptions.at(setting.key).c_str());
    }
}

noc::ExperimentConfig read_noc_config(const options::variables_map& values) {
    noc::ExperimentConfig config;
    const auto apply = [&](const std::string& yaml, const std::string& origin) {
        schema::read_text(yaml, origin, [&](schema::Walk& walk) { describe(walk, config); });
    };
    if (values.count("chip") != 0) {
        config.network =
            schema::read_file<arch::ChipConfig>(values["chip"].as<std::string>()).network;
    }
    if (values.count("config") != 0) {
        const std::string path = values["config"].as<std::string>();
        apply(schema::load(path), path);
    }
    apply(noc_yaml(values), "options");
    return config;
}

}  // namespace spikeloom::apps
