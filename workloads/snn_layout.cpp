#include "workloads/snn_layout.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "workloads/snn_connections.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

namespace spikeloom::workloads {

namespace {

constexpr double kMillisecondsPerSecond = 1000.0;

std::uint32_t steps_of(double milliseconds, double dt_ms) {
    return static_cast<std::uint32_t>(
        std::min(4e9, std::round(std::max(0.0, milliseconds) / dt_ms)));
}

arch::NeuronModel model_of(const Population& p, double dt) {
    arch::NeuronModel model;
    if (p.source()) {
        model.kind = p.model == PopulationModel::poisson ? arch::NeuronKind::poisson
                                                         : arch::NeuronKind::regular;
        model.probability = p.rate_hz * dt / kMillisecondsPerSecond;
        model.start = steps_of(p.start_ms, dt);
        model.period = std::max(1U, steps_of(p.interval_ms, dt));
        if (model.kind == arch::NeuronKind::poisson && model.probability > 1.0) {
            throw InputError(p.place + ": rate_hz: is more than a spike a step; allowed are " +
                             std::to_string(kMillisecondsPerSecond / dt));
        }
        return model;
    }
    const bool leaks = p.model != PopulationModel::non_leaky;
    const double keep = leaks ? std::exp(-dt / p.tau_ms) : 1.0;
    model.synapse = p.synapse == SynapseModel::delta     ? arch::SynapseKind::delta
                    : p.synapse == SynapseModel::current ? arch::SynapseKind::current
                                                         : arch::SynapseKind::conductance;
    model.keep = static_cast<float>(keep);
    model.gain = static_cast<float>(leaks ? 1.0 - keep : 1.0);
    model.leak = static_cast<float>(dt / p.tau_ms);
    model.rest = static_cast<float>(p.rest);
    model.reset = static_cast<float>(p.reset);
    model.threshold = static_cast<float>(p.threshold);
    model.bias = static_cast<float>(p.bias);
    model.subtract = p.subtract;
    const std::uint32_t refractory = steps_of(p.refractory_ms, dt);
    if (refractory > 65535) {
        throw InputError(p.place + ": refractory_ms: is " + std::to_string(refractory) +
                         " steps; allowed are 65535");
    }
    model.refractory = static_cast<std::uint16_t>(refractory);
    model.adaptation = static_cast<float>(p.adaptation);
    model.keep_adaptation = static_cast<float>(std::exp(-dt / p.tau_adaptation_ms));
    model.keep_input[0] = static_cast<float>(std::exp(-dt / p.tau_excitatory_ms));
    model.keep_input[1] = static_cast<float>(std::exp(-dt / p.tau_inhibitory_ms));
    model.reversal[0] = static_cast<float>(p.reversal_excitatory);
    model.reversal[1] = static_cast<float>(p.reversal_inhibitory);
    model.noise_events = p.noise_hz * dt / kMillisecondsPerSecond;
    constexpr double kMostNoise = 1e4;
    if (model.noise_events > kMostNoise) {
        throw InputError(p.place + ": noise_hz: is " + std::to_string(model.noise_events) +
                         " events a step; allowed are 10000");
    }
    model.noise_weight = static_cast<float>(p.noise_weight);
    return model;
}

/// Puts neurons on cores; groups know their populations.
class Placer {
  public:
    Placer(const SnnNetwork& network, const arch::ChipConfig& chip)
        : limit_(chip.stepped.neurons),
          cores_(chip.tiles() * chip.stepped.cores_per_tile),
          share_(even_share(network, static_cast<std::uint32_t>(cores_.size()))) {
        for (std::uint32_t p = 0; p < network.populations.size(); ++p) {
            place(network.populations[p], p);
        }
    }

    /// A group's population and the first of its neurons.
    struct Part {
        std::uint32_t population;
        std::uint32_t first;
        std::uint32_t neurons;
    };
    struct Core {
        std::uint32_t neurons = 0;
        std::uint32_t spread = 0;  // of them, without a core of their own
        std::vector<Part> parts;
    };
    const std::vector<Core>& cores() const { return cores_; }

  private:
    void place(const Population& p, std::uint32_t number) {
        const bool spread = p.core < 0;
        std::size_t core = spread ? next_ : static_cast<std::size_t>(p.core);
        const std::uint32_t share = p.core_neurons != 0 ? p.core_neurons : spread ? share_ : limit_;
        for (std::uint32_t placed = 0; placed < p.neurons; ++core) {
            if (core >= cores_.size()) {
                throw InputError(p.place + ": neurons: '" + p.name +
                                 "' does not fit; the chip has " + std::to_string(cores_.size()) +
                                 " cores of " + std::to_string(limit_) + " neurons");
            }
            Core& to = cores_[core];
            const std::uint32_t room =
                spread && p.core_neurons == 0 ? share - std::min(share, to.spread) : share;
            const std::uint32_t here =
                std::min({p.neurons - placed, room, limit_ - std::min(limit_, to.neurons)});
            if (here == 0) {
                continue;
            }
            to.parts.push_back({number, placed, here});
            to.neurons += here;
            to.spread += spread ? here : 0;
            placed += here;
            next_ = core;
        }
    }

