#include "models/classifier_trainer.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/schema.hpp"
#include "models/pooled_head.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace spikeloom::models {

namespace {

/// Batches whose examples are sorted by length together: enough to save padding, few enough that
/// epochs differ.
constexpr std::size_t kSortedBatches = 50;
/// Streams of the seed.
constexpr std::uint64_t kOrderStream = 11;
constexpr std::uint64_t kDropStream = 12;

template <class T>
void shuffle(std::vector<T>& values, Random& random) {
    for (std::size_t i = values.size(); i > 1; --i) {
        std::swap(values[i - 1], values[random.below(i)]);
    }
}

/// An epoch's batches: shuffled, sorted by length within stretches, the batches shuffled again.
std::vector<std::vector<std::size_t>> batches_of(const std::vector<Example>& examples,
                                                 std::size_t batch, Random& random) {
    std::vector<std::size_t> order(examples.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order, random);
    std::vector<std::vector<std::size_t>> batches;
    const auto at = [&](std::size_t i) {
        return order.begin() + static_cast<std::ptrdiff_t>(std::min(i, order.size()));
    };
    for (std::size_t first = 0; first < order.size(); first += kSortedBatches * batch) {
        const std::size_t last = std::min(order.size(), first + kSortedBatches * batch);
        std::stable_sort(at(first), at(last), [&](std::size_t a, std::size_t b) {
            return examples[a].tokens.size() < examples[b].tokens.size();
        });
        for (std::size_t start = first; start < last; start += batch) {
            batches.emplace_back(at(start), at(std::min(last, start + batch)));
        }
    }
    shuffle(batches, random);
    return batches;
}

bool better(const ClassifierScore& a, const ClassifierScore& b) {
    return a.accuracy != b.accuracy ? a.accuracy > b.accuracy : a.loss < b.loss;
}

class ClassifierTrainer {
  public:
    ClassifierTrainer(Parameters& parameters, const std::vector<Example>& training,
                      const std::vector<Example>& valid, const ClassifierConfig& config,
                      Workers& workers)
        : parameters_(parameters),
          training_(training),
          valid_(valid),
          config_(config),
          workers_(workers),
          gradients_(parameters.config()),
          adam_(parameters.config()),
          body_(parameters, workers),
          head_(parameters),
          order_(config.seed, kOrderStream),
          drops_(config.seed, kDropStream) {}

    std::vector<EpochPoint> run(const std::function<void(const EpochPoint&)>& watch) {
        std::vector<EpochPoint> epochs;
        Parameters best = parameters_;
        std::size_t best_epoch = 0;
        while (epochs.size() < static_cast<std::size_t>(config_.epochs) && !time_is_over()) {
            EpochPoint point = epoch();
            point.epoch = static_cast<int>(epochs.size()) + 1;
            point.valid = score(parameters_, valid_, workers_);
            point.seconds = seconds();
            epochs.push_back(point);
            if (epochs.size() == 1 || better(point.valid, epochs[best_epoch].valid)) {
                best = parameters_;
                best_epoch = epochs.size() - 1;
            }
            if (watch) {
                watch(point);
            }
        }
        parameters_ = best;
        return epochs;
    }

  private:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }
    bool time_is_over() const {
        return config_.minutes > 0.0 && seconds() >= 60.0 * config_.minutes;
    }

    /// How much of the run is done, by steps or by time, whichever is further.
    double progress(std::size_t batches) const {
        const double steps = static_cast<double>(adam_.steps) /
                             static_cast<double>(config_.epochs) / static_cast<double>(batches);
        const double time = config_.minutes > 0.0 ? seconds() / (60.0 * config_.minutes) : 0.0;
        return std::min(1.0, std::max(steps, time));
    }

