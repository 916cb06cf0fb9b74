// Token ids in files: the ids themselves, little-endian, in X.bin, and beside it X.idx, an index of
// sequences and documents (Megatron-LM, megatron/data/indexed_dataset.py, MMapIndexedDataset). All
// little-endian:
//     "MMIDIDX\0\0", uint64 version 1, uint8 type, uint64 sequences S, uint64 boundaries D,
//     int32 sizes[S] in ids, int64 offsets[S] in bytes, int64 documents[D] (first sequences of
//     documents, and S)
#pragma once

#include "models/tokens.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace spikeloom::models {

/// Whether a path names such a pair, X.bin or X.idx, by its ending.
bool names_indexed_tokens(const std::filesystem::path& path);

/// Maps a pair, named by either file. The ids of all sequences are one text, in the order of the
/// file. Throws InputError naming the file where the index is malformed, of ids that are no uint8,
/// uint16 or int32, or does not cover the .bin exactly; `vocabulary` as in Tokens.
Tokens open_indexed_tokens(const std::filesystem::path& path, int vocabulary);

/// Maps ids without an index, or a pair where there is one. Throws InputError where the file's
/// bytes are no whole number of ids.
Tokens open_stored_ids(const std::filesystem::path& path, TokenType type);

/// The type in which ids below `vocabulary` are written.
TokenType token_type_for(int vocabulary);

/// The ids as they are stored.
std::string stored_ids(std::span<const int> ids, TokenType type);

/// The index of a .bin with one document of that many ids.
std::string index_of(std::uint64_t ids, TokenType type);

}  // namespace spikeloom::models
