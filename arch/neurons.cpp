#include "arch/neurons.hpp"

#include <cmath>
#include <cstddef>

namespace spikeloom::arch {

namespace {

constexpr std::uint64_t kFirstStream = std::uint64_t{1} << 63;  // connections have those below

}  // namespace

Neurons::Neurons(const SpikeNetwork& network, std::uint64_t seed)
    : network_(network),
      membranes_(network.membranes),
      inputs_{std::vector<float>(network.neurons()), std::vector<float>(network.neurons())},
      adaptations_(network.neurons()),
      refractory_(network.neurons()),
      noise_(network.neurons()) {
    for (std::size_t model = 0; model < network.models.size(); ++model) {
        random_.emplace_back(seed, kFirstStream + model);
    }
}

std::uint32_t Neurons::state_words(const NeuronModel& model) {
    if (model.kind != NeuronKind::leaky) {
        return 0;
    }
    return 1 + (model.synapse == SynapseKind::delta ? 0 : 2) + (model.adaptation != 0.0F ? 1 : 0) +
           (model.refractory != 0 ? 1 : 0);
}

std::uint64_t Neurons::run(std::size_t core, std::uint64_t step, std::span<const std::int32_t> sums,
                           std::span<Update> updates) {
    const CoreNeurons& present = network_.cores[core];
    std::uint64_t drawn = 0;
    std::uint32_t first = 0;
    for (const NeuronGroup& group : present.groups) {
        const NeuronModel& model = network_.models[group.model];
        Random& random = random_[group.model];
        const Range range = {
            present.first + first,
            group.neurons,
            {sums.data() + first,
             sums.size() > present.neurons ? sums.data() + present.neurons + first : nullptr},
            updates.data() + first};
        first += group.neurons;
        if (model.kind == NeuronKind::poisson) {
            fire_at_random(model, range, random);
            drawn += group.neurons;
            continue;
        }
        if (model.kind == NeuronKind::regular) {
            fire_regularly(model, range, step);
            continue;
        }
        if (model.noise_events > 0.0) {
            add_noise(model, range, random);
            drawn += group.neurons;
        }
        switch (model.synapse) {
            case SynapseKind::delta:
                update<SynapseKind::delta>(model, range);
                break;
            case SynapseKind::current:
                update<SynapseKind::current>(model, range);
                break;
            case SynapseKind::conductance:
                update<SynapseKind::conductance>(model, range);
                break;
        }
    }
    return drawn;
}

template <SynapseKind kKind>
void Neurons::update(const NeuronModel& model, const Range& range) {
    for (std::uint32_t i = 0; i < range.neurons; ++i) {
        const std::size_t n = range.first + i;
        const std::int32_t gathered[2] = {range.sums[0][i],
                                          range.sums[1] == nullptr ? 0 : range.sums[1][i]};
        const float excitatory = static_cast<float>(gathered[0]) * model.unit[0] + noise_[n];
        const float inhibitory = static_cast<float>(gathered[1]) * model.unit[1];
        bool active = gathered[0] != 0 || gathered[1] != 0 || noise_[n] != 0.0F;

        float v = membranes_[n];
        if constexpr (kKind == SynapseKind::delta) {
            v = model.rest + (v - model.rest) * model.keep + model.gain * model.bias;
            v += excitatory + inhibitory;
        } else {
            const float e = inputs_[0][n] * model.keep_input[0] + excitatory;
            const float h = inputs_[1][n] * model.keep_input[1] + inhibitory;
            inputs_[0][n] = e;
            inputs_[1][n] = h;
            if constexpr (kKind == SynapseKind::current) {
                v = model.rest + (v - model.rest) * model.keep + model.gain * (model.bias + e + h);
            } else {
                const float conductance = 1.0F + e + h;
                const float towards =
                    (model.rest + model.bias + e * model.reversal[0] + h * model.reversal[1]) /
                    conductance;
                v = towards + (v - towards) * std::exp(-model.leak * conductance);
            }
        }
        float adaptation = adaptations_[n] * model.keep_adaptation;
        std::uint16_t left = refractory_[n];
        bool fires = false;
        if (left != 0) {
            v = model.reset;
            --left;
        } else if (v >= model.threshold + adaptation) {
            fires = true;
            v = model.subtract ? v - model.threshold - adaptation + model.reset : model.reset;
            adaptation += model.adaptation;
            left = model.refractory;
        }
        membranes_[n] = v;
        adaptations_[n] = adaptation;
        refractory_[n] = left;
        range.updates[i] = fires ? Update::fired : active ? Update::active : Update::idle;
    }
}

/// Poisson numbers by multiplication (Knuth), a bundle of them where the mean is large: a sum of
/// Poisson numbers is one.
void Neurons::add_noise(const NeuronModel& model, const Range& range, Random& random) {
    constexpr double kLargestMean = 30.0;
    const auto bundles = static_cast<int>(std::ceil(model.noise_events / kLargestMean));
    const double limit = std::exp(-model.noise_events / bundles);
    for (std::uint32_t i = 0; i < range.neurons; ++i) {
        int events = 0;
        for (int bundle = 0; bundle < bundles; ++bundle) {
            for (double product = random.uniform(); product > limit; product *= random.uniform()) {
                ++events;
            }
        }
        noise_[range.first + i] = static_cast<float>(events) * model.noise_weight;
    }
}

void Neurons::fire_at_random(const NeuronModel& model, const Range& range, Random& random) {
    for (std::uint32_t i = 0; i < range.neurons; ++i) {
        range.updates[i] = random.uniform() < model.probability ? Update::fired : Update::idle;
    }
}

void Neurons::fire_regularly(const NeuronModel& model, const Range& range, std::uint64_t step) {
    const bool fires = step >= model.start && (step - model.start) % model.period == 0;
    for (std::uint32_t i = 0; i < range.neurons; ++i) {
        range.updates[i] = fires ? Update::fired : Update::idle;
    }
}

}  // namespace spikeloom::arch
