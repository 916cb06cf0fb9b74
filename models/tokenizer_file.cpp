#include "models/tokenizer_file.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "models/unicode.hpp"
#include "models/word_split.hpp"

#include <charconv>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace spikeloom::models {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kEndOfText = "<|endoftext|>";

[[noreturn]] void refuse_tokenizer(const std::string& origin, const std::string& message) {
    throw InputError(origin + ": " + message);
}

/// A JSON value in an error: short ones as they are.
std::string shown(const json& value) {
    if (value.is_structured()) {
        return value.is_array() ? "a list" : "an object";
    }
    return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

const json& at(const json& object, const char* key, const std::string& origin) {
    const auto found = object.find(key);
    if (found == object.end()) {
        refuse_tokenizer(origin, std::string("the key '") + key + "' is missing");
    }
    return *found;
}

/// The value of a key, null where there is none.
const json& optional_at(const json& object, const char* key) {
    static const json null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

/// A token id as far as JSON goes; TokenPieces knows which ones are allowed. `what` is called for
/// its name where it is none.
template <class What>
std::int64_t integer_of(const json& value, const std::string& origin, const What& what) {
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() && value.get<std::uint64_t>() > (std::uint64_t{1} << 62))) {
        refuse_tokenizer(origin, what() + ": found " + shown(value) + "; a token id is needed");
    }
    return value.get<std::int64_t>();
}

/// Refuses what would change ids and is not implemented: any value of object[key] but a missing
/// one, null, false and "".
void require_unset(const json& object, const char* key, const std::string& origin,
                   const std::string& prefix) {
    const json& value = optional_at(object, key);
    if (!value.is_null() && value != json(false) && value != json("")) {
        refuse_tokenizer(origin, prefix + key + ": found " + shown(value) +
                                     "; this is not supported, allowed is null or false");
    }
}

/// The type of a component ("ByteLevel"), "null" where there is none.
std::string type_of(const json& document, const char* key, const std::string& origin) {
    const json& component = optional_at(document, key);
    if (component.is_null()) {
        return "null";
    }
    const json& type = component.is_object() ? optional_at(component, "type") : component;
    if (!component.is_object() || !type.is_string()) {
        refuse_tokenizer(origin, std::string(key) + ": found " + shown(component) +
                                     "; an object with a type is needed");
    }
    return type.get<std::string>();
}

/// InputError unless the component is of type `supported`, or is missing where that may be.
void require_type(const json& document, const char* key, const std::string& origin,
                  const std::string& supported, bool may_be_missing) {
    const std::string type = type_of(document, key, origin);
    if (type != supported && !(may_be_missing && type == "null")) {
        refuse_tokenizer(origin, std::string(key) + ".type: found " + shown(json(type)) +
                                     "; supported is " + supported +
                                     (may_be_missing ? ", or no " + std::string(key) : ""));
    }
}

/// The printable characters by which byte-level vocabularies write the 256 bytes: a printable byte
/// of Latin-1 is itself, the others are U+0100 and on (gpt-2, src/encoder.py, bytes_to_unicode).
class ByteAlphabet {
  public:
    ByteAlphabet() {
        char32_t next = 0x100;
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const bool printable =
                (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
            characters_[byte] = printable ? static_cast<char32_t>(byte) : next++;
            bytes_.emplace(characters_[byte], static_cast<char>(byte));
        }
    }
    std::string character(std::size_t byte) const {
        std::string text;
        unicode::append(text, characters_[byte]);
        return text;
    }
    /// The bytes that a token's text stands for; the text itself where it is not of the alphabet,
    /// as the library's decoder has it.
    std::string bytes_of(std::string_view token) const {
        std::string bytes;
        for (std::size_t i = 0; i < token.size();) {
            const unicode::Character character = unicode::first_character(token.substr(i));
            const auto found = bytes_.find(character.code);
            if (found == bytes_.end()) {
                return std::string(token);
            }
            bytes += found->second;
            i += character.bytes;
        }
        return bytes;
    }

  private:
    std::array<char32_t, 256> characters_{};
    std::unordered_map<char32_t, char> bytes_;
};

/// "a b" or ["a", "b"].
std::pair<std::string, std::string> merge_parts(const json& entry, const std::string& origin,
                                                std::size_t rank) {
    if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
        return {entry[0].get<std::string>(), entry[1].get<std::string>()};
    }
    if (entry.is_string()) {
        const auto& text = entry.get_ref<const std::string&>();
        const std::size_t space = text.find(' ');
        if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
            return {text.substr(0, space), text.substr(space + 1)};
        }
    }
    refuse_tokenizer(origin, "merge " + std::to_string(rank) + ": found " + shown(entry) +
                                 "; two tokens with a space between are needed");
}

