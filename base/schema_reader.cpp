// Reading: the only file that knows yaml-cpp's parser. yaml-cpp keeps the first of duplicate keys,
// reads 010 as octal and takes `on` for true; a configuration must not be read that way, so scalars
// are converted here and the keys are checked before any of them is used.
#include "base/error.hpp"
#include "base/schema.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>

#include <yaml-cpp/yaml.h>

namespace spikeloom::schema {

namespace {

constexpr int kDeepestNesting = 64;

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
        }
    }
    return row[b.size()];
}

std::string shortened(const std::string& text) {
    constexpr std::size_t kMost = 60;
    std::string shown;
    for (const char c : text.substr(0, kMost)) {
        shown += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return text.size() > kMost ? shown + "..." : shown;
}

std::string shown_number(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

std::string shown_range(Integers allowed) {
    if (allowed.most == std::numeric_limits<std::int64_t>::max()) {
        return "a whole number of at least " + std::to_string(allowed.least);
    }
    return "a whole number from " + std::to_string(allowed.least) + " to " +
           std::to_string(allowed.most);
}

std::string shown_range(Numbers allowed) {
    if (allowed.most == std::numeric_limits<double>::max()) {
        return "a number of at least " + shown_number(allowed.least);
    }
    return "a number from " + shown_number(allowed.least) + " to " + shown_number(allowed.most);
}

std::string joined(const std::vector<std::string_view>& names) {
    std::string text;
    for (const std::string_view name : names) {
        text += (text.empty() ? "" : ", ") + std::string(name);
    }
    return text;
}

std::string shown_value(const YAML::Node& node) {
    switch (node.Type()) {
        case YAML::NodeType::Scalar:
            return "'" + shortened(node.Scalar()) + "'";
        case YAML::NodeType::Sequence:
            return "a list";
        case YAML::NodeType::Map:
            return "a mapping";
        default:
            return "nothing";
    }
}

template <class T>
std::optional<T> parsed(const YAML::Node& node) {
    // A quoted scalar carries the tag "!": it is text, whatever it looks like.
    if (!node.IsScalar() || node.Tag() == "!") {
        return std::nullopt;
    }
    const std::string& text = node.Scalar();
    const char* first = text.data();
    const char* const last = first + text.size();
    if (first != last && *first == '+') {
        ++first;
    }
    T value{};
    const auto [end, error] = std::from_chars(first, last, value);
    if (error != std::errc() || end != last) {
        return std::nullopt;
    }
    return value;
}

class Reader final : public Walk {
  public:
    Reader(const YAML::Node& root, std::string origin) : origin_(std::move(origin)) {
        enter(root, "");
    }

    void finish() { leave(); }

    std::string place() override { return place_of(level().node.Mark(), level().path); }

    void fail(std::string_view key, const std::string& message) override {
        const YAML::Node value = find(key);
        throw_at(value.IsDefined() ? value.Mark() : level().node.Mark(), path_of(key), message);
    }

  protected:
    void visit_integer(std::string_view key, std::int64_t& value, Integers allowed,
                       std::string_view) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            value = integer_of(node, path_of(key), allowed);
        }
    }

    void visit_number(std::string_view key, double& value, Numbers allowed,
                      std::string_view) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            const std::optional<double> read = parsed<double>(node);
            if (!read || !std::isfinite(*read) || *read < allowed.least || *read > allowed.most) {
                throw_at(node.Mark(), path_of(key),
                         "found " + shown_value(node) + "; allowed is " + shown_range(allowed));
            }
            value = *read;
        }
    }

    void visit_flag(std::string_view key, bool& value, std::string_view) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            const bool is_true = node.IsScalar() && node.Tag() != "!" && node.Scalar() == "true";
            const bool is_false = node.IsScalar() && node.Tag() != "!" && node.Scalar() == "false";
            if (!is_true && !is_false) {
                throw_at(node.Mark(), path_of(key),
                         "found " + shown_value(node) + "; allowed is true or false");
            }
            value = is_true;
        }
    }

    void visit_text(std::string_view key, std::string& value, std::string_view) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            if (!node.IsScalar()) {
                throw_at(node.Mark(), path_of(key),
                         "found " + shown_value(node) + "; allowed is text");
            }
            value = node.Scalar();
        }
    }

    void visit_choice(std::string_view key, std::size_t& index,
                      const std::vector<std::string_view>& names, std::string_view) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            const std::string found = node.IsScalar() ? node.Scalar() : std::string();
            const auto at = std::find(names.begin(), names.end(), found);
            if (!node.IsScalar() || at == names.end()) {
                throw_at(node.Mark(), path_of(key),
                         "found " + shown_value(node) + nearest(found, names) +
                             "; allowed is one of " + joined(names));
            }
            index = static_cast<std::size_t>(at - names.begin());
        }
    }

    void visit_integers(std::string_view key, std::vector<std::int64_t>& values, Integers allowed,
                        std::string_view) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            if (!node.IsSequence()) {
                throw_at(node.Mark(), path_of(key),
                         "found " + shown_value(node) + "; allowed is a list of whole numbers");
            }
            values.clear();
            for (std::size_t i = 0; i < node.size(); ++i) {
                values.push_back(
                    integer_of(node[i], path_of(key) + "[" + std::to_string(i) + "]", allowed));
            }
        }
    }

    void visit_section(std::string_view key, std::string_view,
                       const std::function<void()>& body) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            enter(node, path_of(key));
            body();
            leave();
        }
    }

    void visit_list(std::string_view key, std::string_view, const std::function<std::size_t()>&,
                    const std::function<void(std::size_t)>& resize,
                    const std::function<void(std::size_t)>& element) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            if (!node.IsSequence()) {
                throw_at(node.Mark(), path_of(key),
                         "found " + shown_value(node) + "; allowed is a list of mappings");
            }
            const std::string path = path_of(key);
            resize(0);
            resize(node.size());
            for (std::size_t i = 0; i < node.size(); ++i) {
                enter(node[i], path + "[" + std::to_string(i) + "]");
                element(i);
                leave();
            }
        }
    }

    void visit_table(std::string_view key, std::string_view, const std::vector<std::string>&,
                     const std::function<void(const std::string&)>& element) override {
        if (const YAML::Node node = take(key); node.IsDefined()) {
            const std::string path = path_of(key);
            check_mapping(node, path);
            for (const auto& entry : node) {
                const std::string name = entry.first.Scalar();
                enter(entry.second, path + "." + name);
                element(name);
                leave();
            }
        }
    }

  private:
    struct Level {
        YAML::Node node;
        std::string path;
        std::vector<std::string> known;
    };

    [[noreturn]] void throw_at(const YAML::Mark& mark, const std::string& path,
                               const std::string& message) const {
        throw InputError(place_of(mark, path) + ": " + message);
    }

    std::string place_of(const YAML::Mark& mark, const std::string& path) const {
        return origin_ + ":" + std::to_string(mark.line + 1) + ":" +
               std::to_string(mark.column + 1) + (path.empty() ? "" : ": " + path);
    }

    Level& level() { return levels_.back(); }

    std::string path_of(std::string_view key) {
        return (level().path.empty() ? "" : level().path + ".") + std::string(key);
    }

    std::int64_t integer_of(const YAML::Node& node, const std::string& path, Integers allowed) {
        const std::optional<std::int64_t> read = parsed<std::int64_t>(node);
        if (!read || *read < allowed.least || *read > allowed.most) {
            throw_at(node.Mark(), path,
                     "found " + shown_value(node) + "; allowed is " + shown_range(allowed));
        }
        return *read;
    }

    void check_mapping(const YAML::Node& node, const std::string& path) {
        if (!node.IsMap()) {
            throw_at(node.Mark(), path,
                     "found " + shown_value(node) + "; allowed is a mapping of keys");
        }
        std::set<std::string> seen;
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) {
                throw_at(entry.first.Mark(), path, "found a key that is no plain text");
            }
            if (!seen.insert(entry.first.Scalar()).second) {
                throw_at(entry.first.Mark(),
                         path.empty() ? entry.first.Scalar() : path + "." + entry.first.Scalar(),
                         "duplicate key; a key may stand once");
            }
        }
    }

    void enter(const YAML::Node& node, std::string path) {
        check_mapping(node, path);
        levels_.push_back({node, std::move(path), {}});
    }

    void leave() {
        for (const auto& entry : level().node) {
            const std::string& key = entry.first.Scalar();
            const std::vector<std::string>& known = level().known;
            if (std::find(known.begin(), known.end(), key) == known.end()) {
                const std::vector<std::string_view> names(known.begin(), known.end());
                throw_at(entry.first.Mark(), path_of(shortened(key)),
                         "unknown key" + nearest(key, names) + "; allowed are " + joined(names));
            }
        }
        levels_.pop_back();
    }

    YAML::Node find(std::string_view key) {
        for (const auto& entry : level().node) {
            if (entry.first.Scalar() == key) {
                return entry.second;
            }
        }
        return YAML::Node(YAML::NodeType::Undefined);
    }

    /// The value of a key, undefined where it may be missing and is.
    YAML::Node take(std::string_view key) {
        level().known.emplace_back(key);
        const bool required = take_required();
        const YAML::Node value = find(key);
        if (required && !value.IsDefined()) {
            // A mistyped key is the likelier mistake than a forgotten one: name it.
            throw_at(level().node.Mark(), path_of(key), "this key is missing" + mistyped(key));
        }
        return value;
    }

    static std::string nearest(std::string_view found, const std::vector<std::string_view>& names) {
        std::string_view best;
        std::size_t best_distance = std::max<std::size_t>(2, found.size() / 3) + 1;
        for (const std::string_view name : names) {
            const std::size_t distance = edit_distance(found.substr(0, 64), name);
            if (distance < best_distance) {
                best_distance = distance;
                best = name;
            }
        }
        return best.empty() ? "" : " (did you mean '" + std::string(best) + "'?)";
    }

    std::string mistyped(std::string_view key) {
        for (const auto& entry : level().node) {
            const std::string& found = entry.first.Scalar();
            if (found.size() <= 64 && edit_distance(found, key) <= 2) {
                return "; did you mean it by '" + found + "'?";
            }
        }
        return "";
    }

    std::string origin_;
    std::vector<Level> levels_;
};

