// The core's parameters as a user meets them: a chip's configuration, a model compiled onto it,
// simulated, and every bit compared with the golden model.
#include "arch/chip.hpp"
#include "arch/weight_rows.hpp"
#include "base/random.hpp"
#include "models/integer_model.hpp"
#include "tests/workloads/chips.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "workloads/compiler.hpp"
#include "workloads/session.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

using models::QuantisedMatrix;
using models::QuantisedModel;
using models::Variant;

SessionResult simulated(const QuantisedModel& model, const arch::ChipConfig& chip,
                        const arch::Program& program) {
    SessionOptions options;
    options.prompt = {3, 1, 4, 1, 5, 9, 2, 6};
    options.generate = 2;
    options.next_token = [](Logits logits) {
        return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    };
    return run_session(program, chip, model, options);
}

/// Compiles, runs, and demands that nothing differs.
SessionResult exact(const QuantisedModel& model, const arch::ChipConfig& chip,
                    const CompilerOptions& options = {}) {
    const SessionResult result = simulated(model, chip, compile(model, chip, options).program);
    INFO((result.verification.first ? result.verification.first->text() : ""));
    CHECK(result.verification.bit_exact());
    CHECK(result.verification.mismatches == 0);
    CHECK(result.verification.logits_compared > 0);
    return result;
}

std::uint64_t total(const SessionResult& result, arch::Event event) {
    return result.phases[0].counts.total(event);
}

void each_matrix(QuantisedModel& model, const std::function<void(QuantisedMatrix&)>& change) {
    for (models::QuantisedLayer& layer : model.layers) {
        models::QuantisedTimeMix& time = layer.time_mix;
        models::QuantisedChannelMix& channel = layer.channel_mix;
        for (QuantisedMatrix* matrix : {&time.key, &time.value, &time.receptance, &time.output,
                                        &channel.key, &channel.value, &channel.receptance}) {
            change(*matrix);
        }
    }
    change(model.head);
}

/// Of its weights only one in `keep` is left.
QuantisedModel pruned(Variant variant, std::uint64_t keep) {
    QuantisedModel model = tests::TinyModel(2, 12, 11, variant).take();
    Random random(keep);
    each_matrix(model, [&](QuantisedMatrix& matrix) {
        for (std::int16_t& weight : matrix.weights) {
            weight = random.below(keep) == 0 ? weight : std::int16_t{0};
        }
    });
    return model;
}

struct Rows {
    std::size_t sparse = 0;
    std::size_t dense = 0;
    std::uint64_t bytes = 0;
};
Rows rows_in(const arch::Program& program) {
    Rows rows;
    for (const arch::Stage& stage : program.stages) {
        for (const arch::AxonBlock& block : stage.axons) {
            if (block.kind != arch::AxonBlock::Kind::direct) {
                ++(block.index_bits > 0 ? rows.sparse : rows.dense);
                rows.bytes += arch::totals_of(block).bytes;
            }
        }
    }
    return rows;
}

}  // namespace

TEST_CASE("weights that are 0 take no room and no work where rows are sparse") {
    const auto variant = GENERATE(Variant::linear_lif, Variant::lif_linear);
    const auto head = GENERATE(HeadHome::dram, HeadHome::cores);
    const QuantisedModel model = pruned(variant, 6);
    arch::ChipConfig chip = tests::chip_of(4, 4);
    CompilerOptions options;
    options.head = head;
    const SessionResult dense = exact(model, chip, options);

    chip.core.sparse_index_bits = 4;
    const Rows found = rows_in(compile(model, chip, options).program);
    CHECK(found.sparse > 0);
    CHECK(found.dense > 0);  // the embedding, for one
    const SessionResult sparse = exact(model, chip, options);
    CHECK(sparse.generated == dense.generated);
    const auto work = [](const SessionResult& result) {
        return total(result, arch::Event::accumulates) + result.phases[0].counts.total_macs();
    };
    CHECK(2 * work(sparse) < work(dense));
    CHECK(total(sparse, arch::Event::synapse_indices) > 0);
    CHECK(total(dense, arch::Event::synapse_indices) == 0);

    options.rows = RowKind::dense;
    const Rows forced = rows_in(compile(model, chip, options).program);
    CHECK(forced.sparse == 0);
    CHECK(found.bytes < forced.bytes);
    exact(model, chip, options);
}

