#include "models/tokens.hpp"

#include "base/error.hpp"
#include "base/mapped_file.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace spikeloom::models {

namespace {

/// Widens ids and returns the largest, where a negative one counts as larger than any id.
template <class Stored>
std::uint32_t widen(const char* from, std::span<int> to) {
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
        Stored id;
        std::memcpy(&id, from + i * sizeof(Stored), sizeof(Stored));
        to[i] = static_cast<int>(id);
        largest = std::max(largest, static_cast<std::uint32_t>(to[i]));
    }
    return largest;
}

}  // namespace

Tokens::Tokens(std::vector<int> ids) : size_(ids.size()) {
    const auto owned = std::make_shared<const std::vector<int>>(std::move(ids));
    data_ = reinterpret_cast<const char*>(owned->data());
    owner_ = owned;
}

Tokens::Tokens(std::shared_ptr<const MappedFile> file, TokenType type, std::string origin,
               int vocabulary)
    : data_(file->bytes().data()),
      size_(file->bytes().size() / size_of(type)),
      type_(type),
      vocabulary_(vocabulary),
      origin_(std::move(origin)) {
    owner_ = std::move(file);
}

Tokens Tokens::part(std::size_t first, std::size_t count) const {
    Tokens view = *this;
    view.first_ += first;
    view.size_ = count;
    return view;
}

void Tokens::copy(std::size_t first, std::span<int> to) const {
    const char* const from = data_ + (first_ + first) * size_of(type_);
    const std::uint32_t largest = type_ == TokenType::byte     ? widen<std::uint8_t>(from, to)
                                  : type_ == TokenType::uint16 ? widen<std::uint16_t>(from, to)
                                                               : widen<std::int32_t>(from, to);
    if (!to.empty() && largest >= static_cast<std::uint32_t>(vocabulary_)) {
        const auto bad =
            std::find_if(to.begin(), to.end(), [&](int id) { return id < 0 || id >= vocabulary_; });
        const std::size_t place = first_ + first + static_cast<std::size_t>(bad - to.begin());
        throw InputError(origin_ + ": " + (type_ == TokenType::byte ? "byte " : "token ") +
                         std::to_string(place) + " is " + std::to_string(*bad) +
                         "; the model's vocabulary ends at " + std::to_string(vocabulary_ - 1));
    }
}

std::vector<int> Tokens::ids(std::size_t first, std::size_t count) const {
    std::vector<int> read(count);
    copy(first, read);
    return read;
}

}  // namespace spikeloom::models