/// yaml-cpp recurses as deep as its input nests; text that nests deeper than any configuration is
/// refused before it can exhaust the stack.
void check_nesting(const std::string& text, const std::string& origin) {
    int depth = 0;
    int line = 1;
    std::size_t dashes = 0;
    bool at_start = true;
    for (const char c : text) {
        if (c == '\n') {
            ++line;
            at_start = true;
            dashes = 0;
        } else if (c == '-' || c == '?' || c == ':') {
            dashes += at_start ? 1 : 0;
        } else if (c == '[' || c == '{') {
            ++depth;
            at_start = false;
        } else if (c == ']' || c == '}') {
            depth = std::max(0, depth - 1);
            at_start = false;
        } else if (c != ' ') {
            at_start = false;
        }
        if (depth > kDeepestNesting || dashes > kDeepestNesting) {
            throw InputError(origin + ":" + std::to_string(line) + ": nests deeper than " +
                             std::to_string(kDeepestNesting) + " levels");
        }
    }
}

}  // namespace

void read_text(const std::string& text, const std::string& origin,
               const std::function<void(Walk&)>& walk_keys) {
    check_nesting(text, origin);
    YAML::Node root;
    try {
        root = YAML::Load(text);
    } catch (const YAML::Exception& error) {
        throw InputError(origin + ":" + std::to_string(error.mark.line + 1) + ":" +
                         std::to_string(error.mark.column + 1) + ": no valid YAML: " + error.msg);
    }
    if (!root.IsMap()) {
        throw InputError(origin + ":1: found " + shown_value(root) +
                         "; allowed is a mapping of keys");
    }
    try {
        Reader reader(root, origin);
        walk_keys(reader);
        reader.finish();
    } catch (const YAML::Exception& error) {
        throw InputError(origin + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
    }
}

}  // namespace spikeloom::schema
