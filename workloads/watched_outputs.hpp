// The outputs of a SpikeGPT's Program that are compared with the golden model: what each layer of
// neurons fires, and what a sub-block without neurons behind it adds to the residual stream.
#pragma once

#include "models/config.hpp"
#include "models/lif_sites.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace spikeloom::workloads {

struct WatchedOutput {
    std::size_t layer = 0;
    models::LifSite site = models::LifSite::att;
    bool spikes = true;     // or values
    std::size_t width = 0;  // elements
    std::size_t first = 0;  // of its elements in all of them, one output behind the other
    std::string name;       // of the Program's output
};

/// "layer0.att.spikes", "layer0.ffn.values"
std::string watched_name(std::size_t layer, models::LifSite site, bool spikes);

/// All of a model, layer by layer, in the order of the data.
std::vector<WatchedOutput> watched_outputs(const models::ModelConfig& model);

}  // namespace spikeloom::workloads
