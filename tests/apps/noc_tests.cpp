// spikeloom noc as its users meet it: graphs, stalls, sweeps, tables, one packet's way.
#include "tests/apps/command_line.hpp"

#include <catch2/catch.hpp>

namespace spikeloom {
namespace {

using tests::Outcome;

constexpr const char* kNocRun = " --warmup 200 --cycles 800 --seed 3";

TEST_CASE("a graph whose routes can deadlock is refused by name, up-down routes run it") {
    const tests::Scratch scratch;
    const std::string ring = scratch.file("ring.txt", "0 1\n1 2\n2 3\n3 4\n4 0\n");
    const std::string words = "noc --topology graph --graph " + ring + kNocRun;
    CHECK_THAT(scratch.refusal(words),
               Catch::Contains("router 0 to router 1") && Catch::Contains("router 4 to router 0"));
    const nlohmann::json result = scratch.json_of(words + " --routing up_down");
    CHECK(result["drained"] == true);
    CHECK(result["packets"] > 0);
}

TEST_CASE("a deadlock ends the run with exit code 1 and the circle of waiting") {
    const tests::Scratch scratch;
    const std::string ring = scratch.file("ring.txt", "0 1\n1 2\n2 3\n3 4\n4 0\n");
    // Every node sends two links far at once: each packet takes its first link and waits for the
    // one that its neighbour has taken.
    const std::string trace =
        scratch.file("all.txt", "0 0 0 2\n1 0 1 3\n2 0 2 4\n3 0 3 0\n4 0 4 1\n");
    const Outcome outcome = scratch.run("noc --topology graph --graph " + ring +
                                        " --deadlock-check false --vcs 1 --buffer 1 --packet-flits "
                                        "20 --traffic trace --trace " +
                                        trace + " --stall-limit 500");
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.error, Catch::Contains("each of these waits for the next") &&
                                  Catch::Contains("virtual channel 0"));
}

TEST_CASE("a sweep writes its points and its plot") {
    const tests::Scratch scratch;
    const nlohmann::json result =
        scratch.json_of("noc --size 4x4 --vcs 1 --sweep " + scratch.path("s") +
                        " --sweep-step 0.15 --threads 1 --warmup 200 --cycles 500");
    CHECK(result["points"].size() >= 2);
    CHECK(result["points"].back()["saturated"] == true);
    CHECK(result["saturation_throughput"] > 0.1);
    CHECK(read_file(scratch.path("s/sweep.csv")).find("offered,accepted,latency_average") == 0);
    CHECK_THAT(read_file(scratch.path("s/sweep.svg")), Catch::Contains("<svg"));
    CHECK_THAT(scratch.refusal("noc --sweep " + scratch.path("t") + " --sweep-step 0"),
               Catch::Contains("--sweep-step"));
}

TEST_CASE("tables, packets in text and binary, and the way of one packet are written") {
    const tests::Scratch scratch;
    const std::string words = "noc --size 3x3 --packet-flits 2 --sample-cycles 100" +
                              std::string(kNocRun) + " --packets ";
    scratch.json_of(words + scratch.path("p.txt") + " --tables " + scratch.path("tables"));
    scratch.json_of(words + scratch.path("p.bin"));
    for (const char* name : {"links", "routers", "pairs", "histogram", "samples"}) {
        CHECK(read_file(scratch.path("tables/" + std::string(name) + ".csv")).size() > 50);
    }
    for (const char* file : {"p.txt", "p.bin"}) {
        const nlohmann::json replayed = scratch.json_of(
            "noc --size 3x3 --packet-flits 2 --traffic trace --trace " + scratch.path(file));
        CHECK(replayed["retired_as_recorded"] == replayed["packets"]);
    }
    const nlohmann::json watched =
        scratch.json_of("noc --size 3x3 --watch 5" + std::string(kNocRun));
    REQUIRE(watched["watched"].size() >= 2);
    CHECK_THAT(watched["watched"].back().get<std::string>(),
               Catch::Contains("is consumed by node"));
    CHECK_THAT(scratch.refusal("noc --size 3x3 --watch 99999999" + std::string(kNocRun)),
               Catch::Contains("watch: found packet 99999999") && Catch::Contains("allowed is"));
}

TEST_CASE("one command replays what a model's layers send one another") {
    const tests::TinyModel tiny;
    const std::string words = "noc --traffic program --model " + tiny.path("q.safetensors") +
                              " --prompt \"the state\" --tokens 3 --chip ";
    const std::string chip = words + tests::kChip;
    const nlohmann::json result = tiny.json_of(chip + " --packets " + tiny.path("p.txt"));
    CHECK(result["program"]["bit_exact"] == true);
    CHECK(result["program"]["tokens"] == 12);  // 9 characters of the prompt, and 3
    CHECK(result["drained"] == true);
    CHECK(result["classes"].size() == 4);

    // The two commands that it stands for.
    const nlohmann::json simulated =
        tiny.json_of("simulate --model " + tiny.path("q.safetensors") + " --chip " + tests::kChip +
                     " --prompt \"the state\" --tokens 3 --packets " + tiny.path("s.txt"));
    const nlohmann::json replayed = tiny.json_of("noc --traffic trace --trace " +
                                                 tiny.path("s.txt") + " --chip " + tests::kChip);
    for (const char* key : {"packets", "latency", "flit_hops", "retired_as_recorded"}) {
        CHECK(result[key] == replayed[key]);
    }
    CHECK(read_file(tiny.path("p.txt")) == read_file(tiny.path("s.txt")));

    // With causes it is the same on the same network; on a slower one the schedule follows.
    const nlohmann::json caused = tiny.json_of(chip + " --infer-causes true");
    CHECK(caused["retired_as_recorded"] == caused["packets"]);
    const nlohmann::json slow = tiny.json_of(chip + " --forward-delay 8");
    const nlohmann::json slow_caused =
        tiny.json_of(chip + " --forward-delay 8 --infer-causes true");
    CHECK(slow["packets"] == result["packets"]);
    CHECK(slow_caused["packets"] == result["packets"]);
    CHECK(slow_caused["cycles"] > slow["cycles"]);

    // Another network of as many nodes.
    const std::string ring =
        tiny.file("ring.yaml",
                  "network: {topology: ring, width: 20, vcs: 8, message_classes: [2, 2, 2, 2]}\n");
    const nlohmann::json on_ring = tiny.json_of(chip + " --config " + ring);
    CHECK(on_ring["packets"] == result["packets"]);
    CHECK(on_ring["hops_average"] > result["hops_average"]);
}

TEST_CASE("what does not go with a Program's traffic is refused in one line") {
    const tests::TinyModel tiny;
    const std::string model = " --model " + tiny.path("q.safetensors");
    const std::string words = "noc --traffic program --chip " + tests::kChip;
    const auto refused = [&](const std::string& more, const char* because) {
        CHECK_THAT(tiny.refusal(more), Catch::Contains(because));
    };
    refused("noc --traffic program" + model, "--chip is missing");
    refused(words, "--model is missing");
    refused(words + model, "no prompt");
    refused(words + model + " --prompt the --trace t.txt", "found --trace with --traffic program");
    refused(words + model + " --prompt the --sweep s", "found --sweep with --traffic program");
    refused(words + model + " --prompt the --size 4x4",
            "has 16 nodes; allowed with --traffic program are those of the chip, 20");
    refused(words + model + " --prompt the --message-classes [6]", "has 1 message classes");
    refused("noc --prompt the", "found --prompt; allowed only with --traffic program");
}

}  // namespace
}  // namespace spikeloom
