// A file that is gone with the test.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <unistd.h>

namespace spikeloom::tests {

class TemporaryFile {
  public:
    /// A path of this process's own; nothing is there yet.
    explicit TemporaryFile(const std::string& name)
        : path_(std::filesystem::temp_directory_path() /
                ("spikeloom-" + std::to_string(::getpid()) + "-" + name)) {}
    ~TemporaryFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace spikeloom::tests
