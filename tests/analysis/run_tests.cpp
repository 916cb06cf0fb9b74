#include "analysis/run.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "sample_run.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace spikeloom;
using namespace spikeloom::analysis;
using nlohmann::json;

namespace {

/// A saved sample whose files a test damages.
struct SavedRun {
    tests::ScratchFolder folder;
    Run run = tests::sample_run();

    SavedRun() { save(run, folder.path()); }

    json result() const { return json::parse(read_file(folder.path() / "result.json")); }
    void write_result(const json& changed) const {
        write_file(folder.path() / "result.json", changed.dump());
    }
    std::string refusal() const {
        try {
            load_run(folder.path());
        } catch (const InputError& error) {
            return error.what();
        }
        return "accepted";
    }
};

}  // namespace

TEST_CASE("a run comes back from its directory as it was saved", "[analysis]") {
    const SavedRun saved;
    const Run back = load_run(saved.folder.path());
    const Run& run = saved.run;
    CHECK(back.label == run.label);
    CHECK(back.kind == run.kind);
    CHECK(back.seed == run.seed);
    CHECK(back.commands == run.commands);
    CHECK(back.config_yaml == run.config_yaml);
    CHECK(back.chip.tiles == run.chip.tiles);
    CHECK(back.chip.units.sram_bytes == run.chip.units.sram_bytes);
    CHECK(back.chip.core_hertz == run.chip.core_hertz);
    CHECK(back.model.macs_per_token == run.model.macs_per_token);
    REQUIRE(back.phases.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(back.phases[i].name == run.phases[i].name);
        CHECK(back.phases[i].cycles == run.phases[i].cycles);
        CHECK(back.phases[i].seconds == run.phases[i].seconds);  // to the last bit
        CHECK(back.phases[i].counts == run.phases[i].counts);
        CHECK(back.phases[i].links.size() == run.phases[i].links.size());
    }
    CHECK(back.firing_rates.back().rate == run.firing_rates.back().rate);
    CHECK(back.verification.bits_compared() == run.verification.bits_compared());
    CHECK(back.bits_per_byte.floating == run.bits_per_byte.floating);
    CHECK(back.rasters.back().spikes == run.rasters.back().spikes);
    CHECK(back.membranes.front().values == run.membranes.front().values);
    CHECK(back.learning_curve[10].valid_bits == run.learning_curve[10].valid_bits);
    CHECK_FALSE(back.learning_curve[11].valid_bits.has_value());
    REQUIRE(back.energy_tables.size() == 1);
    CHECK(back.energy_tables[0].events.size() == run.energy_tables[0].events.size());
    // And everything else: both write the same files.
    CHECK(result_json(back) == result_json(run));
    CHECK(events_csv(back) == events_csv(run));
}

TEST_CASE("result.json has the figures scripts read, for the phase that was asked for",
          "[analysis]") {
    const SavedRun saved;
    const json result = saved.result();
    const Phase& generate = saved.run.phases[1];
    const EnergyBreakdown energy =
        price(generate.counts, saved.run.energy_tables[0], generate.seconds, saved.run.chip.units);
    CHECK(result["phase"] == "generate");
    CHECK(result["tokens"] == generate.tokens);
    CHECK(result["cycles"] == generate.cycles);
    CHECK(result["seconds_simulated"] == generate.seconds);
    CHECK(result["tokens_per_second_simulated"].get<double>() ==
          Approx(static_cast<double>(generate.tokens) / generate.seconds));
    CHECK(result["energy_per_token_j"].get<double>() == Approx(energy.joules / 48.0));
    CHECK(result["energy"]["synapse_memory"].get<double>() ==
          Approx(energy.of(Component::synapse_memory)));
    CHECK(result["energy"].size() == kComponents);
    CHECK(result["events"]["synapse_read_bits"] == total(generate.counts).at("synapse_read_bits"));
    CHECK(result["bit_exact"] == true);
    CHECK(result["mismatches"] == 0);
    CHECK(result["wall_seconds"] == 3.25);
    CHECK(result["firing_rates"].size() == 6);
    CHECK(result["priced"].size() == 2);  // one table, two phases
}

TEST_CASE("a run that was saved before the width of a flit was recorded can still be read",
          "[analysis]") {
    const SavedRun saved;
    CHECK(load_run(saved.folder.path()).chip.units.flit_bits == 32);
    json older = saved.result();
    REQUIRE(older["chip"]["units"].erase("flit_bits") == 1);
    saved.write_result(older);
    CHECK(load_run(saved.folder.path()).chip.units.flit_bits == 0);
}

TEST_CASE("an unpriced event stands in result.json with its count", "[analysis]") {
    Run run = tests::sample_run();
    run.energy_tables[0].events.erase("noc_link_bit_mm");
    const json result = json::parse(result_json(run));
    CHECK(result["unpriced_events"]["noc_link_bit_mm"] ==
          total(run.main_phase().counts).at("noc_link_bit_mm"));
}

TEST_CASE("nothing compared is not bit-exact", "[analysis]") {
    Verification check;
    CHECK_FALSE(check.bit_exact());
    check.logits_compared = 2;
    CHECK(check.bits_compared() == 64);
    CHECK(check.bit_exact());
    check.mismatches = 1;
    CHECK_FALSE(check.bit_exact());
}

