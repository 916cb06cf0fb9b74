#include "analysis/plots.hpp"

#include "analysis/gnuplot.hpp"
#include "analysis/html.hpp"
#include "analysis/paper_formula.hpp"
#include "analysis/plot_script.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <sstream>

namespace spikeloom::analysis {

namespace {

// Hues that keep apart on white, on black and in print.
constexpr PerComponent<std::string_view> kColours = {"#4c78a8", "#54a24b", "#e45756", "#a0c878",
                                                     "#b279a2", "#9d755d", "#f58518", "#d9b42c",
                                                     "#3fa7a0", "#6f6fb0", "#8e959c"};
std::string shortened(const std::string& label) {
    constexpr std::size_t kLongest = 46;
    return label.size() <= kLongest ? label : label.substr(0, kLongest - 3) + "...";
}

double sum(const PerComponent<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// The decimal prefix in which the largest value has one to three digits before the point.
struct Scale {
    double factor = 1.0;
    std::string unit;
};
Scale scale_for(double largest, const std::string& unit) {
    constexpr std::array<std::pair<double, const char*>, 6> kScales = {
        {{1.0, ""}, {1e-3, "m"}, {1e-6, "\u00b5"}, {1e-9, "n"}, {1e-12, "p"}, {1e-15, "f"}}};
    for (const auto& [factor, prefix] : kScales) {
        if (largest >= factor) {
            return {factor, prefix + unit};
        }
    }
    return {1.0, unit};
}

}  // namespace

std::string_view colour_of(Component component) {
    return kColours[static_cast<std::size_t>(component)];
}

std::string energy_plot(const std::vector<EnergyBar>& bars, const std::string& about) {
    double largest = 0.0;
    for (const EnergyBar& bar : bars) {
        largest = std::max(largest, sum(bar.joules));
    }
    const Scale scale = scale_for(largest, "J");
    const double axis = std::max(largest / scale.factor, 1e-3) * 1.16;  // room for the sums

    std::ostringstream out = script();
    out << kFrame << "set border 1\nset lmargin at screen 0.36\nset rmargin at screen 0.99\n"
        << "set xrange [0:" << axis << "]\nset yrange [" << static_cast<double>(bars.size()) - 0.4
        << ":-0.6]\n"
        << "set grid x lt 1 lc rgb '#b0b0b0' lw 0.4\n"
        << "set xlabel '" << scale.unit << " per token' offset 0,0.5\nunset ytics\n";
    for (std::size_t i = 0; i < bars.size(); ++i) {
        const double end = sum(bars[i].joules) / scale.factor;
        out << "set label " << gnuplot_text(shortened(bars[i].label)) << " at graph 0,first " << i
            << " right offset -1,0\n"
            << "set label " << gnuplot_text(with_prefix(sum(bars[i].joules), "J")) << " at " << end
            << "," << i << " left offset 0.6,0\n";
    }
    out << "$bars << EOD\n";
    for (std::size_t i = 0; i < bars.size(); ++i) {
        double left = 0.0;
        for (std::size_t c = 0; c < kComponents; ++c) {
            const double right = left + bars[i].joules[c] / scale.factor;
            const double y = static_cast<double>(i);
            out << left << ' ' << y << ' ' << left << ' ' << right << ' ' << y - 0.32 << ' '
                << y + 0.32 << " 0x" << (bars[i].simulated ? "00" : "80") << kColours[c].substr(1)
                << '\n';
            left = right;
        }
    }
    out << "EOD\nset style fill solid noborder\n"
        << "plot $bars using 1:2:3:4:5:6:(int(strcol(7))) with boxxyerror lc rgb variable\n";
    return gnuplot_svg(out.str(), {880, 90 + 38 * static_cast<int>(bars.size())}, about);
}

std::string title_of_neurons(const std::string& block) {
    return block == "att" ? "time mix" : block == "ffn" ? "channel mix" : block;
}

std::string firing_rate_plot(const std::vector<FiringRate>& rates, const std::string& about) {
    std::vector<std::string> blocks;  // in the order of the data
    double largest = kPaperFiringRate * 100.0;
    int last_layer = 0;
    for (const FiringRate& rate : rates) {
        if (std::find(blocks.begin(), blocks.end(), rate.block) == blocks.end()) {
            blocks.push_back(rate.block);
        }
        largest = std::max(largest, rate.rate * 100.0);
        last_layer = std::max(last_layer, rate.layer);
    }
    const double pitch = 0.76 / static_cast<double>(blocks.size());
    std::ostringstream out = script();
    out << kFrame << kKeyAbove << "set xrange [-0.6:" << last_layer + 0.6 << "]\n"
        << "set yrange [0:" << largest * 1.12 << "]\n"
        << "set xtics 1\nset xlabel 'layer' offset 0,0.5\n"
        << "set ylabel 'neurons that fire at a token, %'\n"
        << "set style fill solid noborder\nset boxwidth " << 0.95 * pitch << '\n';
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        out << "$rates" << b << " << EOD\n";
        const double offset =
            (static_cast<double>(b) - (static_cast<double>(blocks.size()) - 1.0) / 2.0) * pitch;
        for (const FiringRate& rate : rates) {
            if (rate.block == blocks[b]) {
                out << rate.layer + offset << ' ' << rate.rate * 100.0 << '\n';
            }
        }
        out << "EOD\n";
    }
    out << "plot ";
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        out << "$rates" << b << " using 1:2 with boxes lc rgb '" << kSeries[b % kSeries.size()]
            << "' title " << gnuplot_text(title_of_neurons(blocks[b])) << ", ";
    }
    out << kPaperFiringRate * 100.0 << " with lines dt 2 lw 1.5 lc rgb '" << kReference
        << "' title 'assumed by the paper'\n";
    return gnuplot_svg(out.str(), {880, 300}, about);
}

