#include "models/added_tokens.hpp"

namespace spikeloom::models {

AddedTokens::AddedTokens() : nodes_(1), first_(256, 0) {}

std::uint32_t AddedTokens::child(std::uint32_t node, unsigned char byte) const {
    for (const auto& [label, next] : nodes_[node].next) {
        if (label == byte) {
            return next;
        }
    }
    return 0;
}

void AddedTokens::add(std::string_view text, int id) {
    std::uint32_t node = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        std::uint32_t next = node == 0 ? first_[byte] : child(node, byte);
        if (next == 0) {
            next = static_cast<std::uint32_t>(nodes_.size());
            if (node == 0) {
                first_[byte] = next;
            } else {
                nodes_[node].next.emplace_back(byte, next);
            }
            nodes_.emplace_back();
        }
        node = next;
    }
    nodes_[node].id = id;
}

AddedTokens::Match AddedTokens::find(std::string_view text, std::size_t from) const {
    for (std::size_t begin = from; begin < text.size(); ++begin) {
        std::uint32_t node = first_[static_cast<unsigned char>(text[begin])];
        Match longest{begin, begin, kNone};
        for (std::size_t end = begin + 1; node != 0; ++end) {
            if (nodes_[node].id != kNone) {
                longest.end = end;
                longest.id = nodes_[node].id;
            }
            node = end < text.size() ? child(node, static_cast<unsigned char>(text[end])) : 0;
        }
        if (longest.id != kNone) {
            return longest;
        }
    }
    return {text.size(), text.size(), kNone};
}

}  // namespace spikeloom::models
