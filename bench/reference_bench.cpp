// The float model's side of bench/pytorch_ratio.py: writes a model and a batch to a file, runs the
// batch forwards, backwards and through Adam, and prints what pytorch_spikegpt.py prints of the
// same file.
#include "base/parallel.hpp"
#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "models/adam.hpp"
#include "models/parameters.hpp"
#include "models/sequence_model.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <vector>

#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

namespace {

using namespace spikeloom;
using namespace spikeloom::models;
namespace options = boost::program_options;

/// Starting values leave keys and receptances at zero; here every matrix takes part.
Parameters lively(const ModelConfig& config) {
    Parameters parameters(config);
    initialise(parameters, 1);
    Random random(2);
    const double deviation = 1.0 / std::sqrt(static_cast<double>(config.channels));
    for (LayerTensors<float>& layer : parameters.tensors().layers) {
        for (const std::span<float> matrix :
             {layer.att.key, layer.att.receptance, layer.ffn.receptance}) {
            std::generate(matrix.begin(), matrix.end(),
                          [&] { return static_cast<float>(deviation * random.normal()); });
        }
    }
    return parameters;
}

std::vector<std::int64_t> random_tokens(std::size_t count, int vocabulary, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::int64_t> tokens(count);
    std::generate(tokens.begin(), tokens.end(), [&] {
        return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(vocabulary)));
    });
    return tokens;
}

template <class Work>
double seconds_of(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void run(const options::variables_map& values) {
    ModelConfig config;
    config.layers = values["layers"].as<int>();
    config.channels = values["channels"].as<int>();
    const auto sequences = values["batch"].as<std::size_t>();
    const auto length = values["length"].as<std::size_t>();
    const std::size_t count = sequences * length;

    Parameters parameters = lively(config);
    const std::vector<std::int64_t> tokens = random_tokens(count, config.vocabulary, 3);
    const std::vector<std::int64_t> targets = random_tokens(count, config.vocabulary, 4);
    Safetensors file;
    parameters.add_to(file);
    file.add<std::int64_t>("bench.tokens", {sequences, length}, tokens);
    file.add<std::int64_t>("bench.targets", {sequences, length}, targets);
    file.write(values["out"].as<std::string>());

    Workers workers(values["threads"].as<int>());
    SequenceModel model(parameters, workers);
    Parameters gradients(config);
    Adam adam(config);
    AdamConfig optimiser;
    optimiser.eps = 4e-9;
    const std::vector<int> in(tokens.begin(), tokens.end());
    const std::vector<int> out(targets.begin(), targets.end());
    const Batch batch{in, sequences};
    const auto positions = static_cast<double>(count);

    double evaluation_seconds = std::numeric_limits<double>::infinity();
    double step_seconds = evaluation_seconds;
    std::vector<double> losses;
    std::vector<double> norms;
    double loss = 0.0;
    for (int i = 0; i < values["repeat"].as<int>(); ++i) {
        evaluation_seconds = std::min(evaluation_seconds, seconds_of([&] {
                                          model.forward(batch);
                                          loss = model.cross_entropy(out) / positions;
                                      }));
    }
    for (int i = 0; i < values["repeat"].as<int>(); ++i) {
        step_seconds = std::min(
            step_seconds, seconds_of([&] {
                std::fill(gradients.flat().begin(), gradients.flat().end(), 0.0F);
                model.forward_for_training(batch);
                losses.push_back(model.backward(out, positions, 1e-4, gradients) / positions);
                norms.push_back(adam.step(optimiser, 6e-4, gradients, parameters, workers));
            }));
    }
    const nlohmann::ordered_json result = {
        {"loss", loss},
        {"first_step_loss", losses.front()},
        {"first_gradient_norm", norms.front()},
        {"last_step_loss", losses.back()},
        {"training_tokens_per_second", positions / step_seconds},
        {"evaluation_tokens_per_second", positions / evaluation_seconds}};
    std::cout << result << '\n';
}

}  // namespace

int main(int count, char** arguments) {
    options::options_description described("reference_bench");
    described.add_options()  //
        ("out", options::value<std::string>()->required(), "the model and its batch")(
            "layers", options::value<int>()->default_value(12), "")(
            "channels", options::value<int>()->default_value(512), "")(
            "batch", options::value<std::size_t>()->default_value(8), "sequences")(
            "length", options::value<std::size_t>()->default_value(256), "of a sequence")(
            "threads", options::value<int>()->default_value(2), "")(
            "repeat", options::value<int>()->default_value(3), "steps; the fastest counts");
    try {
        options::variables_map values;
        options::store(options::parse_command_line(count, arguments, described), values);
        options::notify(values);
        run(values);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n' << described;
        return 2;
    }
    return 0;
}