std::vector<Merge> read_merges(const json& merges, const std::unordered_map<std::string, int>& ids,
                               const std::string& origin) {
    if (!merges.is_array()) {
        refuse_tokenizer(origin, "model.merges: found " + shown(merges) + "; a list is needed");
    }
    std::vector<Merge> read;
    read.reserve(merges.size());
    for (const json& entry : merges) {
        const auto [left, right] = merge_parts(entry, origin, read.size());
        const auto id = [&](const std::string& token) {
            const auto found = ids.find(token);
            if (found == ids.end()) {
                refuse_tokenizer(origin, "merge " + std::to_string(read.size()) + ": " +
                                             shown(json(token)) + " is not in the vocabulary");
            }
            return found->second;
        };
        read.push_back({id(left), id(right), id(left + right)});
    }
    return read;
}

/// Whether a text with this token in it might be cut inside it (see word_boundary).
bool spans_words(const std::string& content) {
    return word_boundary(content, 1) < content.size();
}

void read_added_tokens(const json& document, const std::string& origin,
                       BytePairVocabulary& vocabulary,
                       const std::unordered_map<std::string, int>& ids) {
    const json& added = optional_at(document, "added_tokens");
    if (!added.is_null() && !added.is_array()) {
        refuse_tokenizer(origin, "added_tokens: found " + shown(added) + "; a list is needed");
    }
    std::string scratch;
    for (const json& token : added) {
        const std::string where = "an entry of added_tokens";
        if (!token.is_object() || !optional_at(token, "content").is_string()) {
            refuse_tokenizer(origin, where + " has no content");
        }
        const auto& content = token["content"].get_ref<const std::string&>();
        const std::string prefix = "added token " + shown(token["content"]) + ": ";
        if (content.empty() || content.size() > AddedTokens::kLongest) {
            refuse_tokenizer(origin, prefix + std::to_string(content.size()) +
                                         " bytes; allowed are 1 to " +
                                         std::to_string(AddedTokens::kLongest));
        }
        for (const char* flag : {"single_word", "lstrip", "rstrip"}) {
            require_unset(token, flag, origin, prefix);
        }
        const std::int64_t id =
            integer_of(optional_at(token, "id"), origin, [&] { return prefix + "id"; });
        const bool special = optional_at(token, "special") == json(true);
        // Many files list the special tokens a second time in the vocabulary.
        const auto known = ids.find(content);
        if (known == ids.end()) {
            vocabulary.pieces.set(id, content, special, origin);
        } else if (known->second != id) {
            refuse_tokenizer(origin, prefix + "id " + std::to_string(id) +
                                         "; in model.vocab it is " + std::to_string(known->second));
        } else {
            vocabulary.pieces.redefine(known->second, content, special);
        }
        vocabulary.added_span_words = vocabulary.added_span_words || spans_words(content);
        // Where the file does not say, the library looks for special tokens in the text as it is.
        const json& normalised = optional_at(token, "normalized");
        if (normalised.is_null() ? !special : normalised == json(true)) {
            vocabulary.normalised_added.add(
                vocabulary.nfc ? unicode::nfc(content, scratch) : std::string_view(content),
                static_cast<int>(id));
        } else {
            vocabulary.raw_added.add(content, static_cast<int>(id));
        }
    }
}

/// InputError for whatever the file asks for that would give other ids here.
void require_supported(const json& document, const json& model, const std::string& origin) {
    if (!optional_at(model, "type").is_null()) {  // early files do not say it
        require_type(document, "model", origin, "BPE", false);
    }
    require_type(document, "normalizer", origin, "NFC", true);
    require_type(document, "pre_tokenizer", origin, "ByteLevel", false);
    require_type(document, "post_processor", origin, "ByteLevel", true);
    require_type(document, "decoder", origin, "ByteLevel", true);
    const json& split = document["pre_tokenizer"];
    require_unset(split, "add_prefix_space", origin, "pre_tokenizer.");
    if (optional_at(split, "use_regex") == json(false)) {
        refuse_tokenizer(origin, "pre_tokenizer.use_regex: found false; supported is true");
    }
    require_unset(document, "truncation", origin, "");
    require_unset(document, "padding", origin, "");
    for (const char* key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix",
                            "byte_fallback", "ignore_merges"}) {
        require_unset(model, key, origin, "model.");
    }
}

