// A byte-level BPE small enough to be worked by hand, as the text of a tokenizer.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace spikeloom::tests {

/// How byte-level vocabularies write a byte: "!" to "~", U+00A1 to U+00AC and U+00AE to U+00FF as
/// themselves, the other 68 as U+0100 and on, in their order (gpt-2, src/encoder.py).
inline std::string written_byte(int byte) {
    const auto printable = [](int b) {
        return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    };
    int code = byte;
    if (!printable(byte)) {
        code = 256;
        for (int b = 0; b < byte; ++b) {
            code += printable(b) ? 0 : 1;
        }
    }
    return code < 128 ? std::string(1, static_cast<char>(code))
                      : std::string{static_cast<char>(0xc0 | (code >> 6)),
                                    static_cast<char>(0x80 | (code & 63))};
}

/// The 256 bytes are ids 0 to 255; `merges` ("h e") make 256 and on in their order.
inline nlohmann::ordered_json tiny_tokenizer(const std::vector<std::string>& merges) {
    nlohmann::ordered_json vocab;
    for (int byte = 0; byte < 256; ++byte) {
        vocab[written_byte(byte)] = byte;
    }
    for (const std::string& merge : merges) {
        const std::size_t space = merge.find(' ');
        const std::string merged = merge.substr(0, space) + merge.substr(space + 1);
        if (!vocab.contains(merged)) {
            vocab[merged] = vocab.size();
        }
    }
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens", nlohmann::ordered_json::array()},
            {"normalizer", nullptr},
            {"pre_tokenizer",
             {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}}},
            {"post_processor", nullptr},
            {"decoder", {{"type", "ByteLevel"}}},
            {"model",
             {{"type", "BPE"},
              {"dropout", nullptr},
              {"unk_token", nullptr},
              {"vocab", vocab},
              {"merges", merges}}}};
}

/// An entry of added_tokens.
inline nlohmann::ordered_json added_token(int id, const std::string& content, bool special,
                                          bool normalized) {
    return {{"id", id},          {"content", content}, {"single_word", false},
            {"lstrip", false},   {"rstrip", false},    {"normalized", normalized},
            {"special", special}};
}

}  // namespace spikeloom::tests
