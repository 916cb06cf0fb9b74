// BookSim2's recorded runs: every packet must retire in the cycle in which it did there.
#include "base/schema.hpp"
#include "noc/experiment.hpp"
#include "noc/network.hpp"
#include "tests/support/shared_files.hpp"

#include <array>
#include <cstdio>
#include <memory>
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

void replay(const Golden& golden, const std::string& text) {
    const NetworkConfig config = preset(golden);
    const std::vector<TraceRow> rows = parse_trace(text, golden.name, config);
    REQUIRE(rows.size() == golden.packets);
    Network network(config);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        network.send({rows[i].source, rows[i].destination,
                      static_cast<std::uint16_t>(golden.packet_flits), 0, rows[i].created, i});
    }
    std::size_t exact = 0;
    std::size_t retired = 0;
    while (!network.drained()) {
        network.step();
        for (const Delivery& delivery : network.deliveries()) {
            if (delivery.tail) {
                ++retired;
                exact += rows[delivery.tag].retired == network.now() - 1 ? 1 : 0;
            }
        }
        REQUIRE(network.now() < 100'000);
    }
    CHECK(retired == rows.size());
    CHECK(exact == rows.size());
}

TEST_CASE("every packet of BookSim2's recorded runs retires in the recorded cycle", "[noc]") {
    const Golden& golden = kGolden[static_cast<std::size_t>(GENERATE(range(0, 8)))];
    SPIKELOOM_NEED_SHARED(path, "golden/noc/" + std::string(golden.name) + ".txt.xz");
    INFO(golden.name);
    replay(golden, tests::unpacked(path));
}

}  // namespace
}  // namespace spikeloom::noc
