#include "base/zip_archive.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"

#include <utility>
#include <zip.h>

namespace spikeloom {

namespace {

/// libzip's words for an error code.
std::string zip_message(int code) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return text;
}

}  // namespace

struct ZipArchive::Handle {
    explicit Handle(zip_t* opened) : archive(opened) {}
    ~Handle() { zip_discard(archive); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    zip_t* archive;
};

ZipArchive::ZipArchive(std::unique_ptr<Handle> handle, std::string origin,
                       std::uint64_t archive_bytes)
    : handle_(std::move(handle)), origin_(std::move(origin)) {
    const zip_int64_t count = zip_get_num_entries(handle_->archive, 0);
    std::uint64_t total = 0;
    for (zip_int64_t i = 0; i < count; ++i) {
        zip_stat_t stat;
        zip_stat_init(&stat);
        constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD;
        const auto index = static_cast<zip_uint64_t>(i);
        if (zip_stat_index(handle_->archive, index, 0, &stat) != 0 ||
            (stat.valid & kNeeded) != kNeeded) {
            throw InputError(origin_ + ": entry " + std::to_string(i) + " of the zip is damaged");
        }
        const std::string name = stat.name;
        if (stat.comp_method != ZIP_CM_STORE) {
            throw InputError(origin_ + ": entry '" + name +
                             "' is compressed; PyTorch stores entries as they are");
        }
        // Neither can wrap: each is checked against the archive before it is added.
        if (stat.size > archive_bytes || total + stat.size > archive_bytes) {
            throw InputError(origin_ + ": entry '" + printable(name) + "' claims " +
                             std::to_string(stat.size) + " bytes; the whole file has " +
                             std::to_string(archive_bytes));
        }
        total += stat.size;
        if (!entries_.emplace(name, Entry{index, stat.size}).second) {
            throw InputError(origin_ + ": two entries are named '" + printable(name) + "'");
        }
    }
}

ZipArchive::~ZipArchive() = default;
ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;
ZipArchive& ZipArchive::operator=(ZipArchive&&) noexcept = default;

ZipArchive ZipArchive::open(const std::filesystem::path& path) {
    std::error_code status;
    if (std::filesystem::is_directory(path, status)) {
        throw InputError(path.string() + ": is a folder, expected a file");
    }
    int code = 0;
    zip_t* const archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (archive == nullptr) {
        throw InputError(path.string() +
                         ": cannot be read as a zip archive (torch.save writes one since "
                         "PyTorch 1.6): " +
                         zip_message(code));
    }
    auto handle = std::make_unique<Handle>(archive);
    return {std::move(handle), path.string(), std::filesystem::file_size(path)};
}

ZipArchive ZipArchive::from_bytes(std::span<const std::byte> bytes, const std::string& origin) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* const source =
        zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, &error);
    zip_t* const archive =
        source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (archive == nullptr) {
        zip_source_free(source);
        throw InputError(origin +
                         ": cannot be read as a zip archive (torch.save writes one since "
                         "PyTorch 1.6): " +
                         reason);
    }
    return {std::make_unique<Handle>(archive), origin, bytes.size()};
}

std::string ZipArchive::read(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        throw InputError(origin_ + ": the zip has no entry '" + printable(name) + "'");
    }
    const auto reject = [&](const std::string& reason) {
        throw InputError(origin_ + ": entry '" + printable(name) + "' cannot be read: " + reason);
    };
    zip_file_t* const file = zip_fopen_index(handle_->archive, found->second.index, 0);
    if (file == nullptr) {
        reject(zip_error_strerror(zip_get_error(handle_->archive)));
    }
    std::string bytes(found->second.bytes, '\0');
    std::uint64_t done = 0;
    while (done < bytes.size()) {
        const zip_int64_t got = zip_fread(file, bytes.data() + done, bytes.size() - done);
        if (got <= 0) {
            break;
        }
        done += static_cast<std::uint64_t>(got);
    }
    // The checksum is compared where the end is reached: one read more.
    char beyond = 0;
    const bool ended = done == bytes.size() && zip_fread(file, &beyond, 1) == 0;
    const std::string reason = ended ? "" : zip_error_strerror(zip_file_get_error(file));
    zip_fclose(file);
    if (!ended) {
        reject(done < bytes.size() && reason.find("No error") != std::string::npos
                   ? "cut short after " + std::to_string(done) + " bytes"
                   : reason);
    }
    return bytes;
}

}  // namespace spikeloom
