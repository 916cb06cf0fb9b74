// Zip archives whose entries are stored as they are, the container of PyTorch's checkpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace spikeloom {

/// An archive open for reading. Entries must be stored, not compressed, and together no larger than
/// the archive: what a small file unpacks to is then bounded by what lies on disk. Every error is
/// an InputError that names the archive and the entry.
class ZipArchive {
  public:
    static ZipArchive open(const std::filesystem::path& path);
    /// The same from memory, which must outlive the archive; `origin` names it in errors.
    static ZipArchive from_bytes(std::span<const std::byte> bytes, const std::string& origin);
    ~ZipArchive();
    ZipArchive(ZipArchive&&) noexcept;
    ZipArchive& operator=(ZipArchive&&) noexcept;

    struct Entry {
        std::uint64_t index = 0;
        std::uint64_t bytes = 0;
    };
    const std::map<std::string, Entry>& entries() const { return entries_; }

    /// An entry's bytes, their checksum verified.
    std::string read(const std::string& name) const;

    const std::string& origin() const { return origin_; }

  private:
    struct Handle;
    ZipArchive(std::unique_ptr<Handle> handle, std::string origin, std::uint64_t archive_bytes);

    std::unique_ptr<Handle> handle_;
    std::string origin_;
    std::map<std::string, Entry> entries_;
};

}  // namespace spikeloom
