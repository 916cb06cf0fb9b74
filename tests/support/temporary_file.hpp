// A file that is gone with the test.
#pragma once

#include "base/files.hpp"

#include <filesystem>
#include <string>
#include <system_error>
#include <unistd.h>

namespace spikeloom::tests {

class TemporaryFile {
  public:
    /// A path of this process's own; nothing is there yet, unless a text is.
    explicit TemporaryFile(const std::string& name, const std::string& text = {})
        : path_(std::filesystem::temp_directory_path() /
                ("spikeloom-" + std::to_string(::getpid()) + "-" + name)) {
        if (!text.empty()) {
            write_file(path_, text);
        }
    }
    /// A directory that the test made there goes too.
    ~TemporaryFile() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace spikeloom::tests
