// tokenize: text to token ids, ids to text.
#include "apps/command.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/mapped_file.hpp"
#include "base/progress.hpp"
#include "models/indexed_tokens.hpp"
#include "models/text_size.hpp"
#include "models/tokenizer.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>

namespace spikeloom::apps {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Ids that are decoded at a time.
constexpr std::size_t kDecodedAtATime = std::size_t{1} << 20;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What became of a text.
struct Encoded {
    std::uint64_t tokens = 0;
    double seconds = 0.0;    // of encoding alone
    std::uint64_t same = 0;  // bytes of the text that decoding gives back
    bool round_trip = true;  // whether that is all
};

/// Follows what the ids decode to along the text.
class RoundTrip {
  public:
    RoundTrip(const models::Tokenizer& tokenizer, std::string_view text, Encoded& result)
        : tokenizer_(tokenizer), text_(text), result_(result) {}
    void take(std::span<const int> ids) {
        if (!result_.round_trip) {
            return;
        }
        decoded_.clear();
        tokenizer_.decode(ids, decoded_);
        const std::string_view rest = text_.substr(result_.same);
        const auto differs =
            std::mismatch(decoded_.begin(), decoded_.end(), rest.begin(), rest.end());
        result_.same += static_cast<std::uint64_t>(differs.first - decoded_.begin());
        result_.round_trip = differs.first == decoded_.end();
    }

  private:
    const models::Tokenizer& tokenizer_;
    std::string_view text_;
    Encoded& result_;
    std::string decoded_;
};

Encoded encode_file(models::Tokenizer& tokenizer, std::string_view text, models::TokenType type,
                    const std::string& text_path, const fs::path& out, int end_id) {
    Encoded result;
    RoundTrip round_trip(tokenizer, text, result);
    Progress progress("tokenizing", "bytes", text.size());
    OutputFile file(out);
    Clock::time_point start = Clock::now();
    const auto take = [&](std::size_t done, std::span<const int> ids) {
        result.seconds += seconds_since(start);
        file.append(models::stored_ids(ids, type));
        result.tokens += ids.size();
        round_trip.take(ids);
        progress.update(done);
        start = Clock::now();
    };
    try {
        tokenizer.encode(text, take);
    } catch (const InputError& error) {
        throw InputError(text_path + ": " + error.what());
    }
    result.round_trip = result.round_trip && result.same == text.size();
    if (end_id >= 0) {
        file.append(models::stored_ids({&end_id, 1}, type));
        ++result.tokens;
    }
    file.finish();
    return result;
}

/// The id of --end-of-text.
int end_of_text(models::Tokenizer& tokenizer, const std::string& path) {
    const std::vector<int> ids = tokenizer.encode("<|endoftext|>");
    if (ids.size() != 1 || !tokenizer.special(ids[0])) {
        throw InputError(path + ": has no special token <|endoftext|>");
    }
    return ids[0];
}

/// Why decoding does not give the text back; empty where it does.
std::string difference(const models::Tokenizer& tokenizer, const Encoded& encoded) {
    if (encoded.round_trip) {
        return {};
    }
    return "decoding gives other bytes from byte " + std::to_string(encoded.same) + " on" +
           (tokenizer.normalises()
                ? ", where the tokenizer's normalisation (Unicode form C) writes the text anew"
                : "");
}

int decode(const models::Tokenizer& tokenizer, const options::variables_map& values) {
    const auto path = required<std::string>(values, "text");
    const auto out = required<std::string>(values, "out");
    const models::TokenType type = models::token_type_for(tokenizer.vocabulary());
    const models::Tokens ids = models::open_stored_ids(path, type);
    OutputFile file(out);
    Progress progress("decoding", "tokens", ids.size());
    std::uint64_t bytes = 0;
    const Clock::time_point start = Clock::now();
    std::string text;
    for (std::size_t first = 0; first < ids.size(); first += kDecodedAtATime) {
        const std::size_t n = std::min(kDecodedAtATime, ids.size() - first);
        text.clear();
        try {
            tokenizer.decode(ids.ids(first, n), text);
        } catch (const InputError& error) {
            throw InputError(path + ": " + error.what());
        }
        file.append(text);
        bytes += text.size();
        progress.update(first + n);
    }
    file.finish();
    progress.finish();
    const double seconds = seconds_since(start);
    if (!json_on_stdout(values)) {
        std::cout << out << ": " << bytes << " bytes from " << ids.size() << " tokens ("
                  << tokenizer.kind() << ")\n";
    }
    write_json(values, {{"tokenizer", tokenizer.kind()},
                        {"vocabulary", tokenizer.vocabulary()},
                        {"tokens", ids.size()},
                        {"bytes", bytes},
                        {"seconds", seconds}});
    return 0;
}

}  // namespace

