#include "models/classifier.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/schema.hpp"
#include "models/carried_tokenizer.hpp"
#include "models/pooled_head.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace spikeloom::models {

namespace {

constexpr const char* kClassifierKind = "classifier";
/// Lists of text, one a line, as bytes: metadata would have to be UTF-8.
constexpr const char* kLabelsTensor = "classifier.labels";
constexpr const char* kWordsTensor = "classifier.words";
/// The most tokens of a text.
constexpr const char* kMostTokensTensor = "classifier.most_tokens";
/// Texts that are scored at a time.
constexpr std::size_t kScoreBatch = 64;

void add_lines(Safetensors& file, const std::string& name, const std::vector<std::string>& lines) {
    std::vector<std::uint8_t> bytes;
    for (const std::string& line : lines) {
        bytes.insert(bytes.end(), line.begin(), line.end());
        bytes.push_back('\n');
    }
    file.add<std::uint8_t>(name, {bytes.size()}, bytes);
}

std::vector<std::string> read_lines(const Safetensors& file, const std::string& name) {
    std::vector<std::string> lines;
    std::string line;
    for (const std::uint8_t byte : file.values<std::uint8_t>(name)) {
        if (byte == '\n') {
            lines.push_back(std::exchange(line, {}));
        } else {
            line += static_cast<char>(byte);
        }
    }
    if (!line.empty()) {
        throw InputError(file.origin + ": tensor '" + name + "': its last line has no end");
    }
    return lines;
}

}  // namespace

int vocabulary_of(const TextEncoder& encoder) {
    const auto* const words = std::get_if<WordVocabulary>(&encoder);
    return words != nullptr ? words->size() : std::get<Tokenizer>(encoder).vocabulary();
}

Classifier::Classifier(Parameters parameters, std::vector<std::string> labels, TextEncoder encoder,
                       int most_tokens)
    : parameters_(std::move(parameters)),
      labels_(std::move(labels)),
      encoder_(std::move(encoder)),
      most_tokens_(most_tokens) {}

Classifier Classifier::load(const std::filesystem::path& path) {
    Safetensors file = Safetensors::read(path);
    if (kind_of(file) != kClassifierKind) {
        throw InputError(file.origin + ": holds a model of kind '" + kind_of(file) +
                         "'; a classifier is needed here");
    }
    const ModelConfig config = config_of(file);
    std::vector<std::string> labels = read_lines(file, kLabelsTensor);
    const int most_tokens = file.values<std::int32_t>(kMostTokensTensor, {1}).front();
    std::optional<TextEncoder> encoder;
    if (file.contains(kWordsTensor)) {
        encoder = WordVocabulary(read_lines(file, kWordsTensor));
    } else if (std::optional<Tokenizer> carried = tokenizer_of(file, config.vocabulary)) {
        encoder = *std::move(carried);
    }
    for (const char* name : {kLabelsTensor, kWordsTensor, kMostTokensTensor}) {
        file.tensors.erase(name);
    }
    if (!encoder || labels.size() != static_cast<std::size_t>(config.classes) || labels.empty() ||
        most_tokens < 1 || config.vocabulary < vocabulary_of(*encoder)) {
        throw InputError(file.origin +
                         ": labels, vocabulary and sizes of the classifier do not agree");
    }
    return {Parameters::from(file, config), std::move(labels), *std::move(encoder), most_tokens};
}

void Classifier::save(const std::filesystem::path& path) const {
    Safetensors file;
    file.metadata[kModelKey] = schema::write(parameters_.config());
    file.metadata[kKindKey] = kClassifierKind;
    parameters_.add_to(file);
    add_lines(file, kLabelsTensor, labels_);
    file.add<std::int32_t>(kMostTokensTensor, {1}, {&most_tokens_, 1});
    if (const auto* const words = std::get_if<WordVocabulary>(&encoder_)) {
        add_lines(file, kWordsTensor, words->words());
    } else {
        carry_tokenizer(file, std::get<Tokenizer>(encoder_).description());
    }
    file.write(path);
}

std::vector<int> Classifier::tokens_of(std::string_view text) {
    std::vector<int> tokens =
        std::visit([&](auto& encoder) { return encoder.encode(text); }, encoder_);
    if (tokens.empty()) {
        tokens.push_back(WordVocabulary::kUnknown);
    }
    tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(most_tokens_)));
    return tokens;
}

std::vector<Example> Classifier::examples(const std::vector<LabelledText>& rows,
                                          const std::string& origin) {
    std::vector<Example> result;
    result.reserve(rows.size());
    for (const LabelledText& row : rows) {
        const auto label = std::find(labels_.begin(), labels_.end(), row.label);
        if (label == labels_.end()) {
            throw InputError(origin + ": label '" + printable(row.label) +
                             "' is none of the classifier's " + std::to_string(labels_.size()));
        }
        result.push_back({static_cast<int>(label - labels_.begin()), tokens_of(row.text)});
    }
    return result;
}

PaddedBatch::PaddedBatch(const std::vector<Example>& examples,
                         std::span<const std::size_t> chosen) {
    for (const std::size_t i : chosen) {
        length = std::max(length, examples[i].tokens.size());
    }
    tokens.assign(chosen.size() * length, 0);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const Example& example = examples[chosen[i]];
        std::copy(example.tokens.begin(), example.tokens.end(),
                  tokens.begin() + static_cast<std::ptrdiff_t>(i * length));
        lengths.push_back(example.tokens.size());
        labels.push_back(example.label);
    }
}

ClassifierScore score(const Parameters& parameters, const std::vector<Example>& examples,
                      Workers& workers) {
    if (examples.empty()) {
        throw InputError("no examples to score a classifier on");
    }
    // By length, so that little of a batch is padding.
    std::vector<std::size_t> order(examples.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return examples[a].tokens.size() < examples[b].tokens.size();
    });
    SequenceModel body(parameters, workers);
    PooledHead head(parameters);
    ClassifierScore result;
    result.examples = examples.size();
    std::size_t correct = 0;
    for (std::size_t first = 0; first < order.size(); first += kScoreBatch) {
        const std::size_t count = std::min(kScoreBatch, order.size() - first);
        const PaddedBatch batch(examples,
                                std::span<const std::size_t>(order).subspan(first, count));
        head.forward(batch, body.features({batch.tokens, batch.size()}));
        const PooledHead::Loss loss = head.loss(batch);
        result.loss += loss.nats;
        correct += loss.correct;
    }
    result.accuracy = static_cast<double>(correct) / static_cast<double>(result.examples);
    result.loss /= static_cast<double>(result.examples);
    return result;
}

}  // namespace spikeloom::models
