#include "models/labelled_text.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

namespace spikeloom::models {

namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    for (std::size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
        fields.push_back(line.substr(0, tab));
        line.remove_prefix(tab + 1);
    }
    fields.push_back(line);
    return fields;
}

std::optional<long long> whole_number(std::string_view text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool all = error == std::errc() && end == text.data() + text.size();
    return all ? std::optional(value) : std::nullopt;
}

std::optional<std::size_t> place_of(const std::vector<std::string_view>& names,
                                    std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::nullopt
                                : std::optional(static_cast<std::size_t>(found - names.begin()));
}

/// Where label and text stand in a row, and whether the first line only names them.
struct Layout {
    std::size_t label = 0;
    std::size_t text = 1;
    bool header = false;
};

/// A column that was asked for: by number, or by a name in the first line.
std::size_t chosen_column(const std::string& wanted, const std::vector<std::string_view>& first,
                          const std::string& path, bool& header) {
    if (const auto number = whole_number(wanted)) {
        if (*number < 1) {
            throw InputError(path + ": column " + wanted + "; columns are numbered from 1");
        }
        return static_cast<std::size_t>(*number - 1);
    }
    const auto place = place_of(first, wanted);
    if (!place) {
        throw InputError(path + ":1: no column is called '" + wanted + "'");
    }
    header = true;
    return *place;
}

Layout layout_of(std::string_view first_line, const LabelledColumns& wanted,
                 const std::string& path) {
    const std::vector<std::string_view> first = fields_of(first_line);
    Layout layout;
    const auto label = place_of(first, "label");
    const auto text =
        place_of(first, "text") ? place_of(first, "text") : place_of(first, "sentence");
    if (label && text) {
        layout = {*label, *text, true};
    }
    if (!wanted.label.empty()) {
        layout.label = chosen_column(wanted.label, first, path, layout.header);
    }
    if (!wanted.text.empty()) {
        layout.text = chosen_column(wanted.text, first, path, layout.header);
    }
    if (layout.label == layout.text) {
        throw InputError(path + ": label and text are both read from column " +
                         std::to_string(layout.label + 1));
    }
    return layout;
}

}  // namespace

std::vector<LabelledText> read_labelled_text(const std::filesystem::path& path,
                                             const LabelledColumns& columns) {
    const std::string contents = read_file(path);
    std::string_view rest = contents;
    std::vector<LabelledText> rows;
    Layout layout;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (number == 1) {
            layout = layout_of(line, columns, path.string());
            if (layout.header) {
                continue;
            }
        }
        if (line.empty()) {
            continue;
        }
        const std::vector<std::string_view> fields = fields_of(line);
        const std::size_t needed = std::max(layout.label, layout.text) + 1;
        const std::string where = path.string() + ":" + std::to_string(number) + ": ";
        if (fields.size() < needed) {
            throw InputError(where + std::to_string(fields.size()) +
                             " columns separated by tabs; at least " + std::to_string(needed) +
                             " are needed (label and text)");
        }
        if (fields[layout.label].empty()) {
            throw InputError(where + "the label is empty");
        }
        rows.push_back({std::string(fields[layout.label]), std::string(fields[layout.text])});
    }
    if (rows.empty()) {
        throw InputError(path.string() + ": holds no labelled text");
    }
    return rows;
}

std::vector<std::string> distinct_labels(const std::vector<LabelledText>& examples) {
    std::set<std::string> found;
    for (const LabelledText& example : examples) {
        found.insert(example.label);
    }
    std::vector<std::string> labels(found.begin(), found.end());
    const bool numbers = std::all_of(labels.begin(), labels.end(), [](const auto& label) {
        return whole_number(label).has_value();
    });
    if (numbers) {
        std::sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) {
            return whole_number(a).value() < whole_number(b).value();
        });
    }
    return labels;
}

}  // namespace spikeloom::models
