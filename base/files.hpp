// Whole files: read with a clear error, written beside and renamed so that none is ever half there.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace spikeloom {

/// The bytes of a file. Throws InputError naming the file where it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// A file that is written piece by piece into a temporary one beside it, which `finish` renames: a
/// reader sees the old file or the whole new one. Makes missing parent folders. All members throw
/// InputError naming the file where that is not possible.
class OutputFile {
  public:
    explicit OutputFile(const std::filesystem::path& path);
    /// Without `finish`, nothing is left behind.
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void append(std::string_view bytes);
    void finish();

  private:
    void check() const;

    std::filesystem::path path_;
    std::filesystem::path partial_;
    std::ofstream out_;
    bool finished_ = false;
};

/// Writes a whole file as an OutputFile.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace spikeloom
