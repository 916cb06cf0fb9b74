#include "base/mapped_file.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spikeloom {

namespace {

struct Descriptor {
    explicit Descriptor(const std::filesystem::path& path)
        : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~Descriptor() {
        if (number >= 0) {
            ::close(number);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number;
};

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
    const Descriptor file(path);
    struct ::stat status {};
    if (file.number < 0 || ::fstat(file.number, &status) != 0) {
        throw InputError(path.string() + ": cannot be read: " + std::strerror(errno));
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || size == 0) {
        read_ = read_file(path);
        bytes_ = read_;
        return;
    }
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
    if (memory == MAP_FAILED) {
        throw InputError(path.string() + ": cannot be mapped: " + std::strerror(errno));
    }
    bytes_ = {static_cast<const char*>(memory), size};
    mapped_ = true;
}

MappedFile::~MappedFile() {
    if (mapped_) {
        ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
    }
}

void MappedFile::expect_random_access() const {
    if (mapped_) {
        // Advice: where the system does not take it, only speed is lost.
        ::madvise(const_cast<char*>(bytes_.data()), bytes_.size(), MADV_RANDOM);
    }
}

}  // namespace spikeloom
