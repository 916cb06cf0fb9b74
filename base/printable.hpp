// Text of unknown origin in messages of one line.
#pragma once

#include <string>
#include <string_view>

namespace spikeloom {

/// At most 80 characters of the text, what is not printable ASCII as '?'.
inline std::string printable(std::string_view text) {
    constexpr std::size_t kMost = 80;
    std::string result;
    for (const char c : text.substr(0, kMost)) {
        result += c >= ' ' && c <= '~' ? c : '?';
    }
    return result + (text.size() > kMost ? "..." : "");
}

}  // namespace spikeloom
