// Text and numbers as HTML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::analysis {

/// Text that may stand in an element or an attribute's value: markup characters become references,
/// bytes that are no UTF-8 and control characters other than tab and newline become U+FFFD.
std::string escape(std::string_view text);

/// 1234567 -> "1,234,567".
std::string with_commas(std::uint64_t value);

/// `digits` significant digits, never in exponent form: 0.000123, 1,234.
std::string significant(double value, int digits = 4);

/// The shortest form that keeps six significant digits: 0.3125, 48.
std::string compact(double value);

/// With a decimal prefix, three significant digits: (1.234e-5, "J") -> "12.3 µJ"; 0 -> "0 J".
std::string with_prefix(double value, std::string_view unit);

/// 0.1234 -> "12.3 %".
std::string percent(double fraction);

/// A table. The first column holds texts; of the others those named in `numeric` are set right.
class HtmlTable {
  public:
    /// Headings, already escaped.
    explicit HtmlTable(std::vector<std::string> headings);

    /// The columns, from 0, that hold numbers.
    HtmlTable& numeric(std::vector<std::size_t> columns);

    /// Cells, already escaped; as many as there are headings.
    HtmlTable& row(const std::vector<std::string>& cells, std::string_view row_class = {});

    std::string text() const;

  private:
    std::string cell(const char* tag, std::size_t column, const std::string& content) const;

    std::vector<std::string> headings_;
    std::vector<std::size_t> numeric_;
    std::vector<std::pair<std::vector<std::string>, std::string>> rows_;
};

}  // namespace spikeloom::analysis
