// One description of a configuration's keys serves to read it, to write it and to document it.
//
// A configuration is a plain struct with its defaults at the declaration and a function beside it:
//
//     void describe(schema::Walk& walk, CoreConfig& core) {
//         walk.integer("lanes", core.lanes, {1, 4096}, "accumulators that work in parallel");
//         walk.choice("page", core.page, {{"open", Page::open}, {"closed", Page::closed}}, "row
//         buffer"); walk.section("queue", "event queue", [&] { walk.integer("depth", core.depth,
//         {1, 65536}, "events"); });
//     }
//
// `schema::read_file<CoreConfig>(path)` then reads YAML strictly: an unknown or duplicate key, a
// value of the wrong type or out of range ends in an InputError of one line `file:line:column: key:
// what was found; what is allowed`. Text behind a key says its meaning and unit.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spikeloom::schema {

/// Bounds, both included.
struct Integers {
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
};
struct Numbers {
    double least = 0.0;
    double most = std::numeric_limits<double>::max();
};

/// One pass over the keys of a configuration.
class Walk {
  public:
    virtual ~Walk() = default;

    /// The next key must be there (otherwise a missing key leaves the default).
    Walk& required() {
        required_ = true;
        return *this;
    }

    template <std::integral T>
    requires(!std::same_as<T, bool>) void integer(std::string_view key, T& field, Integers allowed,
                                                  std::string_view about) {
        auto value = static_cast<std::int64_t>(field);
        const auto most = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
        if (most < static_cast<std::uint64_t>(allowed.most)) {
            allowed.most = static_cast<std::int64_t>(most);
        }
        visit_integer(key, value, allowed, about);
        field = static_cast<T>(value);
    }

    void number(std::string_view key, double& field, Numbers allowed, std::string_view about) {
        visit_number(key, field, allowed, about);
    }

    void flag(std::string_view key, bool& field, std::string_view about) {
        visit_flag(key, field, about);
    }

    void text(std::string_view key, std::string& field, std::string_view about) {
        visit_text(key, field, about);
    }

    template <class Enum>
    void choice(std::string_view key, Enum& field,
                std::initializer_list<std::pair<std::string_view, Enum>> choices,
                std::string_view about) {
        std::vector<std::string_view> names;
        std::size_t index = 0;
        for (const auto& [name, value] : choices) {
            if (value == field) {
                index = names.size();
            }
            names.push_back(name);
        }
        visit_choice(key, index, names, about);
        field = (choices.begin() + static_cast<std::ptrdiff_t>(index))->second;
    }

    /// A list of whole numbers.
    template <std::integral T>
    void integers(std::string_view key, std::vector<T>& field, Integers allowed,
                  std::string_view about) {
        std::vector<std::int64_t> values(field.begin(), field.end());
        visit_integers(key, values, allowed, about);
        field.clear();
        for (const std::int64_t value : values) {
            field.push_back(static_cast<T>(value));
        }
    }

    /// A mapping below `key`; `body` walks its keys. A missing section keeps its defaults.
    void section(std::string_view key, std::string_view about, const std::function<void()>& body) {
        visit_section(key, about, body);
    }

    /// A list of mappings below `key`; an element's keys are what `describe(walk, element)` says.
    template <class T>
    void list(std::string_view key, std::vector<T>& field, std::string_view about) {
        visit_list(
            key, about, [&] { return field.size(); }, [&](std::size_t n) { field.resize(n); },
            [&](std::size_t i) {
                // The documenter shows an element's keys even where the list is empty.
                if (i < field.size()) {
                    describe(*this, field[i]);
                } else {
                    T example{};
                    describe(*this, example);
                }
            });
    }

    /// A mapping whose keys are free names, in the order of the names.
    template <class T>
    void table(std::string_view key, std::map<std::string, T>& field, std::string_view about) {
        std::vector<std::string> names;
        for (const auto& entry : field) {
            names.push_back(entry.first);
        }
        visit_table(key, about, names,
                    [&](const std::string& name) { describe(*this, field[name]); });
    }

    /// A rule that spans keys does not hold: while reading, an InputError at the place of `key` (or
    /// of the mapping, where that key is not there); otherwise nothing.
    virtual void fail(std::string_view key, const std::string& message) = 0;

    /// Where the present mapping stands ("file:line:column: path"), to be kept for what is found
    /// wrong with it later; empty unless a file is being read.
    virtual std::string place() { return {}; }

  protected:
    virtual void visit_integer(std::string_view key, std::int64_t& value, Integers allowed,
                               std::string_view about) = 0;
    virtual void visit_number(std::string_view key, double& value, Numbers allowed,
                              std::string_view about) = 0;
    virtual void visit_flag(std::string_view key, bool& value, std::string_view about) = 0;
    virtual void visit_text(std::string_view key, std::string& value, std::string_view about) = 0;
    virtual void visit_choice(std::string_view key, std::size_t& index,
                              const std::vector<std::string_view>& names,
                              std::string_view about) = 0;
    virtual void visit_integers(std::string_view key, std::vector<std::int64_t>& values,
                                Integers allowed, std::string_view about) = 0;
    virtual void visit_section(std::string_view key, std::string_view about,
                               const std::function<void()>& body) = 0;
    virtual void visit_list(std::string_view key, std::string_view about,
                            const std::function<std::size_t()>& size,
                            const std::function<void(std::size_t)>& resize,
                            const std::function<void(std::size_t)>& element) = 0;
    virtual void visit_table(std::string_view key, std::string_view about,
                             const std::vector<std::string>& names,
                             const std::function<void(const std::string&)>& element) = 0;

    /// Whether the key being visited must be there; asking resets it.
    bool take_required() { return std::exchange(required_, false); }

  private:
    bool required_ = false;
};

/// Reads YAML text; `origin` names it in errors. `walk_keys` walks the configuration to be filled.
void read_text(const std::string& text, const std::string& origin,
               const std::function<void(Walk&)>& walk_keys);

/// The configuration as YAML, every key with its present value.
std::string write_text(const std::function<void(Walk&)>& walk_keys);

/// The keys as rows of a Markdown table: key, type and allowed values, default, meaning.
std::string document_rows(const std::function<void(Walk&)>& walk_keys);

template <class Config>
Config read_string(const std::string& text, const std::string& origin) {
    Config config{};
    read_text(text, origin, [&](Walk& walk) { describe(walk, config); });
    return config;
}

/// The text of a configuration file; throws InputError where it is missing or implausibly large.
std::string load(const std::filesystem::path& path);

template <class Config>
Config read_file(const std::filesystem::path& path) {
    return read_string<Config>(load(path), path.string());
}

template <class Config>
std::string write(const Config& config) {
    Config copy = config;
    return write_text([&](Walk& walk) { describe(walk, copy); });
}

template <class Config>
std::string document() {
    Config config{};
    return document_rows([&](Walk& walk) { describe(walk, config); });
}

}  // namespace spikeloom::schema
