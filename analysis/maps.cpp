#include "analysis/maps.hpp"

#include "analysis/html.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace spikeloom::analysis {

namespace {

constexpr int kLocalPort = 4;

/// Columns above which tiles are drawn smaller, those of core maps without their numbers.
constexpr int kLargeGrid = 8;

/// The pixel geometry of a grid: squares of `tile`, `gap` apart.
struct Layout {
    int tile;
    int gap;
    int margin = 14;

    double left(int column) const { return margin + column * (tile + gap); }
    double centre(int column) const { return left(column) + tile / 2.0; }
    int extent(int tiles) const { return 2 * margin + tiles * tile + (tiles - 1) * gap; }
};

std::string number(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

std::string attribute(const char* name, const std::string& value) {
    return std::string(" ") + name + "=\"" + value + "\"";
}

std::string open_svg(int width, int height, const std::string& about) {
    return "<svg class=\"map\" role=\"img\" aria-label=\"" + escape(about) + "\" viewBox=\"0 0 " +
           std::to_string(width) + " " + std::to_string(height) +
           "\" style=\"max-width:" + std::to_string(width) + "px\">\n";
}

std::string tile_square(const Layout& layout, int column, int row, const std::string& style,
                        const std::string& tip) {
    return "<rect" + attribute("x", number(layout.left(column))) +
           attribute("y", number(layout.left(row))) +
           attribute("width", std::to_string(layout.tile)) +
           attribute("height", std::to_string(layout.tile)) + " rx=\"3\"" + style + "><title>" +
           escape(tip) + "</title></rect>\n";
}

std::string tile_text(const Layout& layout, int column, int row, const std::string& text) {
    return "<text" + attribute("x", number(layout.centre(column))) +
           attribute("y", number(layout.centre(row))) + ">" + escape(text) + "</text>\n";
}

std::string tile_class(TileKind kind) {
    return " class=\"tile " + std::string(name_of(kind)) + "\"";
}

std::string place(std::uint32_t tile, int column, int row) {
    return "tile " + std::to_string(tile) + " (column " + std::to_string(column) + ", row " +
           std::to_string(row) + ")";
}

/// "C" for a core, "M", "H", nothing for an empty place.
std::string letter(TileKind kind) {
    switch (kind) {
        case TileKind::core:
            return "C";
        case TileKind::memory:
            return "M";
        case TileKind::host:
            return "H";
        case TileKind::empty:
            break;
    }
    return "";
}

/// From grey blue over amber to red; legible on light and dark pages.
std::string heat(double fraction) {
    constexpr std::array<std::array<double, 3>, 3> kStops = {
        {{132, 154, 186}, {224, 160, 48}, {209, 52, 43}}};
    const double place = std::clamp(fraction, 0.0, 1.0) * 2.0;
    const std::size_t stop = place < 1.0 ? 0 : 1;
    const double rest = place - static_cast<double>(stop);
    std::string colour = "rgb(";
    for (std::size_t i = 0; i < 3; ++i) {
        const double level = kStops[stop][i] + (kStops[stop + 1][i] - kStops[stop][i]) * rest;
        colour += (i == 0 ? "" : ",") + std::to_string(static_cast<int>(std::lround(level)));
    }
    return colour + ")";
}

double network_cycles(const Chip& chip, const Phase& phase) {
    return phase.seconds * chip.network_hertz;
}

double flits_per_cycle(const Chip& chip, const Phase& phase, const LinkLoad& link) {
    const double cycles = network_cycles(chip, phase);
    return cycles > 0.0 ? static_cast<double>(link.flits) / cycles : 0.0;
}

/// An arrow from a tile's edge through the gap, on the right-hand side of its direction, so that
/// the two directions lie beside each other.
std::string arrow(const Chip& chip, const Layout& layout, const LinkLoad& link, double load,
                  double fraction) {
    constexpr std::array<std::array<int, 2>, 4> kDirections = {{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}};
    const auto [dx, dy] = kDirections[static_cast<std::size_t>(link.port)];
    const int column = static_cast<int>(link.tile) % chip.width;
    const int row = static_cast<int>(link.tile) / chip.width;
    const int to_column = column + dx;
    const int to_row = row + dy;
    const bool leaves =
        to_column < 0 || to_column >= chip.width || to_row < 0 || to_row >= chip.height;

    const double aside = layout.tile / 5.0;
    const double start = layout.tile / 2.0 + 1.0;
    const double length = leaves ? layout.margin - 4.0 : layout.gap - 2.0;
    const double x = layout.centre(column) - dy * aside + dx * start;
    const double y = layout.centre(row) + dx * aside + dy * start;
    const double head = std::min(5.0, length / 2.0);
    const double end_x = x + dx * length;
    const double end_y = y + dy * length;

    const bool idle = link.flits == 0;
    const std::string colour = idle ? "var(--line)" : heat(fraction);
    const std::string tip = "tile " + std::to_string(link.tile) + " to " +
                            (leaves ? std::string("the other end")
                                    : "tile " + std::to_string(to_row * chip.width + to_column)) +
                            ": " + with_commas(link.flits) + " flits, " + significant(load, 3) +
                            " per cycle";
    const auto point = [](double px, double py) { return number(px) + "," + number(py); };
    return "<g" + attribute("fill", colour) + attribute("stroke", colour) + "><title>" + tip +
           "</title><line" + attribute("x1", number(x)) + attribute("y1", number(y)) +
           attribute("x2", number(end_x - dx * head)) + attribute("y2", number(end_y - dy * head)) +
           attribute("stroke-width", number(idle ? 1.0 : 1.5 + 3.5 * fraction)) +
           "/><polygon stroke=\"none\"" +
           attribute("points", point(end_x, end_y) + " " +
                                   point(end_x - dx * head - dy * head * 0.8,
                                         end_y - dy * head + dx * head * 0.8) +
                                   " " +
                                   point(end_x - dx * head + dy * head * 0.8,
                                         end_y - dy * head - dx * head * 0.8)) +
           "/></g>\n";
}

std::string scale_bar(const Layout& layout, int top, double most) {
    constexpr int kSteps = 40;
    constexpr int kWidth = 160;
    std::string svg;
    for (int i = 0; i < kSteps; ++i) {
        svg += "<rect" + attribute("x", number(layout.margin + i * kWidth / double{kSteps})) +
               attribute("y", std::to_string(top)) +
               attribute("width", number(kWidth / double{kSteps} + 0.4)) + " height=\"8\"" +
               attribute("fill", heat(i / double{kSteps - 1})) + "/>";
    }
    return svg + "<text class=\"scale\"" +
           attribute("x", std::to_string(layout.margin + kWidth + 8)) +
           attribute("y", std::to_string(top + 5)) + ">0 to " + significant(most, 3) +
           " flits per cycle</text>\n";
}

}  // namespace

std::string core_map(const Chip& chip, const std::function<double(std::uint32_t)>& value,
                     const std::string& about) {
    const bool large = chip.width > kLargeGrid;
    const Layout layout{large ? 14 : 38, large ? 3 : 4, 4};
    const auto is_core = [&](std::uint32_t tile) { return chip.tiles[tile] == TileKind::core; };
    double highest = 0.0;
    for (std::uint32_t tile = 0; tile < chip.tiles.size(); ++tile) {
        highest = std::max(highest, is_core(tile) ? value(tile) : 0.0);
    }
    std::string svg = open_svg(layout.extent(chip.width), layout.extent(chip.height), about);
    for (std::uint32_t tile = 0; tile < chip.tiles.size(); ++tile) {
        const int column = static_cast<int>(tile) % chip.width;
        const int row = static_cast<int>(tile) / chip.width;
        const TileKind kind = chip.tiles[tile];
        std::string style = tile_class(kind);
        std::string tip = place(tile, column, row) + ", " + std::string(name_of(kind));
        std::string written = letter(kind);
        if (is_core(tile)) {
            const double share = value(tile);
            // From faint to full, so that an idle core is still seen.
            style +=
                attribute("fill-opacity",
                          significant(0.07 + (highest > 0.0 ? 0.85 * share / highest : 0.0), 3));
            tip += ": " + percent(share);
            written = share > 0.0 && share < 0.0995 ? number(share * 100.0)
                                                    : std::to_string(std::lround(share * 100.0));
        }
        svg += tile_square(layout, column, row, style, tip);
        svg += large ? std::string() : tile_text(layout, column, row, written);
    }
    return svg + "</svg>\n";
}

double busiest_link(const Chip& chip, const Phase& phase) {
    double most = 0.0;
    for (const LinkLoad& link : phase.links) {
        if (link.port != kLocalPort) {
            most = std::max(most, flits_per_cycle(chip, phase, link));
        }
    }
    return most;
}

std::string link_map(const Chip& chip, const Phase& phase, const std::string& about) {
    constexpr int kLegend = 26;
    const bool large = chip.width > kLargeGrid;
    const Layout layout{large ? 24 : 34, large ? 20 : 28};
    const int height = layout.extent(chip.height);
    const double most = busiest_link(chip, phase);
    std::string svg = open_svg(std::max(layout.extent(chip.width), 340), height + kLegend, about);
    for (std::uint32_t tile = 0; tile < chip.tiles.size(); ++tile) {
        const int column = static_cast<int>(tile) % chip.width;
        const int row = static_cast<int>(tile) / chip.width;
        const TileKind kind = chip.tiles[tile];
        const bool core = kind == TileKind::core;
        svg += tile_square(layout, column, row,
                           tile_class(kind) + (core ? attribute("fill-opacity", "0.15") : ""),
                           place(tile, column, row) + ", " + std::string(name_of(kind)));
        svg += tile_text(layout, column, row, core ? std::to_string(tile) : letter(kind));
    }
    for (const LinkLoad& link : phase.links) {
        if (link.port != kLocalPort) {
            const double load = flits_per_cycle(chip, phase, link);
            svg += arrow(chip, layout, link, load, most > 0.0 ? load / most : 0.0);
        }
    }
    return svg + scale_bar(layout, height + 4, most) + "</svg>\n";
}

}  // namespace spikeloom::analysis
