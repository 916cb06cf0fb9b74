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
constexpr std::uint64_t kLongestTracePacket = 16383;
constexpr std::string_view kBlanks = " \t\r";
constexpr std::array<std::string_view, 9> kColumns = {
    "id", "ctime", "src", "dst", "retire_cycle", "flits", "class", "wait", "after"};
enum Column : std::size_t {
    kId,
    kTime,
    kSource,
    kDestination,
    kRetired,
    kFlits,
    kClass,
    kWait,
    kAfter
};

/// One row, with what an error needs to name it.
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

/// The parts of a text between separators.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> words;
    std::size_t at = text.find_first_not_of(separators);
    while (at != std::string_view::npos) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        words.push_back(text.substr(at, end - at));
        at = text.find_first_not_of(separators, end);
    }
    return words;
}

std::uint64_t number(const Line& line, std::string_view column, std::string_view word,
                     std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value > most) {
        line.fail(std::string(column) + ": found " + shown(word) +
                  "; allowed is a whole number from 0 to " + std::to_string(most));
    }
    return value;
}

/// Reads the rows of a text one after another.
class TextReader {
  public:
    explicit TextReader(std::uint32_t nodes) : last_node_(nodes - 1) {}

    /// Columns named by a comment, if this is one that names them.
    void take_comment(const Line& line, std::string_view comment) {
        const std::vector<std::string_view> words = split(comment.substr(1), kBlanks);
        if (words.size() < 4 ||
            !std::equal(kColumns.begin(), kColumns.begin() + 4, words.begin())) {
            return;
        }
        columns_.clear();
        for (const std::string_view word : words) {
            const auto known = std::find(kColumns.begin(), kColumns.end(), word);
            if (known == kColumns.end()) {
                break;  // what else the comment says
            }
            const auto column = static_cast<std::size_t>(known - kColumns.begin());
            if (std::find(columns_.begin(), columns_.end(), column) != columns_.end()) {
                line.fail("found column " + shown(word) + " twice; allowed is once");
            }
            columns_.push_back(column);
        }
    }

    TraceRow take_row(const Line& line, std::string_view text) {
        const std::vector<std::string_view> words = split(text, kBlanks);
        if (columns_.empty()) {
            if (words.size() < 4 || words.size() > 5) {
                line.fail("found " + std::to_string(words.size()) +
                          " columns; allowed are rows 'id ctime src dst' or 'id ctime src dst "
                          "retire_cycle', or those that a comment '# id ctime src dst ...' names");
            }
            columns_.resize(words.size());
            std::iota(columns_.begin(), columns_.end(), std::size_t{0});
        }
        if (words.size() != columns_.size()) {
            line.fail("found " + std::to_string(words.size()) + " columns; allowed are " +
                      std::to_string(columns_.size()) + ", as named or as in the rows before");
        }
        TraceRow row;
        for (std::size_t i = 0; i < words.size(); ++i) {
            take_word(line, columns_[i], words[i], row);
        }
        return row;
    }

  private:
    void take_word(const Line& line, std::size_t column, std::string_view word, TraceRow& row) {
        const auto value = [&](std::uint64_t most) {
            return number(line, kColumns[column], word, most);
        };
        switch (column) {
            case kId:
                row.id = value(~std::uint64_t{0});
                break;
            case kTime:
                row.created = value(kLatestCycle);
                break;
            case kSource:
                row.source = static_cast<NodeId>(value(last_node_));
                break;
            case kDestination:
                take_destinations(line, word, row);
                break;
            case kRetired:
                row.retired = word == "-" ? kNever : value(kLatestCycle);
                break;
            case kFlits:
                row.flits = static_cast<std::uint16_t>(value(kLongestTracePacket));
                break;
            case kClass:
                row.message_class = static_cast<std::uint16_t>(value(15));
                break;
            case kWait:
                row.wait = static_cast<std::uint32_t>(value(0xffffffffU));
                break;
            case kAfter:
                for (const std::string_view id : split(word == "-" ? "" : word, ",")) {
                    row.after.push_back(number(line, "after", id, ~std::uint64_t{0}));
                }
                break;
        }
    }

    void take_destinations(const Line& line, std::string_view word, TraceRow& row) {
        const std::vector<std::string_view> nodes = split(word, ",");
        row.destination = static_cast<NodeId>(
            number(line, "dst", nodes.empty() ? word : nodes.front(), last_node_));
        for (std::size_t i = 1; i < nodes.size(); ++i) {
            row.others.push_back(static_cast<NodeId>(number(line, "dst", nodes[i], last_node_)));
        }
    }

    std::uint64_t last_node_;
    std::vector<std::size_t> columns_;
};

/// What must hold of the rows together. `line_of(i)` names row i in errors.
template <class LineOf>
void check_rows(const std::vector<TraceRow>& rows, LineOf&& line_of) {
    std::unordered_map<std::uint64_t, std::size_t> place;  // of an id
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const TraceRow& row = rows[i];
        if (row.retired < row.created) {
            line_of(i).fail("retire_cycle: found " + std::to_string(row.retired) +
                            "; allowed is a cycle not before ctime, " +
                            std::to_string(row.created));
        }
        const auto [known, fresh] = place.emplace(row.id, i);
        if (!fresh) {
            line_of(i).fail("id: found " + std::to_string(row.id) + ", which stands in line " +
                            std::to_string(line_of(known->second).number) +
                            " already; an id may stand once");
        }
    }
    // Rows whose predecessors are all done, until none is left (Kahn).
    std::vector<std::size_t> open(rows.size());
    std::vector<std::vector<std::size_t>> successors(rows.size());
    std::vector<std::size_t> done;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        open[i] = rows[i].after.size();
        for (const std::uint64_t id : rows[i].after) {
            const auto before = place.find(id);
            if (before == place.end()) {
                line_of(i).fail("after: found " + std::to_string(id) +
                                "; allowed are ids of the trace");
            }
            successors[before->second].push_back(i);
        }
        if (open[i] == 0) {
            done.push_back(i);
        }
    }
    for (std::size_t next = 0; next < done.size(); ++next) {
        for (const std::size_t successor : successors[done[next]]) {
            if (--open[successor] == 0) {
                done.push_back(successor);
            }
        }
    }
    const auto stuck = std::find_if(open.begin(), open.end(), [](std::size_t n) { return n != 0; });
    if (stuck != open.end()) {
        line_of(static_cast<std::size_t>(stuck - open.begin()))
            .fail("after: packets wait for one another in a circle; allowed is none");
    }
}

