// What the scripts of all plots share: frame, colours, the decimal point.
#pragma once

#include <array>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string_view>

namespace spikeloom::analysis {

/// Hues that keep apart on white, on black and in print.
inline constexpr std::array<std::string_view, 7> kSeries = {
    "#4c78a8", "#f58518", "#54a24b", "#b279a2", "#9d755d", "#3fa7a0", "#d9b42c"};
/// Thresholds and assumed values.
inline constexpr const char* kReference = "#e45756";

inline constexpr const char* kFrame =
    "set border 3 lw 0.8\n"
    "set tics nomirror scale 0.5\n"
    "set key off\n";
inline constexpr const char* kKeyAbove =
    "set key outside top center horizontal Left reverse samplen 1.5\n";

/// A script is written with the decimal point, whatever the user's locale.
inline std::ostringstream script() {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << std::setprecision(10);
    return out;
}

}  // namespace spikeloom::analysis
