#include "models/token_pieces.hpp"

#include "base/error.hpp"

namespace spikeloom::models {

void TokenPieces::set(std::int64_t id, std::string_view bytes, bool special,
                      const std::string& origin) {
    if (id < 0 || id > kLargestTokenId) {
        throw InputError(origin + ": token id " + std::to_string(id) + "; allowed are 0 to " +
                         std::to_string(kLargestTokenId));
    }
    const auto place = static_cast<std::size_t>(id);
    if (place >= entries_.size()) {
        entries_.resize(place + 1);
    }
    Entry& entry = entries_[place];
    if (entry.known) {
        throw InputError(origin + ": two tokens have the id " + std::to_string(id));
    }
    entry = {bytes_.size(), static_cast<std::uint32_t>(bytes.size()), true, special};
    bytes_ += bytes;
}

void TokenPieces::redefine(int id, std::string_view bytes, bool special) {
    entries_[static_cast<std::size_t>(id)] = {
        bytes_.size(), static_cast<std::uint32_t>(bytes.size()), true, special};
    bytes_ += bytes;
}

bool TokenPieces::contains(int id) const {
    return id >= 0 && id < vocabulary() && entries_[static_cast<std::size_t>(id)].known;
}

void TokenPieces::append(std::span<const int> ids, std::string& text) const {
    for (const int id : ids) {
        if (!contains(id)) {
            throw InputError("token " + std::to_string(id) + " is not in the vocabulary, whose " +
                             "ids end at " + std::to_string(vocabulary() - 1));
        }
        const Entry& entry = entries_[static_cast<std::size_t>(id)];
        text.append(bytes_, entry.begin, entry.length);
    }
}

}  // namespace spikeloom::models
