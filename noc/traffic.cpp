#include "noc/traffic.hpp"

#include "base/error.hpp"
#include "base/schema.hpp"
#include "noc/network.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace spikeloom::noc {

namespace {

/// A cycle that no run reaches; sums of two still fit.
constexpr Cycle kBeyond = Cycle{1} << 62;
constexpr double kLongestBurst = 1e9;

}  // namespace

void describe(schema::Walk& walk, TrafficConfig& config) {
    walk.choice("pattern", config.pattern,
                {{"uniform", Pattern::uniform},
                 {"transpose", Pattern::transpose},
                 {"hotspot", Pattern::hotspot},
                 {"bit_complement", Pattern::bit_complement},
                 {"bit_reversal", Pattern::bit_reversal},
                 {"shuffle", Pattern::shuffle},
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
    walk.number("burst_cycles", config.burst_cycles, {0.0, kLongestBurst},
                "mean length of a burst, cycles; 0: no bursts");
    walk.number("burst_rate", config.burst_rate, {0.0, 1.0},
                "flits created a node a cycle within a burst");
    walk.integer("window", config.window, {0, 1'000'000},
                 "packets a node may have on their way (closed loop); 0: any number (open loop)");
    walk.number("multicast_fraction", config.multicast_fraction, {0.0, 1.0},
                "fraction of the packets that go to a group of nodes, each node's own");
    walk.integer("multicast_nodes", config.multicast_nodes, {1, 65536}, "nodes of a group");
    walk.text("trace", config.trace, "file of rows `id ctime src dst`, for the pattern trace");
    walk.flag(
        "infer_causes", config.infer_causes,
        "whether a recorded packet waits for the one its node received last before it, as long "
        "as it did in the record, instead of its cycle");
    if (config.burst_cycles != 0.0 &&
        (config.burst_cycles < 1.0 || config.burst_rate <= config.rate)) {
        walk.fail("burst_cycles", "bursts last " + std::to_string(config.burst_cycles) +
                                      " cycles with a burst_rate of " +
                                      std::to_string(config.burst_rate) +
                                      "; allowed are 1 or more, and a burst_rate above rate");
    }
}

NodeGrid node_grid(const NetworkConfig& network, std::uint32_t nodes) {
    if (network.topology == Topology::mesh || network.topology == Topology::torus) {
        return {static_cast<NodeId>(network.width), static_cast<NodeId>(network.height)};
    }
    return {nodes, 1};
}

void validate(const TrafficConfig& config, const NodeGrid& grid) {
    if (config.pattern == Pattern::transpose && grid.width != grid.height) {
        throw InputError("traffic: pattern: found transpose in a mesh of " +
                         std::to_string(grid.width) + "x" + std::to_string(grid.height) +
                         "; allowed is a square mesh");
    }
    const bool bits = config.pattern == Pattern::bit_reversal || config.pattern == Pattern::shuffle;
    if (bits && !std::has_single_bit(grid.nodes())) {
        throw InputError("traffic: pattern: found bit_reversal or shuffle with " +
                         std::to_string(grid.nodes()) + " nodes; allowed is a power of two");
    }
    if (config.pattern == Pattern::hotspot && config.hotspot_node >= grid.nodes()) {
        throw InputError("traffic: hotspot_node: found " + std::to_string(config.hotspot_node) +
                         "; allowed is 0 to " + std::to_string(grid.nodes() - 1));
    }
    if (!config.include_self && grid.nodes() == 1) {
        throw InputError(
            "traffic: include_self: found false in a network of one node; allowed is "
            "true");
    }
    if (config.multicast_fraction > 0.0 && config.multicast_nodes > grid.nodes()) {
        throw InputError("traffic: multicast_nodes: found " +
                         std::to_string(config.multicast_nodes) + "; allowed are at most " +
                         std::to_string(grid.nodes()) + ", all nodes");
    }
    if ((config.pattern == Pattern::trace) == config.trace.empty()) {
        throw InputError(
            config.trace.empty()
                ? "traffic: trace: the pattern trace needs a file"
                : "traffic: trace: found '" + config.trace +
                      "' with another pattern; allowed is a file with the pattern trace");
    }
}

Destinations::Destinations(const TrafficConfig& config, const NodeGrid& grid)
    : config_(config), grid_(grid) {
    validate(config, grid);
}

NodeId Destinations::uniform(NodeId source, Random& random) const {
    const NodeId nodes = grid_.nodes();
    if (config_.include_self) {
        return static_cast<NodeId>(random.below(nodes));
    }
    const auto other = static_cast<NodeId>(random.below(nodes - 1));
    return other < source ? other : other + 1;
}

/// The bits of a node's number in another order.
NodeId Destinations::permuted(NodeId source) const {
    const int bits = std::countr_zero(grid_.nodes());
    NodeId result = 0;
    for (int i = 0; i < bits; ++i) {
        const int to = config_.pattern == Pattern::shuffle ? (i + 1) % bits : bits - 1 - i;
        result |= (source >> i & 1) << to;
    }
    return result;
}

NodeId Destinations::choose(NodeId source, Random& random) const {
    const auto [width, height] = grid_;
    const NodeId x = source % width;
    const NodeId y = source / width;
    switch (config_.pattern) {
        case Pattern::transpose:
            return x * width + y;
        case Pattern::bit_complement:
            return grid_.nodes() - 1 - source;
        case Pattern::bit_reversal:
        case Pattern::shuffle:
            return permuted(source);
        case Pattern::neighbour:
            return (y + 1) % height * width + (x + 1) % width;
        case Pattern::tornado:
            return (y + (height + 1) / 2 - 1) % height * width + (x + (width + 1) / 2 - 1) % width;
        case Pattern::hotspot:
            return random.uniform() < config_.hotspot_fraction ? config_.hotspot_node
                                                               : uniform(source, random);
        case Pattern::uniform:
        case Pattern::trace:
            break;
    }
    return uniform(source, random);
}

CreationTimes::CreationTimes(const TrafficConfig& config, Random& random)
    : bursts_(config.burst_cycles > 0.0), silent_(config.rate == 0.0) {
    const double rate = bursts_ ? config.burst_rate : config.rate;
    const auto scale = [](double p) { return 1.0 / std::log1p(-p); };  // -0 for p = 1
    create_scale_ = scale(std::min(1.0, rate / config.packet_flits));
    // On for a share of the time: rate / burst_rate = on / (on + off).
    const double off_cycles =
        bursts_ ? std::max(0.0, config.burst_cycles * (rate / config.rate - 1.0)) : 1.0;
    leave_on_scale_ = scale(bursts_ ? 1.0 / config.burst_cycles : 1.0);
    leave_off_scale_ = scale(std::min(1.0, 1.0 / off_cycles));
    if (bursts_ && !silent_) {
        on_ = random.uniform() < config.rate / rate;
        state_ends_ = gap(on_ ? leave_on_scale_ : leave_off_scale_, random) + 1;
    }
    draw(0, random);
}

/// floor(ln(u) / ln(1 - p)) for u uniform in (0, 1] is geometric.
Cycle CreationTimes::gap(double scale, Random& random) {
    const double cycles = std::floor(std::log(1.0 - random.uniform()) * scale);
    return cycles >= static_cast<double>(kBeyond) ? kBeyond : static_cast<Cycle>(cycles);
}

void CreationTimes::draw(Cycle from, Random& random) {
    if (silent_ || from >= kBeyond) {
        next_ = kBeyond;
        return;
    }
    if (!bursts_) {
        next_ = from + gap(create_scale_, random);
        return;
    }
    for (;;) {
        if (on_) {
            next_ = from + gap(create_scale_, random);
            if (next_ < state_ends_) {
                return;
            }
        }
        // No memory: beyond the end of the state the trials begin anew.
        from = std::max(from, state_ends_);
        on_ = !on_;
        state_ends_ = from + gap(on_ ? leave_on_scale_ : leave_off_scale_, random) + 1;
        if (from >= kBeyond) {
            next_ = kBeyond;
            return;
        }
    }
}

}  // namespace spikeloom::noc
