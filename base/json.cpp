#include "base/json.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"

#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

namespace spikeloom {

nlohmann::json parse_json(std::string_view text, const std::string& origin, int depth) {
    std::vector<std::unordered_set<std::string>> open_keys;
    const auto check = [&](int level, nlohmann::json::parse_event_t event, nlohmann::json& value) {
        using Event = nlohmann::json::parse_event_t;
        if (level > depth) {
            throw InputError(origin + ": nests deeper than " + std::to_string(depth) + " levels");
        }
        if (event == Event::object_start) {
            open_keys.emplace_back();
        } else if (event == Event::object_end) {
            open_keys.pop_back();
        } else if (event == Event::key) {
            const auto& name = value.get_ref<const std::string&>();
            if (!open_keys.back().insert(name).second) {
                throw InputError(origin + ": names '" + printable(name) + "' twice");
            }
        }
        return true;
    };
    try {
        return nlohmann::json::parse(text.begin(), text.end(), check);
    } catch (const nlohmann::json::parse_error& error) {
        throw InputError(origin + ": no valid JSON at byte " + std::to_string(error.byte));
    } catch (const nlohmann::json::exception&) {
        throw InputError(origin + ": no valid JSON: a number is out of range");
    }
}

}  // namespace spikeloom
