// BookSim2's recorded runs: every packet must retire in the cycle in which it did there.
#include "base/schema.hpp"
#include "noc/experiment.hpp"
#include "noc/network.hpp"
#include "tests/support/shared_files.hpp"

#include <array>
#include <string>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

struct Golden {
    const char* name;
    const char* preset;  // configs/noc/..., for the delays
    int side;
    int vcs;
    int buffer;
    int packet_flits;
    std::size_t packets;
};

// From the files' names and first lines.
constexpr std::array<Golden, 8> kGolden = {{
    {"k4_rd0_v1_b4_L1_r0.3", "booksim-4stage", 4, 1, 4, 1, 7626},
    {"rd0_v1_b4_L4_r0.2", "booksim-4stage", 8, 1, 4, 4, 4733},
    {"rd0_v2_b4_L1_r0.2", "booksim-4stage", 8, 2, 4, 1, 20251},
    {"rd0_v2_b4_L4_r0.2", "booksim-4stage", 8, 2, 4, 4, 5136},
    {"rd0_v2_b4_L8_r0.3", "booksim-4stage", 8, 2, 4, 8, 3832},
    {"rd0_v2_b8_L4_r0.12_transpose", "booksim-4stage", 8, 2, 8, 4, 3106},
    {"rd1_v2_b4_L4_r0.2", "booksim-5stage", 8, 2, 4, 4, 5136},
    {"rd1_v4_b8_L4_r0.05", "booksim-5stage", 8, 4, 8, 4, 1304},
}};

NetworkConfig preset(const Golden& golden) {
    auto config = schema::read_file<ExperimentConfig>(std::string(SPIKELOOM_SOURCE_DIR) +
                                                      "/configs/noc/" + golden.preset + ".yaml")
                      .network;
    config.width = golden.side;
    config.height = golden.side;
    config.vcs = golden.vcs;
    config.buffer = golden.buffer;
    return config;
}

struct Replayed {
    std::size_t packets = 0;  // that retired
    std::size_t exact = 0;    // in the recorded cycle
};

Replayed replay(const Golden& golden, const NetworkConfig& config, const std::string& text) {
    const std::vector<TraceRow> rows =
        parse_trace(text, golden.name, static_cast<std::uint32_t>(config.nodes()));
    REQUIRE(rows.size() == golden.packets);
    Network network(config);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        network.send({rows[i].source, rows[i].destination,
                      static_cast<std::uint16_t>(golden.packet_flits), 0, rows[i].created, i});
    }
    Replayed result;
    while (!network.drained() && network.now() < 100'000) {
        network.step();
        for (const Delivery& delivery : network.deliveries()) {
            if (delivery.tail) {
                ++result.packets;
                result.exact += rows[delivery.tag].retired == network.now() - 1 ? 1U : 0U;
            }
        }
    }
    return result;
}

TEST_CASE("every packet of BookSim2's recorded runs retires in the recorded cycle", "[noc]") {
    const Golden& golden = kGolden[static_cast<std::size_t>(GENERATE(range(0, 8)))];
    SPIKELOOM_NEED_SHARED(path, "golden/noc/" + std::string(golden.name) + ".txt.xz");
    INFO(golden.name);
    const Replayed replayed = replay(golden, preset(golden), tests::unpacked(path));
    CHECK(replayed.packets == golden.packets);
    CHECK(replayed.exact == golden.packets);
}

TEST_CASE("a mistake of one register or one cycle shows in BookSim2's recorded runs", "[noc]") {
    // The loaded runs in which credits run short: one channel, and two with packets of several
    // flits. (With single flits at this load two channels of four hardly ever wait for a credit.)
    const Golden& golden = kGolden[static_cast<std::size_t>(GENERATE(0, 1, 3, 4, 6))];
    SPIKELOOM_NEED_SHARED(path, "golden/noc/" + std::string(golden.name) + ".txt.xz");
    NetworkConfig config = preset(golden);
    SECTION("arbiter pointers that do not advance") {
        config.arbiter = ArbiterKind::fixed;
    }
    SECTION("credits a cycle early") {
        config.credit_delay -= 1;
    }
    SECTION("credits a cycle late") {
        config.credit_delay += 1;
    }
    SECTION("rows before columns") {
        config.routing = Routing::yx;
    }
    SECTION("an arbiter that is fair in another way") {
        config.arbiter = ArbiterKind::matrix;
    }
    INFO(golden.name);
    CHECK(replay(golden, config, tests::unpacked(path)).exact < golden.packets * 3 / 4);
}

}  // namespace
}  // namespace spikeloom::noc
