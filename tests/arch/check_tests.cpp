// A Program is looked at before it runs: each rule refuses what breaks it, by name.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/schema.hpp"
#include "tests/arch/small_chip.hpp"

#include <filesystem>
#include <functional>
#include <sstream>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

/// Two stages: 'first' on tile 1 looks tokens up and sends 12 values of 16 bits to 'second' on tile
/// 2, which sends them to the host.
Program good_program() {
    Program program = lookup_program(5, 12);
    program.stages[0].name = "first";
    program.stages.push_back(relay("second", 2, 12, rows(12, 12, 4, 64, 16),
                                   send(1, 12, Encoding::dense, 16, {{2, 0}})));
    program.stages[0].outputs[0].destinations = {{1, 0}};
    connect(program);
    return program;
}

struct Case {
    const char* about;
    std::function<void(Program&, ChipConfig&)> spoil;
    const char* message;
};

using P = Program&;
using C = ChipConfig&;

const std::vector<Case>& cases() {
    static const std::vector<Case> list = {
        {"no stages", [](P p, C) { p.stages.clear(); }, "program: has no stages"},
        {"host elsewhere", [](P p, C) { p.host.tile = 2; },
         "the host is on tile 2; the chip has it on tile 0"},
        {"token stage", [](P p, C) { p.host.token_stage = 2; },
         "the host sends to stage 2; allowed are 0 to 1"},
        {"no result", [](P p, C) { p.host.result_length = 0; }, "the host's result has 0 values"},
        {"names", [](P p, C) { p.stages[1].name = "first"; }, "has two stages called 'first'"},
        {"no core", [](P p, C) { p.stages[1].tile = 3; },
         "stage 'second': is on tile 3, which is no spiking core"},
        {"off the mesh", [](P p, C) { p.stages[1].tile = 4000000000; },
         "stage 'second': is on tile 4000000000, which is no spiking core"},

        {"no registers", [](P p, C) { p.stages[1].registers.clear(); },
         "its first register is not the accumulators"},
        {"accumulators not first",
         [](P p, C) { std::swap(p.stages[1].registers[0], p.stages[1].registers[1]); },
         "its first register is not the accumulators"},
        {"two accumulators",
         [](P p, C) { p.stages[1].registers[1].kind = Register::Kind::accumulator; },
         "register 'values' is a second one of accumulators"},
        {"empty register", [](P p, C) { p.stages[1].registers[1].length = 0; },
         "register 'values' has 0 elements"},
        {"constant without values",
         [](P p, C) { p.stages[1].registers[1].kind = Register::Kind::constant; },
         "register 'values' has 0 initial values; allowed are 12"},
        {"scratch with values", [](P p, C) { p.stages[1].registers[1].initial.resize(12); },
         "register 'values' has initial values"},
        {"same register twice", [](P p, C) { p.stages[1].registers[1].name = "sums"; },
         "has two registers called 'sums'"},

        {"no axons in a block", [](P p, C) { p.stages[1].axons[0].axons = 0; },
         "axons from 0: found 0 axons"},
        {"axons beyond 16 bits", [](P p, C) { p.stages[1].axons[0].first_axon = 65530; },
         "axons from 65530: found 12 axons"},
        {"axon twice", [](P p, C) { p.stages[1].axons.push_back(direct(1, 16)); },
         "axon 0 has two entries"},
        {"value bits", [](P p, C) { p.stages[1].axons[0].value_bits = 33; }, "value_bits is 33"},
        {"weight bits", [](P p, C) { p.stages[1].axons[0].weight_bits = 17; }, "weight_bits is 17"},
        {"row beyond accumulators", [](P p, C) { p.stages[1].axons[0].accumulator = 1; },
         "a row of 12 from accumulator 1 on; there are 12 accumulators"},
        {"row wraps", [](P p, C) { p.stages[1].axons[0].accumulator = 4294967290U; },
         "from accumulator 4294967290 on"},
        {"direct beyond accumulators",
         [](P p, C) {
             p.stages[1].axons = {direct(12, 16)};
             p.stages[1].axons[0].accumulator = 1;
         },
         "add to accumulators 1 to 13; there are 12"},
        {"row beyond memory", [](P p, C) { p.stages[1].axons[0].address = 65536 - 71; },
         "the 72 from there on; the memory has 65536"},
        {"address wraps", [](P p, C) { p.stages[1].axons[0].address = ~std::uint64_t{0}; },
         "the memory has 65536"},
        {"remote from a core",
         [](P p, C) {
             p.stages[1].axons[0].kind = AxonBlock::Kind::remote;
             p.stages[1].axons[0].memory_tile = 1;
         },
         "rows on tile 1, which is no memory tile"},
        {"remote row too long",
         [](P p, C c) {
             p.stages[1].axons[0].kind = AxonBlock::Kind::remote;
             p.stages[1].axons[0].memory_tile = 3;
             c.core.dma_row_bytes = 5;
         },
         "remote rows of 6 bytes; the DMA engine fetches 5"},

        {"no such register", [](P p, C) { p.stages[1].program[0].a.register_index = 2; },
         "instruction 0 uses register 2; there are 2"},
        {"beyond a register", [](P p, C) { p.stages[1].program[0].a.first = 1; },
         "instruction 0 uses elements 1 to 13 of register 'sums'; there are 12"},
        {"nothing to do", [](P p, C) { p.stages[1].program[0].length = 0; },
         "instruction 0 uses elements 0 to 0"},
        {"writes accumulators",
         [](P p, C) { std::swap(p.stages[1].program[0].a, p.stages[1].program[0].to); },
         "writes register 'sums'"},
        {"writes a constant",
         [](P p, C) {
             p.stages[1].registers[1].kind = Register::Kind::constant;
             p.stages[1].registers[1].initial.resize(12);
         },
         "writes register 'values'"},
        {"shifted in place",
         [](P p, C) {
             p.stages[1].program[0] = copy(1, 1, 11);
             p.stages[1].program[0].to.first = 1;
         },
         "writes elements of register 'values' that it also reads at other places"},
        {"shift",
         [](P p, C) {
             p.stages[1].program[0].op = Opcode::narrow;
             p.stages[1].program[0].shift = 63;
         },
         "shifts by 63; allowed are 0 to 62"},
        {"left shift",
         [](P p, C) {
             p.stages[1].program[0].op = Opcode::shift_left;
             p.stages[1].program[0].shift = -1;
         },
         "shifts by -1; allowed are 0 to 31"},
        {"narrow to one bit",
         [](P p, C) {
             p.stages[1].program[0].op = Opcode::narrow;
             p.stages[1].program[0].bits = 1;
         },
         "narrows to 1 bits"},
        {"lif onto itself",
         [](P p, C) {
             p.stages[1].program[0].op = Opcode::lif;
             p.stages[1].program[0].b = p.stages[1].program[0].to;
         },
         "writes spikes and membrane to the same elements"},
        {"long norm",
         [](P p, C c) {
             c.core.state_bytes = 1 << 20;
             c.core.accumulators = 1 << 16;
             p.stages[1].registers[0].length = p.stages[1].registers[1].length = 20000;
             p.stages[1].program[0].op = Opcode::layer_norm;
             p.stages[1].program[0].length = 20000;
         },
         "normalises 20000 values; allowed are 16384"},

        {"output beyond its register", [](P p, C) { p.stages[1].outputs[0].length = 13; },
         "output 'out' uses elements 0 to 13"},
        {"binary of two bits",
         [](P p, C) {
             p.stages[1].outputs[0].encoding = Encoding::binary;
             p.stages[1].outputs[0].value_bits = 2;
         },
         "value_bits is 2; allowed are 1, as it is binary"},
        {"no such destination", [](P p, C) { p.stages[1].outputs[0].destinations[0].stage = 3; },
         "found destination stage 3; allowed are 0 to 2, the last being the host"},
        {"destination twice",
         [](P p, C) {
             p.stages[1].outputs[0].destinations.push_back({2, 0});
         },
         "names a destination twice"},
        {"no such axons", [](P p, C) { p.stages[0].outputs[0].destinations[0].axon = 3; },
         "sends to axons 3 to 15 of stage 'second', which has no entries for 3 of them"},
        {"widths differ", [](P p, C) { p.stages[0].outputs[0].value_bits = 8; },
         "sends values of 8 bits to axon 0 of stage 'second', which expects 16"},
        {"beyond the result", [](P p, C) { p.stages[1].outputs[0].destinations[0].axon = 1; },
         "elements 1 to 13 for the host; the result has 12"},

        {"waits for nobody", [](P p, C) { p.stages[1].producers.clear(); },
         "stage 'second': has no producer"},
        {"waits in vain", [](P p, C) { p.stages[1].producers.push_back(1); },
         "stage 'second': waits for stage 'second', which sends nothing to it"},
        {"does not wait", [](P p, C) { p.stages[0].producers = {1}; },
         "stage 'first': waits for stage 'second', which sends nothing to it"},
        {"does not wait for the host",
         [](P p, C) {
             p.stages[1].outputs[0].destinations.push_back({0, 0});
             p.stages[0].axons[0].value_bits = 16;
             p.stages[0].axons[0].axons = 12;
             p.stages[0].producers = {1};
         },
         "stage 'first': does not wait for the host, which sends to it"},
        {"producer twice",
         [](P p, C) {
             p.stages[1].producers = {0, 0};
         },
         "stage 'second': names a producer twice"},
        {"host's producers", [](P p, C) { p.host.producers = {0}; },
         "the host: waits for stage 'first', which sends nothing to it"},

        {"axon entries", [](P, C c) { c.core.axon_entries = 11; },
         "tile 2: its stages need 12 axon entries; the core has 11"},
        {"accumulators", [](P, C c) { c.core.accumulators = 11; },
         "need 12 accumulators; the core has 11"},
        {"state memory", [](P, C c) { c.core.state_bytes = 47; },
         "need 48 bytes of state memory; the core has 47"},
        {"stages of a tile",
         [](P p, C) {
             for (int i = 0; i < 64; ++i) {
                 p.stages.push_back(p.stages[1]);
                 p.stages.back().name += std::to_string(i);
                 p.stages.back().outputs.clear();
             }
         },
         "tile 2: its stages need 65 places in its table of stages; the core has 64"},

        {"image on the host", [](P p, C) { p.synapse_images[0].tile = 0; },
         "synapse memory image of tile 0: the tile is no spiking core"},
        {"image too long", [](P p, C) { p.synapse_images[0].address = 65536 - 59; },
         "found bytes 65477 to 65537; the memory has 65536"},
        {"images overlap",
         [](P p, C) {
             p.synapse_images.push_back(p.synapse_images[0]);
             p.synapse_images[1].address = 59;
         },
         "synapse memory images of tile 1: two of them overlap at byte 59"},
        {"memory image on a core",
         [](P p, C) {
             p.memory_images = {{1, 0, {1, 2}}};
         },
         "memory image of tile 1: the tile is no memory tile"},
    };
    return list;
}

}  // namespace

