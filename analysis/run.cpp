#include "analysis/run.hpp"

#include "base/error.hpp"

#include <set>

namespace spikeloom::analysis {

std::string_view name_of(TileKind kind) {
    switch (kind) {
        case TileKind::core:
            return "core";
        case TileKind::memory:
            return "memory";
        case TileKind::host:
            return "host";
        case TileKind::empty:
            return "empty";
    }
    return "";
}

double Phase::cycles_per_token() const {
    return tokens == 0 ? 0.0 : static_cast<double>(cycles) / static_cast<double>(tokens);
}

double Phase::tokens_per_second() const {
    return seconds > 0.0 ? static_cast<double>(tokens) / seconds : 0.0;
}

void validate(const Run& run, const std::string& origin) {
    const auto require = [&](bool holds, const std::string& message) {
        if (!holds) {
            throw InputError(origin + ": " + message);
        }
    };
    const Chip& chip = run.chip;
    require(chip.width > 0 && chip.height > 0 &&
                chip.tiles.size() ==
                    static_cast<std::size_t>(chip.width) * static_cast<std::size_t>(chip.height),
            "chip.tiles: found " + std::to_string(chip.tiles.size()) + " tiles; allowed is " +
                std::to_string(chip.width) + " x " + std::to_string(chip.height));
    require(chip.core_hertz > 0.0 && chip.network_hertz > 0.0,
            "chip: found a clock of 0 Hz or less; allowed is above 0");
    const auto on_grid = [&](std::uint32_t tile, const std::string& where) {
        require(tile < chip.tiles.size(), where + ": found tile " + std::to_string(tile) +
                                              "; allowed is 0 to " +
                                              std::to_string(chip.tiles.size() - 1));
    };

    require(!run.phases.empty(), "phases: found none; a run has at least one");
    std::set<std::string> names;
    for (const Phase& phase : run.phases) {
        const std::string where = "phase '" + phase.name + "'";
        require(!phase.name.empty() &&
                    phase.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                        std::string::npos,
                where + ": allowed is a name of a-z, 0-9 and _");
        require(names.insert(phase.name).second, where + ": stands twice");
        require(phase.seconds >= 0.0, where + ": found a negative time");
        for (const LinkLoad& link : phase.links) {
            on_grid(link.tile, where + ", links");
            require(link.port >= 0 && link.port < kPorts,
                    where + ", links: found port " + std::to_string(link.port) +
                        "; allowed is 0 to " + std::to_string(kPorts - 1));
        }
        for (const auto& tile : phase.counts) {
            on_grid(tile.first, where + ", events");
        }
    }
    for (const FiringRate& rate : run.firing_rates) {
        require(rate.rate >= 0.0 && rate.rate <= 1.0,
                "firing_rates: found " + std::to_string(rate.rate) + "; allowed is 0 to 1");
        require(rate.layer >= 0 && rate.layer < run.model.layers,
                "firing_rates: found layer " + std::to_string(rate.layer) + " of a model with " +
                    std::to_string(run.model.layers));
        require(rate.block == "att" || rate.block == "ffn",
                "firing_rates: found block '" + rate.block + "'; allowed is att or ffn");
    }
    double until = 0.0;
    for (const PowerSample& sample : run.power) {
        require(sample.begin >= until && sample.end > sample.begin,
                "power: found a sample from " + std::to_string(sample.begin) + " to " +
                    std::to_string(sample.end) +
                    " s; allowed are stretches that follow each other");
        until = sample.end;
    }
    for (const Raster& raster : run.rasters) {
        for (const auto& step : raster.spikes) {
            for (const std::uint32_t neuron : step) {
                require(neuron < raster.neurons, "raster '" + raster.name + "': found neuron " +
                                                     std::to_string(neuron) + " of " +
                                                     std::to_string(raster.neurons));
            }
        }
    }
}

}  // namespace spikeloom::analysis