BytePairTokenizer build_byte_pairs(const json& document, const std::string& origin) {
    const json& model = at(document, "model", origin);
    require_supported(document, model, origin);
    BytePairVocabulary vocabulary;
    vocabulary.nfc = type_of(document, "normalizer", origin) == "NFC";
    const json& vocab = at(model, "vocab", origin);
    if (!vocab.is_object()) {
        refuse_tokenizer(origin, "model.vocab: found " + shown(vocab) + "; an object is needed");
    }
    const ByteAlphabet alphabet;
    std::unordered_map<std::string, int> ids;
    for (const auto& [token, value] : vocab.items()) {
        const auto name = [&, &text = token] { return "model.vocab." + shown(json(text)); };
        const std::int64_t id = integer_of(value, origin, name);
        vocabulary.pieces.set(id, alphabet.bytes_of(token), false, origin);
        ids.emplace(token, static_cast<int>(id));
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
        const auto found = ids.find(alphabet.character(byte));
        vocabulary.byte_tokens[byte] =
            found == ids.end() ? BytePairMerger::kNoToken : found->second;
    }
    vocabulary.merges = read_merges(at(model, "merges", origin), ids, origin);
    read_added_tokens(document, origin, vocabulary, ids);
    return BytePairTokenizer(std::move(vocabulary));
}

CharacterTokenizer build_characters(const json& document, const std::string& origin) {
    CharacterTokenizer tokenizer;
    for (const auto& [key, value] : document.items()) {
        std::int64_t id = -1;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
        if (error != std::errc() || end != key.data() + key.size() || !value.is_string()) {
            refuse_tokenizer(origin, shown(json(key)) + ": " + shown(value) +
                                         "; an id and its character are needed");
        }
        tokenizer.add(id, value.get_ref<const std::string&>(), origin);
    }
    return tokenizer;
}

bool is_token_table(const json& document) {
    return document.is_object() && !document.empty() && document.begin()->is_number();
}

/// GPT-2's merges: a pair a line, behind a line with the version.
json read_merge_lines(const fs::path& path) {
    const std::string text = read_file(path);
    json merges = json::array();
    std::size_t begin = text.starts_with("#version") ? text.find('\n') + 1 : 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end > begin) {
            merges.push_back(text.substr(begin, end - begin));
        }
        begin = end + 1;
    }
    return merges;
}

json join_two_files(json vocab, const fs::path& merges_path) {
    json added = json::array();
    if (const auto found = vocab.find(kEndOfText); found != vocab.end()) {
        added.push_back(
            {{"id", *found}, {"content", kEndOfText}, {"special", true}, {"normalized", false}});
    }
    return {{"version", "1.0"},
            {"added_tokens", added},
            {"normalizer", nullptr},
            {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
            {"decoder", {{"type", "ByteLevel"}}},
            {"model",
             {{"type", "BPE"},
              {"vocab", std::move(vocab)},
              {"merges", read_merge_lines(merges_path)}}}};
}

/// The file of a folder that a tokenizer is read from.
fs::path file_in(const fs::path& folder) {
    for (const char* name : {"tokenizer.json", "encoder.json", "vocab.json"}) {
        if (fs::exists(folder / name)) {
            return folder / name;
        }
    }
    refuse_tokenizer(
        folder.string(),
        "has no tokenizer.json and no encoder.json or vocab.json of GPT-2's two files");
}

}  // namespace

json read_tokenizer_json(const fs::path& path) {
    std::error_code none;
    if (fs::is_directory(path, none)) {
        return read_tokenizer_json(file_in(path));
    }
    const std::string bytes = read_file(path);
    const bool utf16 = unicode::is_utf16(bytes);
    json document =
        parse_json(utf16 ? unicode::from_utf16(bytes, path.string()) : bytes, path.string());
    if (!is_token_table(document)) {
        return document;
    }
    for (const char* name : {"vocab.bpe", "merges.txt"}) {
        const fs::path merges = path.parent_path() / name;
        if (fs::exists(merges)) {
            return join_two_files(std::move(document), merges);
        }
    }
    refuse_tokenizer(path.string(),
                     "is one of GPT-2's two files; vocab.bpe or merges.txt is not "
                     "beside it");
}

std::variant<CharacterTokenizer, BytePairTokenizer> build_tokenizer(const json& document,
                                                                    const std::string& origin) {
    if (document.is_object() && document.contains("model")) {
        return build_byte_pairs(document, origin);
    }
    if (document.is_object() && !document.empty()) {
        return build_characters(document, origin);
    }
    refuse_tokenizer(origin,
                     "no tokenizer: neither a Hugging Face tokenizer.json nor a character "
                     "vocabulary {\"0\": \"a\", ...}");
}

}  // namespace spikeloom::models
