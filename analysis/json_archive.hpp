// Structs to JSON and back, from one list of fields a struct:
//
//     template <class Archive>
//     void fields(Archive& archive, Phase& phase) {
//         archive("name", phase.name);
//         archive("tokens", phase.tokens);
//     }
//
// Reading is strict: a missing or unknown key, a value of the wrong type or out of its type's range
// is an InputError that names the origin and the path of the key. Include this from .cpp files
// only.
#pragma once

#include "base/error.hpp"

#include <cmath>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace spikeloom::analysis {

using Json = nlohmann::ordered_json;

class JsonWriter {
  public:
    static constexpr bool kReading = false;

    template <class T>
    void operator()(const char* key, T& value) {
        json_[key] = to_json(value);
    }

    template <class T>
    void younger(const char* key, T& value) {
        (*this)(key, value);
    }

    /// A figure that follows from others: written for those who read the file, not read back.
    void derived(const char* key, Json value) { json_[key] = std::move(value); }

    Json take() { return std::move(json_); }

    template <class T>
    static Json to_json(T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
            return value;
        } else {
            JsonWriter nested;
            fields(nested, value);
            return nested.take();
        }
    }
    template <class T>
    static Json to_json(std::optional<T>& value) {
        return value ? to_json(*value) : Json(nullptr);
    }
    template <class T>
    static Json to_json(std::vector<T>& values) {
        Json array = Json::array();
        for (T& value : values) {
            array.push_back(to_json(value));
        }
        return array;
    }
    template <class T>
    static Json to_json(std::map<std::string, T>& values) {
        Json object = Json::object();
        for (auto& [name, value] : values) {
            object[name] = to_json(value);
        }
        return object;
    }
    template <class T>
    static Json to_json(std::vector<std::pair<std::string, T>>& values) {
        Json object = Json::object();
        for (auto& [name, value] : values) {
            object[name] = to_json(value);
        }
        return object;
    }

  private:
    Json json_ = Json::object();
};

class JsonReader {
  public:
    static constexpr bool kReading = true;

    /// `origin` is the file; `path` the key that holds `json`, empty for the whole.
    JsonReader(const Json& json, std::string origin, std::string path)
        : json_(json), origin_(std::move(origin)), path_(std::move(path)) {
        if (!json.is_object()) {
            fail(path_, "found " + std::string(json.type_name()) + "; allowed is an object");
        }
    }

    template <class T>
    void operator()(const char* key, T& value) {
        known_.insert(key);
        const auto found = json_.find(key);
        if (found == json_.end()) {
            fail(path_of(key), "this key is missing");
        }
        from_json(*found, value, path_of(key));
    }

    /// A field that files of before it was there lack: it keeps its default then.
    template <class T>
    void younger(const char* key, T& value) {
        if (json_.contains(key)) {
            (*this)(key, value);
        } else {
            known_.insert(key);
        }
    }

    void derived(const char* key, const Json&) { known_.insert(key); }

    /// To be called when all fields have been read.
    void finish() const {
        for (const auto& entry : json_.items()) {
            if (known_.count(entry.key()) == 0) {
                fail(path_of(entry.key()), "unknown key");
            }
        }
    }

    [[noreturn]] void fail(const std::string& path, const std::string& message) const {
        throw InputError(origin_ + ": " + (path.empty() ? "" : path + ": ") + message);
    }

  private:
    std::string path_of(const std::string& key) const {
        return path_.empty() ? key : path_ + "." + key;
    }
    [[noreturn]] void wrong(const Json& json, const std::string& path, const char* allowed) const {
        const std::string shown = json.is_structured() ? json.type_name() : json.dump();
        fail(path, "found " + shown.substr(0, 60) + "; allowed is " + allowed);
    }

    template <class T>
    void from_json(const Json& json, T& value, const std::string& path) {
        if constexpr (std::same_as<T, std::string>) {
            if (!json.is_string()) {
                wrong(json, path, "a text");
            }
            value = json.get<std::string>();
        } else if constexpr (std::floating_point<T>) {
            if (!json.is_number() || !std::isfinite(json.get<double>())) {
                wrong(json, path, "a number");
            }
            value = json.get<T>();
        } else if constexpr (std::integral<T>) {
            // Everything counted here is at least 0, which makes the range check one comparison.
            if (!json.is_number_unsigned() ||
                json.get<std::uint64_t>() >
                    static_cast<std::uint64_t>(std::numeric_limits<T>::max())) {
                wrong(json, path, "a whole number from 0 on that fits the field");
            }
            value = static_cast<T>(json.get<std::uint64_t>());
        } else {
            JsonReader nested(json, origin_, path);
            fields(nested, value);
            nested.finish();
        }
    }
    template <class T>
    void from_json(const Json& json, std::optional<T>& value, const std::string& path) {
        value.reset();
        if (!json.is_null()) {
            from_json(json, value.emplace(), path);
        }
    }
    template <class T>
    void from_json(const Json& json, std::vector<T>& values, const std::string& path) {
        if (!json.is_array()) {
            wrong(json, path, "a list");
        }
        values.assign(json.size(), T{});
        for (std::size_t i = 0; i < values.size(); ++i) {
            from_json(json[i], values[i], path + "[" + std::to_string(i) + "]");
        }
    }
    template <class T>
    void from_json(const Json& json, std::map<std::string, T>& values, const std::string& path) {
        std::vector<std::pair<std::string, T>> entries;
        from_json(json, entries, path);
        values = std::map<std::string, T>(entries.begin(), entries.end());
    }
    template <class T>
    void from_json(const Json& json, std::vector<std::pair<std::string, T>>& values,
                   const std::string& path) {
        if (!json.is_object()) {
            wrong(json, path, "an object");
        }
        values.clear();
        for (const auto& entry : json.items()) {
            values.emplace_back(entry.key(), T{});
            from_json(entry.value(), values.back().second, path + "." + entry.key());
        }
    }

    const Json& json_;
    std::string origin_;
    std::string path_;
    std::set<std::string> known_;
};

}  // namespace spikeloom::analysis