std::string raster_plot(const Raster& raster, const std::string& about) {
    constexpr std::size_t kMostTicks = 20000;
    std::size_t spikes = 0;
    for (const auto& step : raster.spikes) {
        spikes += step.size();
    }
    const std::size_t every = std::max<std::size_t>(1, (spikes + kMostTicks - 1) / kMostTicks);

    std::ostringstream out = script();
    out << kFrame << "set xrange [-0.5:" << static_cast<double>(raster.spikes.size()) - 0.5
        << "]\nset yrange [-1:" << raster.neurons
        << "]\nset xlabel 'token' offset 0,0.5\nset ylabel 'neuron"
        << (every == 1 ? std::string() : " (one of " + std::to_string(every) + " shown)")
        << "'\n$spikes << EOD\n";
    // A data block may not be empty; a tick of no height shows nothing.
    out << "0 0 0\n";
    // Half of a token's share of the axis, which is about 780 wide.
    const double width = std::clamp(
        390.0 / static_cast<double>(std::max<std::size_t>(1, raster.spikes.size())), 1.0, 6.0);
    const double tick = 0.9 * static_cast<double>(every);
    for (std::size_t step = 0; step < raster.spikes.size(); ++step) {
        for (const std::uint32_t neuron : raster.spikes[step]) {
            if (neuron % every == 0) {
                out << step << ' ' << static_cast<double>(neuron) - tick / 2 << ' ' << tick << '\n';
            }
        }
    }
    out << "EOD\nplot $spikes using 1:2:(0):3 with vectors nohead lw " << width << " lc rgb '"
        << kSeries[0] << "'\n";
    return gnuplot_svg(out.str(), {880, 280}, about);
}