TEST_CASE("a good Program passes", "[check]") {
    CHECK_NOTHROW(check(good_program(), small_chip()));
}

TEST_CASE("a Program that breaks a rule is refused with the stage and the reason", "[check]") {
    for (const Case& spoiled : cases()) {
        INFO(spoiled.about);
        Program program = good_program();
        ChipConfig config = small_chip();
        spoiled.spoil(program, config);
        CHECK_THROWS_AS(check(program, config), InputError);
        CHECK_THROWS_WITH(check(program, config), Catch::Contains(spoiled.message));
    }
}

TEST_CASE("capacities are allowed up to the last place", "[check]") {
    ChipConfig config = small_chip();
    config.core.axon_entries = 12;
    config.core.accumulators = 12;
    config.core.state_bytes = 48;
    config.core.event_queue = 1;
    Program program = good_program();
    program.stages[1].axons[0].address = 65536 - 72;
    program.synapse_images[0].address = 65536 - 60;
    CHECK_NOTHROW(check(program, config));
}

TEST_CASE("a chip configuration is read as it was written", "[config]") {
    ChipConfig config = small_chip();
    config.core.vector.units[2] = {3, 17};
    config.name = "round trip";
    const std::string text = schema::write(config);
    CHECK(schema::write(schema::read_string<ChipConfig>(text, "chip.yaml")) == text);
    CHECK_THAT(text, Catch::Contains("exponential"));
}

