#include "analysis/paper_formula.hpp"

#include "analysis/units.hpp"

namespace spikeloom::analysis {

namespace {

void add_accumulates(FormulaColumn& column, const char* block, const char* operation,
                     double operations) {
    column.terms.push_back({block, operation, false, operations,
                            operations * kPaperAccumulatePicojoules * kJoulesPerPicojoule});
}

void add_macs(FormulaColumn& column, const char* block, const char* operation, double operations) {
    column.terms.push_back({block, operation, true, operations,
                            operations * kPaperMacPicojoules * kJoulesPerPicojoule});
}

double layers_of(const FormulaModel& model) {
    return static_cast<double>(model.layers.size());
}

FormulaModel::Rates sum_of_layers(const FormulaModel& model) {
    FormulaModel::Rates sum;
    for (const FormulaModel::Rates& rates : model.layers) {
        sum.key_value_receptance += rates.key_value_receptance;
        sum.output += rates.output;
        sum.ffn_key += rates.ffn_key;
        sum.ffn_receptance += rates.ffn_receptance;
        sum.ffn_value += rates.ffn_value;
    }
    return sum;
}

void add_channel_mix(FormulaColumn& column, const FormulaModel::Rates& rates, double d,
                     double hidden) {
    add_accumulates(column, "channel mix", "key (d h, at the firing rate)",
                    rates.ffn_key * d * hidden);
    add_accumulates(column, "channel mix", "receptance (d\u00b2, at the firing rate)",
                    rates.ffn_receptance * d * d);
    add_accumulates(column, "channel mix", "value (h d, at the firing rate)",
                    rates.ffn_value * hidden * d);
}

double sum_of(const FormulaColumn& column, bool multiplies) {
    double joules = 0.0;
    for (const FormulaTerm& term : column.terms) {
        joules += term.multiplies == multiplies ? term.joules : 0.0;
    }
    return joules;
}

}  // namespace

double FormulaColumn::accumulate_joules() const {
    return sum_of(*this, false);
}

double FormulaColumn::mac_joules() const {
    return sum_of(*this, true);
}

FormulaModel::Rates FormulaModel::rates_behind(double time_mix, double channel_mix) {
    return {time_mix, time_mix, channel_mix, channel_mix, channel_mix};
}

FormulaModel::Rates formula_rates(const std::map<std::string, double>& neurons) {
    const auto rate = [&](const char* name) {
        const auto found = neurons.find(name);
        return found == neurons.end() ? 0.0 : found->second;
    };
    if (neurons.count("att_key") == 0) {
        return FormulaModel::rates_behind(rate("att"), rate("ffn"));
    }
    return {(rate("att_key") + rate("att_value") + rate("att_receptance")) / 3.0,
            rate("att_output"), rate("ffn_key"), rate("ffn_receptance"), rate("ffn_value")};
}

FormulaColumn spikegpt_formula(const FormulaModel& model) {
    const double d = model.channels;
    const FormulaModel::Rates rates = sum_of_layers(model);
    FormulaColumn column;
    add_accumulates(column, "time mix", "K, V, R projections (3 d\u00b2, at the firing rate)",
                    rates.key_value_receptance * 3.0 * d * d);
    add_macs(column, "time mix", "WKV recurrence (7 d)", layers_of(model) * 7.0 * d);
    add_channel_mix(column, rates, d, model.hidden);
    return column;
}

FormulaColumn vanilla_gpt_formula(const FormulaModel& model) {
    const double d = model.channels;
    const double layers = layers_of(model);
    FormulaColumn column;
    add_macs(column, "attention", "Q, K, V projections (3 d\u00b2)", layers * 3.0 * d * d);
    add_macs(column, "attention", "products with keys and values (2 T d)",
             layers * 2.0 * model.context * d);
    add_macs(column, "attention", "scale (T)", layers * model.context);
    add_macs(column, "attention", "softmax (2 T)", layers * 2.0 * model.context);
    add_macs(column, "feed-forward", "layer 1 (d h)", layers * d * model.hidden);
    add_macs(column, "feed-forward", "layer 2 (d\u00b2)", layers * d * d);
    add_macs(column, "feed-forward", "layer 3 (h d)", layers * model.hidden * d);
    return column;
}

FormulaColumn as_built_formula(const FormulaModel& model) {
    const double d = model.channels;
    const double layers = layers_of(model);
    FormulaColumn column;
    add_macs(column, "time mix", "K, V, R projections (3 d\u00b2)", layers * 3.0 * d * d);
    add_macs(column, "time mix", "output projection W_o (d\u00b2)", layers * d * d);
    add_macs(column, "channel mix", "key (d h)", layers * d * model.hidden);
    add_macs(column, "channel mix", "receptance (d\u00b2)", layers * d * d);
    add_macs(column, "channel mix", "value (h d)", layers * model.hidden * d);
    add_macs(column, "head", "logits (V d)", model.vocabulary * d);
    return column;
}

FormulaColumn spikes_in_front_formula(const FormulaModel& model) {
    const double d = model.channels;
    const FormulaModel::Rates rates = sum_of_layers(model);
    FormulaColumn column;
    add_accumulates(column, "time mix", "K, V, R projections (3 d\u00b2, at the firing rate)",
                    rates.key_value_receptance * 3.0 * d * d);
    add_macs(column, "time mix", "WKV recurrence (7 d)", layers_of(model) * 7.0 * d);
    add_accumulates(column, "time mix", "output projection W_o (d\u00b2, at the firing rate)",
                    rates.output * d * d);
    add_channel_mix(column, rates, d, model.hidden);
    add_macs(column, "head", "logits (V d)", model.vocabulary * d);
    return column;
}

}  // namespace spikeloom::analysis
