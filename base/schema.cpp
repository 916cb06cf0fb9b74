#include "base/schema.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

namespace spikeloom::schema {

namespace {
// A configuration is written by people; what is larger than this is another kind of file.
constexpr std::uintmax_t kLargestFile = std::uintmax_t{64} << 20;
}  // namespace

std::string load(const std::filesystem::path& path) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (!error && size > kLargestFile) {
        throw InputError(path.string() + ": " + std::to_string(size) +
                         " bytes; a YAML file of at most 64 MiB is allowed");
    }
    return spikeloom::read_file(path);
}

}  // namespace spikeloom::schema