TEST_CASE("indices of any width find the same accumulators") {
    const auto bits = GENERATE(1U, 2U, 3U, 7U, 16U);
    arch::ChipConfig chip = tests::chip_of(4, 4);
    chip.core.sparse_index_bits = bits;
    const QuantisedModel model = pruned(Variant::linear_lif, 25);
    CHECK(rows_in(compile(model, chip, {}).program).sparse > 0);
    exact(model, chip);
}

TEST_CASE("a part is kept as what takes less room") {
    // With all weights there, an index a synapse is only more.
    arch::ChipConfig chip = tests::chip_of(4, 4);
    chip.core.sparse_index_bits = 4;
    CHECK(rows_in(compile(pruned(Variant::linear_lif, 1), chip, {}).program).sparse == 0);
}

TEST_CASE("sparse rows let a model into cores that are too small for dense ones") {
    const QuantisedModel model = pruned(Variant::linear_lif, 8);
    arch::ChipConfig chip = tests::chip_of(3, 3);
    chip.core.synapse_bytes = 300;
    CompilerOptions options;
    const Compiled without = compile(model, chip, options);
    chip.core.sparse_index_bits = 3;
    const Compiled with = compile(model, chip, options);
    const auto streamed = [](const Compiled& compiled) {
        return std::count(compiled.layout.streamed.begin(), compiled.layout.streamed.end(), true);
    };
    CHECK(streamed(with) < streamed(without));
    exact(model, chip, options);
}

TEST_CASE("weights and events of any width are computed exactly") {
    // As wide as accumulators of 32 bits allow for 48 columns.
    const auto [weight_bits, event_bits] = GENERATE(values<std::pair<int, int>>(
        {{2, 2}, {2, 16}, {3, 7}, {8, 8}, {9, 16}, {12, 13}, {16, 2}, {16, 10}}));
    CAPTURE(weight_bits, event_bits);
    QuantisedModel model = tests::TinyModel(2, 12, 11).take();
    Random random(static_cast<std::uint64_t>(weight_bits));
    // C++17: a lambda cannot capture a structured binding.
    each_matrix(model, [&, bits = weight_bits, events = event_bits](QuantisedMatrix& matrix) {
        const auto levels = std::uint64_t{1} << bits;
        for (std::int16_t& weight : matrix.weights) {
            // Ternary rather than lopsided.
            const auto level = static_cast<int>(random.below(bits == 2 ? 3 : levels));
            weight = static_cast<std::int16_t>(level - (bits == 2 ? 1 : 1 << (bits - 1)));
        }
        matrix.weight_bits = bits;
        matrix.input.bits = events;
    });
    model.check("the model of these widths");
    const SessionResult result = exact(model, tests::chip_of(4, 4));
    CHECK(result.phases[0].counts.total(arch::mac_name(static_cast<std::uint32_t>(weight_bits),
                                                       static_cast<std::uint32_t>(event_bits))) >
          0);
}

