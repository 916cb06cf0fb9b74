#include "models/trainer.hpp"

#include "base/error.hpp"
#include "models/evaluation.hpp"
#include "models/fake_quantisation.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>

namespace spikeloom::models {

namespace {

/// Streams of the seed.
constexpr std::uint64_t kWindowStream = 1;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Parameters starting_values(const TrainingRun& run) {
    Parameters parameters(run.model);
    initialise(parameters, run.training.seed);
    return parameters;
}

}  // namespace

Trainer::Trainer(const TrainingRun& run, Workers& workers)
    : run_(run),
      workers_(workers),
      parameters_(starting_values(run)),
      rounded_(run.training.weight_bits > 0 ? std::optional<Parameters>(run.model) : std::nullopt),
      gradients_(run.model),
      adam_(run.model),
      random_(run.training.seed, kWindowStream),
      model_(parameters(), workers) {
    if (run.training.weight_bits == 1) {
        throw InputError("training.weight_bits: found 1; allowed are 0 and 2 to 16");
    }
    if (run.training.evaluation_stride > run.model.context) {
        throw InputError(
            "training.evaluation_stride: found " + std::to_string(run.training.evaluation_stride) +
            "; at most model.context, " + std::to_string(run.model.context) + ", is allowed");
    }
    if (rounded_ && run.model.tied_head) {
        throw InputError(
            "training.weight_bits with model.tied_head: the embedding cannot be rounded "
            "as the head's matrix is");
    }
    round();
}

void Trainer::round() {
    if (rounded_) {
        round_matrices(parameters_, run_.training.weight_bits, workers_, *rounded_);
    }
}

void Trainer::start_from(const Parameters& parameters) {
    const auto same = [](const TensorInfo& a, const TensorInfo& b) {
        return a.name == b.name && a.shape == b.shape;
    };
    const auto& given = parameters.layout();
    const auto& own = parameters_.layout();
    if (!std::equal(given.begin(), given.end(), own.begin(), own.end(), same)) {
        throw InputError(
            "training: the weights to start from are those of a model of another shape "
            "than the configuration's");
    }
    std::copy(parameters.flat().begin(), parameters.flat().end(), parameters_.flat().begin());
    round();
}

std::int64_t Trainer::tokens() const {
    return step_ * run_.training.batch * run_.model.context;
}

double Trainer::step(const Corpus& corpus, double progress) {
    const TrainingConfig& config = run_.training;
    const auto length = static_cast<std::size_t>(run_.model.context);
    const auto batch = static_cast<std::size_t>(config.batch);
    const std::size_t at_a_time =
        config.micro_batch > 0 ? std::min(batch, static_cast<std::size_t>(config.micro_batch))
                               : batch;
    const Tokens& text = corpus.training();
    const auto positions = static_cast<double>(batch * length);

    const std::span<float> sums = gradients_.flat();
    std::fill(sums.begin(), sums.end(), 0.0F);
    double nats = 0.0;
    for (std::size_t first = 0; first < batch; first += at_a_time) {
        const std::size_t sequences = std::min(at_a_time, batch - first);
        tokens_.resize(sequences * length);
        targets_.resize(sequences * length);
        for (std::size_t s = 0; s < sequences; ++s) {
            const std::size_t start = random_.below(text.size() - length);
            text.copy(start, std::span(tokens_).subspan(s * length, length));
            text.copy(start + 1, std::span(targets_).subspan(s * length, length));
        }
        const Dropout dropout{config.dropout, config.dropout > 0.0 ? random_.next() : 0};
        model_.forward_for_training({tokens_, sequences}, dropout);
        nats += model_.backward(targets_, positions, config.l2_wrap, gradients_);
    }
    learning_rate_ = learning_rate_at(config, step_, progress);
    gradient_norm_ = adam_.step(config.adam, learning_rate_, gradients_, parameters_, workers_);
    round();
    ++step_;
    return nats / positions * std::numbers::log2e;
}

CurvePoint Trainer::evaluate_now(const Corpus& corpus) const {
    CurvePoint point;
    point.step = step_;
    point.tokens = tokens();
    point.learning_rate = learning_rate_;
    point.gradient_norm = gradient_norm_;
    point.valid_bits = std::numeric_limits<double>::quiet_NaN();
    const Tokens& text = corpus.validation();
    if (text.size() >= 2) {
        const auto most = static_cast<std::size_t>(run_.training.evaluation_tokens);
        const std::vector<int> ids = text.ids(0, std::min(text.size(), most));
        const auto stride = static_cast<std::size_t>(run_.training.evaluation_stride);
        const Windows windows{static_cast<std::size_t>(run_.model.context), stride};
        point.valid_bits = stride == 0 ? evaluate(parameters(), ids, workers_)
                                       : evaluate(parameters(), ids, windows, workers_);
    }
    point.activity = activity();
    return point;
}

std::vector<SiteActivity> Trainer::activity() const {
    std::vector<SiteActivity> result;
    for (int l = 0; l < run_.model.layers; ++l) {
        for (const LifSite site : lif_sites(run_.model)) {
            result.push_back({l, site, model_.activity(l, site)});
        }
    }
    return result;
}

void Trainer::train(const Corpus& corpus, std::int64_t stop_at, const Watch& watch) {
    const TrainingConfig& config = run_.training;
    if (config.steps == 0 && config.minutes == 0.0 && stop_at == 0) {
        throw InputError("training: neither steps nor minutes say when to end");
    }
    const Clock::time_point start = Clock::now();
    const auto progress_now = [&] {
        double progress = 0.0;
        if (config.steps > 0) {
            progress = static_cast<double>(step_) / static_cast<double>(config.steps);
        } else if (config.minutes == 0.0) {
            progress = static_cast<double>(step_) / static_cast<double>(stop_at);
        }
        if (config.minutes > 0.0) {
            progress = std::max(progress, seconds_since(start) / (60.0 * config.minutes));
        }
        return std::min(progress, 1.0);
    };
    bool over = false;
    while (!over) {
        double progress = progress_now();
        if (progress >= 1.0 || (stop_at > 0 && step_ >= stop_at)) {
            break;
        }
        const Clock::time_point step_start = Clock::now();
        const double bits = step(corpus, progress);
        training_seconds_ += seconds_since(step_start);
        if (!std::isfinite(bits)) {
            throw CheckFailed("training diverged: the loss of step " + std::to_string(step_) +
                              " is not finite; a lower learning_rate may help");
        }
        bits_sum_ += bits;
        ++bits_steps_;
        progress = progress_now();
        over = progress >= 1.0 || (stop_at > 0 && step_ >= stop_at) || (watch.stop && watch.stop());
        if (watch.step) {
            const double stop_share =
                stop_at > 0 ? static_cast<double>(step_) / static_cast<double>(stop_at) : 0.0;
            watch.step(std::max(progress, stop_share), bits);
        }
        const auto regular = [&](std::int64_t interval) {
            return interval > 0 && step_ % interval == 0;
        };
        if (over || regular(config.evaluation_interval)) {
            CurvePoint point = evaluate_now(corpus);
            point.seconds = seconds_since(start);
            point.train_bits = bits_sum_ / static_cast<double>(bits_steps_);
            if (regular(config.evaluation_interval)) {
                // Not where a run was stopped: resumed, it has the points of one that was not.
                bits_sum_ = 0.0;
                bits_steps_ = 0;
            }
            curve_.push_back(point);
            if (watch.evaluation) {
                watch.evaluation(point);
            }
        }
        if ((over || regular(config.checkpoint_interval)) && watch.checkpoint) {
            watch.checkpoint();
        }
    }
}

}  // namespace spikeloom::models
