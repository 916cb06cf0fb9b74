#include "workloads/golden_check.hpp"

namespace spikeloom::workloads {

namespace fixed = models::fixed;

std::string Mismatch::text() const {
    return "token " + std::to_string(step) + ", " + where + "[" + std::to_string(element) +
           "]: the golden model has " + std::to_string(expected) + ", the chip " +
           std::to_string(found);
}

GoldenCheck::GoldenCheck(const models::QuantisedModel& model,
                         const models::fixed::Functions& functions)
    : model_(model),
      golden_(model, functions),
      watched_(watched_outputs(model.config)),
      narrowed_(static_cast<std::size_t>(model.config.channels)) {}

std::span<const std::int32_t> GoldenCheck::expected_values(const WatchedOutput& output) {
    const models::QuantisedLayer& layer = model_.layers[output.layer];
    const bool time_mix = output.site == models::LifSite::att;
    const models::EventFormat format = time_mix ? layer.time_mix.sum : layer.channel_mix.sum;
    const models::Trace& trace = golden_.trace();
    fixed::narrow(trace.row(trace.drive, 2 * output.layer + (time_mix ? 0 : 1)), format.shift(),
                  format.bits, narrowed_);
    return narrowed_;
}

void GoldenCheck::compare_all(const std::string& where, std::span<const std::int32_t> expected,
                              std::span<const std::int32_t> found) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (expected[i] != found[i]) {
            ++result_.mismatches;
            if (!result_.first) {
                result_.first = {step_, where, i, expected[i], found[i]};
            }
        }
    }
}

void GoldenCheck::compare(int token, std::span<const std::int32_t> outputs,
                          std::span<const std::int32_t> logits) {
    const fixed::Values expected_logits = golden_.step(token);
    for (const WatchedOutput& output : watched_) {
        const auto found = outputs.subspan(output.first, output.width);
        if (output.spikes) {
            compare_all(output.name, golden_.trace().spikes[output.layer][output.site], found);
            result_.spikes_compared += found.size();
        } else {
            compare_all(output.name, expected_values(output), found);
            result_.values_compared += found.size();
        }
    }
    compare_all("logits", expected_logits, logits);
    result_.logits_compared += logits.size();
    ++step_;
}

}  // namespace spikeloom::workloads
