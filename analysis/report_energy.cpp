// Where the energy goes: by component, by event, and beside the paper's formula.
#include "analysis/html.hpp"
#include "analysis/paper_formula.hpp"
#include "analysis/plots.hpp"
#include "analysis/report_sections.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace spikeloom::analysis {

namespace {

/// A component's name behind its colour.
std::string shown(Component component) {
    return "<span class=\"component\"><span class=\"swatch\" style=\"background:" +
           std::string(colour_of(component)) + "\"></span>" + escape(title_of(component)) +
           "</span>";
}

std::string legend() {
    std::string html = "<div class=\"legend\">";
    for (std::size_t i = 0; i < kComponents; ++i) {
        const auto component = static_cast<Component>(i);
        html += shown(component);
    }
    return html + "</div>\n";
}

/// The first run whose rates were measured: the paper's formula is about it.
const Run* measured_run(const ReportData& data) {
    for (const Run& run : data.runs) {
        if (run.model.layers > 0 && !run.firing_rates.empty()) {
            return &run;
        }
    }
    return nullptr;
}

FormulaModel formula_model(const Run& run) {
    FormulaModel model;
    model.channels = run.model.channels;
    model.hidden = run.model.hidden;
    model.vocabulary = run.model.vocabulary;
    model.context = run.model.context;
    model.layers.resize(static_cast<std::size_t>(run.model.layers));
    std::vector<std::map<std::string, double>> layers(model.layers.size());
    for (const FiringRate& rate : run.firing_rates) {
        layers[static_cast<std::size_t>(rate.layer)][rate.block] = rate.rate;
    }
    for (std::size_t l = 0; l < layers.size(); ++l) {
        model.layers[l] = formula_rates(layers[l]);
    }
    return model;
}

struct NamedColumn {
    std::string title;
    FormulaColumn column;
};

std::vector<NamedColumn> formula_columns(const Run& run) {
    const FormulaModel measured = formula_model(run);
    FormulaModel assumed = measured;
    for (FormulaModel::Rates& rates : assumed.layers) {
        rates = FormulaModel::rates_behind(kPaperFiringRate, kPaperFiringRate);
    }
    const NamedColumn as_built =
        run.model.variant == "lif_linear"
            ? NamedColumn{"Formula: as built, spikes in front", spikes_in_front_formula(measured)}
            : NamedColumn{"Formula: as built, all multiply", as_built_formula(measured)};
    return {{"Formula: SpikeGPT, measured rates", spikegpt_formula(measured)},
            {"Formula: SpikeGPT, assumed rate 0.15", spikegpt_formula(assumed)},
            as_built,
            {"Formula: vanilla GPT", vanilla_gpt_formula(measured)}};
}

/// A token's share of a phase; `with_static` or of its events alone.
EnergyBar bar_of(const PricedPhase& phase, bool with_static) {
    EnergyBar bar{phase.title(), phase.energy.components, true};
    for (const PricedStatic& line : phase.energy.statics) {
        bar.joules[static_cast<std::size_t>(line.power.component)] -=
            with_static ? 0.0 : line.joules;
    }
    for (double& joules : bar.joules) {
        joules = std::max(0.0, joules) / std::max(1.0, static_cast<double>(phase.phase->tokens));
    }
    return bar;
}

EnergyBar formula_bar(const NamedColumn& named) {
    EnergyBar bar{named.title, {}, false};
    bar.joules[static_cast<std::size_t>(Component::accumulates)] = named.column.accumulate_joules();
    bar.joules[static_cast<std::size_t>(Component::multiply_accumulates)] =
        named.column.mac_joules();
    return bar;
}

std::string component_table(const PricedTable& priced) {
    std::vector<std::string> headings = {"component"};
    std::vector<std::size_t> numeric;
    for (const PricedPhase& phase : priced.phases) {
        headings.push_back(escape(phase.title()));
        numeric.push_back(headings.size() - 1);
    }
    HtmlTable table(headings);
    table.numeric(numeric);
    const auto row = [&](const std::string& name, const auto& joules, const char* row_class) {
        std::vector<std::string> cells = {name};
        for (const PricedPhase& phase : priced.phases) {
            const double tokens = std::max(1.0, static_cast<double>(phase.phase->tokens));
            const double all = phase.energy.joules;
            cells.push_back(with_prefix(joules(phase.energy) / tokens, "J") +
                            "<span class=\"share\">" +
                            percent(all > 0.0 ? joules(phase.energy) / all : 0.0) + "</span>");
        }
        table.row(cells, row_class);
    };
    for (std::size_t i = 0; i < kComponents; ++i) {
        const auto component = static_cast<Component>(i);
        row(
            shown(component), [&](const EnergyBreakdown& energy) { return energy.of(component); },
            "");
    }
    row(
        "energy per token", [](const EnergyBreakdown& energy) { return energy.joules; }, "sum");
    return table.text();
}

/// The bars of one table: with static power, and without it beside the formula.
std::string table_figures(const PricedTable& priced, const std::vector<NamedColumn>& columns) {
    std::vector<EnergyBar> all;
    std::vector<EnergyBar> dynamic;
    for (const PricedPhase& phase : priced.phases) {
        all.push_back(bar_of(phase, true));
        dynamic.push_back(bar_of(phase, false));
    }
    for (const NamedColumn& column : columns) {
        dynamic.push_back(formula_bar(column));
    }
    const std::string& name = priced.table->name;
    const std::string formula_note =
        columns.empty() ? ""
                        : " Pale: the paper's formula, which prices arithmetic alone (0.9 pJ an "
                          "accumulate, 4.5 pJ a multiply-accumulate, 45 nm) whatever the table.";
    return "<h3>Table " + escape(name) + "</h3>\n" +
           paragraph(escape(priced.table->technology), "note") + legend() +
           figure(
               energy_plot(all, "Energy per token by component, table " + name),
               "Energy per token by component: the simulated machine, events and static power.") +
           figure(energy_plot(dynamic, "Energy per token without static power, table " + name),
                  "The same without static power: what the events alone cost." + formula_note);
}

std::string formula_table(const std::vector<NamedColumn>& columns) {
    HtmlTable table({"formula, per token", "block", "term", "operations", "priced as", "energy"});
    table.numeric({3, 5});
    for (const NamedColumn& named : columns) {
        std::string title = escape(named.title);
        for (const FormulaTerm& term : named.column.terms) {
            table.row({title, escape(term.block), escape(term.operation),
                       significant(term.operations), term.multiplies ? "MAC, 4.5 pJ" : "AC, 0.9 pJ",
                       with_prefix(term.joules, "J")});
            title.clear();
        }
        table.row({"", "", "sum", "", "", with_prefix(named.column.joules(), "J")}, "sum");
    }
    return "<details><summary>The formula term by term</summary>\n" + table.text() + "</details>\n";
}

std::string event_table(const PricedPhase& phase) {
    const double tokens = std::max(1.0, static_cast<double>(phase.phase->tokens));
    HtmlTable table(
        {"event", "component", "count", "per token", "price", "energy per token", "source"});
    table.numeric({2, 3, 4, 5});
    std::vector<PricedEvent> events = phase.energy.events;
    std::stable_sort(events.begin(), events.end(), [](const PricedEvent& a, const PricedEvent& b) {
        return a.joules > b.joules;
    });
    const auto named = [](const std::string& name) { return "<code>" + escape(name) + "</code>"; };
    for (const auto& [name, count] : phase.energy.unpriced) {
        table.row({named(name), "<b>not priced</b>", with_commas(count),
                   significant(static_cast<double>(count) / tokens), "", "", "not in the table"});
    }
    for (const PricedEvent& event : events) {
        table.row({named(event.name), shown(event.price.component), with_commas(event.count),
                   significant(static_cast<double>(event.count) / tokens),
                   compact(event.price.picojoules) + " pJ",
                   event.joules > 0.0 ? with_prefix(event.joules / tokens, "J") : "0",
                   "<span class=\"note\">" + escape(event.price.source) + "</span>"});
    }
    for (const PricedStatic& line : phase.energy.statics) {
        table.row({named(line.name), shown(line.power.component), compact(line.units),
                   with_prefix(phase.energy.seconds / tokens, "s"),
                   compact(line.power.milliwatts) + " mW", with_prefix(line.joules / tokens, "J"),
                   "<span class=\"note\">per " + escape(name_of(line.power.per)) + ". " +
                       escape(line.power.source) + "</span>"});
    }
    return table.text();
}

}  // namespace

