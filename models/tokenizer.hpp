// Text to token ids and back. Which kind of tokenizer it is decides itself once a block of text,
// never once a token.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::models {

/// A value that moves. Encoding remembers words, so one object serves one thread at a time.
class Tokenizer {
  public:
    /// A token is a byte, its id the byte's value.
    static Tokenizer bytes();

    /// Reads one of (the contents decide, not the name)
    ///  - a Hugging Face tokenizer.json of byte-level BPE,
    ///  - GPT-2's two files: encoder.json with vocab.bpe beside it, or under their later names
    ///    vocab.json and merges.txt,
    ///  - a character vocabulary {"0": "a", ...} in UTF-8 or UTF-16,
    /// or the folder with one of the first two. Throws InputError naming the file and what is wrong
    /// or not supported.
    static Tokenizer load(const std::filesystem::path& path);
    /// The same from the text of a JSON file that `description` gave.
    static Tokenizer parse(std::string_view json, const std::string& origin);

    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    /// "bytes", "characters" or "byte-level BPE".
    const char* kind() const;
    bool is_bytes() const;
    /// One more than the largest id: the least vocabulary a model needs.
    int vocabulary() const;
    /// All of it as JSON that `parse` reads, so that a model can carry it; empty for bytes.
    const std::string& description() const;
    /// Whether text is brought to Unicode's normalisation form C, so that decoding gives that back.
    bool normalises() const;

    /// The ids of a text. Throws InputError naming the place where something has no id.
    std::vector<int> encode(std::string_view text);

    /// Gets the bytes of the text read so far and the ids of its next part.
    using Sink = std::function<void(std::size_t done, std::span<const int> ids)>;
    /// The same, part by part, for a text longer than memory. The parts change no id.
    void encode(std::string_view text, const Sink& sink);

    /// Appends the bytes of the ids. Throws InputError for one that stands for nothing.
    void decode(std::span<const int> ids, std::string& text) const;
    std::string decode(std::span<const int> ids) const;

    /// Whether an id is a mark that is no part of a text, such as the end of a document.
    bool special(int id) const;

  private:
    struct Impl;
    explicit Tokenizer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace spikeloom::models
