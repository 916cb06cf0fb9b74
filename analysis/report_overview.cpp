// Title, key figures, warnings, comparison of runs.
#include "analysis/html.hpp"
#include "analysis/report_sections.hpp"

#include <set>

namespace spikeloom::analysis {

namespace {

std::string tile(const std::string& value, const std::string& meaning, const char* mood = nullptr) {
    return "<div><b" + (mood == nullptr ? std::string() : " class=\"" + std::string(mood) + "\"") +
           ">" + value + "</b><span>" + meaning + "</span></div>\n";
}

std::string model_line(const Run& run) {
    const Model& model = run.model;
    return escape(model.name) + ": " + std::to_string(model.layers) + " layers of " +
           with_commas(static_cast<std::uint64_t>(model.channels)) + " channels, vocabulary " +
           with_commas(static_cast<std::uint64_t>(model.vocabulary)) + ", " +
           with_commas(model.parameters) + " parameters, " + std::to_string(model.weight_bits) +
           "-bit weights (" + escape(model.variant) + ")";
}

std::string chip_line(const Run& run) {
    const Chip& chip = run.chip;
    return escape(chip.name) + ": " + std::to_string(chip.width) + " x " +
           std::to_string(chip.height) + " tiles, " + with_commas(chip.units.cores) +
           " spiking cores at " + with_prefix(chip.core_hertz, "Hz") + ", network at " +
           with_prefix(chip.network_hertz, "Hz");
}

std::string verdict(const Run& run) {
    const Verification& check = run.verification;
    if (check.bits_compared() == 0) {
        return "nothing compared";
    }
    return check.bit_exact() ? "yes" : with_commas(check.mismatches) + " differ";
}

std::string compared(const Run& run) {
    const Verification& check = run.verification;
    return with_commas(check.bits_compared()) + " bits (" + with_commas(check.spikes_compared) +
           " spikes, " + with_commas(check.logits_compared) + " logits)";
}

std::string optional_bits(const std::optional<double>& bits) {
    return bits ? significant(*bits) : "not measured";
}

}  // namespace

std::string header_section(const ReportData& data) {
    const Run& run = data.runs.front();
    return "<header>\n<h1>" + escape(data.options.title) + "</h1>\n<p>" + escape(run.label) + " (" +
           escape(run.kind) + ")</p>\n<p>" + model_line(run) + "</p>\n<p>" + chip_line(run) +
           "</p>\n<p>Energies at the top: table " + escape(data.tables.front().name) + ", " +
           escape(data.tables.front().technology) + "</p>\n</header>\n";
}

std::string key_figures(const ReportData& data) {
    const Run& run = data.runs.front();
    const auto phase_tiles = [&](const Phase& phase) {
        const std::string during = ", " + escape(phase.name);
        return tile(with_prefix(data.of(run, phase, 0).joules_per_token(), "J"),
                    "energy per token" + during) +
               tile(significant(phase.cycles_per_token()), "cycles per token" + during) +
               tile(significant(phase.tokens_per_second()), "tokens per simulated second" + during);
    };
    // Four tiles a row: three of a phase, then what is true of the run; the main phase first.
    std::string html = "<div class=\"tiles\">\n" + phase_tiles(run.main_phase()) +
                       tile(verdict(run), "bit-exact against the golden model: " + compared(run),
                            run.verification.bit_exact() ? "good" : "bad");
    for (const Phase& phase : run.phases) {
        html += &phase == &run.main_phase() ? std::string() : phase_tiles(phase);
    }
    if (run.bits_per_byte.integer || run.bits_per_byte.floating) {
        html += tile(optional_bits(run.bits_per_byte.integer),
                     "bits per byte, integer model (float model: " +
                         optional_bits(run.bits_per_byte.floating) + ")");
    }
    return html + "</div>\n";
}

std::string warnings(const ReportData& data) {
    std::set<std::string> lines;
    for (const PricedTable& priced : data.priced) {
        for (const PricedPhase& phase : priced.phases) {
            const std::string where =
                escape(phase.title()) + ": table " + escape(priced.table->name);
            std::string unpriced;
            for (const auto& [name, count] : phase.energy.unpriced) {
                unpriced += (unpriced.empty() ? "" : ", ") + ("<code>" + escape(name)) +
                            "</code> (" + with_commas(count) + ")";
            }
            if (!unpriced.empty()) {
                lines.insert(
                    where +
                    " has no price for events that happened; their energy is missing: " + unpriced);
            }
            std::string hardware;
            for (const std::string& units : phase.energy.without_static_power) {
                hardware += (hardware.empty() ? "" : ", ") + escape(units);
            }
            if (!hardware.empty()) {
                lines.insert(escape(phase.run->label) + ": table " + escape(priced.table->name) +
                             " has no static power for hardware that is there; its leakage is "
                             "missing: " +
                             hardware);
            }
        }
    }
    for (const Run& run : data.runs) {
        if (!run.verification.bit_exact()) {
            lines.insert(escape(run.label) + ": not shown to be bit-exact (" + verdict(run) + ")");
        }
    }
    if (lines.empty()) {
        return {};
    }
    std::string html = "<div class=\"warning\" id=\"warnings\">\n<p><b>Warnings</b></p>\n";
    for (const std::string& line : lines) {
        html += paragraph(line);
    }
    return html + "</div>\n";
}

std::string comparison_section(const ReportData& data) {
    if (data.runs.size() == 1) {
        return {};
    }
    const double base =
        data.of(data.runs.front(), data.runs.front().main_phase(), 0).joules_per_token();
    HtmlTable table({"run", "phase", "tokens", "cycles per token", "tokens per second",
                     "energy per token", "relative", "bit-exact", "bits per byte"});
    table.numeric({2, 3, 4, 5, 6, 8});
    for (const PricedPhase& priced : data.priced.front().phases) {
        const Run& run = *priced.run;
        const Phase& phase = *priced.phase;
        table.row({escape(run.label) + "<br><span class=\"note\">" + escape(run.kind) + "</span>",
                   escape(phase.name), with_commas(phase.tokens),
                   significant(phase.cycles_per_token()), significant(phase.tokens_per_second()),
                   with_prefix(priced.joules_per_token(), "J"),
                   base > 0.0 ? significant(priced.joules_per_token() / base, 3) : "",
                   verdict(run) + "<br><span class=\"note\">" + compared(run) + "</span>",
                   optional_bits(run.bits_per_byte.integer)});
    }
    return section(
        "comparison", "Runs side by side",
        paragraph("Simulated, all priced with table " + escape(data.tables.front().name) +
                  ". Relative energies are to " +
                  escape(data.of(data.runs.front(), data.runs.front().main_phase(), 0).title()) +
                  ".") +
            table.text());
}

}  // namespace spikeloom::analysis
