#include "base/error.hpp"
#include "base/schema.hpp"
#include "models/integer_model.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/support/temporary_file.hpp"
#include "tests/workloads/chips.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "workloads/chrome_trace.hpp"
#include "workloads/compiler.hpp"
#include "workloads/session.hpp"
#include "workloads/ways.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace spikeloom::workloads {
namespace {

using models::Variant;

int most_likely(Logits logits) {
    return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

SessionOptions some_tokens(std::uint64_t generate = 4) {
    SessionOptions options;
    options.prompt = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
    options.generate = generate;
    options.next_token = most_likely;
    return options;
}

/// 14 tokens: the watched outputs and V logits each.
void check_verified(const SessionResult& result, const models::ModelConfig& config) {
    INFO((result.verification.first ? result.verification.first->text() : ""));
    CHECK(result.verification.bit_exact());
    CHECK(result.verification.mismatches == 0);
    const auto channels = static_cast<std::uint64_t>(config.channels);
    const auto layers = static_cast<std::uint64_t>(config.layers);
    std::uint64_t neurons = 0;
    switch (config.variant) {
        case Variant::linear_lif:
            neurons = 2 * channels + (config.hidden_spikes() ? config.hidden() : 0);
            break;
        case Variant::lif_linear:
            neurons = 6 * channels + config.hidden();
            break;
        case Variant::dense:
            break;
    }
    const std::uint64_t values = config.variant == Variant::linear_lif ? 0 : 2 * channels;
    CHECK(result.verification.spikes_compared == 14 * layers * neurons);
    CHECK(result.verification.values_compared == 14 * layers * values);
    CHECK(result.verification.logits_compared ==
          static_cast<std::uint64_t>(14 * config.vocabulary));
}

TEST_CASE("the chip's every spike and logit is the golden model's, whatever the variant") {
    const auto variant = GENERATE(Variant::linear_lif, Variant::lif_linear, Variant::dense);
    const auto strategy = GENERATE(Strategy::linear, Strategy::greedy, Strategy::anneal);
    const tests::TinyModel model(2, 12, 11, variant);
    CompilerOptions options;
    options.strategy = strategy;
    const arch::Program program = compile(model(), tests::chip_of(4, 4), options).program;
    const SessionResult result = run_session(program, tests::chip_of(4, 4), model(), some_tokens());
    check_verified(result, model().config);
    CHECK(result.generated.size() == 4);
}

TEST_CASE("it is with every option of the model") {
    const auto shape = [](Variant variant) {
        models::ModelConfig config;
        config.variant = variant;
        config.layers = 2;
        config.channels = 12;
        config.vocabulary = 11;
        return config;
    };
    const models::ModelConfig config = GENERATE_COPY(from_range(tests::all_kinds(shape)));
    const tests::TinyModel model(config);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    check_verified(run_session(program, tests::chip_of(4, 4), model(), some_tokens()), config);
}

TEST_CASE("where matrices read spikes a chip accumulates and multiplies for the head alone") {
    const tests::TinyModel model(2, 12, 11, Variant::lif_linear);
    const Compiled compiled = compile(model(), tests::chip_of(4, 4), {});
    const SessionOptions options = some_tokens(0);
    const SessionResult result =
        run_session(compiled.program, tests::chip_of(4, 4), model(), options);
    models::IntegerModel golden(model());
    std::uint64_t accumulates = 0;
    for (const int token : options.prompt) {
        golden.step(token);
        accumulates += 12;  // the token's row of the embedding
        for (const auto& layer : golden.trace().spikes) {
            using models::LifSite;
            const auto fired = [&](LifSite site) {
                return static_cast<std::uint64_t>(
                    std::count(layer[site].begin(), layer[site].end(), 1));
            };
            accumulates += 12 * (fired(LifSite::att_key) + fired(LifSite::att_value) +
                                 fired(LifSite::att_receptance) + fired(LifSite::att_output) +
                                 fired(LifSite::ffn_receptance) + fired(LifSite::ffn_value)) +
                           48 * fired(LifSite::ffn_key);
        }
    }
    const arch::Counts& counts = result.phases.front().counts;
    CHECK(counts.total(arch::Event::accumulates) == accumulates);
    CHECK(counts.total_macs() == options.prompt.size() * 12 * 11);  // the head's
}

TEST_CASE("it is on every shape of network, however packets find their way") {
    arch::ChipConfig chip = tests::chip_of(4, 4);
    noc::NetworkConfig& network = chip.network;
    network.vcs = 8;
    network.message_classes = {2, 2, 2, 2};
    SECTION("torus") {
        network.topology = noc::Topology::torus;
    }
    SECTION("concentrated mesh") {
        network.topology = noc::Topology::cmesh;
        network.width = 2;
        network.height = 2;
    }
    SECTION("ring") {
        network.topology = noc::Topology::ring;
        network.width = 16;
    }
    SECTION("tree") {
        network.topology = noc::Topology::tree;
        network.arity = 4;
        network.levels = 2;
    }
    SECTION("adaptive") {
        network.routing = noc::Routing::adaptive;
    }
    SECTION("odd-even") {
        network.routing = noc::Routing::odd_even;
    }
    SECTION("o1turn, the oldest packet first") {
        network.routing = noc::Routing::o1turn;
        network.arbiter = noc::ArbiterKind::age;
    }
    SECTION("four chips") {
        network.chips.width = 2;
        network.chips.height = 2;
        network.chips.link_bits = network.flit_bits / 4;
    }
    const tests::TinyModel model(2, 12, 11);
    const Compiled compiled = compile(model(), chip, {});
    const SessionResult result = run_session(compiled.program, chip, model(), some_tokens());
    check_verified(result, model().config);
    // Whatever the shape, a router books a passage for every flit, and the tiles' sums are all.
    const arch::Counts& counts = result.phases.front().counts;
    CHECK(counts.total(arch::Event::noc_crossbar_bits) ==
          counts.total(arch::Event::noc_buffer_read_bits));
    const std::uint64_t links = counts.total(arch::Event::noc_link_bits);
    const std::uint64_t interfaces = counts.total(arch::Event::noc_interface_bits) / 2;
    CHECK(counts.total(arch::Event::noc_crossbar_bits) == links + interfaces);
}

/// 16 tiles at 9 routers, of very different degree: a hub (router 0), a chain, a triangle, a router
/// without tiles, links of different length, delay and width.
constexpr const char* kIrregularGraph =
    "routers: 9\n"
    "nodes: [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8]\n"
    "links:\n"
    "  - {from: 0, to: 1}\n"
    "  - {from: 0, to: 2, length_mm: 2.5}\n"
    "  - {from: 0, to: 3, delay: 3}\n"
    "  - {from: 0, to: 4, bits: 16}\n"
    "  - {from: 1, to: 2}\n"
    "  - {from: 4, to: 5}\n"
    "  - {from: 5, to: 6, delay: 2, bits: 32, length_mm: 4}\n"
    "  - {from: 6, to: 7}\n"
    "  - {from: 7, to: 8, length_mm: 0.5}\n"
    "  - {from: 8, to: 3}\n";

arch::ChipConfig chip_on_graph(const tests::TemporaryFile& file, const std::string& routing) {
    return schema::read_string<arch::ChipConfig>(
        "memory_tiles: [15]\nnetwork: {topology: graph, graph: '" + file.path().string() +
            "', routing: " + routing + "}",
        "chip");
}

TEST_CASE("it is on an irregular graph, whose own links are counted") {
    const tests::TemporaryFile file("session_graph.yaml", kIrregularGraph);
    const arch::ChipConfig chip = chip_on_graph(file, "up_down");
    CHECK(chip.tiles() == 16);
    const Ways ways(chip);
    CHECK(ways.hops(0, 1) == 0);  // at one router
    CHECK(ways.hops(0, 6) == 2);  // over the hub
    CHECK(ways.hops(8, 4) == 3);  // up to the hub and down, not along the chain's 4

    const tests::TinyModel model(2, 12, 11);
    const Compiled compiled = compile(model(), chip, {});
    const SessionResult result = run_session(compiled.program, chip, model(), some_tokens());
    check_verified(result, model().config);

    // Of each link by its length, summed by hand from the flits that crossed it.
    const arch::Counts& counts = result.phases.back().counts;
    const noc::Graph& graph = ways.graph();
    REQUIRE(counts.link_flits.size() == graph.ports());
    double bit_mm = 0.0;
    std::uint64_t link_flits = 0;
    for (noc::PortId port = 0; port < graph.ports(); ++port) {
        const noc::PortId to = graph.link(port).to;
        if (to == noc::kNone) {
            continue;
        }
        const std::set<noc::RouterId> ends = {graph.router_of(port), graph.router_of(to)};
        const double length_mm = ends == std::set<noc::RouterId>{0, 2}   ? 2.5
                                 : ends == std::set<noc::RouterId>{5, 6} ? 4.0
                                 : ends == std::set<noc::RouterId>{7, 8} ? 0.5
                                                                         : 1.0;
        link_flits += counts.link_flits[port];
        bit_mm += length_mm * static_cast<double>(counts.link_flits[port]) * chip.network.flit_bits;
    }
    CHECK(counts.total(arch::Event::noc_link_bits) ==
          link_flits * static_cast<std::uint64_t>(chip.network.flit_bits));
    CHECK(static_cast<double>(counts.total(arch::Event::noc_link_bit_mm)) ==
          Approx(bit_mm).epsilon(1e-6));
}

TEST_CASE("a chip whose graph could deadlock is refused before anything is placed") {
    const tests::TemporaryFile file(
        "session_ring.txt",
        "0 1\n1 2\n2 3\n3 4\n4 5\n5 6\n6 7\n7 8\n8 9\n9 10\n10 11\n11 12\n12 13\n13 14\n"
        "14 15\n15 0\n");
    const tests::TinyModel model(2, 12, 11);
    CHECK_THROWS_WITH(compile(model(), chip_on_graph(file, "shortest"), {}),
                      Catch::Contains("router 0 to router 1"));
}

TEST_CASE("it is on chips with scarce resources and odd clocks too") {
    arch::ChipConfig chip = tests::chip_of(4, 4);
    SECTION("tiny queues") {
        chip.core.event_queue = 12;
        chip.core.output_queue = 16;
        chip.core.output_credits = 1;
        chip.core.dma_queue = 1;
        chip.core.dma_outstanding = 1;
        chip.memory.request_queue = 1;
        chip.network.buffer = 1;
        chip.host.result_slots = 1;
    }
    SECTION("one lane") {
        chip.core.lanes = 1;
        chip.core.vector.lanes = 1;
        chip.core.scan_width = 1;
        chip.core.synapse_port_bits = 8;
    }
    SECTION("one set of accumulators") {
        chip.core.accumulator_slots = 1;
    }
    SECTION("one virtual channel a class") {
        chip.network.vcs = 4;
        chip.network.message_classes = {1, 1, 1, 1};
    }
    SECTION("a slow network") {
        chip.network.clock_hz = 0.3e9;
    }
    SECTION("a fast network of narrow flits") {
        chip.network.clock_hz = 1.7e9;
        chip.network.flit_bits = 16;
        chip.max_packet_flits = 40;
        chip.core.output_queue = 64;
    }
    SECTION("fixed virtual channels, the other dimension order") {
        chip.network.vc_choice = noc::VcChoice::per_flow;
        chip.network.routing = noc::Routing::yx;
    }
    SECTION("few cores, so that stages share them") {
        chip.network.width = 3;
        chip.network.height = 2;
        chip.memory_tiles = {5};
    }
    SECTION("no room for weights, so that they are streamed") {
        chip.core.synapse_bytes = 64;
    }
    const tests::TinyModel model(2, 20, 11);
    const Compiled compiled = compile(model(), chip, {});
    const SessionResult result = run_session(compiled.program, chip, model(), some_tokens());
    check_verified(result, model().config);
}

TEST_CASE("where the stages are makes no difference to what they compute") {
    const tests::TinyModel model(1, 12, 11);
    const arch::ChipConfig chip = tests::chip_of(4, 4);
    std::vector<int> generated[2];
    std::uint64_t cycles[2];
    for (const bool reversed : {false, true}) {
        arch::Program program = compile(model(), chip, {}).program;
        if (reversed) {
            // Tiles 1 to 14 are cores.
            for (arch::Stage& stage : program.stages) {
                stage.tile = 15 - stage.tile;
            }
            for (arch::MemoryImage& image : program.synapse_images) {
                image.tile = 15 - image.tile;
            }
        }
        const SessionResult result = run_session(program, chip, model(), some_tokens());
        CHECK(result.verification.bit_exact());
        generated[reversed ? 1 : 0] = result.generated;
        cycles[reversed ? 1 : 0] = result.phases[0].cycles;
    }
    CHECK(generated[0] == generated[1]);
    CHECK(cycles[0] != cycles[1]);
}

TEST_CASE("a session is repeatable to the last count") {
    const tests::TinyModel model(1, 12, 11);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    const SessionResult first = run_session(program, tests::chip_of(4, 4), model(), some_tokens());
    const SessionResult second = run_session(program, tests::chip_of(4, 4), model(), some_tokens());
    REQUIRE(first.phases.size() == 2);
    for (std::size_t p = 0; p < 2; ++p) {
        CHECK(first.phases[p].cycles == second.phases[p].cycles);
        CHECK(first.phases[p].counts == second.phases[p].counts);
    }
    CHECK(first.generated == second.generated);
}

TEST_CASE("generation goes on from the prompt's state, as one sequence would") {
    const tests::TinyModel model(2, 12, 11);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    const SessionResult result =
        run_session(program, tests::chip_of(4, 4), model(), some_tokens(6));

    models::IntegerModel golden(model());
    std::vector<std::int32_t> logits;
    const auto step = [&](int token) {
        const auto found = golden.step(token);
        logits.assign(found.begin(), found.end());
    };
    double bits = 0.0;
    const std::vector<int> prompt = some_tokens().prompt;
    for (std::size_t t = 0; t < prompt.size(); ++t) {
        step(prompt[t]);
        if (t + 1 < prompt.size()) {
            double total = 0.0;
            for (const std::int32_t logit : logits) {
                total += std::exp(logit / 65536.0);
            }
            bits -= std::log2(std::exp(logits[static_cast<std::size_t>(prompt[t + 1])] / 65536.0) /
                              total);
        }
    }
    std::vector<int> expected;
    for (int i = 0; i < 6; ++i) {
        expected.push_back(most_likely(logits));
        step(expected.back());
    }
    CHECK(result.generated == expected);
    CHECK(result.prompt_bits == Approx(bits));
    models::IntegerModel again(model());
    CHECK(result.prompt_bits / 9 == Approx(models::evaluate(again, prompt)).epsilon(1e-12));
}

TEST_CASE("the phases are told apart: tokens overlap in a prefill and wait in a generation") {
    const tests::TinyModel model(2, 12, 11);
    const arch::ChipConfig chip = tests::chip_of(4, 4);
    const arch::Program program = compile(model(), chip, {}).program;
    const SessionResult result = run_session(program, chip, model(), some_tokens(10));
    REQUIRE(result.phases.size() == 2);
    CHECK(result.phases[0].name == "prefill");
    CHECK(result.phases[0].tokens == 10);
    CHECK(result.phases[1].name == "generate");
    CHECK(result.phases[1].tokens == 10);
    CHECK(result.phases[0].cycles_per_token() < 0.5 * result.phases[1].cycles_per_token());
    CHECK(result.phases[0].seconds ==
          Approx(static_cast<double>(result.phases[0].cycles) / chip.core_clock_hz));
    // One stage program a token and stage, in each phase.
    for (const PhaseResult& phase : result.phases) {
        CHECK(phase.counts.total(arch::Event::programs) == 10 * program.stages.size());
    }
}

TEST_CASE("the host's latency belongs to every generated token, and to no known one") {
    const tests::TinyModel model(2, 12, 11);
    arch::ChipConfig chip = tests::chip_of(4, 4);
    chip.memory.dram.refi = 0;  // no refresh, so that nothing depends on when a token comes
    const arch::Program program = compile(model(), chip, {}).program;
    const SessionResult result = run_session(program, chip, model(), some_tokens(10));
    chip.host.latency += 1000;
    const SessionResult slow = run_session(program, chip, model(), some_tokens(10));
    CHECK(slow.phases[0].cycles == result.phases[0].cycles);
    CHECK(slow.phases[1].cycles == result.phases[1].cycles + 10 * 1000);
}

TEST_CASE("a weight that was corrupted is found out, and where it shows first") {
    const tests::TinyModel model(2, 12, 11);
    arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    const auto stage = std::find_if(program.stages.begin(), program.stages.end(),
                                    [](const auto& s) { return s.name == "layer1.att_out.0"; });
    REQUIRE(stage != program.stages.end());
    const auto image =
        std::find_if(program.synapse_images.begin(), program.synapse_images.end(),
                     [&](const arch::MemoryImage& i) { return i.tile == stage->tile; });
    REQUIRE(image != program.synapse_images.end());
    for (std::size_t i = 0; i < stage->axons[0].row_stride; ++i) {
        image->bytes[stage->axons[0].address + i] ^= 0x5a;
    }
    const SessionResult result = run_session(program, tests::chip_of(4, 4), model(), some_tokens());
    CHECK_FALSE(result.verification.bit_exact());
    CHECK(result.verification.mismatches > 0);
    REQUIRE(result.verification.first);
    // Layer 0 is whole, so nothing before this can differ.
    CHECK((result.verification.first->where == "layer1.att.spikes" ||
           result.verification.first->where == "layer1.ffn.spikes" ||
           result.verification.first->where == "logits"));
    CHECK(result.verification.first->expected != result.verification.first->found);
}

TEST_CASE("firing rates and spikes are the golden model's") {
    const tests::TinyModel model(2, 12, 11);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    SessionOptions options = some_tokens(0);
    options.keep_spikes = true;
    const SessionResult result = run_session(program, tests::chip_of(4, 4), model(), options);
    models::IntegerModel golden(model());
    std::vector<double> fired(4, 0.0);
    REQUIRE(result.spikes.size() == 4);
    for (std::size_t t = 0; t < options.prompt.size(); ++t) {
        golden.step(options.prompt[t]);
        for (std::size_t block = 0; block < 4; ++block) {
            std::vector<std::uint32_t> expected;
            const auto& row =
                golden.trace().spikes[block / 2]
                                     [block % 2 == 0 ? models::LifSite::att : models::LifSite::ffn];
            for (std::uint32_t c = 0; c < row.size(); ++c) {
                if (row[c] != 0) {
                    expected.push_back(c);
                }
            }
            fired[block] += static_cast<double>(expected.size());
            CHECK(result.spikes[block].at(t) == expected);
        }
    }
    for (std::size_t block = 0; block < 4; ++block) {
        CHECK(result.firing_rates[block] == Approx(fired[block] / (10 * 12)));
    }
}

TEST_CASE("a followed membrane is what the neuron compares with its threshold") {
    const tests::TinyModel model(2, 12, 11);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    SessionOptions options = some_tokens(0);
    options.keep_spikes = true;
    options.membranes = {{1, 3}, {2, 11}};
    const SessionResult result = run_session(program, tests::chip_of(4, 4), model(), options);
    models::IntegerModel golden(model());
    REQUIRE(result.membranes.size() == 2);
    std::vector<double> membrane(2, 0.0);
    for (std::size_t t = 0; t < options.prompt.size(); ++t) {
        golden.step(options.prompt[t]);
        for (std::size_t n = 0; n < 2; ++n) {
            const auto& trace = result.membranes[n];
            const auto drive = golden.trace().row(golden.trace().drive, trace.neuron.output);
            // v + (input - v) / 2 in real numbers, for the published time constant of 2.
            membrane[n] += (drive[trace.neuron.channel] - membrane[n]) / 2;
            CHECK(trace.values.at(t) == Approx(membrane[n]).margin(2.0));
            const auto& fired = result.spikes[trace.neuron.output][t];
            const bool spiked =
                std::find(fired.begin(), fired.end(), trace.neuron.channel) != fired.end();
            CHECK(spiked == (trace.values[t] >= trace.threshold));
            if (spiked) {
                membrane[n] = 0.0;
            }
        }
    }
    options.membranes = {{0, 12}};
    CHECK_THROWS_AS(run_session(program, tests::chip_of(4, 4), model(), options), InputError);
    options.membranes = {{4, 0}};
    CHECK_THROWS_AS(run_session(program, tests::chip_of(4, 4), model(), options), InputError);
}

TEST_CASE("membranes in front of a matrix are followed too, values have none") {
    const tests::TinyModel model(1, 12, 11, Variant::lif_linear);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    const std::vector<WatchedOutput> watched = watched_outputs(model().config);
    REQUIRE(watched[2].name == "layer0.att_receptance.spikes");
    REQUIRE(watched[4].name == "layer0.att.values");
    SessionOptions options = some_tokens(0);
    options.keep_spikes = true;
    for (std::uint32_t c = 0; c < 12; ++c) {
        options.membranes.push_back({2, c});
    }
    const SessionResult result = run_session(program, tests::chip_of(4, 4), model(), options);
    std::size_t fired = 0;
    for (std::size_t t = 0; t < options.prompt.size(); ++t) {
        std::vector<std::uint32_t> above;
        for (std::uint32_t c = 0; c < 12; ++c) {
            if (result.membranes[c].values.at(t) >= result.membranes[c].threshold) {
                above.push_back(c);
            }
        }
        CHECK(result.spikes[2][t] == above);
        fired += above.size();
    }
    CHECK(fired > 0);
    options.membranes = {{4, 0}};
    CHECK_THROWS_WITH(run_session(program, tests::chip_of(4, 4), model(), options),
                      Catch::Contains("layer0.att.values has no membrane"));
}

TEST_CASE("a Program of another model is refused, not compared") {
    const tests::TinyModel model(2, 12, 11);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    const auto refusal = [&](const models::QuantisedModel& other, SessionOptions options) {
        try {
            run_session(program, tests::chip_of(4, 4), other, options);
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    using Catch::Contains;
    CHECK_THAT(refusal(tests::TinyModel(3, 12, 11)(), some_tokens()),
               Contains("layer2.att.spikes has 0 channels"));
    CHECK_THAT(refusal(tests::TinyModel(2, 20, 11)(), some_tokens()),
               Contains("has 12 channels; the model has 20"));
    CHECK_THAT(refusal(tests::TinyModel(2, 12, 12)(), some_tokens()),
               Contains("returns 11 values"));
    SessionOptions outside = some_tokens();
    outside.prompt.push_back(11);
    CHECK_THAT(refusal(model(), outside), Contains("token 11"));
    SessionOptions empty = some_tokens();
    empty.prompt.clear();
    CHECK_THAT(refusal(model(), empty), Contains("prompt is empty"));
}

TEST_CASE("the Chrome trace has a program and an emission for each stage and token") {
    const tests::TinyModel model(1, 12, 11);
    const arch::Program program = compile(model(), tests::chip_of(4, 4), {}).program;
    ChromeTrace trace(program, tests::chip_of(4, 4));
    SessionOptions options = some_tokens(0);
    options.probe = &trace;
    const SessionResult result = run_session(program, tests::chip_of(4, 4), model(), options);
    const auto path = std::filesystem::temp_directory_path() / "spikeloom_session_trace.json";
    trace.write(path);
    std::ifstream file(path);
    const auto events = nlohmann::json::parse(file);
    std::filesystem::remove(path);
    std::size_t complete = 0;
    double last = 0.0;
    for (const auto& event : events) {
        if (event.at("ph") == "X") {
            ++complete;
            CHECK(event.at("dur").get<double>() >= 0.0);
            last = std::max(last, event.at("ts").get<double>() + event.at("dur").get<double>());
        }
    }
    CHECK(complete == 2 * 10 * program.stages.size());
    // Microseconds of simulated time; the last result is on its way when the last emission ends.
    CHECK(last < result.phases[0].seconds * 1e6);
    CHECK(last > 0.5 * result.phases[0].seconds * 1e6);
}

}  // namespace
}  // namespace spikeloom::workloads
