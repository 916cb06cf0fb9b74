#include "base/files.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace spikeloom {

std::string read_file(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        throw InputError(path.string() + ": is a folder, expected a file");
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw InputError(path.string() + ": cannot be read: " + std::strerror(errno));
    }
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return std::move(bytes).str();
}

OutputFile::OutputFile(const std::filesystem::path& path)
    : path_(path), partial_(path.string() + ".partial." + std::to_string(::getpid())) {
    std::error_code error;
    if (path.has_parent_path()) {
        std::filesystem::create_directories(path.parent_path(), error);
    }
    out_.open(partial_, std::ios::binary | std::ios::trunc);
    check();
}

OutputFile::~OutputFile() {
    if (!finished_) {
        out_.close();
        std::error_code error;
        std::filesystem::remove(partial_, error);
    }
}

void OutputFile::check() const {
    if (!out_) {
        throw InputError(path_.string() + ": cannot be written: " + std::strerror(errno));
    }
}

void OutputFile::append(std::string_view bytes) {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    check();
}

void OutputFile::finish() {
    out_.close();
    check();
    std::error_code error;
    std::filesystem::rename(partial_, path_, error);
    if (error) {
        throw InputError(path_.string() + ": cannot be written: " + error.message());
    }
    finished_ = true;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    OutputFile file(path);
    file.append(bytes);
    file.finish();
}

}  // namespace spikeloom
