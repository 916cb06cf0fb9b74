#include "apps/curve_file.hpp"

#include "base/files.hpp"

#include <utility>

namespace spikeloom::apps {

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
