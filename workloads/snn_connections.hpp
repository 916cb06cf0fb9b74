// The pairs of a connection: for a sender, its receivers, with weight and delay of each. Every
// sender has a random stream of its own, so its synapses do not depend on the others'.
#pragma once

#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "workloads/snn_network.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace spikeloom::workloads {

/// A receiver, by its place in the population.
struct Reached {
    std::uint32_t neuron = 0;
    float weight = 0.0F;
    float delay_ms = 0.0F;
};

class ConnectionPairs {
  public:
    /// `number` is the connection's in the network. `tensors` may be nullptr where the rule does
    /// not need them. InputError for pairs outside the populations.
    ConnectionPairs(const SnnNetwork& network, std::size_t number, const Safetensors* tensors);

    /// Appends what neuron `sender` of the sending population reaches.
    void append(std::uint32_t sender, std::vector<Reached>& to) const;

    std::size_t from() const { return from_; }
    std::size_t to() const { return to_; }
    const Connection& connection() const { return connection_; }
    /// How many synapses there are, or are to be expected.
    double synapses() const;
    /// The weights of tensors; empty where the connection's own key gives them.
    std::span<const float> weights() const { return weights_; }

  private:
    void read_tensors(const Safetensors& tensors);
    void draw_indegree();
    void sort_pairs(std::span<const std::uint32_t> senders);
    void append_at_random(Random& random, std::vector<Reached>& to) const;
    void append_clusters(std::uint32_t sender, Random& random, std::vector<Reached>& to) const;

    const Connection& connection_;
    std::size_t number_;
    std::uint64_t seed_;
    std::size_t from_ = 0;
    std::size_t to_ = 0;
    std::uint32_t senders_ = 0;
    std::uint32_t receivers_ = 0;

    // Pairs that are known at once, sorted by sender.
    std::vector<std::uint64_t> first_;  // by sender, its first pair; one more at the end
    std::vector<std::uint32_t> receiver_;
    std::vector<float> weights_;
    std::vector<float> delays_ms_;
};

}  // namespace spikeloom::workloads
