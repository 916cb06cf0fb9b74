#include "models/operations.hpp"

#include "models/lif_sites.hpp"

namespace spikeloom::models {

Products Operations::total() const {
    return {time_mix.multiplies + channel_mix.multiplies + head.multiplies,
            time_mix.accumulates + channel_mix.accumulates + head.accumulates};
}

Operations operations_of(const ModelConfig& config) {
    const auto C = static_cast<std::uint64_t>(config.channels);
    const auto H = static_cast<std::uint64_t>(config.hidden());
    const auto L = static_cast<std::uint64_t>(config.layers);
    Operations operations;
    const auto matrix = [](Products& to, std::uint64_t products, bool reads_spikes) {
        (reads_spikes ? to.accumulates : to.multiplies) += products;
    };
    matrix(operations.time_mix, L * 4 * C * C, config.spikes_in_front());
    matrix(operations.channel_mix, L * (C * H + C * C), config.spikes_in_front());
    matrix(operations.channel_mix, L * H * C, config.hidden_spikes());
    matrix(operations.head, static_cast<std::uint64_t>(config.vocabulary) * C, false);
    for (const LifSite site : lif_sites(config)) {
        operations.neuron_updates += L * lif_width(config, site);
    }
    return operations;
}

}  // namespace spikeloom::models