    std::uint32_t limit_;
    std::vector<Core> cores_;
    std::uint32_t share_;
    std::size_t next_ = 0;
};

/// The weight that one unit of the synapses of a receptor stands for: the smallest weight, where
/// all are multiples of it that the bits can hold; otherwise the largest fills the bits.
double unit_of(const std::vector<double>& weights, const arch::SteppedConfig& stepped,
               const std::string& place) {
    double least = 0.0;
    double most = 0.0;
    for (const double weight : weights) {
        const double size = std::abs(weight);
        least = size != 0.0 && (least == 0.0 || size < least) ? size : least;
        most = std::max(most, size);
    }
    if (most == 0.0) {
        return 1.0;
    }
    constexpr double kTolerance = 1e-5;
    const std::int32_t largest = stepped.largest_weight();
    if (stepped.weight_bits == 1) {
        const double unit =
            *std::max_element(weights.begin(), weights.end(),
                              [](double a, double b) { return std::abs(a) < std::abs(b); });
        for (const double weight : weights) {
            if (weight != 0.0 && std::abs(weight - unit) > kTolerance * most) {
                throw InputError(place + ": weight: found " + std::to_string(weight) + " and " +
                                 std::to_string(unit) +
                                 "; synapses of 1 bit allow one weight a population and receptor");
            }
        }
        return unit;
    }
    const bool multiples =
        most / least <= largest + kTolerance &&
        std::all_of(weights.begin(), weights.end(), [&](double weight) {
            const double units = weight / least;
            return std::abs(units - std::round(units)) <= kTolerance * std::max(1.0, units);
        });
    return multiples ? least : most / largest;
}

/// Everything a layout needs while it is made.
class Layouter {
  public:
    Layouter(const SnnNetwork& network, const arch::ChipConfig& chip)
        : network_(network), stepped_(chip.stepped), placer_(network, chip) {
        if (!network.tensors.empty()) {
            tensors_ = Safetensors::read(network.folder / network.tensors);
        }
        for (std::size_t i = 0; i < network.connections.size(); ++i) {
            pairs_.emplace_back(network, i, tensors_ ? &*tensors_ : nullptr);
            check_receiver(network.connections[i]);
        }
    }

    SnnLayout run() {
        make_models();
        place_neurons();
        wire();
        return std::move(layout_);
    }

  private:
    /// The receptor of a connection's synapses; delta synapses have one.
    std::size_t receptor(const ConnectionPairs& pairs) const {
        return pairs.connection().receptor == Receptor::inhibitory &&
                       network_.populations[pairs.to()].synapse != SynapseModel::delta
                   ? 1
                   : 0;
    }

    void check_receiver(const Connection& connection) const {
        const auto to = std::find_if(network_.populations.begin(), network_.populations.end(),
                                     [&](const auto& p) { return p.name == connection.to; });
        if (to->source()) {
            throw InputError(connection.place + ": to: '" + connection.to +
                             "' is a source; allowed are neurons");
        }
    }

    void make_models() {
        for (std::size_t p = 0; p < network_.populations.size(); ++p) {
            arch::NeuronModel model = model_of(network_.populations[p], network_.dt_ms);
            for (std::size_t receptor_of = 0; receptor_of < 2; ++receptor_of) {
                std::vector<double> weights;
                std::string place;
                for (const ConnectionPairs& pairs : pairs_) {
                    if (pairs.to() != p || receptor(pairs) != receptor_of) {
                        continue;
                    }
                    const Connection& connection = pairs.connection();
                    place = connection.place;
                    weights.insert(weights.end(), pairs.weights().begin(), pairs.weights().end());
                    if (pairs.weights().empty()) {
                        weights.push_back(connection.weight);
                    }
                    if (connection.weight_to != 0.0) {
                        weights.push_back(connection.weight_to);
                        weights.push_back((connection.weight + connection.weight_to) / 3.0);
                    }
                }
                model.unit[receptor_of] = static_cast<float>(unit_of(weights, stepped_, place));
            }
            layout_.network.models.push_back(model);
        }
    }

