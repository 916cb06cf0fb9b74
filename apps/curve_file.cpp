#include "apps/curve_file.hpp"

#include "base/files.hpp"
#include "models/text_size.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace spikeloom::apps {

namespace {

double mean_bytes(const models::Tokenizer& tokenizer, const models::Tokens& tokens,
                  std::size_t first, std::size_t most) {
    const std::size_t end = std::min(tokens.size(), most);
    if (end <= first) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const std::vector<int> ids = tokens.ids(first, end - first);
    const std::uint64_t bytes = models::size_of_text(tokenizer, ids).bytes;
    return static_cast<double>(bytes) / static_cast<double>(ids.size());
}

}  // namespace

BytesPerToken bytes_per_token(const models::Corpus& corpus,
                              const std::optional<models::Tokenizer>& tokenizer,
                              std::size_t evaluation_tokens) {
    if (!tokenizer) {
        constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
        return {kUnknown, kUnknown};
    }
    constexpr std::size_t kSample = 1'000'000;
    return {mean_bytes(*tokenizer, corpus.training(), 0, kSample),
            mean_bytes(*tokenizer, corpus.validation(), 1, evaluation_tokens)};
}

CurveFile::CurveFile(std::filesystem::path path, const BytesPerToken& bytes)
    : path_(std::move(path)), bytes_(bytes) {}

void CurveFile::resume(std::int64_t last_step) {
    if (!std::filesystem::exists(path_)) {
        return;
    }
    curve_ = analysis::parse_training_curve(read_file(path_), path_.string());
    std::erase_if(curve_, [&](const analysis::TrainingPoint& p) { return p.step > last_step; });
}

void CurveFile::add(const models::CurvePoint& point) {
    analysis::TrainingPoint row;
    row.step = point.step;
    row.tokens = point.tokens;
    row.seconds = point.seconds;
    row.learning_rate = point.learning_rate;
    row.gradient_norm = point.gradient_norm;
    row.train_bits_per_token = point.train_bits;
    row.train_bits_per_byte = point.train_bits / bytes_.training;
    row.valid_bits_per_token = point.valid_bits;
    row.valid_bits_per_byte = point.valid_bits / bytes_.validation;
    for (const auto& [layer, site, neurons] : point.activity) {
        row.activity.push_back({layer, models::name_of(site), neurons.firing_rate, neurons.neurons,
                                neurons.dead, neurons.saturated});
    }
    curve_.push_back(std::move(row));
    write_file(path_, analysis::training_curve_csv(curve_));
}

}  // namespace spikeloom::apps
