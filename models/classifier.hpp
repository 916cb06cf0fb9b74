// SpikeGPT as a classifier of texts: the language model's body, the mean over the tokens of what
// leaves its last LayerNorm, and one matrix with a bias behind it.
#pragma once

#include "base/parallel.hpp"
#include "models/labelled_text.hpp"
#include "models/parameters.hpp"
#include "models/tokenizer.hpp"
#include "models/word_vocabulary.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace spikeloom::models {

/// What a token of a text is: a word of the training texts, or what a tokenizer makes of it.
enum class TokenUnit { words, tokenizer };

/// What turns a text into ids.
using TextEncoder = std::variant<WordVocabulary, Tokenizer>;

/// The least vocabulary that a model of its ids needs.
int vocabulary_of(const TextEncoder& encoder);

struct Example {
    int label = 0;  // its place among the classifier's labels
    std::vector<int> tokens;
};

/// A body, its head and what turns a row of a file into an example. The body's configuration has
/// `classes` set, so that it has no language model's head.
class Classifier {
  public:
    Classifier(Parameters parameters, std::vector<std::string> labels, TextEncoder encoder,
               int most_tokens);

    /// Throws InputError where the file holds no classifier or a damaged one.
    static Classifier load(const std::filesystem::path& path);
    void save(const std::filesystem::path& path) const;

    /// Rows as examples. `origin` names the file in the error for a label that is not known.
    std::vector<Example> examples(const std::vector<LabelledText>& rows, const std::string& origin);

    Parameters& parameters() { return parameters_; }
    const Parameters& parameters() const { return parameters_; }
    const std::vector<std::string>& labels() const { return labels_; }

  private:
    std::vector<int> tokens_of(std::string_view text);

    Parameters parameters_;
    std::vector<std::string> labels_;
    TextEncoder encoder_;
    int most_tokens_;  // what is beyond is cut off
};

/// Examples that are run together, padded behind their ends to equal length. A causal model's
/// outputs for a text do not depend on what follows it, so leaving the padding out of the mean is
/// all that masking takes.
struct PaddedBatch {
    std::vector<int> tokens;  // [examples, length]
    std::vector<std::size_t> lengths;
    std::vector<int> labels;
    std::size_t length = 0;

    PaddedBatch(const std::vector<Example>& examples, std::span<const std::size_t> chosen);
    std::size_t size() const { return lengths.size(); }
};

struct ClassifierScore {
    std::size_t examples = 0;
    double accuracy = 0.0;
    double loss = 0.0;  // mean cross-entropy, nats
};

/// Runs the classifier over all examples. Throws InputError where there are none.
ClassifierScore score(const Parameters& parameters, const std::vector<Example>& examples,
                      Workers& workers);

}  // namespace spikeloom::models
