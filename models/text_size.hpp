// How much text there is, in the units that language models' figures are given in.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace spikeloom::models {

class Tokenizer;

struct TextSize {
    std::uint64_t bytes = 0;
    std::uint64_t characters =
        0;                    ///< Unicode code points; a byte that is part of none counts as one
    std::uint64_t words = 0;  ///< what white space separates, as in WikiText's perplexities
};

TextSize size_of_text(std::string_view text);

/// Of the text that ids stand for. Special tokens (the end of a document) are no part of it.
TextSize size_of_text(const Tokenizer& tokenizer, std::span<const int> ids);

}  // namespace spikeloom::models
