#include "base/error.hpp"
#include "tests/workloads/chips.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "workloads/mapping_metrics.hpp"
#include "workloads/partition.hpp"
#include "workloads/placement.hpp"
#include "workloads/ways.hpp"

#include <set>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

/// The host and a second memory tile away from the corners.
arch::ChipConfig chip_with_two_memories(int width, int height) {
    arch::ChipConfig chip = tests::chip_of(width, height);
    chip.host_tile = 3;
    chip.memory_tiles.push_back(5);
    return chip;
}

/// Links that the flits of a token cross with that placement.
double flit_links(Partition cut, const arch::ChipConfig& chip,
                  const std::vector<arch::TileId>& tiles) {
    arch::Program& program = cut.graph.program;
    program.host.tile = chip.host_tile;
    for (std::size_t s = 0; s < program.stages.size(); ++s) {
        program.stages[s].tile = tiles[cut.cores[s]];
        for (arch::AxonBlock& block : program.stages[s].axons) {
            block.memory_tile = Ways(chip).nearest_memory(program.stages[s].tile);
        }
    }
    return mapping_metrics(program, chip, {}).flit_links;
}

TEST_CASE("linear fills the cores row by row and leaves out host and memory tiles") {
    const tests::TinyModel model(1, 12, 11);
    const arch::ChipConfig chip = chip_with_two_memories(4, 4);
    const Partition cut = partition(model(), chip, {});
    const auto tiles = place(cut.graph.program, cut.cores, chip, {}, Strategy::linear, 1);
    const std::vector<arch::TileId> order = {0, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    REQUIRE(tiles.size() <= order.size());
    CHECK(std::vector<arch::TileId>(
              order.begin(), order.begin() + static_cast<std::ptrdiff_t>(tiles.size())) == tiles);
}

TEST_CASE("every strategy gives each core a spiking tile of its own") {
    const auto strategy = GENERATE(Strategy::linear, Strategy::greedy, Strategy::anneal);
    const tests::TinyModel model(2, 12, 11);
    const arch::ChipConfig chip = chip_with_two_memories(6, 5);
    const Partition cut = partition(model(), chip, {});
    const auto tiles = place(cut.graph.program, cut.cores, chip, {}, strategy, 1);
    CHECK(std::set<arch::TileId>(tiles.begin(), tiles.end()).size() == tiles.size());
    for (const arch::TileId tile : tiles) {
        CHECK(chip.is_core(tile));
    }
    CHECK(tiles == place(cut.graph.program, cut.cores, chip, {}, strategy, 1));
}

TEST_CASE("greedy makes flits travel less than linear, annealing less again") {
    const tests::TinyModel model(2, 12, 11);
    const arch::ChipConfig chip = chip_with_two_memories(7, 6);
    const Partition cut = partition(model(), chip, {});
    const auto cost = [&](Strategy strategy) {
        return flit_links(cut, chip, place(cut.graph.program, cut.cores, chip, {}, strategy, 1));
    };
    const double linear = cost(Strategy::linear);
    const double greedy = cost(Strategy::greedy);
    const double annealed = cost(Strategy::anneal);
    CHECK(greedy < linear);
    CHECK(annealed < greedy);
}

TEST_CASE("greedy puts a stage next to the host where it talks to the host alone") {
    arch::Program program;
    program.stages.resize(1);
    program.stages[0].name = "a";
    arch::AxonBlock block;
    block.axons = 4;
    block.row_length = 1;
    program.stages[0].axons = {block};
    program.stages[0].outputs = {{"a.x", {0, 0}, 1, arch::Encoding::dense, 16, {{1, 0}}}};
    program.stages[0].producers = {1};
    program.host.producers = {0};
    const arch::ChipConfig chip = chip_with_two_memories(7, 6);
    const auto tiles = place(program, {0}, chip, {}, Strategy::greedy, 1);
    CHECK(tiles == std::vector<arch::TileId>{2});  // 2, 4 and 10 are one link from 3
}

TEST_CASE("distances are those of the network, and the nearest memory tile is found") {
    arch::ChipConfig chip = chip_with_two_memories(7, 6);
    const Ways mesh(chip);
    CHECK(mesh.hops(0, 41) == 11);
    CHECK(mesh.hops(8, 2) == 2);
    CHECK(mesh.hops(9, 9) == 0);
    CHECK(mesh.nearest_memory(40) == 41);
    CHECK(mesh.nearest_memory(0) == 5);

    chip.network.topology = noc::Topology::torus;
    chip.network.vcs = 8;
    chip.network.message_classes = {2, 2, 2, 2};
    const Ways torus(chip);
    CHECK(torus.hops(0, 41) == 2);  // over the edges: a column and a row
    CHECK(torus.hops(8, 2) == 2);
    CHECK(torus.nearest_memory(0) == 41);

    chip.network.topology = noc::Topology::tree;  // 27 leaves
    chip.network.arity = 3;
    chip.network.levels = 3;
    const Ways tree(chip);
    CHECK(tree.hops(0, 2) == 0);   // at one router
    CHECK(tree.hops(0, 26) == 4);  // up to the root and down
    CHECK(tree.links(0, 26).size() == 4);
}

TEST_CASE("strategies are called by their names") {
    CHECK(strategy_named("greedy") == Strategy::greedy);
    CHECK(std::string(name_of(Strategy::anneal)) == "anneal");
    CHECK_THROWS_WITH(strategy_named("best"),
                      Catch::Contains("'best'; allowed are linear, greedy and anneal"));
}

}  // namespace
}  // namespace spikeloom::workloads