    EpochPoint epoch() {
        const auto batches = batches_of(training_, static_cast<std::size_t>(config_.batch), order_);
        EpochPoint point;
        for (const std::vector<std::size_t>& chosen : batches) {
            const PooledHead::Loss loss = batch_step(PaddedBatch(training_, chosen));
            const double rate = learning_rate_at(config_, adam_.steps, progress(batches.size()));
            adam_.step(config_.adam, rate, gradients_, parameters_, workers_);
            point.train_loss += loss.nats / static_cast<double>(training_.size());
            point.train_accuracy +=
                static_cast<double>(loss.correct) / static_cast<double>(training_.size());
        }
        if (!std::isfinite(point.train_loss)) {
            throw CheckFailed(
                "training diverged: the loss is not finite; a lower learning_rate "
                "may help");
        }
        return point;
    }

    /// The gradients of one batch.
    PooledHead::Loss batch_step(PaddedBatch batch) {
        for (int& token : batch.tokens) {
            if (config_.token_dropout > 0.0 && drops_.uniform() < config_.token_dropout) {
                token = WordVocabulary::kUnknown;
            }
        }
        const std::span<float> sums = gradients_.flat();
        std::fill(sums.begin(), sums.end(), 0.0F);
        const auto drop = [&](double rate) {
            return Dropout{rate, rate > 0.0 ? drops_.next() : 0};
        };
        const auto features =
            body_.features_for_training({batch.tokens, batch.size()}, drop(config_.dropout));
        head_.forward(batch, features, drop(config_.pooled_dropout));
        dfeatures_.resize(features.size());
        head_.backward(batch, gradients_, dfeatures_);
        body_.backward_from_features(dfeatures_, gradients_);
        return head_.loss(batch);
    }

    Parameters& parameters_;
    const std::vector<Example>& training_;
    const std::vector<Example>& valid_;
    const ClassifierConfig& config_;
    Workers& workers_;
    Parameters gradients_;
    Adam adam_;
    SequenceModel body_;
    PooledHead head_;
    Random order_, drops_;
    std::vector<float> dfeatures_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

void describe(schema::Walk& walk, ClassifierConfig& config) {
    walk.choice("tokens", config.tokens,
                {{"words", TokenUnit::words}, {"tokenizer", TokenUnit::tokenizer}},
                "words: those of the training texts; tokenizer: that of --tokenizer, or of the "
                "model that training starts from, or bytes");
    walk.integer("least_count", config.least_count, {1, 1'000'000'000},
                 "times a word must occur in the training text; rarer ones are unknown");
    walk.integer("most_words", config.most_words, {1, 1'000'000},
                 "words of the vocabulary, the most frequent first");
    walk.integer("most_tokens", config.most_tokens, {1, 1'048'576},
                 "tokens of a text; what is beyond is cut off");
    walk.integer("batch", config.batch, {1, 65536}, "texts a step");
    walk.integer("epochs", config.epochs, {1, 100'000}, "passes over the training texts");
    walk.number("minutes", config.minutes, {0.0, 1e6},
                "longest time; the schedule follows whichever of epochs and time is further on; "
                "0: any");
    describe_optimisation(walk, config);
    walk.number("token_dropout", config.token_dropout, {0.0, 0.99},
                "share of the tokens that training replaces by token 0, the unknown word");
    walk.number("pooled_dropout", config.pooled_dropout, {0.0, 0.99},
                "share of the pooled vector dropped in front of the head");
    walk.number("validation_fraction", config.validation_fraction, {0.001, 0.9},
                "share of the training texts that chooses the epoch, where no others are given");
    walk.integer("seed", config.seed, {0}, "of starting values, order and dropout");
}

void describe(schema::Walk& walk, ClassifierRun& run) {
    walk.section("model", "the network; vocabulary and classes come from the training texts",
                 [&] { describe(walk, run.model); });
    walk.section("classifier", "tokens and training", [&] { describe(walk, run.classifier); });
}

std::vector<EpochPoint> train_classifier(Parameters& parameters,
                                         const std::vector<Example>& training,
                                         const std::vector<Example>& valid,
                                         const ClassifierConfig& config, Workers& workers,
                                         const std::function<void(const EpochPoint&)>& watch) {
    if (training.empty() || valid.empty()) {
        throw InputError("a classifier needs at least one example to train on and one to validate");
    }
    return ClassifierTrainer(parameters, training, valid, config, workers).run(watch);
}

}  // namespace spikeloom::models
