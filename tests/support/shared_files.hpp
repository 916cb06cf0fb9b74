// Files that some tests compare with and that are no part of the repository: the folder `shared`
// beside the checkout. A test that needs one skips, with a message, where it is missing.
#pragma once

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

namespace spikeloom::tests {

inline std::filesystem::path shared_folder() {
    return std::filesystem::path(SPIKELOOM_SOURCE_DIR).parent_path() / "shared";
}

/// Ends the test with a message where the file is not there.
#define SPIKELOOM_NEED_SHARED(variable, relative)                                          \
    const std::filesystem::path variable = spikeloom::tests::shared_folder() / (relative); \
    if (!std::filesystem::exists(variable)) {                                              \
        WARN("skipped: " << variable.string() << " is not there");                         \
        return;                                                                            \
    }

}  // namespace spikeloom::tests