std::string energy_section(const ReportData& data) {
    const Run* measured = measured_run(data);
    const std::vector<NamedColumn> columns =
        measured == nullptr ? std::vector<NamedColumn>{} : formula_columns(*measured);
    std::string html = paragraph(
        "Counted events of the simulated machine times the price of each, plus static power times "
        "simulated time. Prefill (tokens known, pipelined) and generation (each token waits for "
        "the one before) are separate.");
    for (const PricedTable& priced : data.priced) {
        html += table_figures(priced, columns) + component_table(priced);
    }
    if (measured != nullptr) {
        html += "<h3>The paper's formula</h3>\n" +
                paragraph(
                    "SpikeGPT's Table 1 counts operations, not a machine: projections as "
                    "accumulates scaled by the firing rate, without memory, network, control and "
                    "leakage. &ldquo;As built&rdquo; prices the published network, whose matrices "
                    "see dense vectors. Rates measured in: " +
                    escape(measured->label) + ". T = " + std::to_string(measured->model.context) +
                    " tokens for the vanilla GPT.") +
                formula_table(columns);
    }
    return section("energy", "Where the energy goes", html);
}

std::string event_section(const ReportData& data) {
    std::string html = paragraph(
        "Every event that happened, its count, its price and where the price comes from. Rows of "
        "static power show units and time instead of counts.");
    bool open = true;
    for (const PricedTable& priced : data.priced) {
        for (const PricedPhase& phase : priced.phases) {
            const bool main = open && phase.phase == &phase.run->main_phase();
            html += std::string("<details") + (main ? " open" : "") + "><summary>" +
                    escape(phase.title()) + ", table " + escape(priced.table->name) +
                    "</summary>\n" + event_table(phase) + "</details>\n";
            open = open && !main;
        }
    }
    for (const PricedTable& priced : data.priced) {
        std::string works;
        for (const auto& [name, citation] : priced.table->citations) {
            works += "<dt>" + escape(name) + "</dt><dd>" + escape(citation.work) + "</dd>\n";
        }
        if (!works.empty()) {
            html += "<h3>Sources of table " + escape(priced.table->name) +
                    "</h3>\n<dl class=\"note\">\n" + works + "</dl>\n";
        }
    }
    return section("events", "Events and prices", html);
}

std::string power_section(const ReportData& data) {
    std::string html;
    for (const Run& run : data.runs) {
        if (run.power.empty() || run.energy_tables.empty()) {
            continue;
        }
        double joules = 0.0;
        double highest = 0.0;
        for (const PowerSample& sample : run.power) {
            const double sum = std::accumulate(sample.joules.begin(), sample.joules.end(), 0.0);
            joules += sum;
            highest = std::max(highest, sum / (sample.end - sample.begin));
        }
        const double seconds = run.power.back().end - run.power.front().begin;
        html += run_heading(data, run);
        html += figure(power_plot(run.power, "Power over time, " + run.label),
                       "Mean power of each of " + with_commas(run.power.size()) +
                           " stretches of simulated time, by component, from the start until the "
                           "chip is at rest: " +
                           with_prefix(joules, "J") + ", " + with_prefix(joules / seconds, "W") +
                           " on average, " + with_prefix(highest, "W") +
                           " in the highest. Priced when the run was made, with table " +
                           escape(run.energy_tables.front().name) + ".");
    }
    return section("power", "Power over time", html.empty() ? html : legend() + html);
}

}  // namespace spikeloom::analysis
