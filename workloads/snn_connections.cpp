#include "workloads/snn_connections.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace spikeloom::workloads {

namespace {

std::size_t population_named(const SnnNetwork& network, const std::string& name) {
    for (std::size_t i = 0; i < network.populations.size(); ++i) {
        if (network.populations[i].name == name) {
            return i;
        }
    }
    throw InputError("there is no population '" + name + "'");
}

double between(double least, double most, Random& random) {
    return least + (most - least) * random.uniform();
}

}  // namespace

ConnectionPairs::ConnectionPairs(const SnnNetwork& network, std::size_t number,
                                 const Safetensors* tensors)
    : connection_(network.connections[number]),
      number_(number),
      seed_(network.seed),
      from_(population_named(network, connection_.from)),
      to_(population_named(network, connection_.to)),
      senders_(network.populations[from_].neurons),
      receivers_(network.populations[to_].neurons) {
    if (connection_.rule == ConnectionRule::one_to_one && senders_ != receivers_) {
        throw InputError(connection_.place + ": rule: one_to_one from " + std::to_string(senders_) +
                         " to " + std::to_string(receivers_) +
                         " neurons; allowed are populations of one size");
    }
    if (connection_.rule == ConnectionRule::tensors) {
        read_tensors(*tensors);
    } else if (connection_.rule == ConnectionRule::indegree) {
        draw_indegree();
    }
}

double ConnectionPairs::synapses() const {
    const double pairs = static_cast<double>(senders_) * receivers_;
    switch (connection_.rule) {
        case ConnectionRule::all_to_all:
            return pairs;
        case ConnectionRule::one_to_one:
            return senders_;
        case ConnectionRule::probability:
            return pairs * connection_.probability;
        case ConnectionRule::clusters:
            return static_cast<double>(senders_) * connection_.clusters *
                   connection_.cluster_synapses;
        case ConnectionRule::indegree:
        case ConnectionRule::tensors:
            break;
    }
    return static_cast<double>(receiver_.size());
}

