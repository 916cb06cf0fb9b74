// Files that some tests compare with and that are no part of the repository: the folder `shared`
// beside the checkout. A test that needs one skips, with a message, where it is missing.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

namespace spikeloom::tests {

inline std::filesystem::path shared_folder() {
    return std::filesystem::path(SPIKELOOM_SOURCE_DIR).parent_path() / "shared";
}

/// The bytes of a file that is packed with xz.
inline std::string unpacked(const std::filesystem::path& path) {
    const std::string command = "xz -dc '" + path.string() + "'";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    REQUIRE(pipe != nullptr);
    std::string bytes;
    std::array<char, 65536> chunk;
    for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), pipe.get())) != 0;) {
        bytes.append(chunk.data(), n);
    }
    return bytes;
}

/// Ends the test with a message where the file is not there.
#define SPIKELOOM_NEED_SHARED(variable, relative)                                          \
    const std::filesystem::path variable = spikeloom::tests::shared_folder() / (relative); \
    if (!std::filesystem::exists(variable)) {                                              \
        WARN("skipped: " << variable.string() << " is not there");                         \
        return;                                                                            \
    }

}  // namespace spikeloom::tests
