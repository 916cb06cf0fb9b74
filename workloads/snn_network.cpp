#include "workloads/snn_network.hpp"

#include "base/error.hpp"
#include "base/schema.hpp"

#include <set>

namespace spikeloom::workloads {

namespace {

constexpr double kLongest = 1e9;  // ms, Hz
constexpr schema::Numbers kAnyPotential = {-1e12, 1e12};
constexpr schema::Numbers kTime = {0.0, kLongest};
constexpr schema::Numbers kTimeConstant = {1e-6, kLongest};
constexpr std::int64_t kMostNeurons = std::int64_t{1} << 28;

}  // namespace

void describe(schema::Walk& walk, Population& p) {
    p.place = walk.place();
    walk.required().text("name", p.name, "what connections call it");
    walk.required().integer("neurons", p.neurons, {1, kMostNeurons}, "neurons or sources");
    walk.choice("model", p.model,
                {{"lif", PopulationModel::lif},
                 {"adaptive", PopulationModel::adaptive},
                 {"non_leaky", PopulationModel::non_leaky},
                 {"poisson", PopulationModel::poisson},
                 {"regular", PopulationModel::regular}},
                "neurons: leaky, leaky with a threshold that grows, not leaky; sources of spikes: "
                "at random, at equal intervals");
    walk.choice("synapse", p.synapse,
                {{"delta", SynapseModel::delta},
                 {"current", SynapseModel::current},
                 {"conductance", SynapseModel::conductance}},
                "what a weight is added to: the potential, a current or a conductance that decays");
    walk.number("tau_ms", p.tau_ms, kTimeConstant, "time constant of the membrane, ms");
    walk.number("rest", p.rest, kAnyPotential, "potential it leaks to");
    walk.number("reset", p.reset, kAnyPotential, "potential after a spike");
    walk.number("threshold", p.threshold, kAnyPotential, "potential at which it fires");
    walk.flag("subtract", p.subtract,
              "a spike lowers the potential by threshold - reset instead of setting it to reset");
    walk.number("refractory_ms", p.refractory_ms, {0.0, 65535.0},
                "time after a spike in which the potential stays at reset, ms");
    walk.number("bias", p.bias, kAnyPotential,
                "constant drive: leaky, the potential it drives to above rest; non_leaky, a step");
    walk.number("initial", p.initial, kAnyPotential, "potential before the first step");
    walk.number("initial_spread", p.initial_spread, {0.0, 1e12},
                "drawn evenly: so much more than `initial` at most");
    walk.number("tau_excitatory_ms", p.tau_excitatory_ms, kTimeConstant,
                "decay of the excitatory receptor's current or conductance, ms");
    walk.number("tau_inhibitory_ms", p.tau_inhibitory_ms, kTimeConstant,
                "decay of the inhibitory receptor's, ms");
    walk.number("reversal_excitatory", p.reversal_excitatory, kAnyPotential,
                "potential an excitatory conductance drives to");
    walk.number("reversal_inhibitory", p.reversal_inhibitory, kAnyPotential,
                "potential an inhibitory conductance drives to");
    walk.number("adaptation", p.adaptation, {0.0, 1e12},
                "adaptive: growth of the threshold with every spike");
    walk.number("tau_adaptation_ms", p.tau_adaptation_ms, kTimeConstant,
                "adaptive: decay of that growth, ms");
    walk.number("noise_hz", p.noise_hz, {0.0, 1e9},
                "rate of a Poisson source that every neuron has for itself, Hz");
    walk.number("noise_weight", p.noise_weight, kAnyPotential,
                "weight of its events, on the excitatory receptor");
    walk.number("rate_hz", p.rate_hz, {0.0, 1e9}, "poisson: mean rate of a source, Hz");
    walk.number("interval_ms", p.interval_ms, kTimeConstant, "regular: from spike to spike, ms");
    walk.number("start_ms", p.start_ms, kTime, "regular: time of the first spike, ms");
    walk.integer("core", p.core, {-1, 65535},
                 "the first core it lies on; -1: where the one before it ends");
    walk.integer("core_neurons", p.core_neurons, {0, 32768},
                 "neurons it puts on a core; 0: all neurons without a core are spread evenly");
    if (p.model == PopulationModel::non_leaky && p.synapse == SynapseModel::conductance) {
        walk.fail("synapse", "found conductance with model non_leaky; allowed are delta, current");
    }
    if (p.model != PopulationModel::adaptive && p.adaptation != 0.0) {
        walk.fail("adaptation", "is set; allowed with model adaptive only");
    }
}

void describe(schema::Walk& walk, Connection& c) {
    c.place = walk.place();
    walk.required().text("from", c.from, "population of the senders");
    walk.required().text("to", c.to, "population of the receivers");
    walk.choice("rule", c.rule,
                {{"all_to_all", ConnectionRule::all_to_all},
                 {"one_to_one", ConnectionRule::one_to_one},
                 {"probability", ConnectionRule::probability},
                 {"indegree", ConnectionRule::indegree},
                 {"clusters", ConnectionRule::clusters},
                 {"tensors", ConnectionRule::tensors}},
                "which pairs are connected");
    walk.number("probability", c.probability, {0.0, 1.0}, "probability: of every pair");
    walk.integer("indegree", c.indegree, {1, kMostNeurons},
                 "indegree: senders drawn for every receiver, one may be drawn twice");
    walk.integer("clusters", c.clusters, {1, 65535},
                 "clusters: runs of receivers that every sender reaches");
    walk.integer("cluster_neurons", c.cluster_neurons, {1, 32768}, "clusters: receivers of a run");
    walk.integer("cluster_synapses", c.cluster_synapses, {1, 32768},
                 "clusters: of them drawn for a sender");
    walk.integer(
        "cluster_shift", c.cluster_shift, {-1, kMostNeurons},
        "clusters: the first run is that of the sender's own number plus so many, the next "
        "run follows; -1: runs are drawn");
    walk.text("tensors", c.tensors,
              "tensors: name before `.pre`, `.post` (U32) and, if there, `.weight`, `.delay_ms` "
              "(F32)");
    walk.number("weight", c.weight, kAnyPotential, "weight of a synapse");
    walk.number("weight_to", c.weight_to, kAnyPotential,
                "not 0: weights are drawn evenly between the two");
    walk.number("delay_ms", c.delay_ms, kTime, "delay, rounded to steps; 0: one step");
    walk.number("delay_to_ms", c.delay_to_ms, kTime,
                "above `delay_ms`: delays are drawn evenly between the two");
    walk.choice("receptor", c.receptor,
                {{"excitatory", Receptor::excitatory}, {"inhibitory", Receptor::inhibitory}},
                "which of the receivers' receptors; delta synapses have one");
    if (c.rule == ConnectionRule::clusters && c.cluster_synapses > c.cluster_neurons) {
        walk.fail("cluster_synapses",
                  "are more than cluster_neurons, " + std::to_string(c.cluster_neurons));
    }
}

void describe(schema::Walk& walk, SnnNetwork& network) {
    walk.text("name", network.name, "what results call it");
    walk.number("dt_ms", network.dt_ms, {1e-6, 1e6}, "time a step stands for, ms");
    walk.integer("seed", network.seed, {0, std::int64_t{1} << 62},
                 "of connections, initial potentials and random sources");
    walk.text("tensors", network.tensors, "safetensors file beside this one");
    walk.required().list("populations", network.populations, "neurons and sources");
    walk.list("connections", network.connections, "synapses");

    std::set<std::string> names;
    for (const Population& population : network.populations) {
        if (!names.insert(population.name).second) {
            walk.fail("populations", "two are called '" + population.name + "'");
        }
    }
    for (const Connection& connection : network.connections) {
        for (const std::string& name : {connection.from, connection.to}) {
            if (names.count(name) == 0) {
                walk.fail("connections", "found '" + name + "'; there is no such population");
            }
        }
        if (connection.rule == ConnectionRule::tensors && network.tensors.empty()) {
            walk.fail("tensors", "is missing; a connection takes its pairs from there");
        }
    }
}

SnnNetwork read_snn_network(const std::filesystem::path& path) {
    auto network = schema::read_file<SnnNetwork>(path);
    network.folder = path.parent_path();
    if (network.populations.empty()) {
        throw InputError(path.string() + ": populations: found none; allowed are one or more");
    }
    return network;
}

}  // namespace spikeloom::workloads
