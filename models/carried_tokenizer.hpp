// A model's file carries the tokenizer that its ids are from, whole, in its metadata: the model
// cannot lose it, and what reads the model needs no other file.
#pragma once

#include "models/tokenizer.hpp"

#include <optional>
#include <string>

namespace spikeloom {
class Safetensors;
}

namespace spikeloom::models {

/// The metadata key, absent for bytes and where the tokenizer is not known.
constexpr const char* kTokenizerKey = "spikeloom_tokenizer";

/// Puts a tokenizer's description into a file; an empty one leaves no trace.
void carry_tokenizer(Safetensors& file, const std::string& description);

/// The description in a file, empty without one.
std::string carried_description(const Safetensors& file);

/// The tokenizer of a model of that vocabulary: the one its file carries, else bytes where there
/// are no more than 256 ids, else none. Throws InputError for one that needs more ids than the
/// model has.
std::optional<Tokenizer> tokenizer_of(const Safetensors& file, int vocabulary);

/// InputError where a tokenizer of more than bytes has ids that a model of that vocabulary has not.
void require_vocabulary(const Tokenizer& tokenizer, int vocabulary, const std::string& model);

}  // namespace spikeloom::models
