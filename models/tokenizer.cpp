#include "models/tokenizer.hpp"

#include "base/json.hpp"
#include "models/tokenizer_file.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

namespace spikeloom::models {

namespace {

/// Bytes of text that are encoded at a time: enough that their borders cost nothing, few enough to
/// stay in a cache.
constexpr std::size_t kBlock = std::size_t{1} << 20;

class ByteTokenizer {
  public:
    ByteTokenizer() {
        for (int byte = 0; byte < 256; ++byte) {
            const char text = static_cast<char>(byte);
            pieces_.set(byte, {&text, 1}, false, "bytes");
        }
    }
    const TokenPieces& pieces() const { return pieces_; }
    static void encode(std::string_view text, std::size_t, std::vector<int>& ids) {
        std::transform(text.begin(), text.end(), std::back_inserter(ids),
                       [](char c) { return static_cast<int>(static_cast<unsigned char>(c)); });
    }
    static std::size_t cut(std::string_view text, std::size_t wanted) {
        return std::min(text.size(), wanted);
    }

  private:
    TokenPieces pieces_;
};

}  // namespace

struct Tokenizer::Impl {
    std::variant<ByteTokenizer, CharacterTokenizer, BytePairTokenizer> kind;
    std::string description;

    const TokenPieces& pieces() const {
        return std::visit([](const auto& of) -> const TokenPieces& { return of.pieces(); }, kind);
    }
    static std::unique_ptr<Impl> of(const nlohmann::json& json, const std::string& origin) {
        auto impl = std::make_unique<Impl>();
        std::visit([&](auto&& built) { impl->kind = std::forward<decltype(built)>(built); },
                   build_tokenizer(json, origin));
        impl->description = json.dump();
        return impl;
    }
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::bytes() {
    return Tokenizer(std::make_unique<Impl>());
}

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
    return Tokenizer(Impl::of(read_tokenizer_json(path), path.string()));
}

Tokenizer Tokenizer::parse(std::string_view json, const std::string& origin) {
    return Tokenizer(Impl::of(parse_json(json, origin), origin));
}

const char* Tokenizer::kind() const {
    constexpr const char* kNames[] = {"bytes", "characters", "byte-level BPE"};
    return kNames[impl_->kind.index()];
}

bool Tokenizer::is_bytes() const {
    return std::holds_alternative<ByteTokenizer>(impl_->kind);
}

int Tokenizer::vocabulary() const {
    return impl_->pieces().vocabulary();
}

const std::string& Tokenizer::description() const {
    return impl_->description;
}

bool Tokenizer::normalises() const {
    const auto* const pairs = std::get_if<BytePairTokenizer>(&impl_->kind);
    return pairs != nullptr && pairs->normalises();
}

void Tokenizer::encode(std::string_view text, const Sink& sink) {
    std::visit(
        [&](auto& of) {
            std::vector<int> ids;
            for (std::size_t begin = 0; begin < text.size();) {
                const std::string_view rest = text.substr(begin);
                const std::string_view block = rest.substr(0, of.cut(rest, kBlock));
                ids.clear();
                of.encode(block, begin, ids);
                begin += block.size();
                sink(begin, ids);
            }
        },
        impl_->kind);
}

std::vector<int> Tokenizer::encode(std::string_view text) {
    std::vector<int> all;
    encode(text, [&](std::size_t, std::span<const int> ids) {
        all.insert(all.end(), ids.begin(), ids.end());
    });
    return all;
}

void Tokenizer::decode(std::span<const int> ids, std::string& text) const {
    impl_->pieces().append(ids, text);
}

std::string Tokenizer::decode(std::span<const int> ids) const {
    std::string text;
    decode(ids, text);
    return text;
}

bool Tokenizer::special(int id) const {
    return impl_->pieces().special(id);
}

}  // namespace spikeloom::models
