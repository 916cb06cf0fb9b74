// SpikeGPT's own energy estimate: operation counts times two constants, nothing else.
//
// Zhu, Zhao, Li and Eshraghian, "SpikeGPT: Generative Pre-trained Language Model with Spiking
// Neural Networks" (TMLR 2024, arXiv 2302.13939), Table 1, with E_AC = 0.9 pJ and E_MAC = 4.5 pJ
// (45 nm, 32-bit floating point, after Horowitz, ISSCC 2014). It prices a projection as accumulates
// scaled by a firing rate. Memory, network, control, leakage, LIF updates, LayerNorm and the output
// projection W_o are not in it, and the published network feeds its projections dense vectors; the
// third column here prices that network as it is built. docs/energy.md, "The paper's formula", says
// how far it can be trusted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spikeloom::analysis {

inline constexpr double kPaperAccumulatePicojoules = 0.9;
inline constexpr double kPaperMacPicojoules = 4.5;
/// The mean firing rate the paper's ratio assumes.
inline constexpr double kPaperFiringRate = 0.15;

/// What the formula needs to know of a model.
struct FormulaModel {
    double channels = 0.0;    // d
    double hidden = 0.0;      // width of the feed-forward layer, 4 d in the paper
    double vocabulary = 0.0;  // of the output projection (as built only)
    double context = 0.0;     // T, tokens attended to (vanilla GPT only)
    /// The firing rates that scale a layer's projections. The paper does not say whose they are. Of
    /// the published network, whose neurons stand behind the sub-blocks, all of a sub-block are
    /// that of its neurons; where neurons stand in front of the matrices, each is what its matrix
    /// reads.
    struct Rates {
        double key_value_receptance = 0.0;  // of the time mix, their mean
        double output = 0.0;                // not in the paper's table
        double ffn_key = 0.0;
        double ffn_receptance = 0.0;
        double ffn_value = 0.0;
    };
    static Rates rates_behind(double time_mix, double channel_mix);
    std::vector<Rates> layers;
};

struct FormulaTerm {
    std::string block;        // "time mix", "channel mix", "attention" ...
    std::string operation;    // "K, V, R projections"
    bool multiplies = false;  // priced as multiply-accumulates
    double operations = 0.0;  // a token, all layers, after scaling by the firing rates
    double joules = 0.0;      // a token
};

/// A layer's rates from those of its neurons by name ("att_key", ...; "att" and "ffn" behind the
/// sub-blocks); of a missing name 0.
FormulaModel::Rates formula_rates(const std::map<std::string, double>& neurons);

/// One column of the table, per token: terms and their sum.
struct FormulaColumn {
    std::vector<FormulaTerm> terms;
    double accumulate_joules() const;
    double mac_joules() const;
    double joules() const { return accumulate_joules() + mac_joules(); }
};

/// Table 1's SpikeGPT column: projections as accumulates at each sub-block's own firing rate; the
/// recurrence 7 d multiply-accumulates a layer.
FormulaColumn spikegpt_formula(const FormulaModel& model);

/// Table 1's "vanilla GPT" column: all multiply-accumulates, attention over T tokens. The table
/// counts the sequence (T rows); divided by T this is a token's share.
FormulaColumn vanilla_gpt_formula(const FormulaModel& model);

/// SpikeGPT as published code computes it: every matrix sees dense vectors, so every one of its
/// products is a multiply-accumulate; W_o and the output projection included.
FormulaColumn as_built_formula(const FormulaModel& model);

/// The network with neurons in front of its matrices (lif_linear) as it is built: accumulates at
/// the rate that each matrix reads, W_o included; the recurrence and the output projection, which
/// reads a dense vector, multiply.
FormulaColumn spikes_in_front_formula(const FormulaModel& model);

}  // namespace spikeloom::analysis
