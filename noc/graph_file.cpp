#include "noc/graph_file.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/schema.hpp"
#include "noc/graph.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace spikeloom::noc {

namespace {

constexpr std::int64_t kMostRouters = 4096;
constexpr int kSlowestLink = 64;
constexpr double kLongestWire = 1e6;

/// What must hold between the parts of a graph; `fail` ends it with a message.
template <class Fail>
void check(const GraphFile& graph, Fail&& fail) {
    const auto routers = static_cast<RouterId>(graph.routers);
    const std::string allowed = "; allowed are 0 to " + std::to_string(routers - 1);
    std::vector<int> ports(routers, graph.nodes.empty() ? 1 : 0);
    for (const RouterId router : graph.nodes) {
        if (router >= routers) {
            fail("nodes: found router " + std::to_string(router) + allowed);
        }
        ++ports[router];
    }
    for (const GraphEdge& edge : graph.links) {
        if (std::max(edge.from, edge.to) >= routers) {
            fail("links: found router " + std::to_string(std::max(edge.from, edge.to)) + allowed);
        }
        if (edge.from == edge.to) {
            fail("links: found a link from router " + std::to_string(edge.from) +
                 " to itself; allowed are two routers");
        }
        ++ports[edge.from];
        ++ports[edge.to];
    }
    const auto most = std::max_element(ports.begin(), ports.end());
    if (*most > kMostPorts) {
        fail("links: router " + std::to_string(most - ports.begin()) + " has " +
             std::to_string(*most) + " links and nodes; allowed are " + std::to_string(kMostPorts));
    }
    const std::size_t nodes = graph.nodes.empty() ? routers : graph.nodes.size();
    for (const GraphRoute& route : graph.routes) {
        if (std::max(route.at, route.by) >= routers || route.to >= nodes) {
            fail("routes: found a route at router " + std::to_string(route.at) + " to node " +
                 std::to_string(route.to) + " by router " + std::to_string(route.by) +
                 "; allowed are routers and nodes of the graph");
        }
    }
}

/// One number of a row of an edge list.
double column(const std::string& word, const char* name, double least, double most, bool whole,
              const std::string& where) {
    std::istringstream text(word);
    double value = 0.0;
    if (!(text >> value) || text.peek() != std::istringstream::traits_type::eof() ||
        value < least || value > most || (whole && value != std::floor(value))) {
        throw InputError(where + ": " + name + ": found '" + word.substr(0, 40) +
                         "'; allowed is a " + (whole ? "whole " : "") + "number from " +
                         std::to_string(static_cast<std::int64_t>(least)) + " to " +
                         std::to_string(static_cast<std::int64_t>(most)));
    }
    return value;
}

}  // namespace

void describe(schema::Walk& walk, GraphEdge& edge) {
    walk.required().integer("from", edge.from, {0, kMostRouters - 1}, "router at one end");
    walk.required().integer("to", edge.to, {0, kMostRouters - 1}, "router at the other");
    walk.integer("delay", edge.delay, {1, kSlowestLink},
                 "cycles on the way, where forward_delay counts one");
    walk.integer("bits", edge.bits, {0, 65536}, "bits carried a cycle; 0: a flit");
    walk.number("length_mm", edge.length_mm, {0.0, kLongestWire}, "length, mm; for energy only");
    walk.flag("one_way", edge.one_way, "whether it leads from `from` to `to` only");
}

void describe(schema::Walk& walk, GraphRoute& route) {
    walk.required().integer("at", route.at, {0, kMostRouters - 1}, "router");
    walk.required().integer("to", route.to, {0, 65535}, "destination node");
    walk.required().integer("by", route.by, {0, kMostRouters - 1}, "next router");
}

void describe(schema::Walk& walk, GraphFile& graph) {
    walk.required().integer("routers", graph.routers, {1, kMostRouters}, "number of routers");
    walk.integers("nodes", graph.nodes, {0, kMostRouters - 1},
                  "router of each node; empty: one at every router");
    walk.list("links", graph.links, "wires");
    walk.list("routes", graph.routes, "routes; empty: generated");
}

GraphFile parse_graph_yaml(const std::string& text, const std::string& origin) {
    GraphFile graph;
    schema::read_text(text, origin, [&](schema::Walk& walk) { describe(walk, graph); });
    check(graph, [&](const std::string& what) { throw InputError(origin + ": " + what); });
    return graph;
}

GraphFile parse_edge_list(const std::string& text, const std::string& origin) {
    GraphFile graph;
    std::istringstream lines(text);
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::string where = origin + ":" + std::to_string(++number);
        std::istringstream row(line.substr(0, line.find('#')));
        std::vector<std::string> words;
        for (std::string word; row >> word;) {
            words.push_back(word);
        }
        if (words.empty()) {
            continue;
        }
        if (words.size() < 2 || words.size() > 5) {
            throw InputError(where + ": found " + std::to_string(words.size()) +
                             " columns; allowed are 'router router [delay [bits [length_mm]]]'");
        }
        const auto whole = [&](std::size_t i, const char* name, double least, double most) {
            return static_cast<std::uint32_t>(column(words[i], name, least, most, true, where));
        };
        GraphEdge edge;
        edge.from = whole(0, "router", 0, kMostRouters - 1);
        edge.to = whole(1, "router", 0, kMostRouters - 1);
        if (words.size() > 2) {
            edge.delay = static_cast<int>(whole(2, "delay", 1, kSlowestLink));
        }
        if (words.size() > 3) {
            edge.bits = static_cast<int>(whole(3, "bits", 0, 65536));
        }
        if (words.size() > 4) {
            edge.length_mm = column(words[4], "length_mm", 0.0, kLongestWire, false, where);
        }
        graph.routers = std::max(graph.routers, 1 + static_cast<int>(std::max(edge.from, edge.to)));
        graph.links.push_back(edge);
    }
    check(graph, [&](const std::string& what) { throw InputError(origin + ": " + what); });
    return graph;
}

GraphFile read_graph(const std::filesystem::path& path) {
    const std::string text = read_file(path);
    const std::string extension = path.extension().string();
    return extension == ".yaml" || extension == ".yml" ? parse_graph_yaml(text, path.string())
                                                       : parse_edge_list(text, path.string());
}

}  // namespace spikeloom::noc
