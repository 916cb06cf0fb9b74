#include "workloads/watched_outputs.hpp"

#include <algorithm>
#include <span>

namespace spikeloom::workloads {

using models::LifSite;

std::string watched_name(std::size_t layer, LifSite site, bool spikes) {
    return "layer" + std::to_string(layer) + "." + models::name_of(site) +
           (spikes ? ".spikes" : ".values");
}

std::vector<WatchedOutput> watched_outputs(const models::ModelConfig& model) {
    const std::span<const LifSite> neurons = models::lif_sites(model);
    std::vector<WatchedOutput> outputs;
    std::size_t first = 0;
    for (std::size_t layer = 0; layer < static_cast<std::size_t>(model.layers); ++layer) {
        for (std::size_t i = 0; i < models::kLifSites; ++i) {
            const auto site = static_cast<LifSite>(i);
            const bool spikes = std::find(neurons.begin(), neurons.end(), site) != neurons.end();
            if (spikes || site == LifSite::att || site == LifSite::ffn) {
                const std::size_t width = models::lif_width(model, site);
                outputs.push_back(
                    {layer, site, spikes, width, first, watched_name(layer, site, spikes)});
                first += width;
            }
        }
    }
    return outputs;
}

}  // namespace spikeloom::workloads
