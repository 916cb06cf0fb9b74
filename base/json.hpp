// Reads JSON of unknown origin.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace spikeloom {

/// Stricter than the parser behind it: an InputError, in the name of `origin`, for what is no JSON,
/// for a key that an object has twice (the parser would keep the last), and for nesting beyond
/// `depth` (no file that spikeloom reads nests deep, and what handles the value later recurses).
nlohmann::json parse_json(std::string_view text, const std::string& origin, int depth = 8);

}  // namespace spikeloom
