#include "models/golden.hpp"

#include "base/error.hpp"
#include "models/sequence_model.hpp"

#include <cmath>
#include <sstream>

namespace spikeloom::models {

namespace {

constexpr double kL2Wrap = 1e-4;

std::vector<int> ids(const Safetensors& golden, const std::string& name,
                     const std::vector<std::size_t>& shape, int vocabulary) {
    const std::vector<std::int64_t> wide = golden.values<std::int64_t>(name, shape);
    for (const std::int64_t id : wide) {
        if (id < 0 || id >= vocabulary) {
            throw InputError(golden.origin + ": tensor '" + name + "': id " + std::to_string(id) +
                             "; allowed are 0 to " + std::to_string(vocabulary - 1));
        }
    }
    return {wide.begin(), wide.end()};
}

/// The larger one; not a number where either is none, so that it cannot pass a comparison.
double worse(double a, double b) {
    return std::isnan(a) || b <= a ? a : b;
}

/// |a - b| / |b|; |a| where b is zero.
double relative_l2(std::span<const float> a, std::span<const float> b) {
    double difference = 0.0;
    double norm = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = static_cast<double>(a[i]) - b[i];
        difference += d * d;
        norm += static_cast<double>(b[i]) * b[i];
    }
    return norm > 0.0 ? std::sqrt(difference / norm) : std::sqrt(difference);
}

}  // namespace

GoldenReport compare_with_golden(const Parameters& parameters, const Safetensors& golden,
                                 Workers& workers) {
    const ModelConfig& config = parameters.config();
    const std::vector<std::size_t> shape = golden.at("tokens").shape;
    if (shape.size() != 2 || shape[0] * shape[1] == 0) {
        throw InputError(golden.origin + ": tensor 'tokens': expected shape [sequences, tokens]");
    }
    const std::size_t positions = shape[0] * shape[1];
    const auto channels = static_cast<std::size_t>(config.channels);
    const auto vocabulary = static_cast<std::size_t>(config.vocabulary);
    const std::vector<int> tokens = ids(golden, "tokens", shape, config.vocabulary);
    const std::vector<int> targets = ids(golden, "targets", shape, config.vocabulary);

    GoldenReport report;
    SequenceModel model(parameters, workers);
    const std::span<const float> logits = model.forward_for_training({tokens, shape[0]});
    const std::vector<float> expected =
        golden.values<float>("logits", {shape[0], shape[1], vocabulary});
    double squares = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double error = std::abs(static_cast<double>(logits[i]) - expected[i]);
        report.logits_max_abs_error = worse(report.logits_max_abs_error, error);
        squares += static_cast<double>(expected[i]) * expected[i];
    }
    report.logits_rms = std::sqrt(squares / static_cast<double>(expected.size()));

    std::size_t equal = 0;
    std::size_t compared = 0;
    for (int l = 0; config.spikes_behind() && l < config.layers; ++l) {
        for (const LifSite site : {LifSite::att, LifSite::ffn}) {
            const std::string name =
                "spikes." + std::to_string(l) + (site == LifSite::att ? ".att" : ".ffn");
            const std::vector<std::uint8_t> reference =
                golden.values<std::uint8_t>(name, {shape[0], shape[1], channels});
            const std::vector<std::uint8_t> own = model.spikes(l, site);
            for (std::size_t i = 0; i < own.size(); ++i) {
                equal += own[i] == reference[i] ? 1 : 0;
            }
            compared += own.size();
        }
    }
    report.spike_agreement =
        compared == 0 ? 1.0 : static_cast<double>(equal) / static_cast<double>(compared);

    Parameters gradients(config);
    const double loss =
        model.backward(targets, static_cast<double>(positions), kL2Wrap, gradients) /
        static_cast<double>(positions);
    const double reference_loss = golden.values<float>("loss", {1})[0];
    report.loss_rel_error = std::abs(loss - reference_loss) / std::abs(reference_loss);
    for (const TensorInfo& info : parameters.layout()) {
        const std::vector<float> reference = golden.values<float>("grad." + info.name, info.shape);
        const double error = relative_l2(gradients.tensor(info.name), reference);
        report.grad_rel_l2.emplace_back(info.name, error);
        report.grad_rel_l2_max = worse(report.grad_rel_l2_max, error);
    }
    return report;
}

void require_within(const GoldenReport& report, const GoldenTolerance& tolerance) {
    const auto fail = [](const std::string& what, double found, double allowed) {
        std::ostringstream text;
        text << what << " is " << found << "; allowed is " << allowed;
        throw CheckFailed(text.str());
    };
    if (!(report.logits_max_abs_error <= tolerance.logits_max_abs_error)) {
        fail("the largest error of a logit", report.logits_max_abs_error,
             tolerance.logits_max_abs_error);
    }
    if (!(report.loss_rel_error <= tolerance.loss_rel_error)) {
        fail("the loss's relative error", report.loss_rel_error, tolerance.loss_rel_error);
    }
    if (!(report.spike_agreement >= tolerance.spike_agreement)) {
        fail("the share of equal spikes", report.spike_agreement, tolerance.spike_agreement);
    }
    for (const auto& [name, error] : report.grad_rel_l2) {
        if (!(error <= tolerance.grad_rel_l2)) {
            fail("the relative L2 error of the gradient of '" + name + "'", error,
                 tolerance.grad_rel_l2);
        }
    }
}

}  // namespace spikeloom::models
