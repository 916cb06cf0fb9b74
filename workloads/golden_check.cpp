#include "workloads/golden_check.hpp"

#include "workloads/observer.hpp"

namespace spikeloom::workloads {

namespace fixed = models::fixed;

std::string Mismatch::text() const {
    return "token " + std::to_string(step) + ", " + where + "[" + std::to_string(element) +
           "]: the golden model has " + std::to_string(expected) + ", the chip " +
           std::to_string(found);
}

GoldenCheck::GoldenCheck(const models::QuantisedModel& model)
    : model_(model), golden_(model), narrowed_(static_cast<std::size_t>(model.config.channels)) {}

std::span<const std::int32_t> GoldenCheck::expected_output(std::size_t sub_block) {
    const models::Trace& trace = golden_.trace();
    if (model_.config.spiking()) {
        return trace.row(trace.spikes, sub_block);
    }
    const models::QuantisedLayer& layer = model_.layers[sub_block / 2];
    const models::EventFormat format =
        sub_block % 2 == 0 ? layer.time_mix.sum : layer.channel_mix.sum;
    fixed::narrow(trace.row(trace.drive, sub_block), fixed::kFraction - format.fraction,
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

void GoldenCheck::compare(int token, std::span<const std::int32_t> sub_blocks,
                          std::span<const std::int32_t> logits) {
    const fixed::Values expected_logits = golden_.step(token);
    const auto channels = static_cast<std::size_t>(model_.config.channels);
    const bool spiking = model_.config.spiking();
    for (std::size_t block = 0; block < 2 * model_.layers.size(); ++block) {
        compare_all(sub_block_name(block) + (spiking ? ".spikes" : ".values"),
                    expected_output(block), sub_blocks.subspan(block * channels, channels));
    }
    (spiking ? result_.spikes_compared : result_.values_compared) += sub_blocks.size();
    compare_all("logits", expected_logits, logits);
    result_.logits_compared += logits.size();
    ++step_;
}

}  // namespace spikeloom::workloads
