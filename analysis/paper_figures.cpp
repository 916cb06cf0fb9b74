#include "analysis/paper_figures.hpp"

#include "analysis/gnuplot.hpp"
#include "analysis/html.hpp"
#include "analysis/plot_script.hpp"
#include "analysis/plots.hpp"
#include "analysis/report_sections.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace spikeloom::analysis {

namespace {

std::string page(const std::string& title, const FigureSource& source, const std::string& body) {
    std::string commands;
    for (const std::string& command : source.commands) {
        commands += command + "\n";
    }
    const auto line = [](const char* what, const std::string& value) {
        return value.empty() ? std::string() : paragraph(what + escape(value));
    };
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
           escape(title) + "</title>\n<style>" + std::string(report_style()) +
           "</style>\n</head>\n<body>\n<main>\n<header><h1>" + escape(title) + "</h1>\n" +
           line("Model: ", source.model) + line("Text: ", source.text) + "</header>\n" + body +
           section("making", "How this was made", "<pre>" + escape(commands) + "</pre>\n") +
           "</main>\n</body>\n</html>\n";
}

double nats(double bits) {
    return bits * std::numbers::ln2;
}

std::string losses_plot(const std::vector<LossCurve>& curves) {
    std::ostringstream out = script();
    out << kFrame << kKeyAbove << "set xlabel 'tokens seen, million' offset 0,0.5\n"
        << "set ylabel 'training loss, bits per token'\nset grid y lt 1 lc rgb '#b0b0b0' lw 0.4\n";
    for (std::size_t i = 0; i < curves.size(); ++i) {
        out << "$curve" << i << " << EOD\n";
        for (const LearningPoint& point : curves[i].points) {
            out << static_cast<double>(point.tokens) / 1e6 << ' ' << point.train_bits << '\n';
        }
        out << "EOD\n";
    }
    out << "plot ";
    for (std::size_t i = 0; i < curves.size(); ++i) {
        out << (i == 0 ? "" : ", ") << "$curve" << i << " using 1:2 with lines lw 1.6 lc rgb '"
            << kSeries[i % kSeries.size()] << "' title " << gnuplot_text(curves[i].label);
    }
    out << '\n';
    return gnuplot_svg(out.str(), {880, 340}, "Training loss over tokens, a line a size of model");
}

/// Two lines over the length of the sequence, both axes logarithmic.
std::string length_plot(const std::vector<LengthPoint>& points, const char* unit,
                        double (*recurrent)(const LengthPoint&),
                        double (*attention)(const LengthPoint&)) {
    std::ostringstream out = script();
    out << kFrame << kKeyAbove
        << "set logscale xy 2\nset format y '%.3s%c'\nset grid lt 1 lc rgb '#b0b0b0' lw 0.4\n"
        << "set xlabel 'tokens of the sequence' offset 0,0.5\nset ylabel '" << unit
        << "'\n$points << EOD\n";
    for (const LengthPoint& point : points) {
        out << point.tokens << ' ' << recurrent(point) << ' ' << attention(point) << '\n';
    }
    out << "EOD\nplot $points using 1:2 with linespoints pt 7 ps 0.5 lw 1.6 lc rgb '" << kSeries[0]
        << "' title 'SpikeGPT', $points using 1:3 with linespoints pt 7 ps 0.5 lw 1.6 lc rgb '"
        << kSeries[1] << "' title 'quadratic attention'\n";
    return gnuplot_svg(out.str(), {880, 300}, unit);
}

std::string formula_table(const std::vector<std::pair<std::string, FormulaColumn>>& columns) {
    HtmlTable table({"formula, per token", "accumulates", "multiply-accumulates", "energy"});
    table.numeric({1, 2, 3});
    for (const auto& [name, column] : columns) {
        table.row({escape(name), with_prefix(column.accumulate_joules(), "J"),
                   with_prefix(column.mac_joules(), "J"), with_prefix(column.joules(), "J")});
    }
    return table.text();
}

FormulaModel with_rate(FormulaModel model, double rate) {
    for (FormulaModel::Rates& rates : model.layers) {
        rates = FormulaModel::rates_behind(rate, rate);
    }
    return model;
}

/// The columns of Table 1 for one shape, by name.
std::vector<std::pair<std::string, FormulaColumn>> formula_columns(const EnergyFormulas& formulas) {
    const FormulaModel& own = formulas.measured;
    const FormulaModel paper = paper_setting(kPaperFiringRate);
    return {{"this model, vanilla GPT", vanilla_gpt_formula(own)},
            {"this model, SpikeGPT, measured rates", spikegpt_formula(own)},
            {"this model, SpikeGPT, the paper's rate",
             spikegpt_formula(with_rate(own, kPaperFiringRate))},
            {formulas.spikes_in_front ? "this model as built: spikes into its matrices"
                                      : "this model as built: dense inputs",
             formulas.as_built()},
            {"paper's shape, vanilla GPT", vanilla_gpt_formula(paper)},
            {"paper's shape, SpikeGPT, the paper's rate", spikegpt_formula(paper)},
            {"paper's shape, SpikeGPT, measured rate",
             spikegpt_formula(paper_setting(formulas.mean_rate))},
            {"paper's shape, SpikeGPT as built: dense inputs", as_built_formula(paper)}};
}

std::string ratio(double value) {
    return significant(value, 3) + " times";
}

}  // namespace

