// A network as a file says it: YAML, or a list of edges.
#pragma once

#include "noc/config.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom::noc {

/// A wire between two routers, in both directions unless `one_way`.
struct GraphEdge {
    RouterId from = 0;
    RouterId to = 0;
    int delay = 1;           // cycles on the way, of which forward_delay counts one
    int bits = 0;            // carried a cycle; 0: a flit
    double length_mm = 1.0;  // for energy
    bool one_way = false;
};

/// At router `at`, packets to node `to` go to router `by` next.
struct GraphRoute {
    RouterId at = 0;
    NodeId to = 0;
    RouterId by = 0;
};

void describe(schema::Walk& walk, GraphEdge& edge);
void describe(schema::Walk& walk, GraphRoute& route);

struct GraphFile {
    int routers = 1;
    std::vector<RouterId> nodes;  // the router of each node; empty: one at every router
    std::vector<GraphEdge> links;
    std::vector<GraphRoute> routes;  // instead of those that would be generated

    int node_count() const { return nodes.empty() ? routers : static_cast<int>(nodes.size()); }
};

void describe(schema::Walk& walk, GraphFile& graph);

/// `origin` names the text in errors: InputError `origin:line: what was found; what is allowed`.
/// Every router, node and edge it names exists, and no router has more ports than kMostPorts.
GraphFile parse_graph_yaml(const std::string& text, const std::string& origin);
/// Rows `router router [delay [bits [length_mm]]]` after any number of blanks; # begins a comment.
/// Routers are numbered from 0, each has one node.
GraphFile parse_edge_list(const std::string& text, const std::string& origin);

/// By the name: .yaml and .yml are YAML, all others a list of edges.
GraphFile read_graph(const std::filesystem::path& path);

}  // namespace spikeloom::noc
