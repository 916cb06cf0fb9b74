#include "analysis/html.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace spikeloom::analysis {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// The length of the UTF-8 sequence that starts at `at`, 0 where there is none. Overlong forms,
/// surrogates and values above U+10FFFF are none (The Unicode Standard, table 3-7).
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(at);
    const unsigned second = byte(at + 1);
    const auto continues = [&](std::size_t i) { return (byte(at + i) & 0xC0U) == 0x80U; };
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const bool in_range = (first != 0xE0 || second >= 0xA0) && (first != 0xED || second < 0xA0);
        return continues(1) && continues(2) && in_range ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool in_range = (first != 0xF0 || second >= 0x90) && (first != 0xF4 || second < 0x90);
        return continues(1) && continues(2) && continues(3) && in_range ? 4 : 0;
    }
    return 0;
}

std::string formatted(double value, int decimals) {
    std::array<char, 400> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

/// Decimals that leave `digits` significant digits of the value as it is rounded to them.
int decimals_for(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*e", digits - 1, value);
    const std::string_view written = text.data();
    const int exponent = std::atoi(written.substr(written.find('e') + 1).data());
    return std::clamp(digits - 1 - exponent, 0, 17);
}

}  // namespace

std::string escape(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text, at);
        const char c = text[at];
        if (length == 0 || (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') ||
            c == '\x7f') {
            result += kReplacement;
            ++at;
            continue;
        }
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\'':
                result += "&#39;";
                break;
            default:
                result += text.substr(at, length);
        }
        at += length;
    }
    return result;
}

std::string with_commas(std::uint64_t value) {
    std::string text = std::to_string(value);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string significant(double value, int digits) {
    const double magnitude = std::abs(value);
    if (magnitude == 0.0) {
        return "0";
    }
    if (magnitude < 1e15 && decimals_for(value, digits) == 0) {
        return (value < 0.0 ? "-" : "") +
               with_commas(static_cast<std::uint64_t>(std::llround(magnitude)));
    }
    return formatted(value, decimals_for(value, digits));
}

std::string compact(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.6g", value);
    return text.data();
}

std::string with_prefix(double value, std::string_view unit) {
    struct Prefix {
        double factor;
        const char* symbol;
    };
    constexpr std::array<Prefix, 10> kPrefixes = {{{1e12, "T"},
                                                   {1e9, "G"},
                                                   {1e6, "M"},
                                                   {1e3, "k"},
                                                   {1.0, ""},
                                                   {1e-3, "m"},
                                                   {1e-6, "\u00b5"},
                                                   {1e-9, "n"},
                                                   {1e-12, "p"},
                                                   {1e-15, "f"}}};
    const double magnitude = std::abs(value);
    const auto* prefix = std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](const Prefix& p) {
        return magnitude >= p.factor * 0.9995;  // 999.6 is shown as 1.00 of the next
    });
    if (magnitude == 0.0) {
        return "0 " + std::string(unit);
    }
    if (prefix == kPrefixes.end()) {
        prefix = &kPrefixes.back();
    }
    const double scaled = value / prefix->factor;
    return formatted(scaled, decimals_for(scaled, 3)) + " " + prefix->symbol + std::string(unit);
}

std::string percent(double fraction) {
    return formatted(fraction * 100.0, 1) + " %";
}

HtmlTable::HtmlTable(std::vector<std::string> headings) : headings_(std::move(headings)) {}

HtmlTable& HtmlTable::numeric(std::vector<std::size_t> columns) {
    numeric_ = std::move(columns);
    return *this;
}

HtmlTable& HtmlTable::row(const std::vector<std::string>& cells, std::string_view row_class) {
    rows_.emplace_back(cells, std::string(row_class));
    return *this;
}

std::string HtmlTable::cell(const char* tag, std::size_t column, const std::string& content) const {
    const bool number = std::find(numeric_.begin(), numeric_.end(), column) != numeric_.end();
    return std::string("<") + tag + (number ? " class=\"number\">" : ">") + content + "</" + tag +
           ">";
}

std::string HtmlTable::text() const {
    std::string html = "<div class=\"scroll\"><table>\n<thead><tr>";
    for (std::size_t i = 0; i < headings_.size(); ++i) {
        html += cell("th", i, headings_[i]);
    }
    html += "</tr></thead>\n<tbody>\n";
    for (const auto& [cells, row_class] : rows_) {
        html += row_class.empty() ? "<tr>" : "<tr class=\"" + row_class + "\">";
        for (std::size_t i = 0; i < cells.size(); ++i) {
            html += cell("td", i, cells[i]);
        }
        html += "</tr>\n";
    }
    return html + "</tbody>\n</table></div>\n";
}

}  // namespace spikeloom::analysis