TEST_CASE(
    "accumulators of the width that the compiler names hold every sum; narrower ones are "
    "found out") {
    const tests::TinyModel model(2, 12, 11);
    arch::ChipConfig chip = tests::chip_of(4, 4);
    const Compiled compiled = compile(model(), chip, {});
    CHECK(compiled.accumulator_bits < 32);
    chip.core.accumulator_bits = static_cast<std::uint32_t>(compiled.accumulator_bits);
    CHECK(total(exact(model(), chip), arch::Event::accumulator_saturations) == 0);

    chip.core.accumulator_bits = 12;
    const SessionResult narrow = simulated(model(), chip, compiled.program);
    CHECK(total(narrow, arch::Event::accumulator_saturations) > 0);
    CHECK_FALSE(narrow.verification.bit_exact());
    CHECK(narrow.verification.mismatches > 0);
    REQUIRE(narrow.verification.first);
    CHECK(narrow.verification.first->expected != narrow.verification.first->found);
    // Where a sum saturates does not depend on the order in which its events came.
    chip.network.clock_hz = 0.31e9;
    chip.core.event_queue = 1;
    const SessionResult slow = simulated(model(), chip, compiled.program);
    CHECK(total(slow, arch::Event::accumulator_saturations) ==
          total(narrow, arch::Event::accumulator_saturations));
    CHECK(slow.verification.mismatches == narrow.verification.mismatches);
}

TEST_CASE("the bound on accumulators is the largest sum of magnitudes, to the last unit") {
    QuantisedModel model = tests::TinyModel(1, 2, 2).take();
    each_matrix(model, [](QuantisedMatrix& matrix) {
        std::fill(matrix.weights.begin(), matrix.weights.end(), std::int16_t{0});
        matrix.input.bits = 2;
    });
    // The residual stream's 16 bits and a spike of 2^9 on top take 17.
    CHECK(model.accumulator_bits() == 17);
    model.head.weight_bits = 16;
    model.head.input.bits = 3;
    model.head.weights = {0, 0, 10000, 6384};  // 4 x 16384 = 2^16
    CHECK(model.accumulator_bits() == 18);
    model.head.weights = {0, 0, -10000, 6383};  // one less fits 17
    CHECK(model.accumulator_bits() == 17);
}

TEST_CASE("a chip's special functions are the golden model's, however coarse") {
    const tests::TinyModel model(2, 12, 11, GENERATE(Variant::linear_lif, Variant::lif_linear));
    arch::ChipConfig chip = tests::chip_of(4, 4);
    const SessionResult fine = exact(model(), chip);
    const auto elements = [&](const SessionResult& result, const char* event) {
        return result.phases[0].counts.total(event);
    };
    const std::uint64_t functions =
        elements(fine, "vector_exponential") + elements(fine, "vector_sigmoid");
    CHECK(elements(fine, "vector_interpolations") == functions);
    CHECK(elements(fine, "vector_newton_steps") == 2 * elements(fine, "vector_divide"));

    models::fixed::Functions& made = chip.core.vector.functions;
    made.exponential = {models::fixed::Method::table, 8};
    made.sigmoid = {models::fixed::Method::piecewise_linear, 1};
    made.divide_steps = 1;
    made.normalise_steps = 0;
    const SessionResult coarse = exact(model(), chip);
    CHECK(elements(coarse, "vector_interpolations") == elements(coarse, "vector_sigmoid"));
    CHECK(elements(coarse, "vector_newton_steps") == elements(coarse, "vector_divide"));
    CHECK(coarse.prompt_bits != fine.prompt_bits);

    // It is the golden model told of them that agrees, and no other.
    models::IntegerModel told(model(), made);
    models::IntegerModel untold(model());
    const auto ours = told.step(3);
    const auto theirs = untold.step(3);
    CHECK_FALSE(std::equal(ours.begin(), ours.end(), theirs.begin()));
}

