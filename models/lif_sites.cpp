#include "models/lif_sites.hpp"

namespace spikeloom::models {

const char* name_of(LifSite site) {
    static constexpr const char* kNames[] = {"att_key",        "att_value", "att_receptance",
                                             "att_output",     "att",       "ffn_key",
                                             "ffn_receptance", "ffn_value", "ffn"};
    return kNames[static_cast<std::size_t>(site)];
}

std::span<const LifSite> lif_sites(const ModelConfig& config) {
    static constexpr LifSite kBehind[] = {LifSite::att, LifSite::ffn};
    static constexpr LifSite kBehindAndHidden[] = {LifSite::att, LifSite::ffn_value, LifSite::ffn};
    static constexpr LifSite kInFront[] = {
        LifSite::att_key, LifSite::att_value,      LifSite::att_receptance, LifSite::att_output,
        LifSite::ffn_key, LifSite::ffn_receptance, LifSite::ffn_value};
    if (config.spikes_in_front()) {
        return kInFront;
    }
    if (!config.spiking()) {
        return {};
    }
    return config.hidden_spikes() ? std::span<const LifSite>(kBehindAndHidden) : kBehind;
}

std::size_t lif_width(const ModelConfig& config, LifSite site) {
    return site == LifSite::ffn_value ? config.hidden() : static_cast<std::size_t>(config.channels);
}

}  // namespace spikeloom::models
