// A spiking network as a user writes it: populations, sources and connections, in physical units
// (ms, Hz, and mV or whatever unit the user's potentials have). docs/snn.md shows the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::workloads {

enum class PopulationModel { lif, adaptive, non_leaky, poisson, regular };
enum class SynapseModel { delta, current, conductance };

struct Population {
    std::string name;
    std::uint32_t neurons = 1;
    PopulationModel model = PopulationModel::lif;

    SynapseModel synapse = SynapseModel::delta;
    double tau_ms = 20.0;
    double rest = 0.0;
    double reset = 0.0;
    double threshold = 1.0;
    bool subtract = false;
    double refractory_ms = 0.0;
    double bias = 0.0;
    double initial = 0.0;         // membrane before the first step ...
    double initial_spread = 0.0;  // ... and so much more at most, drawn evenly
    double tau_excitatory_ms = 5.0;
    double tau_inhibitory_ms = 5.0;
    double reversal_excitatory = 0.0;
    double reversal_inhibitory = 0.0;
    double adaptation = 0.0;
    double tau_adaptation_ms = 100.0;

    double noise_hz = 0.0;
    double noise_weight = 0.0;

    double rate_hz = 0.0;
    double interval_ms = 1.0;
    double start_ms = 0.0;

    std::int64_t core = -1;          // the first core it lies on; -1: where the one before ends
    std::uint32_t core_neurons = 0;  // neurons it puts on a core; 0: as many as are spread evenly

    bool source() const {
        return model == PopulationModel::poisson || model == PopulationModel::regular;
    }
    std::string place;  // in the file, for errors
};

enum class ConnectionRule { all_to_all, one_to_one, probability, indegree, clusters, tensors };
enum class Receptor { excitatory, inhibitory };

struct Connection {
    std::string from;
    std::string to;
    ConnectionRule rule = ConnectionRule::all_to_all;
    double probability = 0.1;
    std::uint32_t indegree = 1;
    std::uint32_t clusters = 1;
    std::uint32_t cluster_neurons = 256;
    std::uint32_t cluster_synapses = 128;
    std::int64_t cluster_shift = -1;
    std::string tensors;  // its prefix in the file of tensors
    double weight = 1.0;
    double weight_to = 0.0;  // weights lie evenly between the two, where this is not 0
    double delay_ms = 0.0;   // 0: a step
    double delay_to_ms = 0.0;
    Receptor receptor = Receptor::excitatory;
    std::string place;
};

struct SnnNetwork {
    std::string name = "network";
    double dt_ms = 1.0;
    std::uint64_t seed = 1;
    std::string tensors;  // a safetensors file beside it
    std::vector<Population> populations;
    std::vector<Connection> connections;
    std::filesystem::path folder;  // where `tensors` lies
};

void describe(schema::Walk& walk, Population& population);
void describe(schema::Walk& walk, Connection& connection);
void describe(schema::Walk& walk, SnnNetwork& network);

/// Reads a network; InputError with file, line and key where it is not one.
SnnNetwork read_snn_network(const std::filesystem::path& path);

}  // namespace spikeloom::workloads
