// The report's plots, each an <svg> element (analysis/gnuplot.hpp).
#pragma once

#include "analysis/energy_table.hpp"
#include "analysis/run.hpp"

#include <string>
#include <vector>

namespace spikeloom::analysis {

/// A component's colour in every figure and table, "#rrggbb".
std::string_view colour_of(Component component);

/// One horizontal bar: joules by component.
struct EnergyBar {
    std::string label;
    PerComponent<double> joules = {};
    bool simulated = true;  // otherwise from a formula: drawn paler
};

/// Bars below each other on one linear axis from 0, each with its sum behind it.
std::string energy_plot(const std::vector<EnergyBar>& bars, const std::string& about);

/// A group of boxes a layer, one for each of its layers of neurons, beside the rate the paper
/// assumes.
/// What figures call a layer of neurons: "time mix", "channel mix" behind the sub-blocks, otherwise
/// its own name.
std::string title_of_neurons(const std::string& block);

std::string firing_rate_plot(const std::vector<FiringRate>& rates, const std::string& about);

/// A tick for each spike: tokens to the right, neurons upwards. Where there are more spikes than a
/// page can show, every n-th neuron is drawn, and the axis says so.
std::string raster_plot(const Raster& raster, const std::string& about);

/// The membranes of one sub-block's neurons over the tokens, and their threshold.
std::string membrane_plot(const std::vector<MembraneTrace>& traces, const std::string& about);

/// Mean power of each sample, by component, one above the other.
std::string power_plot(const std::vector<PowerSample>& samples, const std::string& about);

/// Bits a token in training and, where measured, in validation.
std::string learning_curve_plot(const std::vector<LearningPoint>& points, const std::string& about);

}  // namespace spikeloom::analysis