namespace {

/// A chip drawn from the ends of what is allowed, more often than from between.
arch::ChipConfig extreme_chip(Random& random) {
    const auto pick = [&](std::uint32_t least, std::uint32_t most) {
        const std::uint64_t kind = random.below(3);
        return kind == 0   ? least
               : kind == 1 ? most
                           : least + static_cast<std::uint32_t>(random.below(most - least + 1));
    };
    arch::ChipConfig chip = tests::chip_of(4, 4);
    noc::NetworkConfig& network = chip.network;
    network.flit_bits = static_cast<int>(pick(16, 256));
    network.buffer = static_cast<int>(pick(1, 8));
    network.vcs = 4;
    network.message_classes = {1, 1, 1, 1};
    network.clock_hz = 1e9 * (0.2 + 3 * random.uniform());
    chip.max_packet_flits = pick(8, 40);
    arch::CoreConfig& core = chip.core;
    core.output_credits = pick(1, 8);
    core.output_queue = chip.max_packet_flits + core.output_credits - 1;
    core.event_queue = pick(1, 8);
    core.axon_latency = pick(1, 9);
    core.synapse_port_bits = pick(1, 1024);
    core.synapse_latency = pick(0, 9);
    core.synapse_banks = pick(1, 5);
    core.synapse_bank_cycles = pick(1, 5);
    core.sparse_index_bits = pick(0, 5);
    core.lanes = pick(1, 128);
    core.accumulator_banks = pick(0, 3);
    core.accumulator_slots = pick(1, 2);
    core.scan_width = pick(1, 64);
    core.vector.lanes = pick(1, 64);
    core.vector.issue = pick(0, 5);
    for (arch::FunctionalUnit& unit : core.vector.units) {
        unit.interval = pick(1, 4);
        unit.latency = unit.interval + pick(0, 20);
    }
    core.vector.functions.exponential = {random.below(2) == 0
                                             ? models::fixed::Method::table
                                             : models::fixed::Method::piecewise_linear,
                                         1 << random.below(9)};
    core.vector.functions.sigmoid = {random.below(2) == 0 ? models::fixed::Method::table
                                                          : models::fixed::Method::piecewise_linear,
                                     1 << random.below(7)};
    core.vector.functions.divide_steps = static_cast<int>(random.below(3));
    core.vector.functions.normalise_steps = static_cast<int>(random.below(3));
    core.dma_queue = pick(1, 4);
    core.dma_outstanding = pick(1, 4);
    core.dma_prefetch = pick(0, 4);
    core.dma_burst_rows = pick(1, 4);
    chip.memory.kind = random.below(2) == 0 ? arch::MemoryKind::dram : arch::MemoryKind::sram;
    chip.memory.request_queue = pick(1, 4);
    chip.memory.output_credits = pick(1, 8);
    chip.memory.output_queue = chip.max_packet_flits + chip.memory.output_credits - 1;
    chip.host.result_slots = pick(1, 2);
    return chip;
}

}  // namespace

TEST_CASE("chips of extreme parameters compute the golden model's bits") {
    const auto seed = GENERATE(range(1, 31));
    CAPTURE(seed);
    Random random(static_cast<std::uint64_t>(seed));
    const arch::ChipConfig chip = extreme_chip(random);
    const std::vector<Variant> variants = {Variant::linear_lif, Variant::lif_linear,
                                           Variant::dense};
    const QuantisedModel model = pruned(variants[random.below(3)], 1 + random.below(8));
    const arch::Program program = compile(model, chip, {}).program;
    const SessionResult result = simulated(model, chip, program);
    INFO((result.verification.first ? result.verification.first->text() : ""));
    CHECK(result.verification.bit_exact());
    const arch::Counts& counts = result.phases[0].counts;
    CHECK(counts.total(arch::Event::event_queue_reads) ==
          counts.total(arch::Event::event_queue_writes));
    CHECK(counts.total(arch::Event::memory_requests) ==
          counts.total(arch::Event::packets_requests));
    CHECK(counts.total(arch::Event::dma_rows) >= counts.total(arch::Event::packets_requests));
    CHECK(counts.total(arch::Event::noc_interface_bits) ==
          2 * counts.total(arch::Event::output_flits) *
              static_cast<std::uint64_t>(chip.network.flit_bits));
}

TEST_CASE("a chip of 4,096 cores computes the golden model's bits") {
    arch::ChipConfig chip = tests::chip_of(64, 65);
    chip.memory_tiles.clear();
    for (arch::TileId tile = 4097; tile < 4160; ++tile) {
        chip.memory_tiles.push_back(tile);
    }
    REQUIRE(chip.cores() == 4096);
    exact(tests::TinyModel(2, 12, 11)(), chip);
}

}  // namespace spikeloom::workloads