double LossCurve::final_train_bits() const {
    const std::size_t tail = std::max<std::size_t>(1, points.size() / 10);
    double sum = 0.0;
    for (std::size_t i = points.size() - tail; i < points.size(); ++i) {
        sum += points[i].train_bits;
    }
    return sum / static_cast<double>(tail);
}

FormulaModel paper_setting(double rate) {
    FormulaModel model;
    model.channels = 512.0;
    model.hidden = 2048.0;
    model.vocabulary = 256.0;
    model.context = 3072.0;
    model.layers.assign(12, FormulaModel::rates_behind(rate, rate));
    return model;
}

std::string losses_page(const std::vector<LossCurve>& curves, const FigureSource& source) {
    HtmlTable table({"layers x channels", "parameters", "tokens", "final training loss, bits",
                     "nats", "validation, bits"});
    table.numeric({1, 2, 3, 4, 5});
    for (const LossCurve& curve : curves) {
        const LearningPoint& last = curve.points.back();
        table.row({escape(curve.label), with_commas(curve.parameters), with_commas(last.tokens),
                   significant(curve.final_train_bits()),
                   significant(nats(curve.final_train_bits())),
                   last.valid_bits ? significant(*last.valid_bits) : std::string("not measured")});
    }
    return page("Training loss for different model sizes", source,
                figure(losses_plot(curves),
                       "SpikeGPT's Figure 3, made anew: training loss over the same tokens in the "
                       "same order of batches, a line a size.") +
                    table.text() +
                    paragraph("<b>The paper's figure</b> shows three sizes on 0.9 billion tokens, "
                              "none trained to the end, whose loss falls with size. Its axes' "
                              "values are not given as numbers, so what can be compared is the "
                              "order of the curves, at far fewer tokens."));
}

std::string losses_csv(const std::vector<LossCurve>& curves) {
    std::ostringstream out = script();
    out << "model,parameters,tokens,train_bits_per_token,valid_bits_per_token\n";
    for (const LossCurve& curve : curves) {
        for (const LearningPoint& point : curve.points) {
            out << curve.label << ',' << curve.parameters << ',' << point.tokens << ','
                << point.train_bits << ',';
            if (point.valid_bits) {
                out << *point.valid_bits;
            }
            out << '\n';
        }
    }
    return out.str();
}

std::string activity_page(const SpikeActivity& activity, const FigureSource& source) {
    std::string body;
    std::vector<MembraneTrace> block;
    for (std::size_t i = 0; i < activity.membranes.size(); ++i) {
        block.push_back(activity.membranes[i]);
        if (i + 1 == activity.membranes.size() ||
            activity.membranes[i + 1].block != block.front().block) {
            body +=
                figure(membrane_plot(block, "Membranes, " + block.front().block),
                       "Membrane potentials, " + escape(block.front().block) + ", before a reset.");
            block.clear();
        }
    }
    for (const Raster& raster : activity.rasters) {
        body += figure(raster_plot(raster, "Spikes, " + raster.name),
                       "Spikes, " + escape(raster.name) + "; each tick is a spike.");
    }
    body +=
        figure(firing_rate_plot(activity.rates, "Firing rates"),
               "Neurons that fire at a token, beside the mean that the paper's Table 1 assumes.");
    return page("Membrane potentials and spikes", source,
                body + paragraph("<b>The paper's Figure 4</b> shows membrane potentials of the "
                                 "spiking RWKV layer and spike patterns of the feed-forward layer "
                                 "of one trained model, without numbers; the mean firing rate that "
                                 "its Table 1 assumes is 0.15."));
}

std::string activity_csv(const SpikeActivity& activity) {
    std::ostringstream out = script();
    out << "kind,block,neuron,token,value\n";
    for (const MembraneTrace& trace : activity.membranes) {
        for (std::size_t token = 0; token < trace.values.size(); ++token) {
            out << "membrane," << trace.block << ',' << trace.neuron << ',' << token << ','
                << trace.values[token] << '\n';
        }
    }
    for (const Raster& raster : activity.rasters) {
        for (std::size_t token = 0; token < raster.spikes.size(); ++token) {
            for (const std::uint32_t neuron : raster.spikes[token]) {
                out << "spike," << raster.name << ',' << neuron << ',' << token << ",1\n";
            }
        }
    }
    return out.str();
}

