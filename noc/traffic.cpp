#include "noc/traffic.hpp"

#include "base/error.hpp"
#include "base/schema.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom::noc {

namespace {

// A span is long enough to make the visit of every node cheap and short enough to keep few packets.
constexpr double kPacketsPerSpan = 16384.0;
constexpr double kShortestSpan = 64.0;
constexpr double kLongestSpan = 1048576.0;

double packet_rate(const TrafficConfig& config) {
    return std::min(1.0, config.rate / config.packet_flits);
}

}  // namespace

void describe(schema::Walk& walk, TrafficConfig& config) {
    walk.choice("pattern", config.pattern,
                {{"uniform", Pattern::uniform},
                 {"transpose", Pattern::transpose},
                 {"hotspot", Pattern::hotspot},
                 {"bit_complement", Pattern::bit_complement},
                 {"neighbour", Pattern::neighbour},
                 {"tornado", Pattern::tornado},
                 {"trace", Pattern::trace}},
                "where packets go");
    walk.number("rate", config.rate, {0.0, 1.0}, "flits created a node a cycle");
    walk.integer("packet_flits", config.packet_flits, {1, kLongestPacket}, "flits a packet");
    walk.flag("include_self", config.include_self,
              "whether a uniform choice may choose the source itself");
    walk.integer("hotspot_node", config.hotspot_node, {0, 65535}, "the hotspot, y * width + x");
    walk.number("hotspot_fraction", config.hotspot_fraction, {0.0, 1.0},
                "fraction of the packets that go to the hotspot");
    walk.text("trace", config.trace, "file of rows `id ctime src dst`, for the pattern trace");
}

void validate(const TrafficConfig& config, const NetworkConfig& network) {
    if (config.pattern == Pattern::transpose && network.width != network.height) {
        throw InputError("traffic: pattern: found transpose in a mesh of " +
                         std::to_string(network.width) + "x" + std::to_string(network.height) +
                         "; allowed is a square mesh");
    }
    if (config.pattern == Pattern::hotspot &&
        config.hotspot_node >= static_cast<NodeId>(network.nodes())) {
        throw InputError("traffic: hotspot_node: found " + std::to_string(config.hotspot_node) +
                         "; allowed is 0 to " + std::to_string(network.nodes() - 1));
    }
    if (!config.include_self && network.nodes() == 1) {
        throw InputError(
            "traffic: include_self: found false in a network of one node; allowed is "
            "true");
    }
    if ((config.pattern == Pattern::trace) == config.trace.empty()) {
        throw InputError(
            config.trace.empty()
                ? "traffic: trace: the pattern trace needs a file"
                : "traffic: trace: found '" + config.trace +
                      "' with another pattern; allowed is a file with the pattern trace");
    }
}

Destinations::Destinations(const TrafficConfig& config, const NetworkConfig& network)
    : config_(config),
      width_(static_cast<NodeId>(network.width)),
      height_(static_cast<NodeId>(network.height)) {
    validate(config, network);
}

NodeId Destinations::uniform(NodeId source, Random& random) const {
    const NodeId nodes = width_ * height_;
    if (config_.include_self) {
        return static_cast<NodeId>(random.below(nodes));
    }
    const auto other = static_cast<NodeId>(random.below(nodes - 1));
    return other < source ? other : other + 1;
}

NodeId Destinations::choose(NodeId source, Random& random) const {
    const NodeId x = source % width_;
    const NodeId y = source / width_;
    const auto shifted = [&](NodeId right, NodeId up) {
        return (y + up) % height_ * width_ + (x + right) % width_;
    };
    switch (config_.pattern) {
        case Pattern::transpose:
            return x * width_ + y;
        case Pattern::bit_complement:
            return width_ * height_ - 1 - source;
        case Pattern::neighbour:
            return shifted(1, 1);
        case Pattern::tornado:
            return shifted((width_ + 1) / 2 - 1, (height_ + 1) / 2 - 1);
        case Pattern::hotspot:
            return random.uniform() < config_.hotspot_fraction ? config_.hotspot_node
                                                               : uniform(source, random);
        case Pattern::uniform:
        case Pattern::trace:
            break;
    }
    return uniform(source, random);
}

SyntheticTraffic::SyntheticTraffic(const TrafficConfig& config, const NetworkConfig& network,
                                   Cycle end, std::uint64_t seed)
    : destinations_(config, network),
      packet_flits_(static_cast<std::uint16_t>(config.packet_flits)),
      classes_(network.classes()),
      end_(end),
      gap_scale_(1.0 / std::log1p(-packet_rate(config))),  // -0 for a packet every cycle
      silent_(config.rate == 0.0),
      span_(static_cast<Cycle>(std::clamp(kPacketsPerSpan / (packet_rate(config) * network.nodes()),
                                          kShortestSpan, kLongestSpan))) {
    for (int node = 0; node < network.nodes(); ++node) {
        Random random(seed, static_cast<std::uint64_t>(node));
        const Cycle first = after_gap(0, random);
        nodes_.push_back({random, first});
    }
}

/// The cycle of the first success of Bernoulli trials from cycle `from` on: the number of failures
/// before it is geometric, floor(ln(u) / ln(1 - p)) for u uniform in (0, 1].
Cycle SyntheticTraffic::after_gap(Cycle from, Random& random) const {
    const double gap = std::floor(std::log(1.0 - random.uniform()) * gap_scale_);
    return silent_ || gap >= static_cast<double>(end_) ? end_ : from + static_cast<Cycle>(gap);
}

Cycle SyntheticTraffic::extend(std::vector<Packet>& packets) {
    covered_ = std::min(covered_ + span_, end_);
    for (NodeId source = 0; source < nodes_.size(); ++source) {
        Node& node = nodes_[source];
        while (node.next < covered_) {
            packets.push_back({source, destinations_.choose(source, node.random), packet_flits_,
                               static_cast<std::uint8_t>(node.message_class), node.next,
                               node.next});
            node.message_class = node.message_class + 1 == classes_ ? 0 : node.message_class + 1;
            node.next = after_gap(node.next + 1, node.random);
        }
    }
    return covered_ == end_ ? kNever : covered_;
}

TraceTraffic::TraceTraffic(const std::vector<TraceRow>& rows, int packet_flits)
    : rows_(rows), packet_flits_(static_cast<std::uint16_t>(packet_flits)) {}

Cycle TraceTraffic::extend(std::vector<Packet>& packets) {
    for (const TraceRow& row : rows_) {
        packets.push_back(
            {row.source, row.destination, packet_flits_, 0, row.created, row.created});
    }
    return kNever;
}

}  // namespace spikeloom::noc
