// A trainer's state in a file: the model under its published names, and under "training." the
// optimiser, the generator and the counters. Such a file can be read as a model, too.
#include "base/error.hpp"
#include "base/schema.hpp"
#include "models/trainer.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace spikeloom::models {

namespace {

constexpr const char* kMean = "training.mean.";
constexpr const char* kSquare = "training.square.";
constexpr const char* kCounters = "training.counters";  // steps, Adam's steps, steps in the sum
constexpr const char* kBitsSum = "training.bits_sum";   // of the curve's next point
constexpr const char* kGenerator = "training.generator";
constexpr const char* kTrainingKey = "spikeloom_training";

}  // namespace

void Trainer::save_checkpoint(const std::filesystem::path& path) const {
    Safetensors file;
    file.metadata[kModelKey] = schema::write(run_.model);
    file.metadata[kKindKey] = "training";
    file.metadata[kTrainingKey] = schema::write(run_.training);
    parameters_.add_to(file);
    adam_.mean.add_to(file, kMean);
    adam_.square.add_to(file, kSquare);
    const std::array<std::int64_t, 3> counters{step_, adam_.steps, bits_steps_};
    file.add<std::int64_t>(kCounters, {3}, counters);
    const std::array<std::int64_t, 1> sum{std::bit_cast<std::int64_t>(bits_sum_)};
    file.add<std::int64_t>(kBitsSum, {1}, sum);
    const Random::State state = random_.state();
    std::array<std::int64_t, 4> words{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = std::bit_cast<std::int64_t>(state.words[i]);
    }
    file.add<std::int64_t>(kGenerator, {4}, words);
    file.write(path);
}

void Trainer::resume(const std::filesystem::path& path) {
    const Safetensors file = Safetensors::read(path);
    if (kind_of(file) != "training") {
        throw InputError(file.origin + ": holds a model of kind '" + kind_of(file) +
                         "'; to go on, a checkpoint of a training run is needed");
    }
    if (schema::write(config_of(file)) != schema::write(run_.model)) {
        throw InputError(file.origin + ": the checkpoint's model differs from the configuration's");
    }
    const std::vector<std::int64_t> counters = file.values<std::int64_t>(kCounters, {3});
    if (std::any_of(counters.begin(), counters.end(), [](std::int64_t n) { return n < 0; })) {
        throw InputError(file.origin + ": tensor '" + kCounters + "': a negative count");
    }
    parameters_.read_from(file);
    adam_.mean.read_from(file, kMean);
    adam_.square.read_from(file, kSquare);
    step_ = counters[0];
    adam_.steps = counters[1];
    bits_steps_ = counters[2];
    bits_sum_ = std::bit_cast<double>(file.values<std::int64_t>(kBitsSum, {1})[0]);
    const std::vector<std::int64_t> words = file.values<std::int64_t>(kGenerator, {4});
    Random::State state{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        state.words[i] = std::bit_cast<std::uint64_t>(words[i]);
    }
    random_.restore(state);
}

}  // namespace spikeloom::models
