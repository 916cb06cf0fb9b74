// What the model and the chip did: firing rates, spikes, membranes, busy cores and links.
#include "analysis/html.hpp"
#include "analysis/maps.hpp"
#include "analysis/plots.hpp"
#include "analysis/report_sections.hpp"

#include <algorithm>

namespace spikeloom::analysis {

namespace {

double mean_rate(const std::vector<FiringRate>& rates) {
    double sum = 0.0;
    for (const FiringRate& rate : rates) {
        sum += rate.rate;
    }
    return rates.empty() ? 0.0 : sum / static_cast<double>(rates.size());
}

std::string rate_table(const std::vector<FiringRate>& rates) {
    HtmlTable table({"layer", "sub-block", "rate"});
    table.numeric({2});
    for (const FiringRate& rate : rates) {
        table.row({std::to_string(rate.layer), rate.block == "att" ? "time mix" : "channel mix",
                   percent(rate.rate)});
    }
    return "<details><summary>The rates as numbers</summary>\n" + table.text() + "</details>\n";
}

/// One map of the cores for each unit in which a core can be busy.
std::string core_maps(const Chip& chip, const Phase& phase) {
    struct Unit {
        const char* name;
        std::uint64_t CoreActivity::*cycles;
    };
    constexpr Unit kUnits[] = {{"synapse pipeline", &CoreActivity::pipeline},
                               {"vector unit", &CoreActivity::vector_unit},
                               {"encoder", &CoreActivity::encoder}};
    std::string html;
    for (const Unit& unit : kUnits) {
        const auto busy = [&](std::uint32_t tile) {
            const auto core = std::find_if(phase.cores.begin(), phase.cores.end(),
                                           [&](const CoreActivity& c) { return c.tile == tile; });
            return core == phase.cores.end() || phase.cycles == 0
                       ? 0.0
                       : static_cast<double>((*core).*unit.cycles) /
                             static_cast<double>(phase.cycles);
        };
        html += figure(core_map(chip, busy,
                                std::string("Busy cycles of the ") + unit.name + ", " + phase.name),
                       std::string(unit.name) + ", % busy");
    }
    return html;
}

}  // namespace

std::string firing_section(const ReportData& data) {
    std::string html;
    for (const Run& run : data.runs) {
        if (run.firing_rates.empty()) {
            continue;
        }
        html += run_heading(data, run);
        html += figure(
            firing_rate_plot(run.firing_rates, "Firing rate of each layer, " + run.label),
            "Share of a sub-block's neurons that fire at a token, averaged over the run. Mean "
            "of the sub-blocks: " +
                percent(mean_rate(run.firing_rates)) + ".");
        html += rate_table(run.firing_rates);
    }
    return section("firing", "Firing rates", html);
}

std::string trace_section(const ReportData& data) {
    std::string html;
    for (const Run& run : data.runs) {
        if (run.rasters.empty() && run.membranes.empty()) {
            continue;
        }
        html += run_heading(data, run);
        for (const Raster& raster : run.rasters) {
            html += figure(raster_plot(raster, "Spike raster of " + raster.name),
                           "Spikes of <code>" + escape(raster.name) +
                               "</code>: a tick for each neuron (" + with_commas(raster.neurons) +
                               ") that fired at a token.");
        }
        for (auto first = run.membranes.begin(); first != run.membranes.end();) {
            const auto last = std::find_if(first, run.membranes.end(), [&](const MembraneTrace& t) {
                return t.block != first->block;
            });
            html += figure(
                membrane_plot({first, last}, "Membranes of " + first->block),
                "Membranes of <code>" + escape(first->block) +
                    "</code> as they are compared with the threshold; a neuron at or above it "
                    "fires and is reset.");
            first = last;
        }
    }
    return section("traces", "Spikes and membranes", html);
}

std::string chip_section(const ReportData& data) {
    std::string html = paragraph(
        "Share of a phase's core cycles in which each unit of a core was busy, shaded relative to "
        "the "
        "busiest core; and flits on the links between tiles per cycle of the network's clock, of "
        "which a "
        "link carries at most one. M: memory tile, H: host tile; tile 0 is at the top left. "
        "Pointing at a "
        "tile or an arrow shows its numbers.");
    for (const Run& run : data.runs) {
        for (const Phase& phase : run.phases) {
            html += "<h3>" + escape(run.label + ", " + phase.name) + "</h3>\n";
            html += "<div class=\"maps\">\n" + core_maps(run.chip, phase) +
                    figure(link_map(run.chip, phase, "Link load, " + run.label + ", " + phase.name),
                           "links between tiles") +
                    "</div>\n";
        }
    }
    return section("chip", "The chip at work", html);
}

}  // namespace spikeloom::analysis
