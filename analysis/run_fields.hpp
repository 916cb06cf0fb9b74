// The fields of a run's parts, in the order in which result.json has them
// (analysis/json_archive.hpp). Include this from .cpp files only.
#pragma once

#include "analysis/json_archive.hpp"
#include "analysis/run.hpp"

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace spikeloom::analysis {

template <class Archive>
void fields(Archive& archive, Units& units) {
    archive("cores", units.cores);
    archive("idle_cores", units.idle_cores);
    archive("gated_cores", units.gated_cores);
    archive("routers", units.routers);
    archive("memory_tiles", units.memory_tiles);
    archive("links", units.links);
    archive("chips", units.chips);
    archive("sram_bytes", units.sram_bytes);
    archive("memory_sram_bytes", units.memory_sram_bytes);
    archive("buffer_bits", units.buffer_bits);
    archive.younger("flit_bits", units.flit_bits);
}

/// The tile grid as a text a row: "host core core memory".
inline std::vector<std::string> tile_rows(const Chip& chip) {
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < chip.tiles.size(); ++i) {
        const bool first = i % static_cast<std::size_t>(chip.width) == 0;
        if (first) {
            rows.emplace_back();
        }
        rows.back() += (first ? "" : " ") + std::string(name_of(chip.tiles[i]));
    }
    return rows;
}

template <class Archive>
void fields(Archive& archive, Chip& chip) {
    archive("name", chip.name);
    archive("width", chip.width);
    archive("height", chip.height);
    std::vector<std::string> rows = tile_rows(chip);
    archive("tiles", rows);
    if constexpr (Archive::kReading) {
        chip.tiles.clear();
        for (const std::string& row : rows) {
            std::istringstream words(row);
            for (std::string word; words >> word;) {
                const auto kind = std::find_if(std::begin(kTileKinds), std::end(kTileKinds),
                                               [&](TileKind k) { return name_of(k) == word; });
                if (kind == std::end(kTileKinds)) {
                    archive.fail("chip.tiles",
                                 "found '" + word + "'; allowed is core, memory, host or empty");
                }
                chip.tiles.push_back(*kind);
            }
        }
    }
    archive("core_hertz", chip.core_hertz);
    archive("network_hertz", chip.network_hertz);
    archive("memory_bytes_per_second", chip.memory_bytes_per_second);
    archive("memory_burst_bytes", chip.memory_burst_bytes);
    archive("units", chip.units);
}

template <class Archive>
void fields(Archive& archive, Model& model) {
    archive("name", model.name);
    archive("variant", model.variant);
    archive("layers", model.layers);
    archive("channels", model.channels);
    archive("hidden", model.hidden);
    archive("vocabulary", model.vocabulary);
    archive("context", model.context);
    archive("parameters", model.parameters);
    archive("weight_bits", model.weight_bits);
    archive("macs_per_token", model.macs_per_token);
}

template <class Archive>
void fields(Archive& archive, LinkLoad& link) {
    archive("tile", link.tile);
    archive("port", link.port);
    archive("flits", link.flits);
}

/// The totals stand in result.json so that a shortened events.csv cannot pass; while reading, they
/// are left in Phase::counts under the tile kTotals until events.csv has been compared with them.
inline constexpr std::uint32_t kTotals = std::numeric_limits<std::uint32_t>::max();

template <class Archive>
void fields(Archive& archive, Phase& phase) {
    archive("name", phase.name);
    archive("tokens", phase.tokens);
    archive("cycles", phase.cycles);
    archive("seconds", phase.seconds);
    archive("links", phase.links);
    EventCounts events = total(phase.counts);
    archive("events", events);
    if constexpr (Archive::kReading) {
        phase.counts = {{kTotals, std::move(events)}};
    }
}

template <class Archive>
void fields(Archive& archive, FiringRate& rate) {
    archive("layer", rate.layer);
    archive("block", rate.block);
    archive("rate", rate.rate);
}

template <class Archive>
void fields(Archive& archive, Verification& verification) {
    archive("spikes_compared", verification.spikes_compared);
    archive("logits_compared", verification.logits_compared);
    archive("mismatches", verification.mismatches);
}

template <class Archive>
void fields(Archive& archive, BitsPerByte& bits) {
    archive("float", bits.floating);
    archive("integer", bits.integer);
}

template <class Archive>
void fields(Archive& archive, Raster& raster) {
    archive("name", raster.name);
    archive("neurons", raster.neurons);
    archive("spikes", raster.spikes);
}

template <class Archive>
void fields(Archive& archive, MembraneTrace& trace) {
    archive("block", trace.block);
    archive("neuron", trace.neuron);
    archive("threshold", trace.threshold);
    archive("values", trace.values);
}

/// The joules in the order of the components.
template <class Archive>
void fields(Archive& archive, PowerSample& sample) {
    archive("begin", sample.begin);
    archive("end", sample.end);
    std::vector<double> joules(sample.joules.begin(), sample.joules.end());
    archive("joules", joules);
    if constexpr (Archive::kReading) {
        if (joules.size() != kComponents) {
            archive.fail("power.joules", "found " + std::to_string(joules.size()) +
                                             " values; allowed is one a component, " +
                                             std::to_string(kComponents));
        }
        std::copy(joules.begin(), joules.end(), sample.joules.begin());
    }
}

template <class Archive>
void fields(Archive& archive, LearningPoint& point) {
    archive("tokens", point.tokens);
    archive("train_bits", point.train_bits);
    archive("valid_bits", point.valid_bits);
}

}  // namespace spikeloom::analysis
