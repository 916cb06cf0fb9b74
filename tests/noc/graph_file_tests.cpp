// Graphs in files: what is taken, what is refused and how it is said.
#include "base/error.hpp"
#include "base/random.hpp"
#include "noc/graph_file.hpp"
#include "tests/support/refusal.hpp"

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

TEST_CASE("an edge list is routers, delays, widths and lengths", "[noc]") {
    const GraphFile graph =
        parse_edge_list("# a triangle\n0 1\n 1\t2 3  # slow\n\n2 0 1 16 2.5\n", "g");
    CHECK(graph.routers == 3);
    CHECK(graph.nodes.empty());
    REQUIRE(graph.links.size() == 3);
    CHECK(graph.links[1].from == 1);
    CHECK(graph.links[1].to == 2);
    CHECK(graph.links[1].delay == 3);
    CHECK(graph.links[2].bits == 16);
    CHECK(graph.links[2].length_mm == 2.5);
    CHECK_FALSE(graph.links[0].one_way);
}

TEST_CASE("what an edge list may not say is refused with its line", "[noc]") {
    const auto error = [](const std::string& text) {
        return tests::refusal_of([&] { parse_edge_list(text, "g"); });
    };
    CHECK(error("0 1\n1\n").find("g:2: found 1 columns") == 0);
    CHECK(error("0 1 2 3 4 5\n").find("g:1: found 6 columns") == 0);
    CHECK(error("0 x\n").find("g:1: router: found 'x'") == 0);
    CHECK(error("0 1.5\n").find("g:1: router: found '1.5'") == 0);
    CHECK(error("0 4096\n").find("from 0 to 4095") != std::string::npos);
    CHECK(error("0 1 0\n").find("g:1: delay: found '0'") == 0);
    CHECK(error("3 3\n").find("to itself") != std::string::npos);
    std::string star;
    for (int i = 1; i < 70; ++i) {
        star += "0 " + std::to_string(i) + "\n";
    }
    CHECK(error(star).find("router 0 has 70 links and nodes; allowed are 64") != std::string::npos);
}

TEST_CASE("a graph in YAML may say where its nodes are", "[noc]") {
    const GraphFile graph = parse_graph_yaml(
        "routers: 3\nnodes: [0, 0, 2]\nlinks:\n  - {from: 0, to: 1}\n"
        "  - {from: 1, to: 2, one_way: true, bits: 8}\n",
        "g");
    CHECK(graph.nodes == std::vector<RouterId>{0, 0, 2});
    CHECK(graph.links[1].one_way);
    const auto error = [](const std::string& text) {
        return tests::refusal_of([&] { parse_graph_yaml(text, "g"); });
    };
    CHECK_THAT(error("routers: 2\nnodes: [2]\n"), Catch::Contains("nodes: found router 2"));
    CHECK_THAT(error("routers: 2\nlinks:\n  - {from: 0, to: 5}\n"),
               Catch::Contains("links: found router 5"));
    CHECK_THAT(error("routers: 2\nlinks:\n  - {from: 0}\n"), Catch::Contains("to"));
    CHECK_THAT(error("routers: 2\nroutes:\n  - {at: 0, to: 9, by: 1}\n"),
               Catch::Contains("routes: found a route at router 0"));
    CHECK_THAT(error("router: 2\n"), Catch::Contains("router"));
}

TEST_CASE("damaged graphs are refused or read, never worse", "[noc][fuzz]") {
    const std::string yaml =
        "routers: 3\nnodes: [0, 0, 2]\nlinks:\n  - {from: 0, to: 1}\n  - {from: 1, to: 2}\n";
    const std::string edges = "0 1\n1 2 3\n2 0 1 16 2.5\n";
    Random random(5);
    for (int i = 0; i < 600; ++i) {
        std::string text = i % 2 == 0 ? yaml : edges;
        for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
            const std::size_t at = random.below(text.size());
            switch (random.below(3)) {
                case 0:
                    text[at] = static_cast<char>(random.below(256));
                    break;
                case 1:
                    text.erase(at, 1 + random.below(5));
                    break;
                default:
                    text.insert(at, text.substr(random.below(text.size()), 4));
            }
            if (text.empty()) {
                text = "0";
            }
        }
        try {
            const GraphFile graph =
                i % 2 == 0 ? parse_graph_yaml(text, "g") : parse_edge_list(text, "g");
            for (const GraphEdge& edge : graph.links) {
                CHECK(edge.from < static_cast<RouterId>(graph.routers));
                CHECK(edge.to < static_cast<RouterId>(graph.routers));
            }
        } catch (const InputError&) {
        }
    }
}

}  // namespace
}  // namespace spikeloom::noc