    void place_neurons() {
        arch::SpikeNetwork& made = layout_.network;
        std::vector<Random> random;  // by population: its neurons are met in their order
        for (const Population& p : network_.populations) {
            random.emplace_back(network_.seed, layout_.places.size());
            layout_.places.emplace_back(p.neurons);
        }
        arch::NeuronId next = 0;
        for (const Placer::Core& core : placer_.cores()) {
            arch::CoreNeurons laid = {next, core.neurons, {}};
            for (const Placer::Part& part : core.parts) {
                laid.groups.push_back({part.population, part.neurons});
                const Population& p = network_.populations[part.population];
                for (std::uint32_t i = 0; i < part.neurons; ++i) {
                    layout_.places[part.population][part.first + i] = next++;
                    layout_.population_of.push_back(static_cast<std::uint16_t>(part.population));
                    core_of_.push_back(static_cast<std::uint16_t>(made.cores.size()));
                    made.membranes.push_back(static_cast<float>(
                        p.initial + p.initial_spread * random[part.population].uniform()));
                }
            }
            made.cores.push_back(std::move(laid));
        }
    }

    void wire() {
        arch::SpikeNetwork& made = layout_.network;
        double synapses = 0.0;
        double rows = 0.0;
        for (const ConnectionPairs& pairs : pairs_) {
            const double senders = network_.populations[pairs.from()].neurons;
            synapses += pairs.synapses();
            rows += std::min(pairs.synapses(), senders * static_cast<double>(made.cores.size()));
        }
        made.rows.reserve(static_cast<std::uint64_t>(synapses * 1.01) + 1000,
                          static_cast<std::uint64_t>(rows * 1.01) + 1000);
        std::vector<Reached> reached;
        std::vector<arch::Synapse> packed;
        made.axons.push_back(0);
        for (const Placer::Core& core : placer_.cores()) {
            for (const Placer::Part& part : core.parts) {
                for (std::uint32_t i = 0; i < part.neurons; ++i) {
                    packed.clear();
                    for (const ConnectionPairs& pairs : pairs_) {
                        if (pairs.from() == part.population) {
                            reached.clear();
                            pairs.append(part.first + i, reached);
                            pack(pairs, reached, packed);
                        }
                    }
                    made.rows.append(packed);
                    made.axons.push_back(static_cast<std::uint32_t>(made.rows.rows()));
                }
            }
        }
    }

    void pack(const ConnectionPairs& pairs, const std::vector<Reached>& reached,
              std::vector<arch::Synapse>& packed) {
        arch::SpikeNetwork& made = layout_.network;
        const std::size_t which = receptor(pairs);
        const float unit = made.models[pairs.to()].unit[which];
        const std::vector<arch::NeuronId>& places = layout_.places[pairs.to()];
        const auto largest = static_cast<float>(stepped_.largest_weight());
        const float least = stepped_.weight_bits == 1 ? 0.0F : -largest - 1.0F;
        for (const Reached& to : reached) {
            const arch::NeuronId id = places[to.neuron];
            const arch::CoreNeurons& core = made.cores[core_of_[id]];
            arch::Synapse synapse;
            synapse.core = core_of_[id];
            synapse.accumulator =
                static_cast<std::uint16_t>(id - core.first + (which == 1 ? core.neurons : 0));
            synapse.weight =
                static_cast<std::int16_t>(std::clamp(std::round(to.weight / unit), least, largest));
            synapse.delay = delay_of(to, pairs.connection());
            made.longest_delay = std::max<std::uint32_t>(made.longest_delay, synapse.delay);
            packed.push_back(synapse);
        }
    }

    std::uint8_t delay_of(const Reached& to, const Connection& connection) const {
        const std::uint32_t steps =
            std::max(1U, steps_of(static_cast<double>(to.delay_ms), network_.dt_ms));
        if (steps > stepped_.longest_delay()) {
            throw InputError(connection.place + ": delay_ms: " + std::to_string(steps) +
                             " steps; the chip's stepped.delay_bits allow " +
                             std::to_string(stepped_.longest_delay()));
        }
        return static_cast<std::uint8_t>(steps);
    }

    const SnnNetwork& network_;
    const arch::SteppedConfig& stepped_;
    std::optional<Safetensors> tensors_;
    std::vector<ConnectionPairs> pairs_;
    Placer placer_;
    SnnLayout layout_;
    std::vector<std::uint16_t> core_of_;  // by NeuronId
};

}  // namespace

std::uint32_t even_share(const SnnNetwork& network, std::uint32_t cores) {
    std::uint64_t neurons = 0;
    for (const Population& population : network.populations) {
        neurons += population.core < 0 && population.core_neurons == 0 ? population.neurons : 0;
    }
    return static_cast<std::uint32_t>((neurons + cores - 1) / cores);
}

SnnLayout lay_out(const SnnNetwork& network, const arch::ChipConfig& chip) {
    return Layouter(network, chip).run();
}

}  // namespace spikeloom::workloads
