// The learning curve that stands beside a model in training.
#pragma once

#include "analysis/training_curve.hpp"
#include "models/corpus.hpp"
#include "models/tokenizer.hpp"
#include "models/trainer.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>

namespace spikeloom::apps {

/// How many bytes of text a token stands for; not a number where no tokenizer says so.
struct BytesPerToken {
    double training;    ///< in the first million tokens
    double validation;  ///< in those that an evaluation predicts
};

BytesPerToken bytes_per_token(const models::Corpus& corpus,
                              const std::optional<models::Tokenizer>& tokenizer,
                              std::size_t evaluation_tokens);

class CurveFile {
  public:
    CurveFile(std::filesystem::path path, const BytesPerToken& bytes);

    /// Takes over what a run that is gone on with has left there, up to a step.
    void resume(std::int64_t last_step);
    /// Adds a row and writes the file.
    void add(const models::CurvePoint& point);

    const analysis::TrainingCurve& curve() const { return curve_; }

  private:
    std::filesystem::path path_;
    BytesPerToken bytes_;
    analysis::TrainingCurve curve_;
};

}  // namespace spikeloom::apps
