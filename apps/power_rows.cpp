#include "apps/power_rows.hpp"

#include "apps/run_records.hpp"

#include <cstdio>

namespace spikeloom::apps {

PowerRows::PowerRows(const analysis::EnergyTable& table, const analysis::Units& units)
    : table_(table), units_(units), text_("begin_s,end_s,energy_j,power_w") {
    for (std::size_t c = 0; c < analysis::kComponents; ++c) {
        text_ += "," + std::string(name_of(static_cast<analysis::Component>(c))) + "_j";
    }
    text_ += "\n";
}

std::optional<double> PowerRows::add(const arch::Counts& counts) {
    const double begin = before_ ? before_->seconds : 0.0;
    std::optional<double> watts;
    if (counts.seconds > begin) {
        const double seconds = counts.seconds - begin;
        const analysis::EnergyBreakdown energy = analysis::price(
            tile_counts(before_ ? counts - *before_ : counts), table_, seconds, units_);
        watts = energy.joules / seconds;
        write("%.9g,", begin);
        write("%.9g,", counts.seconds);
        write("%.9g,", energy.joules);
        write("%.9g", *watts);
        for (const double joules : energy.components) {
            write(",%.9g", joules);
        }
        text_ += "\n";
        keep({begin, counts.seconds, energy.components});
    }
    before_ = counts;
    return watts;
}

/// Adds a row to the last sample, or begins one; where there are too many, two become one.
void PowerRows::keep(const analysis::PowerSample& row) {
    const auto join = [](analysis::PowerSample& to, const analysis::PowerSample& from) {
        to.end = from.end;
        for (std::size_t c = 0; c < to.joules.size(); ++c) {
            to.joules[c] += from.joules[c];
        }
    };
    if (samples_.empty() || rows_of_last_ == rows_of_sample_) {
        if (samples_.size() == kMostSamples) {
            for (std::size_t i = 0; i < kMostSamples / 2; ++i) {
                samples_[i] = samples_[2 * i];
                join(samples_[i], samples_[2 * i + 1]);
            }
            samples_.resize(kMostSamples / 2);
            rows_of_sample_ *= 2;
        }
        samples_.push_back(row);
        rows_of_last_ = 1;
        return;
    }
    join(samples_.back(), row);
    ++rows_of_last_;
}

void PowerRows::write(const char* format, double value) {
    char number[40];
    std::snprintf(number, sizeof number, format, value);
    text_ += number;
}

}  // namespace spikeloom::apps
