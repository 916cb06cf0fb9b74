// snn and validate, run as a user runs them.
#include "command_line.hpp"

#include <fstream>

namespace spikeloom::tests {
namespace {

const std::string kConfigs = std::string(SPIKELOOM_SOURCE_DIR) + "/configs/";

constexpr const char* kPair =
    "name: pair\npopulations:\n"
    "  - {name: S, neurons: 1, model: regular, interval_ms: 5, start_ms: 1}\n"
    "  - {name: A, neurons: 2, model: non_leaky, threshold: 2}\n"
    "connections:\n  - {from: S, to: A, weight: 1, delay_ms: 2}\n";

TEST_CASE("a spiking network is reported under the agreed keys, with its spikes and its power") {
    const Scratch scratch;
    const std::string network = scratch.file("net.yaml", kPair);
    const std::string words = "snn --network " + network + " --chip " + kConfigs +
                              "chips/loihi-like.yaml --steps 20 --spikes " +
                              scratch.path("spikes.csv") + " --power " + scratch.path("power.csv") +
                              " --power-steps 5 --report " + scratch.path("run");
    const json result = scratch.json_of(words);
    CHECK(result["spikes"] == 8);
    CHECK(result["synaptic_operations"] == 8);
    for (const char* key : {"cycles", "energy", "wall_seconds"}) {
        CHECK(result.contains(key));
    }
    // 20 steps of 3 neurons; Loihi's barriers have no published energy.
    CHECK(result["unpriced_events"] == json{{"barriers", 20}});
    const auto& events = result["events"];
    CHECK(events["neuron_updates_active"].get<int>() + events["neuron_updates_idle"].get<int>() ==
          60);
    CHECK(read_file(scratch.path("spikes.csv")) ==
          "step,population,neuron\n1,S,0\n6,S,0\n8,A,0\n8,A,1\n11,S,0\n16,S,0\n18,A,0\n18,A,1\n");

    // Four rows, whose energies add up to the whole.
    std::ifstream power(scratch.path("power.csv"));
    std::string line;
    std::getline(power, line);
    double joules = 0.0;
    int rows = 0;
    for (; std::getline(power, line); ++rows) {
        const std::size_t third = line.find(',', line.find(',') + 1) + 1;
        joules += std::stod(line.substr(third));
    }
    CHECK(rows == 4);
    CHECK(joules == Approx(result["energy_j"].get<double>()).epsilon(1e-6));

    // The report draws the same four.
    CHECK_THAT(read_file(scratch.path("run") + "/report.html"), Catch::Contains("4 stretches"));
    double drawn = 0.0;
    const json run = json::parse(read_file(scratch.path("run") + "/result.json"));
    for (const json& sample : run["power"]) {
        for (const json& component : sample["joules"]) {
            drawn += component.get<double>();
        }
    }
    CHECK(drawn == Approx(joules));

    // The finished run, priced with another table.
    const json priced =
        scratch.json_of("report --run " + scratch.path("run") + " --out " + scratch.path("r.html") +
                        " --energy " + kConfigs + "energy/loihi-sanafe.yaml");
    CHECK(priced["figures"][0]["energy_table"] == "loihi-sanafe");
    CHECK(priced["figures"][0]["energy_per_token_j"].get<double>() > 0.0);
}

TEST_CASE("what a table of a spiking network does not price is a warning, whichever table it is") {
    const Scratch scratch;
    const Outcome outcome =
        scratch.run("snn --network " + scratch.file("net.yaml", kPair) + " --chip " + kConfigs +
                    "chips/loihi-like.yaml --steps 20 --energy " + kConfigs +
                    "energy/loihi-davies2018.yaml " + kConfigs + "energy/loihi-sanafe.yaml");
    for (const char* table : {"loihi-davies2018", "loihi-sanafe"}) {
        CHECK_THAT(outcome.out,
                   Catch::Contains("warning: 20 barriers have no price in the energy table " +
                                   std::string(table)));
    }
}

TEST_CASE("simulated event energies and times of Loihi equal the published ones") {
    const std::string name =
        GENERATE("synaptic-operation", "neuron-update-inactive", "neuron-update-active",
                 "hop-east-west", "hop-north-south", "within-tile-spike");
    const Scratch scratch;
    const json result =
        scratch.json_of("validate --case " + kConfigs + "validation/loihi-" + name + ".yaml");
    CHECK(result["failed"] == 0);
    CHECK(result["cases"].size() == 2);
}

TEST_CASE("a published figure that is missed ends in exit code 1") {
    const Scratch scratch;
    scratch.file("net.yaml", kPair);
    const std::string one = scratch.file(
        "case.yaml",
        "name: off\nnetwork: net.yaml\nsteps: 20\nchip: " + kConfigs +
            "chips/loihi-like.yaml\nenergy: " + kConfigs +
            "energy/loihi-davies2018.yaml\nexpect:\n"
            "  - {quantity: watts, published: 1, tolerance_percent: 10, source: made up}\n");
    const Outcome outcome = scratch.run("validate --case " + one);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.out, Catch::Contains("DOES NOT HOLD"));
}

}  // namespace
}  // namespace spikeloom::tests