TEST_CASE("what does not go together in a chip is refused", "[config]") {
    const auto refused = [](const std::function<void(ChipConfig&)>& spoil, const char* message) {
        ChipConfig config = small_chip();
        spoil(config);
        CHECK_THROWS_WITH(validate(config), Catch::Contains(message));
    };
    CHECK_NOTHROW(validate(small_chip()));
    refused([](ChipConfig& c) { c.host_tile = 4; }, "4 is no tile; allowed are 0 to 3");
    refused([](ChipConfig& c) { c.memory_tiles = {0}; }, "named twice or is the host's");
    refused([](ChipConfig& c) { c.memory_tiles = {3, 3}; }, "named twice or is the host's");
    refused(
        [](ChipConfig& c) {
            c.network.message_classes = {3, 1, 1};
        },
        "message_classes has 3 entries");
    refused([](ChipConfig& c) { c.core.output_queue = 30; },
            "output_queue has 30 places; allowed are at least max_packet_flits + output_credits - "
            "1, 31");
    refused([](ChipConfig& c) { c.max_packet_flits = 1; }, "the longest packet has 64 bits");
    refused([](ChipConfig& c) { c.core.vector.units[0] = {4, 3}; }, "is below the interval");
    refused([](ChipConfig& c) { c.memory.dram.ccd = 7; }, "is shorter than a burst");
    refused([](ChipConfig& c) { c.memory.dram.refi = 500; }, "refreshes leave no time");
}

TEST_CASE("the chips in configs/chips are read, and are what their names say", "[config]") {
    const std::filesystem::path folder =
        std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "configs" / "chips";
    const auto small = schema::read_file<ChipConfig>(folder / "spikeloom-20.yaml");
    CHECK(small.tiles() == 20);
    CHECK(small.cores() == 18);
    const auto large = schema::read_file<ChipConfig>(folder / "spikeloom-64.yaml");
    CHECK(large.tiles() == 64);
    CHECK(large.cores() == 60);
    CHECK(large.memory.dram.bytes() == std::uint64_t{1} << 30);  // 8 Gb
}

TEST_CASE("docs/core.md lists every key of a chip as it is", "[config]") {
    const std::string text =
        read_file(std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "docs" / "core.md");
    std::istringstream rows(schema::document<ChipConfig>());
    for (std::string row; std::getline(rows, row);) {
        if (!row.starts_with("| `network.")) {  // those are in docs/noc.md
            CHECK_THAT(text, Catch::Contains(row));
        }
    }
}