/// Takes numbers from bytes, least byte first.
class BinaryReader {
  public:
    BinaryReader(const std::string& bytes, const std::string& origin)
        : bytes_(bytes), origin_(origin) {}

    template <class T>
    T take() {
        if (bytes_.size() - at_ < sizeof(T)) {
            throw InputError(origin_ + ": found the end after " + std::to_string(bytes_.size()) +
                             " bytes, within row " + std::to_string(row) +
                             "; allowed are whole rows");
        }
        T value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            value = static_cast<T>(
                value | static_cast<T>(T{static_cast<unsigned char>(bytes_[at_ + i])} << (8 * i)));
        }
        at_ += sizeof(T);
        return value;
    }
    std::size_t left() const { return bytes_.size() - at_; }
    void skip(std::size_t bytes) { at_ += bytes; }

    std::size_t row = 0;

  private:
    const std::string& bytes_;
    const std::string& origin_;
    std::size_t at_ = 0;
};

constexpr std::size_t kLeastRowBytes = 44 + 4;  // with one destination

}  // namespace

std::vector<TraceRow> parse_trace(const std::string& text, const std::string& origin,
                                  std::uint32_t nodes) {
    std::vector<TraceRow> rows;
    std::vector<std::size_t> lines;
    TextReader reader(nodes);
    std::size_t at = 0;
    for (Line line{origin, 1}; at < text.size(); ++line.number) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view row = std::string_view(text).substr(at, end - at);
        at = end + 1;
        row.remove_prefix(std::min(row.find_first_not_of(kBlanks), row.size()));
        if (row.empty()) {
            continue;
        }
        if (row.front() == '#') {
            reader.take_comment(line, row);
            continue;
        }
        rows.push_back(reader.take_row(line, row));
        lines.push_back(line.number);
    }
    check_rows(rows, [&](std::size_t i) { return Line{origin, lines[i]}; });
    return rows;
}

std::vector<TraceRow> parse_binary_trace(const std::string& bytes, const std::string& origin,
                                         std::uint32_t nodes) {
    BinaryReader reader(bytes, origin);
    reader.skip(std::min(kTraceMagic.size(), bytes.size()));
    const auto count = reader.take<std::uint64_t>();
    if (count > reader.left() / kLeastRowBytes) {
        throw InputError(origin + ": found a count of " + std::to_string(count) + " rows in " +
                         std::to_string(bytes.size()) + " bytes; allowed are as many as it holds");
    }
    const auto node = [&](std::uint32_t value, const char* what) {
        if (value >= nodes) {
            Line{origin, reader.row}.fail(std::string(what) + ": found " + std::to_string(value) +
                                          "; allowed is a whole number from 0 to " +
                                          std::to_string(nodes - 1));
        }
        return value;
    };
    std::vector<TraceRow> rows(count);
    for (TraceRow& row : rows) {
        ++reader.row;
        row.id = reader.take<std::uint64_t>();
        row.created = std::min(reader.take<std::uint64_t>(), kLatestCycle);
        row.retired = reader.take<std::uint64_t>();
        row.source = node(reader.take<std::uint32_t>(), "src");
        const auto flits = reader.take<std::uint16_t>();
        row.flits = flits > kLongestTracePacket ? 0 : flits;
        row.message_class = reader.take<std::uint16_t>();
        row.wait = reader.take<std::uint32_t>();
        const auto destinations = reader.take<std::uint32_t>();
        const auto after = reader.take<std::uint32_t>();
        if (destinations == 0 || reader.left() / 4 < destinations || reader.left() / 8 < after) {
            Line{origin, reader.row}.fail("found " + std::to_string(destinations) +
                                          " destinations and " + std::to_string(after) +
                                          " ids; allowed are one destination or more, in the file");
        }
        row.destination = node(reader.take<std::uint32_t>(), "dst");
        for (std::uint32_t i = 1; i < destinations; ++i) {
            row.others.push_back(node(reader.take<std::uint32_t>(), "dst"));
        }
        for (std::uint32_t i = 0; i < after; ++i) {
            row.after.push_back(reader.take<std::uint64_t>());
        }
    }
    if (reader.left() != 0) {
        throw InputError(origin + ": found " + std::to_string(reader.left()) +
                         " bytes behind the last row; allowed are none");
    }
    check_rows(rows, [&](std::size_t i) { return Line{origin, i + 1}; });
    return rows;
}

std::vector<TraceRow> read_trace(const std::filesystem::path& path, std::uint32_t nodes) {
    const std::string text = read_file(path);
    return text.starts_with(kTraceMagic) ? parse_binary_trace(text, path.string(), nodes)
                                         : parse_trace(text, path.string(), nodes);
}

std::vector<std::size_t> creation_order(const std::vector<TraceRow>& rows) {
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return rows[a].created < rows[b].created;
    });
    return order;
}

}  // namespace spikeloom::noc
