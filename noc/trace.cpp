#include "noc/trace.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace spikeloom::noc {

namespace {

constexpr Cycle kLatestCycle = 1'000'000'000'000;
constexpr std::size_t kMostColumns = 5;
constexpr const char* kColumns = "rows 'id ctime src dst' or 'id ctime src dst retire_cycle'";

/// One line, with what an error needs to name it.
struct Line {
    const std::string& origin;
    std::size_t number;

    [[noreturn]] void fail(const std::string& message) const {
        throw InputError(origin + ":" + std::to_string(number) + ": " + message);
    }
};

std::string shown(std::string_view text) {
    constexpr std::size_t kMost = 40;
    std::string result = "'";
    for (const char c : text.substr(0, kMost)) {
        result += c < 0x20 || c == 0x7f ? '?' : c;
    }
    return result + (text.size() > kMost ? "...'" : "'");
}

/// The words of a line; the count may exceed what `words` holds.
std::size_t split(std::string_view line, std::array<std::string_view, kMostColumns>& words) {
    constexpr std::string_view kBlanks = " \t\r";
    std::size_t count = 0;
    std::size_t at = line.find_first_not_of(kBlanks);
    while (at != std::string_view::npos) {
        const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
        if (count < words.size()) {
            words[count] = line.substr(at, end - at);
        }
        ++count;
        at = line.find_first_not_of(kBlanks, end);
    }
    return count;
}

std::uint64_t number(const Line& line, const char* column, std::string_view word,
                     std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value > most) {
        line.fail(std::string(column) + ": found " + shown(word) +
                  "; allowed is a whole number from 0 to " + std::to_string(most));
    }
    return value;
}

}  // namespace

std::vector<TraceRow> parse_trace(const std::string& text, const std::string& origin,
                                  const NetworkConfig& network) {
    const auto last_node = static_cast<std::uint64_t>(network.nodes() - 1);
    std::vector<TraceRow> rows;
    std::unordered_map<std::uint64_t, std::size_t> first_line;  // of an id
    std::array<std::string_view, kMostColumns> words;
    std::size_t columns = 0;  // of the first row
    std::size_t at = 0;
    for (Line line{origin, 1}; at < text.size(); ++line.number) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::size_t count = split(std::string_view(text).substr(at, end - at), words);
        at = end + 1;
        if (count == 0 || words[0].front() == '#') {
            continue;
        }
        if (count < kMostColumns - 1 || count > kMostColumns) {
            line.fail("found " + std::to_string(count) + " columns; allowed are " + kColumns);
        }
        if (columns != 0 && count != columns) {
            line.fail("found " + std::to_string(count) + " columns; allowed are " +
                      std::to_string(columns) + ", as in the rows before");
        }
        columns = count;
        TraceRow row;
        row.id = number(line, "id", words[0], ~std::uint64_t{0});
        row.created = number(line, "ctime", words[1], kLatestCycle);
        row.source = static_cast<NodeId>(number(line, "src", words[2], last_node));
        row.destination = static_cast<NodeId>(number(line, "dst", words[3], last_node));
        if (count == kMostColumns) {
            row.retired = number(line, "retire_cycle", words[4], kLatestCycle);
            if (row.retired < row.created) {
                line.fail("retire_cycle: found " + std::to_string(row.retired) +
                          "; allowed is a cycle not before ctime, " + std::to_string(row.created));
            }
        }
        const auto [known, fresh] = first_line.emplace(row.id, line.number);
        if (!fresh) {
            line.fail("id: found " + std::to_string(row.id) + ", which stands in line " +
                      std::to_string(known->second) + " already; an id may stand once");
        }
        rows.push_back(row);
    }
    return rows;
}

std::vector<TraceRow> read_trace(const std::filesystem::path& path, const NetworkConfig& network) {
    return parse_trace(read_file(path), path.string(), network);
}

std::vector<std::size_t> creation_order(const std::vector<TraceRow>& rows) {
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return rows[a].created < rows[b].created;
    });
    return order;
}

std::string trace_text(const std::vector<TraceRow>& rows) {
    std::string text = "# id ctime src dst retire_cycle\n";
    for (const TraceRow& row : rows) {
        if (row.retired != kNever) {
            text += std::to_string(row.id) + ' ' + std::to_string(row.created) + ' ' +
                    std::to_string(row.source) + ' ' + std::to_string(row.destination) + ' ' +
                    std::to_string(row.retired) + '\n';
        }
    }
    return text;
}

}  // namespace spikeloom::noc
