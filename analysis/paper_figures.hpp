// SpikeGPT's figures and energy table, made anew: Zhu, Zhao, Li and Eshraghian, "SpikeGPT:
// Generative Pre-trained Language Model with Spiking Neural Networks" (TMLR 2024, arXiv
// 2302.13939). Each is a page with the paper's own value beside it, and the same numbers as a CSV.
#pragma once

#include "analysis/paper_formula.hpp"
#include "analysis/run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::analysis {

/// How a page was made: its command lines, the model's name, the text's.
struct FigureSource {
    std::vector<std::string> commands;
    std::string model;
    std::string text;
};

/// Figure 3: training loss over tokens for several sizes of model.
struct LossCurve {
    std::string label;  // "3 x 128"
    std::uint64_t parameters = 0;
    std::vector<LearningPoint> points;

    /// Mean training loss of the last tenth of the points, bits a token.
    double final_train_bits() const;
};
std::string losses_page(const std::vector<LossCurve>& curves, const FigureSource& source);
std::string losses_csv(const std::vector<LossCurve>& curves);

/// Figure 4: membranes of the time mix, spikes of the channel mix.
struct SpikeActivity {
    std::vector<MembraneTrace> membranes;
    std::vector<Raster> rasters;  // one a layer
    std::vector<FiringRate> rates;
};
std::string activity_page(const SpikeActivity& activity, const FigureSource& source);
std::string activity_csv(const SpikeActivity& activity);

/// The claim that a token costs the same at every sequence length: a point for each length.
struct LengthPoint {
    std::uint64_t tokens = 0;
    double matrix_macs = 0.0;  // a token: the same in both networks
    /// Of mixing over time, a token: multiply-accumulates.
    double recurrent_macs = 0.0;
    double attention_macs = 0.0;
    /// Held by a generator behind the sequence.
    double recurrent_bytes = 0.0;
    double attention_bytes = 0.0;
    /// Measured: the whole sequence through the network, on the machine that ran this program.
    double recurrent_seconds = 0.0;
    double attention_seconds = 0.0;
};
std::string length_page(const std::vector<LengthPoint>& points, const FigureSource& source);
std::string length_csv(const std::vector<LengthPoint>& points);

/// Table 1: the paper's formula at its own setting and at the model's, with measured rates.
struct EnergyFormulas {
    FormulaModel measured;         // the model's shape and measured rates
    double mean_rate = 0.0;        // of its layers of neurons
    bool spikes_in_front = false;  // neurons in front of the matrices: as built they accumulate

    FormulaColumn as_built() const {
        return spikes_in_front ? spikes_in_front_formula(measured) : as_built_formula(measured);
    }
};
std::string energy_page(const EnergyFormulas& formulas, const FigureSource& source);
std::string energy_csv(const EnergyFormulas& formulas);

/// The shape at which Table 1 is evaluated in the paper (12 layers of 512 channels, T = 3072), all
/// neurons firing at `rate`.
FormulaModel paper_setting(double rate);
/// "Fewer operations", as the abstract has it.
inline constexpr double kPaperReduction = 32.2;

}  // namespace spikeloom::analysis
