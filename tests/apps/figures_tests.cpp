// The paper's figures as a user makes them.
#include "base/files.hpp"
#include "tests/apps/command_line.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

namespace spikeloom::tests {
namespace {

TEST_CASE("every figure of the paper is a page, a table and an object") {
    const TinyModel tiny;
    const std::string model = " --model " + tiny.path("m.safetensors");
    const std::string text = " --text " + tiny.path("text.txt");
    for (const std::string& words :
         {"3" + text + " --sizes 1x8 2x16 --steps 4", "4" + model + text + " --tokens 20",
          "table1" + model + text + " --tokens 20",
          std::string("length --sizes 1x16 --longest 256")}) {
        const std::string name = words.substr(0, words.find(' '));
        const std::string out = tiny.path("figure-" + name);
        const json made = tiny.json_of("figures --figure " + words + " --seed 2 --out " + out);
        CHECK(made["figure"] == name);
        for (const char* file : {"report.html", "figure.csv", "figure.json"}) {
            CHECK(std::filesystem::exists(std::filesystem::path(out) / file));
        }
        CHECK_THAT(read_file(out + "/report.html"),
                   Catch::Contains("The paper's") || Catch::Contains("32.2 times"));
        if (name == "4" || name == "table1") {
            REQUIRE(made["firing_rates"].size() == 4);  // 2 layers of 2 blocks
            for (const json& rate : made["firing_rates"]) {
                CHECK(rate["rate"] >= 0.0);
                CHECK(rate["rate"] <= 1.0);
            }
        }
    }
}

TEST_CASE("a figure that is not there, or lacks its input, is refused") {
    const TinyModel tiny;
    CHECK_THAT(tiny.refusal("figures --figure 5 --out " + tiny.path("f")),
               Catch::Contains("found '5'") && Catch::Contains("table1"));
    CHECK_THAT(tiny.refusal("figures --figure 4 --out " + tiny.path("f")),
               Catch::Contains("--model"));
    CHECK_THAT(tiny.refusal("figures --figure length --sizes 3by4 --out " + tiny.path("f")),
               Catch::Contains("3by4"));
    CHECK_FALSE(std::filesystem::exists(tiny.path("f")));
}

}  // namespace
}  // namespace spikeloom::tests