std::string length_page(const std::vector<LengthPoint>& points, const FigureSource& source) {
    HtmlTable table({"tokens", "SpikeGPT, &micro;s a token", "attention, &micro;s a token",
                     "mixing, MACs a token: WKV", "attention", "held: state", "keys and values"});
    table.numeric({0, 1, 2, 3, 4, 5, 6});
    for (const LengthPoint& point : points) {
        const auto tokens = static_cast<double>(point.tokens);
        table.row(
            {with_commas(point.tokens), significant(point.recurrent_seconds / tokens * 1e6, 3),
             significant(point.attention_seconds / tokens * 1e6, 3),
             with_commas(static_cast<std::uint64_t>(point.recurrent_macs)),
             with_commas(static_cast<std::uint64_t>(point.attention_macs)),
             with_prefix(point.recurrent_bytes, "B"), with_prefix(point.attention_bytes, "B")});
    }
    const LengthPoint& first = points.front();
    const LengthPoint& last = points.back();
    const auto growth = [&](double LengthPoint::*seconds) {
        return last.*seconds / first.*seconds * static_cast<double>(first.tokens) /
               static_cast<double>(last.tokens);
    };
    return page(
        "Cost against sequence length", source,
        figure(length_plot(
                   points, "microseconds a token",
                   [](const LengthPoint& p) {
                       return p.recurrent_seconds / static_cast<double>(p.tokens) * 1e6;
                   },
                   [](const LengthPoint& p) {
                       return p.attention_seconds / static_cast<double>(p.tokens) * 1e6;
                   }),
               "Measured: a whole sequence through the network in float32 on the computer that "
               "made this page (not a chip), per token.") +
            figure(length_plot(
                       points, "multiply-accumulates a token",
                       [](const LengthPoint& p) { return p.matrix_macs + p.recurrent_macs; },
                       [](const LengthPoint& p) { return p.matrix_macs + p.attention_macs; }),
                   "Counted: matrices, which both networks have, and mixing over time.") +
            table.text() +
            paragraph("From " + with_commas(first.tokens) + " to " + with_commas(last.tokens) +
                      " tokens the time of a token grew " +
                      ratio(growth(&LengthPoint::recurrent_seconds)) + " in SpikeGPT and " +
                      ratio(growth(&LengthPoint::attention_seconds)) +
                      " in the twin, which has the same matrices and softmax attention in the "
                      "place of the recurrence.") +
            paragraph("<b>The paper's claim</b>: complexity O(T d) for a sequence of T tokens, "
                      "against O(T&sup2; d) of a Transformer (Table 2). It is about mixing over "
                      "time: the matrices cost O(T d&sup2;) in both, and outweigh attention until "
                      "T is several times d."));
}

std::string length_csv(const std::vector<LengthPoint>& points) {
    std::ostringstream out = script();
    out << "tokens,matrix_macs_per_token,wkv_macs_per_token,attention_macs_per_token,state_bytes,"
           "key_value_bytes,spikegpt_seconds,attention_seconds\n";
    for (const LengthPoint& point : points) {
        out << point.tokens << ',' << point.matrix_macs << ',' << point.recurrent_macs << ','
            << point.attention_macs << ',' << point.recurrent_bytes << ',' << point.attention_bytes
            << ',' << point.recurrent_seconds << ',' << point.attention_seconds << '\n';
    }
    return out.str();
}

std::string energy_page(const EnergyFormulas& formulas, const FigureSource& source) {
    const auto columns = formula_columns(formulas);
    const auto joules = [&](std::size_t column) { return columns[column].second.joules(); };
    HtmlTable ratios({"vanilla GPT over SpikeGPT", "this model", "paper's shape"});
    ratios.numeric({1, 2});
    ratios.row(
        {"at the paper's rate, 0.15", ratio(joules(0) / joules(2)), ratio(joules(4) / joules(5))});
    ratios.row({"at the measured rates, mean " + significant(formulas.mean_rate, 3),
                ratio(joules(0) / joules(1)), ratio(joules(4) / joules(6))});
    ratios.row({formulas.spikes_in_front ? "as built: the matrices read spikes"
                                         : "as built: the matrices see dense inputs",
                ratio(joules(0) / joules(3)), ratio(joules(4) / joules(7))});
    ratios.row({"printed in the paper", "", ratio(kPaperReduction)});
    return page(
        "Table 1 with measured rates", source,
        formula_table(columns) + ratios.text() +
            paragraph("SpikeGPT's Table 1 prices operations alone: 0.9 pJ an accumulate, 4.5 pJ a "
                      "multiply-accumulate (45 nm), projections as accumulates scaled by a firing "
                      "rate. Memory, network, control, leakage, W<sub>o</sub>, LayerNorm and the "
                      "output projection are not in it; the last column of each shape adds the two "
                      "matrices. The sum printed in the paper does not follow from the table as "
                      "printed: 32.2 is close to 4.5 / (0.15 x 0.9) = 33.3, the price of one "
                      "projection over the other, without credit for the missing attention.") +
            paragraph("What a token costs on a machine is another matter: "
                      "<code>spikeloom simulate --report</code>."));
}

std::string energy_csv(const EnergyFormulas& formulas) {
    std::ostringstream out = script();
    out << "column,block,operation,kind,operations_per_token,joules_per_token\n";
    for (const auto& [name, column] : formula_columns(formulas)) {
        for (const FormulaTerm& term : column.terms) {
            out << '"' << name << "\"," << term.block << ",\"" << term.operation << "\","
                << (term.multiplies ? "MAC" : "AC") << ',' << term.operations << ',' << term.joules
                << '\n';
        }
    }
    return out.str();
}

}  // namespace spikeloom::analysis
