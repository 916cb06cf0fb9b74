#include "analysis/training_report.hpp"

#include "analysis/gnuplot.hpp"
#include "analysis/html.hpp"
#include "analysis/plot_script.hpp"
#include "analysis/report_sections.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>

namespace spikeloom::analysis {

namespace {

using Value = std::function<double(const TrainingPoint&)>;

constexpr const char* kGrid = "set grid y lt 1 lc rgb '#b0b0b0' lw 0.4\n";

/// A data block of (million tokens, value) where the value is known; whether there was any.
bool data_block(std::ostringstream& out, const std::string& name, const TrainingCurve& curve,
                const Value& value) {
    std::ostringstream rows = script();
    for (const TrainingPoint& point : curve) {
        if (std::isfinite(value(point))) {
            rows << static_cast<double>(point.tokens) / 1e6 << ' ' << value(point) << '\n';
        }
    }
    if (rows.str().empty()) {
        return false;
    }
    out << '$' << name << " << EOD\n" << rows.str() << "EOD\n";
    return true;
}

/// Bits per byte where every run knows them, otherwise per token.
bool per_byte(const std::vector<TrainingRecord>& runs) {
    return std::all_of(runs.begin(), runs.end(), [](const TrainingRecord& run) {
        return std::isfinite(run.curve.back().train_bits_per_byte);
    });
}

double train_bits(const TrainingPoint& point, bool bytes) {
    return bytes ? point.train_bits_per_byte : point.train_bits_per_token;
}
double valid_bits(const TrainingPoint& point, bool bytes) {
    return bytes ? point.valid_bits_per_byte : point.valid_bits_per_token;
}

std::string bits_plot(const std::vector<TrainingRecord>& runs, bool bytes) {
    std::ostringstream out = script();
    out << kFrame << kKeyAbove << kGrid << "set xlabel 'tokens seen, million' offset 0,0.5\n"
        << "set ylabel 'bits per " << (bytes ? "byte" : "token") << "'\n";
    std::string plots;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const std::string number = std::to_string(i);
        const std::string colour(kSeries[i % kSeries.size()]);
        const std::string of = runs.size() > 1 ? ", " + runs[i].label : std::string();
        if (data_block(out, "train" + number, runs[i].curve,
                       [&](const TrainingPoint& p) { return train_bits(p, bytes); })) {
            plots += std::string(plots.empty() ? "" : ", ") + "$train" + number +
                     " using 1:2 with lines lw 1.2 dt 3 lc rgb '" + colour + "' title " +
                     gnuplot_text("training" + of);
        }
        if (data_block(out, "valid" + number, runs[i].curve,
                       [&](const TrainingPoint& p) { return valid_bits(p, bytes); })) {
            plots += std::string(plots.empty() ? "" : ", ") + "$valid" + number +
                     " using 1:2 with linespoints pt 7 ps 0.4 lw 1.6 lc rgb '" + colour +
                     "' title " + gnuplot_text("validation" + of);
        }
    }
    out << "plot " << plots << '\n';
    return gnuplot_svg(out.str(), {880, 340}, "Bits over the tokens seen");
}

/// From the first layer's blue to the last one's orange.
std::string depth_colour(std::size_t index, std::size_t count) {
    const double share =
        count > 1 ? static_cast<double>(index) / static_cast<double>(count - 1) : 0.0;
    const auto mixed = [&](int first, int last) {
        return static_cast<int>(std::lround(first + share * (last - first)));
    };
    char text[16];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", mixed(0x4c, 0xf5), mixed(0x78, 0x85),
                  mixed(0xa8, 0x18));
    return text;
}

/// The places in a point's activity of each site's layers.
std::map<std::string, std::vector<std::size_t>> layers_by_site(const TrainingPoint& point) {
    std::map<std::string, std::vector<std::size_t>> sites;
    for (std::size_t i = 0; i < point.activity.size(); ++i) {
        sites[point.activity[i].site].push_back(i);
    }
    return sites;
}

std::string rates_plot(const TrainingCurve& curve, const std::string& site,
                       const std::vector<std::size_t>& places) {
    std::ostringstream out = script();
    out << kFrame << kKeyAbove << kGrid << "set xlabel 'tokens seen, million' offset 0,0.5\n"
        << "set ylabel 'neurons that fire at a token, %'\nset yrange [0:*]\n";
    std::string plots;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::string name = "layer" + std::to_string(i);
        data_block(out, name, curve, [&](const TrainingPoint& p) {
            return 100.0 * p.activity[places[i]].firing_rate;
        });
        const int layer = curve.front().activity[places[i]].layer;
        const bool named =
            i == 0 || i + 1 == places.size();  // the colours between explain themselves
        plots += std::string(plots.empty() ? "" : ", ") + "$" + name +
                 " using 1:2 with lines lw 1.4 lc rgb '" + depth_colour(i, places.size()) + "' " +
                 (named ? "title 'layer " + std::to_string(layer) + "'" : "notitle");
    }
    out << "plot " << plots << '\n';
    return gnuplot_svg(out.str(), {880, 260}, "Firing rates of " + site + " over training");
}