TEST_CASE("events.csv is a header and a row a count, and zeros are left out", "[analysis]") {
    Run run = tests::sample_run();
    run.phases.resize(1);
    run.phases[0].counts = {{3, {{"adds", 12}, {"sleeps", 0}}}, {7, {{"adds", 5}}}};
    CHECK(events_csv(run) == "phase,tile,event,count\nprefill,3,adds,12\nprefill,7,adds,5\n");
}

TEST_CASE("text that is no UTF-8 is saved with replacement characters", "[analysis]") {
    Run run = tests::sample_run();
    run.generated = "a\xFFz";
    const tests::ScratchFolder folder;
    save(run, folder.path());
    CHECK(load_run(folder.path()).generated == "a\xEF\xBF\xBDz");
}

TEST_CASE("a damaged result.json is refused with the key", "[analysis]") {
    using Catch::Contains;
    const SavedRun saved;
    json result = saved.result();
    const auto refused = [&](auto&& change) {
        json changed = result;
        change(changed);
        saved.write_result(changed);
        return saved.refusal();
    };
    CHECK(refused([](json&) {}) == "accepted");
    CHECK_THAT(refused([](json& r) { r.erase("chip"); }), Contains("chip: this key is missing"));
    CHECK_THAT(refused([](json& r) { r["colour"] = 1; }), Contains("colour: unknown key"));
    CHECK_THAT(refused([](json& r) { r["seed"] = "one"; }), Contains("seed: found \"one\""));
    CHECK_THAT(refused([](json& r) { r["seed"] = -1; }), Contains("seed: found -1"));
    CHECK_THAT(refused([](json& r) { r["chip"]["width"] = 5000000000; }), Contains("chip.width"));
    CHECK_THAT(refused([](json& r) { r["chip"]["width"] = 5; }), Contains("chip.tiles: found 16"));
    CHECK_THAT(refused([](json& r) { r["chip"]["tiles"][1] = "core core core gpu"; }),
               Contains("'gpu'"));
    CHECK_THAT(refused([](json& r) { r["phases"] = json::array(); }), Contains("phases"));
    CHECK_THAT(refused([](json& r) { r["phases"][1]["name"] = "prefill"; }), Contains("twice"));
    CHECK_THAT(refused([](json& r) { r["phases"][0]["links"][2]["port"] = 5; }),
               Contains("port 5"));
    CHECK_THAT(refused([](json& r) { r["phases"][0]["events"]["accumulates"] = 1; }),
               Contains("events.csv") && Contains("do not sum"));
    CHECK_THAT(refused([](json& r) { r["firing_rates"][0]["rate"] = 1.5; }),
               Contains("firing_rates"));
    CHECK_THAT(refused([](json& r) { r["rasters"][0]["spikes"][3] = {64}; }),
               Contains("neuron 64"));
    CHECK_THAT(refused([](json& r) { r["energy_tables"][0] = "name: x"; }),
               Contains("energy_tables[0]"));
    CHECK_THAT(refused([](json& r) { r = json::array(); }), Contains("allowed is an object"));
    write_file(saved.folder.path() / "result.json", "{\"label\": ");
    CHECK_THAT(saved.refusal(), Contains("result.json: no valid JSON"));
}

TEST_CASE("a damaged events.csv is refused with the line", "[analysis]") {
    using Catch::Contains;
    const SavedRun saved;
    const std::string good = read_file(saved.folder.path() / "events.csv");
    const auto refused = [&](const std::string& text) {
        write_file(saved.folder.path() / "events.csv", text);
        return saved.refusal();
    };
    const std::size_t second = good.find('\n', good.find('\n') + 1) + 1;
    CHECK(refused(good) == "accepted");
    CHECK_THAT(refused(""), Contains("empty"));
    CHECK_THAT(refused(good.substr(0, good.size() - 4)), Contains("cut short"));
    CHECK_THAT(refused(good.substr(0, second)), Contains("do not sum"));
    CHECK_THAT(refused("phase;tile\n" + good), Contains("events.csv:1") && Contains("header"));
    CHECK_THAT(refused(good + "prefill,1,adds\n"), Contains("'prefill,1,adds'"));
    CHECK_THAT(refused(good + "prefill,1,adds,-4\n"), Contains("'prefill,1,adds,-4'"));
    CHECK_THAT(refused(good + "warmup,1,adds,4\n"), Contains("'warmup'"));
    CHECK_THAT(refused(good + "prefill,16,adds,0\n"), Contains("tile 16"));
    const std::string row = good.substr(good.find('\n') + 1, second - good.find('\n') - 1);
    CHECK_THAT(refused(good + row), Contains("stands twice"));
}

TEST_CASE("a missing file of a run is named", "[analysis]") {
    for (const char* name : {"result.json", "events.csv", "config.yaml"}) {
        const SavedRun saved;
        std::filesystem::remove(saved.folder.path() / name);
        CHECK_THAT(saved.refusal(), Catch::Contains(name));
    }
}
