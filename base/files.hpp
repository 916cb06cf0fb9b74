// Whole files: read with a clear error, written beside and renamed so that none is ever half there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace spikeloom {

/// The bytes of a file. Throws InputError naming the file where it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes `bytes` to `path` through a temporary file beside it and a rename: a reader sees the old
/// file or the whole new one. Makes missing parent folders. Throws InputError where that is not
/// possible.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace spikeloom
