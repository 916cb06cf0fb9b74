// Trains a SpikeGPT on random windows of a text.
#pragma once

#include "base/parallel.hpp"
#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "models/adam.hpp"
#include "models/corpus.hpp"
#include "models/parameters.hpp"
#include "models/sequence_model.hpp"
#include "models/training_config.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace spikeloom::models {

/// A layer of neurons over the tokens of the last micro-batch.
struct SiteActivity {
    int layer;
    LifSite site;
    NeuronActivity neurons;
};

/// One row of the learning curve. Bits are per token.
struct CurvePoint {
    std::int64_t step = 0;    ///< steps done
    std::int64_t tokens = 0;  ///< tokens trained on
    double seconds = 0.0;     ///< of this process
    double learning_rate = 0.0;
    double gradient_norm = 0.0;  ///< before clipping
    double train_bits = 0.0;     ///< mean over the steps since the last regular point
    double valid_bits = 0.0;     ///< see evaluation.hpp; not a number without validation text
    std::vector<SiteActivity> activity;  ///< layer by layer, in the order of the data
};

class Trainer {
  public:
    Trainer(const TrainingRun& run, Workers& workers);

    /// Starts from these weights instead of random ones. Throws InputError where they are those of
    /// another shape.
    void start_from(const Parameters& parameters);
    /// Goes on with a checkpoint: parameters, optimiser, generator and step count come from the
    /// file, and the same steps follow as if the run had never stopped. The model's shape and
    /// constants in the file must be the run's. Throws InputError otherwise.
    void resume(const std::filesystem::path& path);
    /// Writes what `resume` needs.
    void save_checkpoint(const std::filesystem::path& path) const;

    struct Watch {
        /// After every step: how much of the run is done, 0 to 1, and the step's bits per token.
        std::function<void(double progress, double bits)> step;
        /// After every evaluation.
        std::function<void(const CurvePoint&)> evaluation;
        /// Whenever a checkpoint is due, and at the end.
        std::function<void()> checkpoint;
        /// Asked after every step; true ends the run as if its last step had come.
        std::function<bool()> stop;
    };
    /// Trains until the configuration's steps or minutes are over, or until `stop_at` steps are
    /// done in all (0: no such stop); the schedule does not depend on `stop_at`.
    void train(const Corpus& corpus, std::int64_t stop_at, const Watch& watch);

    /// What the network computes with: in training for few bits the rounded matrices. Checkpoints
    /// hold those that the optimiser moves.
    const Parameters& parameters() const { return rounded_ ? *rounded_ : parameters_; }
    const std::vector<CurvePoint>& curve() const { return curve_; }
    std::int64_t steps() const { return step_; }
    std::int64_t tokens() const;
    /// Time spent in steps by this process, evaluations and files left out.
    double training_seconds() const { return training_seconds_; }

  private:
    /// One update; returns the mean bits per token before it.
    double step(const Corpus& corpus, double progress);
    CurvePoint evaluate_now(const Corpus& corpus) const;
    /// Makes `parameters()` follow the optimiser.
    void round();
    std::vector<SiteActivity> activity() const;

    TrainingRun run_;
    Workers& workers_;
    Parameters parameters_;
    std::optional<Parameters> rounded_;  // in training for few bits
    Parameters gradients_;
    Adam adam_;
    Random random_;
    SequenceModel model_;  // reads parameters()
    std::vector<int> tokens_, targets_;
    std::int64_t step_ = 0;
    double training_seconds_ = 0.0;
    double learning_rate_ = 0.0;
    double gradient_norm_ = 0.0;
    double bits_sum_ = 0.0;  // of the steps since the last regular evaluation
    std::int64_t bits_steps_ = 0;
    std::vector<CurvePoint> curve_;
};

}  // namespace spikeloom::models