int run_tokenize(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                      //
        ("tokenizer", options::value<std::string>()->value_name("FILE"),                         //
         "tokenizer.json, encoder.json (with vocab.bpe beside it), a character vocabulary, or "  //
         "the folder of one; default: bytes")                                                    //
        ("text", options::value<std::string>()->value_name("FILE"),                              //
         "the text; with --decode the ids, or a pair X.bin, X.idx")                              //
        ("out", options::value<std::string>()->value_name("FILE"),                               //
         "the ids, little-endian uint16, or uint32 above 65,536 entries; with --decode the "     //
         "text")                                                                                 //
        ("index",
         "write an index beside the ids, so that they are a corpus for `train`: "  //
         "--out X.bin, and X.idx")                                                 //
        ("end-of-text", "put the token <|endoftext|> behind the text")             //
        ("decode", "the other way round: ids to text");
    add_json_option(described);
    options::variables_map values;
    if (!parse("tokenize",
               "Turns a text into token ids, or back. A text larger than memory is no matter. Says "
               "whether decoding gives the text back, and where not, why.",
               described, arguments, values)) {
        return 0;
    }
    const bool has_file = values.count("tokenizer") != 0;
    const std::string tokenizer_path =
        has_file ? values["tokenizer"].as<std::string>() : std::string("bytes");
    models::Tokenizer tokenizer =
        has_file ? models::Tokenizer::load(tokenizer_path) : models::Tokenizer::bytes();
    if (values.count("decode") != 0) {
        return decode(tokenizer, values);
    }
    const auto text_path = required<std::string>(values, "text");
    const fs::path out = required<std::string>(values, "out");
    const bool index = values.count("index") != 0;
    if (index && out.extension() != ".bin") {
        throw InputError("tokenize: --out " + out.string() +
                         "; with --index a name that ends in .bin is needed");
    }
    const int end_id =
        values.count("end-of-text") != 0 ? end_of_text(tokenizer, tokenizer_path) : -1;
    const models::TokenType type = models::token_type_for(tokenizer.vocabulary());
    const MappedFile file(text_path);
    const Encoded encoded = encode_file(tokenizer, file.bytes(), type, text_path, out, end_id);
    if (index) {
        fs::path idx = out;
        write_file(idx.replace_extension(".idx"), models::index_of(encoded.tokens, type));
    }
    const models::TextSize size = models::size_of_text(file.bytes());
    const double rate =
        encoded.seconds > 0.0 ? 1e-6 * static_cast<double>(size.bytes) / encoded.seconds : 0.0;
    const std::string differs = difference(tokenizer, encoded);
    if (!json_on_stdout(values)) {
        std::cout << out.string() << ": " << encoded.tokens << " tokens from " << size.bytes
                  << " bytes, " << size.characters << " characters (" << tokenizer.kind() << ", "
                  << rate << " MB/s)\n";
        if (!differs.empty()) {
            std::cout << differs << "\n";
        }
    }
    nlohmann::ordered_json result = {
        {"tokenizer", tokenizer.kind()},   {"vocabulary", tokenizer.vocabulary()},
        {"tokens", encoded.tokens},        {"bytes", size.bytes},
        {"characters", size.characters},   {"words", size.words},
        {"seconds", encoded.seconds},      {"megabytes_per_second", rate},
        {"round_trip", encoded.round_trip}};
    if (!differs.empty()) {
        result["round_trip_difference"] = differs;
    }
    write_json(values, result);
    return 0;
}

}  // namespace spikeloom::apps