std::string membrane_plot(const std::vector<MembraneTrace>& traces, const std::string& about) {
    std::ostringstream out = script();
    out << kFrame << kKeyAbove << "set xlabel 'token' offset 0,0.5\nset ylabel 'membrane'\n";
    std::size_t steps = 1;
    for (std::size_t i = 0; i < traces.size(); ++i) {
        out << "$trace" << i << " << EOD\n";
        for (std::size_t step = 0; step < traces[i].values.size(); ++step) {
            out << step << ' ' << traces[i].values[step] << '\n';
        }
        out << "EOD\n";
        steps = std::max(steps, traces[i].values.size());
    }
    out << "set xrange [0:" << steps << "]\nplot ";
    for (std::size_t i = 0; i < traces.size(); ++i) {
        out << "$trace" << i << " using 1:2 with lines lw 1.4 lc rgb '"
            << kSeries[i % kSeries.size()] << "' title 'neuron " << traces[i].neuron << "', ";
    }
    out << traces.front().threshold << " with lines dt 2 lw 1.5 lc rgb '" << kReference
        << "' title 'threshold'\n";
    return gnuplot_svg(out.str(), {880, 260}, about);
}

std::string learning_curve_plot(const std::vector<LearningPoint>& points,
                                const std::string& about) {
    std::ostringstream out = script();
    out << kFrame << kKeyAbove
        << "set xlabel 'tokens seen, million' offset 0,0.5\nset ylabel 'bits per token'\n"
        << "set grid y lt 1 lc rgb '#b0b0b0' lw 0.4\n$train << EOD\n";
    std::ostringstream valid = script();
    for (const LearningPoint& point : points) {
        const double millions = static_cast<double>(point.tokens) / 1e6;
        out << millions << ' ' << point.train_bits << '\n';
        if (point.valid_bits) {
            valid << millions << ' ' << *point.valid_bits << '\n';
        }
    }
    out << "EOD\n";
    if (!valid.str().empty()) {
        out << "$valid << EOD\n" << valid.str() << "EOD\n";
    }
    out << "plot $train using 1:2 with lines lw 1.4 lc rgb '" << kSeries[0] << "' title 'training'";
    if (!valid.str().empty()) {
        out << ", $valid using 1:2 with linespoints pt 7 ps 0.5 lw 1.6 lc rgb '" << kSeries[1]
            << "' title 'validation'";
    }
    out << '\n';
    return gnuplot_svg(out.str(), {880, 300}, about);
}

std::string power_plot(const std::vector<PowerSample>& samples, const std::string& about) {
    double largest = 0.0;
    for (const PowerSample& sample : samples) {
        largest = std::max(largest, sum(sample.joules) / (sample.end - sample.begin));
    }
    const Scale watts = scale_for(largest, "W");
    const Scale seconds = scale_for(samples.back().end, "s");
    std::ostringstream out = script();
    out << kFrame << "set xrange [" << samples.front().begin / seconds.factor << ":"
        << samples.back().end / seconds.factor << "]\n"
        << "set yrange [0:" << std::max(largest / watts.factor, 1e-3) * 1.08 << "]\n"
        << "set xlabel 'simulated time, " << seconds.unit << "' offset 0,0.5\n"
        << "set ylabel 'mean power, " << watts.unit << "'\n$power << EOD\n";
    for (const PowerSample& sample : samples) {
        const double begin = sample.begin / seconds.factor;
        const double end = sample.end / seconds.factor;
        double low = 0.0;
        for (std::size_t c = 0; c < kComponents; ++c) {
            if (sample.joules[c] <= 0.0) {
                continue;
            }
            const double high = low + sample.joules[c] / (sample.end - sample.begin) / watts.factor;
            out << begin << ' ' << low << ' ' << begin << ' ' << end << ' ' << low << ' ' << high
                << " 0x" << kColours[c].substr(1) << '\n';
            low = high;
        }
    }
    out << "EOD\nset style fill solid noborder\n"
        << "plot $power using 1:2:3:4:5:6:(int(strcol(7))) with boxxyerror lc rgb variable\n";
    return gnuplot_svg(out.str(), {880, 300}, about);
}

}  // namespace spikeloom::analysis
