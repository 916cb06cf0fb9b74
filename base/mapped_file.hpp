// A file as memory: pages are read when they are touched and may be dropped again, so a file larger
// than memory can be worked on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace spikeloom {

class MappedFile {
  public:
    /// Maps a file for reading; what cannot be mapped (a pipe) is read into memory instead. Throws
    /// InputError naming the file where neither is possible. The file must not be cut short while
    /// it is mapped.
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::string_view bytes() const { return bytes_; }

    /// Says that reads will be scattered, so that the system reads no pages ahead.
    void expect_random_access() const;

  private:
    std::string_view bytes_;
    std::string read_;  // where there is no map
    bool mapped_ = false;
};

}  // namespace spikeloom
