// SpikeGPT against recorded outputs, spikes and gradients of the published training code.
#include "base/error.hpp"
#include "models/golden.hpp"
#include "tests/support/shared_files.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;

TEST_CASE("Logits, loss, spikes and every gradient are those of the published code") {
    SPIKELOOM_NEED_SHARED(weights, "golden/spikegpt-3x64.weights.safetensors");
    SPIKELOOM_NEED_SHARED(golden, "golden/spikegpt-3x64.golden.safetensors");
    const Parameters parameters = Parameters::load(weights);
    CHECK(parameters.config().layers == 3);
    CHECK(parameters.config().channels == 64);
    CHECK(parameters.config().vocabulary == 96);
    CHECK(parameters.config().context == 48);
    Workers workers(2);
    const GoldenReport report = compare_with_golden(parameters, Safetensors::read(golden), workers);
    CHECK(report.logits_max_abs_error <= 1e-4);
    CHECK(report.loss_rel_error <= 1e-5);
    CHECK(report.spike_agreement >= 0.9999);
    CHECK(report.grad_rel_l2.size() == parameters.layout().size());
    CHECK(report.grad_rel_l2_max <= 1e-3);
    CHECK_NOTHROW(require_within(report, {}));
}

TEST_CASE("The golden check fails for a weight that is slightly wrong") {
    SPIKELOOM_NEED_SHARED(weights, "golden/spikegpt-3x64.weights.safetensors");
    SPIKELOOM_NEED_SHARED(golden, "golden/spikegpt-3x64.golden.safetensors");
    Parameters parameters = Parameters::load(weights);
    Workers workers(1);
    const Safetensors reference = Safetensors::read(golden);
    parameters.tensor("blocks.2.att.time_decay")[5] += 0.05F;
    CHECK_THROWS_AS(require_within(compare_with_golden(parameters, reference, workers), {}),
                    CheckFailed);
}

TEST_CASE("A figure that is not a number is beyond every tolerance") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    GoldenReport good;
    good.spike_agreement = 1.0;
    good.grad_rel_l2 = {{"emb.weight", 1e-6}};
    CHECK_NOTHROW(require_within(good, {}));
    for (int field = 0; field < 4; ++field) {
        GoldenReport bad = good;
        (field == 0   ? bad.logits_max_abs_error
         : field == 1 ? bad.loss_rel_error
         : field == 2 ? bad.spike_agreement
                      : bad.grad_rel_l2[0].second) = nan;
        CHECK_THROWS_AS(require_within(bad, {}), CheckFailed);
    }
}

TEST_CASE("A golden file of another model is refused") {
    SPIKELOOM_NEED_SHARED(golden, "golden/spikegpt-3x64.golden.safetensors");
    ModelConfig config;
    config.layers = 3;
    config.channels = 32;
    config.vocabulary = 96;
    const Parameters parameters(config);
    Workers workers(1);
    CHECK_THROWS_AS(compare_with_golden(parameters, Safetensors::read(golden), workers),
                    InputError);
}
