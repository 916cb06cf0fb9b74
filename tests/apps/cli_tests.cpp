// The command line as its users and their scripts meet it: the real program, its exit codes, its
// one line for a mistake, its JSON, its files.
#include "base/files.hpp"
#include "base/safetensors.hpp"
#include "tests/apps/command_line.hpp"
#include "tests/support/shared_files.hpp"

#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace spikeloom {
namespace {

using nlohmann::json;
using tests::kChip;
using tests::kTinyTraining;
using tests::Outcome;
using tests::Scratch;
using tests::tiny_text;
using tests::TinyModel;

TEST_CASE("help and version go to standard output and succeed") {
    const Scratch scratch;
    for (const char* words :
         {"--help", "--version", "train --help", "simulate --help", "noc --help"}) {
        const Outcome outcome = scratch.run(words);
        INFO(words);
        CHECK(outcome.exit_code == 0);
        CHECK_FALSE(outcome.out.empty());
        CHECK(outcome.error.empty());
    }
}

TEST_CASE("bad usage is one line and exit code 2") {
    const Scratch scratch;
    CHECK_THAT(scratch.refusal("tarin"), Catch::Contains("unknown command 'tarin'"));
    CHECK_THAT(scratch.refusal("noc --rat 0.1"), Catch::Contains("--rat"));
    CHECK_THAT(scratch.refusal("noc --rate fast"), Catch::Contains("rate"));
    CHECK_THAT(scratch.refusal("noc stray"), Catch::Contains("positional"));
    CHECK_THAT(scratch.refusal("train"), Catch::Contains("missing"));
    CHECK_THAT(scratch.refusal("info"), Catch::Contains("exactly one"));
    CHECK_THAT(scratch.refusal("info --model " + scratch.path("none")), Catch::Contains("none"));
}

TEST_CASE("a mistake in a configuration is told with file, line and key") {
    const Scratch scratch;
    const std::string noc = scratch.file("noc.yaml", "network:\n  width: 4\n  vcz: 2\n");
    CHECK_THAT(scratch.refusal("noc --config " + noc),
               Catch::Contains("noc.yaml:3:3: network.vcz: unknown key (did you mean 'vcs'?)"));
    const std::string chip = scratch.file("chip.yaml", "core:\n  lanes: 0\n");
    CHECK_THAT(scratch.refusal("info --chip " + chip),
               Catch::Contains("chip.yaml:2:10: core.lanes"));
    const std::string train = scratch.file("train.yaml", "model: {layers: two}\n");
    scratch.file("text.txt", tiny_text());
    CHECK_THAT(scratch.refusal("train --config " + train + " --text " + scratch.path("text.txt") +
                               " --out " + scratch.path("m")),
               Catch::Contains("model.layers: found 'two'"));
    CHECK_FALSE(std::filesystem::exists(scratch.path("m")));
}

TEST_CASE("a corrupted or truncated model is refused with one line") {
    const TinyModel tiny;
    const std::string good = read_file(tiny.path("m.safetensors"));
    const std::string cut = tiny.file("cut.safetensors", good.substr(0, good.size() / 2));
    CHECK_THAT(tiny.refusal("eval --model " + cut + " --text " + tiny.path("text.txt")),
               Catch::Contains("cut.safetensors"));
    const std::string header = tiny.file("header.safetensors", "\xff" + good.substr(1));
    CHECK_THAT(tiny.refusal("info --model " + header), Catch::Contains("header.safetensors"));
    Safetensors missing = Safetensors::read(tiny.path("q.safetensors"));
    missing.tensors.erase(missing.tensors.begin());
    missing.write(tiny.path("missing.safetensors"));
    CHECK_THAT(tiny.refusal("simulate --model " + tiny.path("missing.safetensors") + " --chip " +
                            kChip + " --prompt a"),
               Catch::Contains("is missing"));
}

TEST_CASE("pruned weights, sparse rows and narrow accumulators: what the commands say of them") {
    const TinyModel tiny;
    const std::string q = tiny.path("pruned.safetensors");
    const json quantised =
        tiny.json_of("quantize --model " + tiny.path("m.safetensors") + " --text " +
                     tiny.path("text.txt") + " --prune 0.75 --max-tokens 100 --out " + q);
    CHECK(quantised["prune"] == 0.75);
    const std::string chip = read_file(kChip);
    const auto with = [&](const std::string& name, const std::string& keys) {
        std::string text = chip;
        text.insert(text.find("  lanes: 16"), keys);
        return tiny.file(name, text);
    };
    const std::string sparse = with("sparse.yaml", "  sparse_index_bits: 3\n");
    const auto simulated = [&](const std::string& rows) {
        return tiny.json_of("simulate --model " + q + " --chip " + sparse + " --rows " + rows +
                            " --prompt ab --mode prefill");
    };
    const json dense = simulated("dense");
    const json shorter = simulated("shorter");
    CHECK(dense["bit_exact"] == true);
    CHECK(shorter["bit_exact"] == true);
    CHECK_FALSE(dense["events"].contains("synapse_indices"));
    CHECK(shorter["events"]["synapse_indices"] > 0);
    CHECK(shorter["events"]["accumulator_writes"] < dense["events"]["accumulator_writes"]);
    CHECK(shorter["unpriced_events"].empty());

    const json mapped =
        tiny.json_of("map --model " + q + " --chip " + sparse + " --out " + tiny.path("p.yaml"));
    const int needed = mapped["accumulator_bits_needed"].get<int>();
    const auto run = [&](int bits) {
        return tiny.run("simulate --model " + q + " --chip " +
                        with("narrow.yaml", "  accumulator_bits: " + std::to_string(bits) + "\n") +
                        " --prompt ab --mode prefill");
    };
    const Outcome wide = run(needed);
    CHECK(wide.exit_code == 0);
    CHECK_THAT(wide.out, !Catch::Contains("saturated"));
    const Outcome narrow = run(8);
    CHECK(narrow.exit_code == 1);
    CHECK_THAT(narrow.out, Catch::Contains("sums that core.accumulator_bits cannot hold"));
    CHECK_THAT(narrow.error, Catch::Contains("the fabric differs from the golden model: token 0"));

    CHECK_THAT(tiny.refusal("map --model " + q + " --chip " + sparse + " --rows short --out " +
                            tiny.path("p.yaml")),
               Catch::Contains("rows: found 'short'; allowed is one of dense, shorter"));
    CHECK_THAT(tiny.refusal("quantize --model " + tiny.path("m.safetensors") + " --text " +
                            tiny.path("text.txt") + " --prune 1 --out " + q),
               Catch::Contains("allowed are 0 to below 1"));
    const std::string odd = with("odd.yaml", "");
    std::string text = read_file(odd);
    text.replace(text.find("sigmoid: {interval: 1, latency: 6}"), 34,
                 "sigmoid: {interval: 1, latency: 6, segments: 48}");
    CHECK_THAT(tiny.refusal("info --chip " + tiny.file("odd.yaml", text)),
               Catch::Contains("odd.yaml") && Catch::Contains("powers of two from 1 to 64"));
}

TEST_CASE("a model goes from text to a verified simulation through the subcommands") {
    const TinyModel tiny;
    const std::string q = tiny.path("q.safetensors");

    const json trained = tiny.json_of("eval --model " + tiny.path("m.safetensors") + " --text " +
                                      tiny.path("text.txt") + " --max-tokens 100");
    CHECK(trained["tokens"] == 99);
    CHECK(trained["bits_per_byte"] == trained["bits_per_token"]);
    const json integer = tiny.json_of("eval --precision integer --model " + q + " --text " +
                                      tiny.path("text.txt") + " --max-tokens 100");
    const json fabric = tiny.json_of("eval --precision fabric --model " + q + " --chip " + kChip +
                                     " --text " + tiny.path("text.txt") + " --max-tokens 100");
    CHECK(fabric["bits_per_token"] == integer["bits_per_token"]);

    const std::string program = tiny.path("p.yaml");
    const json mapped = tiny.json_of("map --model " + q + " --chip " + kChip + " --out " + program);
    for (const char* key : {"cores_used", "memory_utilisation", "hops_average", "hops_max",
                            "congestion_max", "interconnect_energy_j"}) {
        CHECK(mapped.contains(key));
    }

    const std::string run = tiny.path("run");
    const json simulated =
        tiny.json_of("simulate --model " + q + " --chip " + kChip + " --program " + program +
                     " --prompt 'the state' --mode generate --tokens 5 --report " + run);
    CHECK(simulated["bit_exact"] == true);
    CHECK(simulated["mismatches"] == 0);
    for (const char* key :
         {"tokens", "cycles", "seconds_simulated", "tokens_per_second_simulated",
          "energy_per_token_j", "energy", "events", "firing_rates", "wall_seconds"}) {
        CHECK(simulated.contains(key));
    }
    // Of each token a row of the embedding and the head's rows come from DRAM, at least once.
    CHECK(simulated["memory_reads"][0]["phase"] == "prefill");
    CHECK(simulated["memory_reads"][0]["bytes_per_token"] >= 16 * 256);
    CHECK(simulated["memory_reads"][1]["share_of_peak"] > 0.0);
    CHECK(simulated["memory_reads"][1]["share_of_peak"] < 1.0);
    for (const char* file : {"result.json", "events.csv", "config.yaml"}) {
        CHECK(std::filesystem::exists(std::filesystem::path(run) / file));
    }
    // Power over time: rows of whatever length follow one another and sum to the same energy.
    const auto energy = [&](const std::string& cycles) {
        const std::string file = tiny.path("power-" + cycles + ".csv");
        tiny.json_of("simulate --model " + q + " --chip " + kChip + " --program " + program +
                     " --prompt 'the state' --power " + file + " --power-cycles " + cycles);
        std::istringstream rows(read_file(file));
        std::string row;
        std::getline(rows, row);
        CHECK_THAT(row, Catch::StartsWith("begin_s,end_s,energy_j,power_w,synapse_memory_j,"));
        double sum = 0.0;
        double last_end = 0.0;
        int count = 0;
        while (std::getline(rows, row)) {
            double begin = 0.0;
            double end = 0.0;
            double joules = 0.0;
            REQUIRE(std::sscanf(row.c_str(), "%lf,%lf,%lf", &begin, &end, &joules) == 3);
            CHECK(begin == last_end);
            CHECK(end > begin);
            last_end = end;
            sum += joules;
            ++count;
        }
        return std::pair(sum, count);
    };
    const auto [fine, many] = energy("500");
    const auto [coarse, few] = energy("1000000000");
    CHECK(many > few);
    CHECK(fine == Approx(coarse).epsilon(1e-6));

    CHECK(tiny.json_of("report --run " + run + " --out " + tiny.path("r.html")).is_object());
    CHECK_THAT(read_file(tiny.path("r.html")), Catch::StartsWith("<!DOCTYPE html>"));
    CHECK(tiny.json_of("info --program " + program)["cores"] == mapped["cores_used"]);
    CHECK(tiny.json_of("info --model " + q)["channels"] == 16);
}

TEST_CASE("a model trained for few bits is quantised without loss and runs on a chip bit for bit") {
    const std::string bits = GENERATE(as<std::string>(), "2", "4");
    const Scratch scratch;
    const std::string text = scratch.file("text.txt", tiny_text());
    scratch.file("train.yaml",
                 "model: {layers: 2, channels: 16, context: 32}\n"
                 "training: {batch: 4, steps: 40, warmup_steps: 2, learning_rate: 0.01, "
                 "weight_bits: " +
                     bits + "}\n");
    const std::string model = scratch.path("m.safetensors");
    const std::string q = scratch.path("q.safetensors");
    scratch.json_of("train --config " + scratch.path("train.yaml") + " --text " + text + " --out " +
                    model);
    const json quantised = scratch.json_of("quantize --model " + model + " --text " + text +
                                           " --weight-bits " + bits + " --out " + q);
    CHECK(std::abs(quantised["bits_per_byte_loss"].get<double>()) < 0.02);
    const json simulated = scratch.json_of("simulate --model " + q + " --chip " + kChip +
                                           " --prompt 'the state'" + " --mode generate --tokens 3");
    CHECK(simulated["bit_exact"] == true);
    CHECK(simulated["mismatches"] == 0);
    // Products are counted by the widths of their factors.
    CHECK_THAT(simulated["events"].dump(), Catch::Contains("mac_" + bits + "x"));
}

TEST_CASE(
    "what an energy table does not price is told with its count, wherever figures are shown") {
    const TinyModel tiny;
    const std::string words =
        "simulate --model " + tiny.path("q.safetensors") + " --chip " + kChip +
        " --prompt we --tokens 1 --energy " SPIKELOOM_SOURCE_DIR "/configs/energy/cmos-7nm.yaml";
    const Outcome shown = tiny.run(words);
    CHECK(shown.exit_code == 0);
    const json result = tiny.json_of(words);
    std::uint64_t crossed = 0;
    for (const auto& priced : result["priced"]) {
        crossed += priced["unpriced_events"]["noc_crossbar_bits"].get<std::uint64_t>();
    }
    CHECK(crossed > 0);
    CHECK_THAT(shown.out, Catch::Contains("warning: " + std::to_string(crossed) +
                                          " noc_crossbar_bits have no price in the energy table"));
}

TEST_CASE("a hand-edited Program that cannot run is refused with its file and line") {
    const TinyModel tiny;
    const std::string words = "simulate --model " + tiny.path("q.safetensors") + " --chip " + kChip;
    const std::string program = tiny.path("p.yaml");
    tiny.json_of("map --model " + tiny.path("q.safetensors") + " --chip " + kChip + " --out " +
                 program);
    std::string text = read_file(program);
    const std::size_t at = text.find("tile: ", text.find("stages:"));
    REQUIRE(at != std::string::npos);
    const auto stage_line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
    text.replace(at, text.find_first_of("\n,}", at) - at, "tile: 9999");
    write_file(program, text);
    const std::string refusal = tiny.refusal(words + " --program " + program +
                                             " --prompt hello --report " + tiny.path("r"));
    CHECK_THAT(refusal, Catch::Contains("p.yaml:") && Catch::Contains("9999"));
    const std::size_t named = refusal.find("p.yaml:") + 7;
    CHECK(std::abs(std::stol(refusal.substr(named)) - stage_line) <= 2);
    CHECK_FALSE(std::filesystem::exists(tiny.path("r")));
}

TEST_CASE("the fabric generates what its own golden model says, seed by seed") {
    const TinyModel tiny;
    const std::string words =
        "simulate --model " + tiny.path("q.safetensors") + " --chip " + kChip +
        " --prompt 'we ' --mode generate --tokens 6 --temperature 0.9 --seed ";
    const json first = tiny.json_of(words + "3");
    const json again = tiny.json_of(words + "3");
    CHECK(first["bit_exact"] == true);
    CHECK(first["cycles"] == again["cycles"]);
    CHECK(first["events"] == again["events"]);
    CHECK(first["generated"].get<std::string>().size() >= 6);
    CHECK(first["generated"] == again["generated"]);
}

TEST_CASE("training gives the same file for every number of threads") {
    const Scratch scratch;
    scratch.file("text.txt", tiny_text());
    scratch.file("train.yaml", kTinyTraining);
    for (const char* threads : {"1", "2", "3"}) {
        scratch.json_of("train --config " + scratch.path("train.yaml") + " --text " +
                        scratch.path("text.txt") + " --seed 4 --threads " + threads + " --out " +
                        scratch.path(threads));
    }
    CHECK(read_file(scratch.path("1")) == read_file(scratch.path("2")));
    CHECK(read_file(scratch.path("1")) == read_file(scratch.path("3")));
}

TEST_CASE("check-golden holds SpikeGPT against the published implementation") {
    SPIKELOOM_NEED_SHARED(weights, "golden/spikegpt-3x64.weights.safetensors");
    SPIKELOOM_NEED_SHARED(golden, "golden/spikegpt-3x64.golden.safetensors");
    const Scratch scratch;
    const json result = scratch.json_of("check-golden --weights " + weights.string() +
                                        " --golden " + golden.string());
    CHECK(result["logits_max_abs_error"] <= 1e-4);
    CHECK(result["loss_rel_error"] <= 1e-5);
    CHECK(result["spike_agreement"] >= 0.9999);
    CHECK(result["grad_rel_l2_max"] <= 1e-3);
    CHECK(result["grad_rel_l2"].size() > 40);
}

TEST_CASE("weights that were tampered with fail the golden check with exit code 1") {
    SPIKELOOM_NEED_SHARED(weights, "golden/spikegpt-3x64.weights.safetensors");
    SPIKELOOM_NEED_SHARED(golden, "golden/spikegpt-3x64.golden.safetensors");
    const Scratch scratch;
    Safetensors file = Safetensors::read(weights);
    auto head = file.values<float>("head.weight");
    head[0] += 0.5F;
    file.add<float>("head.weight", file.at("head.weight").shape, head);
    file.write(scratch.path("w.safetensors"));
    CHECK(scratch
              .run("check-golden --weights " + scratch.path("w.safetensors") + " --golden " +
                   golden.string())
              .exit_code == 1);
}

TEST_CASE("synthetic traffic is reported under the agreed keys and drains") {
    const Scratch scratch;
    const json result = scratch.json_of(
        "noc --topology mesh --size 4x4 --routing xy --vcs 2 --buffer 4 --packet-flits 4 "
        "--traffic uniform --rate 0.1 --warmup 500 --cycles 2000 --seed 1");
    for (const char* key :
         {"packets", "latency_average", "latency_p99", "latency_max", "hops_average", "throughput",
          "flit_hops", "cycles", "drained", "wall_seconds", "energy_j"}) {
        CHECK(result.contains(key));
    }
    CHECK(result["drained"] == true);
}

TEST_CASE("the configuration keys in docs are those the program reads") {
    const Scratch scratch;
    const std::string docs =
        read_file(std::string(SPIKELOOM_SOURCE_DIR) + "/docs/configuration.md");
    for (const char* kind : {"chip", "classify", "energy", "noc", "snn", "train"}) {
        INFO(kind);
        const Outcome outcome = scratch.run(std::string("info --keys ") + kind);
        CHECK(outcome.exit_code == 0);
        CHECK_THAT(docs, Catch::Contains(outcome.out));
    }
}

}  // namespace
}  // namespace spikeloom
