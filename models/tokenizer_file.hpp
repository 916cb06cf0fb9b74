// Tokenizers from their published files, and nothing guessed: what a file asks for that is not
// implemented is refused by name.
#pragma once

#include "models/byte_pair_tokenizer.hpp"
#include "models/character_tokenizer.hpp"

#include <filesystem>
#include <string>
#include <variant>

#include <nlohmann/json_fwd.hpp>

namespace spikeloom::models {

/// The JSON of the tokenizer that Tokenizer::load describes: of tokenizer.json and of a character
/// vocabulary as it stands; GPT-2's two files as the tokenizer.json that means the same, with
/// <|endoftext|>, where the vocabulary has it, as an added token.
nlohmann::json read_tokenizer_json(const std::filesystem::path& path);

/// Builds what it describes. Throws InputError in the name of `origin`.
std::variant<CharacterTokenizer, BytePairTokenizer> build_tokenizer(const nlohmann::json& json,
                                                                    const std::string& origin);

}  // namespace spikeloom::models
