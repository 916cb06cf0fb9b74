#include "models/indexed_tokens.hpp"

#include "base/error.hpp"
#include "base/mapped_file.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

namespace spikeloom::models {

namespace {

constexpr std::string_view kMagic("MMIDIDX\0\0", 9);
constexpr std::uint64_t kVersion = 1;
/// The format's numbers for the types that ids can have here.
constexpr std::uint8_t kUint8Code = 1;
constexpr std::uint8_t kInt32Code = 4;
constexpr std::uint8_t kUint16Code = 8;
/// Sequences of an index that is written: their sizes are int32.
constexpr std::uint64_t kLongestSequence = std::uint64_t{1} << 30;

std::uint8_t code_of(TokenType type) {
    return type == TokenType::byte     ? kUint8Code
           : type == TokenType::uint16 ? kUint16Code
                                       : kInt32Code;
}

template <class T>
T read_number(std::string_view bytes, std::uint64_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <class T>
void append_number(std::string& bytes, T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

[[noreturn]] void refuse_index(const std::filesystem::path& path, const std::string& message) {
    throw InputError(path.string() + ": " + message);
}

struct Index {
    TokenType type = TokenType::uint16;
    std::uint64_t bytes = 0;  // of the .bin
};

Index read_index(const std::filesystem::path& path) {
    const MappedFile file(path);
    const std::string_view bytes = file.bytes();
    constexpr std::uint64_t kVersionAt = kMagic.size();
    constexpr std::uint64_t kTypeAt = kVersionAt + 8;
    constexpr std::uint64_t kSequencesAt = kTypeAt + 1;
    constexpr std::uint64_t kBoundariesAt = kSequencesAt + 8;
    constexpr std::uint64_t kHeader = kBoundariesAt + 8;
    if (bytes.size() < kHeader || !bytes.starts_with(kMagic)) {
        refuse_index(path, "no index: it does not begin with the " + std::to_string(kHeader) +
                               " bytes of an MMIDIDX header");
    }
    if (const auto version = read_number<std::uint64_t>(bytes, kVersionAt); version != kVersion) {
        refuse_index(path, "version " + std::to_string(version) + "; 1 is supported");
    }
    Index index;
    const auto code = read_number<std::uint8_t>(bytes, kTypeAt);
    switch (code) {
        case kUint8Code:
            index.type = TokenType::byte;
            break;
        case kUint16Code:
            index.type = TokenType::uint16;
            break;
        case kInt32Code:
            index.type = TokenType::int32;
            break;
        default:
            refuse_index(path, "ids of type " + std::to_string(code) +
                                   "; supported are 1 (uint8), 4 (int32) and 8 (uint16)");
    }
    const auto sequences = read_number<std::uint64_t>(bytes, kSequencesAt);
    const auto boundaries = read_number<std::uint64_t>(bytes, kBoundariesAt);
    // Compared by division first: the counts may be anything.
    const std::uint64_t room = bytes.size() - kHeader;
    if (sequences > room / 12 || boundaries > room / 8 || 12 * sequences + 8 * boundaries != room) {
        refuse_index(path, "cut short or too long: " + std::to_string(sequences) +
                               " sequences and " + std::to_string(boundaries) +
                               " boundaries do not fill its " + std::to_string(bytes.size()) +
                               " bytes");
    }
    const std::uint64_t offsets_at = kHeader + 4 * sequences;
    for (std::uint64_t i = 0; i < sequences; ++i) {
        const auto size = read_number<std::int32_t>(bytes, kHeader + 4 * i);
        const auto offset = read_number<std::int64_t>(bytes, offsets_at + 8 * i);
        if (size < 0 || offset < 0 || static_cast<std::uint64_t>(offset) != index.bytes) {
            refuse_index(path, "sequence " + std::to_string(i) + " of " + std::to_string(size) +
                                   " ids lies at byte " + std::to_string(offset) +
                                   "; the one before ends at " + std::to_string(index.bytes));
        }
        index.bytes += static_cast<std::uint64_t>(size) * size_of(index.type);
    }
    std::uint64_t before = 0;
    for (std::uint64_t i = 0; i < boundaries; ++i) {
        const auto boundary = read_number<std::uint64_t>(bytes, offsets_at + 8 * sequences + 8 * i);
        if (boundary < before || boundary > sequences) {
            refuse_index(path, "document " + std::to_string(i) + " begins at sequence " +
                                   std::to_string(boundary) + "; allowed are " +
                                   std::to_string(before) + " to " + std::to_string(sequences));
        }
        before = boundary;
    }
    return index;
}

}  // namespace

bool names_indexed_tokens(const std::filesystem::path& path) {
    return path.extension() == ".bin" || path.extension() == ".idx";
}

Tokens open_indexed_tokens(const std::filesystem::path& path, int vocabulary) {
    std::filesystem::path bin = path;
    std::filesystem::path idx = path;
    bin.replace_extension(".bin");
    idx.replace_extension(".idx");
    const Index index = read_index(idx);
    auto file = std::make_shared<const MappedFile>(bin);
    if (file->bytes().size() != index.bytes) {
        refuse_index(bin, std::to_string(file->bytes().size()) + " bytes; its index " +
                              idx.string() + " describes " + std::to_string(index.bytes));
    }
    return {std::move(file), index.type, bin.string(), vocabulary};
}

Tokens open_stored_ids(const std::filesystem::path& path, TokenType type) {
    std::filesystem::path idx = path;
    if (names_indexed_tokens(path) && std::filesystem::exists(idx.replace_extension(".idx"))) {
        return open_indexed_tokens(path, std::numeric_limits<int>::max());
    }
    auto file = std::make_shared<const MappedFile>(path);
    if (file->bytes().size() % size_of(type) != 0) {
        refuse_index(path, std::to_string(file->bytes().size()) + " bytes are no whole number of " +
                               std::to_string(size_of(type)) + "-byte ids");
    }
    return {std::move(file), type, path.string()};
}

TokenType token_type_for(int vocabulary) {
    return vocabulary <= 65536 ? TokenType::uint16 : TokenType::int32;
}

std::string stored_ids(std::span<const int> ids, TokenType type) {
    std::string bytes(ids.size() * size_of(type), '\0');
    for (std::size_t i = 0; i < ids.size(); ++i) {
        // The low bytes of a little-endian number are its first.
        std::memcpy(bytes.data() + i * size_of(type), &ids[i], size_of(type));
    }
    return bytes;
}

std::string index_of(std::uint64_t ids, TokenType type) {
    const std::uint64_t sequences =
        std::max<std::uint64_t>(1, (ids + kLongestSequence - 1) / kLongestSequence);
    std::string bytes(kMagic);
    append_number(bytes, kVersion);
    append_number(bytes, code_of(type));
    append_number(bytes, sequences);
    append_number(bytes, std::uint64_t{2});
    for (std::uint64_t i = 0; i < sequences; ++i) {
        append_number(bytes, static_cast<std::int32_t>(
                                 std::min(kLongestSequence, ids - i * kLongestSequence)));
    }
    for (std::uint64_t i = 0; i < sequences; ++i) {
        append_number(bytes, static_cast<std::int64_t>(i * kLongestSequence * size_of(type)));
    }
    append_number(bytes, std::int64_t{0});
    append_number(bytes, static_cast<std::int64_t>(sequences));
    return bytes;
}

}  // namespace spikeloom::models
