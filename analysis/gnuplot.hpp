// A plot as an SVG element that can stand in a page: drawn by gnuplot, taking the page's colours.
#pragma once

#include <string>
#include <string_view>

namespace spikeloom::analysis {

/// Size in the SVG's own units; the page scales it to the column.
struct PlotSize {
    int width = 880;
    int height = 320;
};

/// Runs a gnuplot script (everything behind `set terminal`) and returns an <svg> element without
/// scripts, styles, identifiers or references, its text and axes in the surrounding text's colour.
/// `about` is its text alternative. The one point symbol a plot may use is the
/// filled circle (pointtype 7).
/// Throws InputError where gnuplot is missing (naming Debian's package) or refuses the script.
std::string gnuplot_svg(const std::string& script, const PlotSize& size, const std::string& about);

/// A text as a gnuplot literal. What gnuplot could take for a command or an end of the literal
/// (quotes, backquotes, backslashes, control characters) becomes a space.
std::string gnuplot_text(std::string_view text);

}  // namespace spikeloom::analysis