std::string silent_plot(const TrainingCurve& curve) {
    std::ostringstream out = script();
    out << kFrame << kKeyAbove << kGrid << "set xlabel 'tokens seen, million' offset 0,0.5\n"
        << "set ylabel 'neurons, %'\nset yrange [0:*]\n";
    const auto share = [](std::uint64_t part, const TrainingPoint& p) {
        return 100.0 * static_cast<double>(part) / static_cast<double>(p.neurons());
    };
    data_block(out, "dead", curve, [&](const TrainingPoint& p) { return share(p.dead(), p); });
    data_block(out, "saturated", curve,
               [&](const TrainingPoint& p) { return share(p.saturated(), p); });
    out << "plot $dead using 1:2 with lines lw 1.4 lc rgb '" << kSeries[0]
        << "' title 'dead', $saturated using 1:2 with lines lw 1.4 lc rgb '" << kSeries[1]
        << "' title 'saturated'\n";
    return gnuplot_svg(out.str(), {880, 240}, "Dead and saturated neurons over training");
}

std::string known(double value, int digits = 4) {
    return std::isfinite(value) ? significant(value, digits) : "not measured";
}

std::string overview(const std::vector<TrainingRecord>& runs, bool bytes) {
    HtmlTable table({"run", "steps", "tokens", "bits per byte, training",
                     "bits per byte, validation", "bits per token, validation", "best validation",
                     "firing rate", "dead", "saturated", "neurons", "hours"});
    table.numeric({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    for (const TrainingRecord& run : runs) {
        const TrainingPoint& last = run.curve.back();
        double best = valid_bits(last, bytes);
        for (const TrainingPoint& point : run.curve) {
            best = std::fmin(best, valid_bits(point, bytes));  // passes over what is not known
        }
        const bool spiking = last.neurons() > 0;
        table.row({escape(run.label), with_commas(static_cast<std::uint64_t>(last.step)),
                   with_commas(static_cast<std::uint64_t>(last.tokens)),
                   known(last.train_bits_per_byte), known(last.valid_bits_per_byte),
                   known(last.valid_bits_per_token), known(best),
                   spiking ? percent(last.firing_rate()) : "no neurons", with_commas(last.dead()),
                   with_commas(last.saturated()), with_commas(last.neurons()),
                   significant(last.seconds / 3600.0, 3)});
    }
    return table.text();
}

std::string activity_table(const TrainingPoint& point) {
    HtmlTable table({"layer", "neurons at", "firing rate", "neurons", "dead", "saturated"});
    table.numeric({2, 3, 4, 5});
    for (const LayerActivity& layer : point.activity) {
        table.row({std::to_string(layer.layer), escape(layer.site), percent(layer.firing_rate),
                   with_commas(layer.neurons), with_commas(layer.dead),
                   with_commas(layer.saturated)});
    }
    return table.text();
}

std::string activity_section(const TrainingRecord& run, std::size_t number, bool with_label) {
    const TrainingPoint& last = run.curve.back();
    if (last.activity.empty()) {
        return {};
    }
    std::string html;
    for (const auto& [site, places] : layers_by_site(last)) {
        html += figure(rates_plot(run.curve, site, places),
                       "Firing rates of the neurons at <code>" + escape(site) +
                           "</code>, a line a layer, from the first (blue) to the last (orange).");
    }
    html += figure(silent_plot(run.curve),
                   "Neurons that fired at none (dead) and at each (saturated) of the tokens of the "
                   "training batch before an evaluation.");
    html += "<details><summary>Layer by layer, at the end</summary>\n" + activity_table(last) +
            "</details>\n";
    return section("activity-" + std::to_string(number),
                   with_label ? "Neurons of " + escape(run.label) : "Neurons", html);
}

}  // namespace

std::string render_training_report(const std::vector<TrainingRecord>& runs,
                                   const TrainingReportOptions& options) {
    if (runs.empty()) {
        throw InputError("report: no learning curve was given");
    }
    for (const TrainingRecord& run : runs) {
        if (run.curve.empty()) {
            throw InputError("report: the learning curve '" + run.label + "' has no point");
        }
    }
    const bool bytes = per_byte(runs);
    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
        escape(options.title) + "</title>\n<style>" + std::string(report_style()) +
        "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>" + escape(options.title) +
        "</h1>\n</header>\n";
    html += section(
        "curve", "Learning curve",
        overview(runs, bytes) +
            figure(bits_plot(runs, bytes),
                   "Training: mean over the steps since the point before. Validation: held-out "
                   "text, each token predicted from all before it."));
    for (std::size_t i = 0; i < runs.size(); ++i) {
        html += activity_section(runs[i], i, runs.size() > 1);
    }
    std::string made;
    for (const std::string& command : options.commands) {
        made += command + "\n";
    }
    html += section("making", "How it was made",
                    made.empty() ? std::string() : "<pre>" + escape(made) + "</pre>\n");
    html += section("configuration", "Configuration",
                    options.configuration.empty()
                        ? std::string()
                        : "<pre>" + escape(options.configuration) + "</pre>\n");
    return html + "</main>\n</body>\n</html>\n";
}

}  // namespace spikeloom::analysis
