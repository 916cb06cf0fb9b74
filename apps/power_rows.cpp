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
    }
    before_ = counts;
    return watts;
}

void PowerRows::write(const char* format, double value) {
    char number[40];
    std::snprintf(number, sizeof number, format, value);
    text_ += number;
}

}  // namespace spikeloom::apps