/// Sorts pairs by sender; receiver_, weights_ and delays_ms_ are in the order of `senders`.
void ConnectionPairs::sort_pairs(std::span<const std::uint32_t> senders) {
    first_.assign(std::size_t{senders_} + 1, 0);
    for (const std::uint32_t sender : senders) {
        ++first_[sender + 1];
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    std::vector<std::uint64_t> next(first_.begin(), first_.end() - 1);
    const auto sorted = [&](auto& values) {
        if (values.empty()) {
            return;
        }
        std::copy(first_.begin(), first_.end() - 1, next.begin());
        std::remove_reference_t<decltype(values)> result(values.size());
        for (std::size_t i = 0; i < senders.size(); ++i) {
            result[next[senders[i]]++] = values[i];
        }
        values = std::move(result);
    };
    sorted(receiver_);
    sorted(weights_);
    sorted(delays_ms_);
}

void ConnectionPairs::read_tensors(const Safetensors& tensors) {
    const std::string& name = connection_.tensors;
    const auto senders = tensors.values<std::uint32_t>(name + ".pre");
    receiver_ = tensors.values<std::uint32_t>(name + ".post", {senders.size()});
    if (tensors.contains(name + ".weight")) {
        weights_ = tensors.values<float>(name + ".weight", {senders.size()});
    }
    if (tensors.contains(name + ".delay_ms")) {
        delays_ms_ = tensors.values<float>(name + ".delay_ms", {senders.size()});
    }
    for (std::size_t i = 0; i < senders.size(); ++i) {
        if (senders[i] >= senders_ || receiver_[i] >= receivers_) {
            throw InputError(tensors.origin + ": " + name + ": pair " + std::to_string(i) + " is " +
                             std::to_string(senders[i]) + " to " + std::to_string(receiver_[i]) +
                             "; the populations have " + std::to_string(senders_) + " and " +
                             std::to_string(receivers_) + " neurons");
        }
        if ((!weights_.empty() && !std::isfinite(weights_[i])) ||
            (!delays_ms_.empty() && !(delays_ms_[i] >= 0.0F && delays_ms_[i] < 1e9F))) {
            throw InputError(tensors.origin + ": " + name + ": pair " + std::to_string(i) +
                             " has a weight or a delay that is no number or negative");
        }
    }
    sort_pairs(senders);
}

void ConnectionPairs::draw_indegree() {
    std::vector<std::uint32_t> senders;
    senders.reserve(std::size_t{receivers_} * connection_.indegree);
    receiver_.reserve(senders.capacity());
    Random random(seed_, std::uint64_t{number_ + 1} << 32);
    for (std::uint32_t receiver = 0; receiver < receivers_; ++receiver) {
        for (std::uint32_t i = 0; i < connection_.indegree; ++i) {
            senders.push_back(static_cast<std::uint32_t>(random.below(senders_)));
            receiver_.push_back(receiver);
        }
    }
    sort_pairs(senders);
}

void ConnectionPairs::append(std::uint32_t sender, std::vector<Reached>& to) const {
    const std::size_t begin = to.size();
    Random random(seed_, (std::uint64_t{number_ + 1} << 32) + 1 + sender);
    switch (connection_.rule) {
        case ConnectionRule::all_to_all:
            for (std::uint32_t receiver = 0; receiver < receivers_; ++receiver) {
                to.push_back({receiver});
            }
            break;
        case ConnectionRule::one_to_one:
            to.push_back({sender});
            break;
        case ConnectionRule::probability:
            append_at_random(random, to);
            break;
        case ConnectionRule::clusters:
            append_clusters(sender, random, to);
            break;
        case ConnectionRule::indegree:
        case ConnectionRule::tensors:
            for (std::uint64_t i = first_[sender]; i < first_[sender + 1]; ++i) {
                to.push_back({receiver_[i]});
            }
            break;
    }
    const Connection& c = connection_;
    for (std::size_t i = begin; i < to.size(); ++i) {
        const std::uint64_t pair = first_.empty() ? 0 : first_[sender] + (i - begin);
        const double weight =
            c.weight_to != 0.0 ? between(c.weight, c.weight_to, random) : c.weight;
        const double delay =
            c.delay_to_ms > c.delay_ms ? between(c.delay_ms, c.delay_to_ms, random) : c.delay_ms;
        to[i].weight = weights_.empty() ? static_cast<float>(weight) : weights_[pair];
        to[i].delay_ms = delays_ms_.empty() ? static_cast<float>(delay) : delays_ms_[pair];
    }
}

/// Every receiver with the same probability: the gaps between those reached are geometric.
void ConnectionPairs::append_at_random(Random& random, std::vector<Reached>& to) const {
    if (connection_.probability <= 0.0) {
        return;
    }
    const double scale = std::log1p(-connection_.probability);
    for (double receiver = 0.0;; receiver += 1.0) {
        if (connection_.probability < 1.0) {
            receiver += std::floor(std::log1p(-random.uniform()) / scale);
        }
        if (receiver >= receivers_) {
            return;
        }
        to.push_back({static_cast<std::uint32_t>(receiver)});
    }
}

/// Some of the runs of `cluster_neurons` receivers, and of each some receivers.
void ConnectionPairs::append_clusters(std::uint32_t sender, Random& random,
                                      std::vector<Reached>& to) const {
    const std::uint32_t size = std::min(connection_.cluster_neurons, receivers_);
    const std::uint32_t runs = receivers_ / size;
    std::vector<std::uint32_t> chosen;
    for (std::uint32_t i = 0;
         connection_.cluster_shift >= 0 && i < std::min(connection_.clusters, runs); ++i) {
        const auto shift = static_cast<std::uint64_t>(connection_.cluster_shift) + i;
        chosen.push_back(static_cast<std::uint32_t>((sender / size + shift) % runs));
    }
    while (chosen.size() < std::min(connection_.clusters, runs)) {
        const auto run = static_cast<std::uint32_t>(random.below(runs));
        if (std::find(chosen.begin(), chosen.end(), run) == chosen.end()) {
            chosen.push_back(run);
        }
    }
    for (const std::uint32_t run : chosen) {
        std::uint32_t wanted = std::min(connection_.cluster_synapses, size);
        constexpr std::uint32_t kFew = 32;
        if (wanted <= kFew && wanted * 4 <= size) {
            const auto begin = static_cast<std::ptrdiff_t>(to.size());
            while (wanted != 0) {
                const auto neuron = run * size + static_cast<std::uint32_t>(random.below(size));
                if (std::none_of(to.begin() + begin, to.end(),
                                 [&](const Reached& other) { return other.neuron == neuron; })) {
                    to.push_back({neuron});
                    --wanted;
                }
            }
            continue;
        }
        // Selection sampling: each receiver with the probability that is left for it.
        for (std::uint32_t i = 0; wanted != 0; ++i) {
            if (random.uniform() * (size - i) < wanted) {
                to.push_back({run * size + i});
                --wanted;
            }
        }
    }
}

}  // namespace spikeloom::workloads
