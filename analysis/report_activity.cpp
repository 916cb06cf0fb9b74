// What the model and the chip did: firing rates, spikes, membranes, busy cores and links.
#include "analysis/html.hpp"
#include "analysis/maps.hpp"
#include "analysis/memory_traffic.hpp"
#include "analysis/plots.hpp"
#include "analysis/report_sections.hpp"

#include <algorithm>
#include <cmath>

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
    HtmlTable table({"layer", "neurons", "rate"});
    table.numeric({2});
    for (const FiringRate& rate : rates) {
        table.row(
            {std::to_string(rate.layer), escape(title_of_neurons(rate.block)), percent(rate.rate)});
    }
    return "<details><summary>The rates as numbers</summary>\n" + table.text() + "</details>\n";
}

/// One map of the cores for each unit in which a core can be busy.
std::string core_maps(const Chip& chip, const Phase& phase) {
    struct Unit {
        const char* name;
        const char* cycles;  // the event that counts its busy cycles
    };
    constexpr Unit kUnits[] = {{"synapse pipeline", "pipeline_busy_cycles"},
                               {"vector unit", "vector_busy_cycles"},
                               {"encoder", "encoder_busy_cycles"}};
    std::string html;
    for (const Unit& unit : kUnits) {
        double busiest = 0.0;
        const auto busy = [&](std::uint32_t tile) {
            const auto counts = phase.counts.find(tile);
            if (counts == phase.counts.end() || phase.cycles == 0) {
                return 0.0;
            }
            const auto cycles = counts->second.find(unit.cycles);
            const double share =
                cycles == counts->second.end()
                    ? 0.0
                    : static_cast<double>(cycles->second) / static_cast<double>(phase.cycles);
            busiest = std::max(busiest, share);
            return share;
        };
        const std::string map = core_map(
            chip, busy, std::string("Busy cycles of the ") + unit.name + ", " + phase.name);
        html += figure(map, std::string(unit.name) + ", % busy; at most " + percent(busiest));
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
            "Share of a layer's neurons that fire at a token, averaged over the run. Mean of the "
            "layers: " +
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
        "the busiest core; and flits on the links between tiles per cycle of the network's clock, "
        "of which a link carries at most one. M: memory tile, H: host tile; tile 0 is at the top "
        "left. Where several tiles share a router, or routers have no tile, links are not drawn. "
        "Pointing at a tile or an arrow shows its numbers.");
    for (const Run& run : data.runs) {
        for (const Phase& phase : run.phases) {
            html += "<h3>" + escape(run.label + ", " + phase.name) + "</h3>\n";
            const std::string links =
                phase.links.empty()
                    ? std::string()
                    : figure(
                          link_map(run.chip, phase, "Link load, " + run.label + ", " + phase.name),
                          "links between tiles");
            // Arrows need room: on a large chip they get a row of their own.
            constexpr int kWidestBeside = 8;
            const bool beside = run.chip.width <= kWidestBeside;
            html += "<div class=\"maps\">\n" + core_maps(run.chip, phase) + (beside ? links : "") +
                    "</div>\n" + (beside ? "" : links);
        }
    }
    return section("chip", "The chip at work", html);
}

std::string memory_section(const ReportData& data) {
    HtmlTable table({"run, phase", "bytes a token", "bandwidth", "of peak", "row hits", "rows",
                     "of them ahead", "requests", "waits"});
    table.numeric({1, 2, 3, 4, 5, 6, 7, 8});
    bool any = false;
    for (const Run& run : data.runs) {
        for (const Phase& phase : run.phases) {
            const std::optional<MemoryTraffic> read = memory_traffic(phase, run.chip);
            if (!read) {
                continue;
            }
            any = true;
            table.row({escape(run.label + ", " + phase.name),
                       with_commas(static_cast<std::uint64_t>(std::llround(read->bytes_per_token))),
                       with_prefix(read->bytes_per_second, "B/s"), percent(read->share_of_peak),
                       read->row_hit_rate ? percent(*read->row_hit_rate) : "",  // no DRAM, or idle
                       with_commas(read->rows), with_commas(read->rows_ahead),
                       with_commas(read->requests), with_commas(read->wait_cycles)});
        }
    }
    if (!any) {
        return {};
    }
    return section("memory", "Rows from memory tiles",
                   paragraph("What the memory tiles delivered, of what all of them could; bursts "
                             "that met their DRAM row open; rows of synapses that cores fetched, "
                             "and of them before an event asked; and the cycles, of all cores "
                             "together, in which a synapse pipeline stood idle for a row.") +
                       table.text());
}

}  // namespace spikeloom::analysis
