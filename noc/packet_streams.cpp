#include "noc/packet_streams.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

namespace spikeloom::noc {

namespace {

// A span is long enough to make the visit of every node cheap and short enough that its packets
// stay in the cache.
constexpr double kPacketsPerSpan = 2048.0;
constexpr double kShortestSpan = 64.0;
constexpr double kLongestSpan = 1048576.0;
constexpr std::uint64_t kGroupStreams = std::uint64_t{1} << 32;  // of the seed, behind the nodes'

}  // namespace

SyntheticTraffic::SyntheticTraffic(const TrafficConfig& config, const NodeGrid& grid, int classes,
                                   Cycle end, std::uint64_t seed)
    : end_(end),
      config_(config),
      grid_(grid),
      seed_(seed),
      destinations_(config, grid),
      classes_(classes),
      span_(static_cast<Cycle>(
          std::clamp(kPacketsPerSpan / (config.rate / config.packet_flits * grid.nodes()),
                     kShortestSpan, kLongestSpan))) {
    for (NodeId node = 0; node < grid.nodes(); ++node) {
        Random random(seed, node);
        const CreationTimes times(config, random);
        nodes_.push_back({random, times});
    }
}

void SyntheticTraffic::make_groups(const MakeGroup& make) {
    if (config_.multicast_fraction == 0.0) {
        return;
    }
    std::vector<NodeId> all(grid_.nodes());
    for (NodeId node = 0; node < grid_.nodes(); ++node) {
        // The first so many of a shuffled order (Fisher and Yates).
        std::iota(all.begin(), all.end(), NodeId{0});
        Random random(seed_, kGroupStreams + node);
        for (std::size_t i = 0; i < config_.multicast_nodes; ++i) {
            std::swap(all[i], all[i + random.below(all.size() - i)]);
        }
        nodes_[node].group = make(std::span(all).first(config_.multicast_nodes));
    }
}

Packet SyntheticTraffic::take(NodeId source) {
    Node& node = nodes_[source];
    const Cycle created = node.times.next();
    Packet packet{source,
                  0,
                  static_cast<std::uint16_t>(config_.packet_flits),
                  static_cast<std::uint8_t>(node.message_class),
                  created,
                  created};
    packet.multicast =
        config_.multicast_fraction > 0.0 && node.random.uniform() < config_.multicast_fraction;
    packet.destination = packet.multicast ? node.group : destinations_.choose(source, node.random);
    node.message_class = node.message_class + 1 == classes_ ? 0 : node.message_class + 1;
    node.times.advance(node.random);
    return packet;
}

Cycle SyntheticTraffic::extend(std::vector<Packet>& packets) {
    covered_ = std::min(covered_ + span_, end_);
    for (NodeId source = 0; source < nodes_.size(); ++source) {
        while (nodes_[source].times.next() < covered_) {
            packets.push_back(take(source));
        }
    }
    return covered_ == end_ ? kNever : covered_;
}

Cycle WindowedTraffic::extend(std::vector<Packet>& packets) {
    for (NodeId source = 0; source < nodes_.size(); ++source) {
        for (std::uint32_t i = 0; i < window_ && nodes_[source].times.next() < end_; ++i) {
            packets.push_back(take(source));
        }
    }
    return kNever;
}

void WindowedTraffic::react(const Delivery& delivery, std::size_t, Cycle cycle,
                            std::vector<Packet>& packets) {
    if (nodes_[delivery.source].times.next() < end_) {
        packets.push_back(take(delivery.source));
        packets.back().ready = std::max(packets.back().ready, cycle + 1);
    }
}

TraceTraffic::TraceTraffic(std::vector<TraceRow>& rows, int packet_flits)
    : rows_(rows), packet_flits_(static_cast<std::uint16_t>(packet_flits)) {
    const bool dependent = std::any_of(rows.begin(), rows.end(),
                                       [](const TraceRow& row) { return !row.after.empty(); });
    if (!dependent) {
        return;
    }
    std::unordered_map<std::uint64_t, std::size_t> place;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        place.emplace(rows[row].id, row);
    }
    waiting_for_.resize(rows.size());
    successors_.resize(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        waiting_for_[row] = rows[row].after.size();
        for (const std::uint64_t id : rows[row].after) {
            successors_[place.at(id)].push_back(row);
        }
    }
}

void TraceTraffic::make_groups(const MakeGroup& make) {
    std::map<std::vector<NodeId>, GroupId> known;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        if (rows_[row].others.empty()) {
            continue;
        }
        std::vector<NodeId> nodes = rows_[row].others;
        nodes.push_back(rows_[row].destination);
        std::sort(nodes.begin(), nodes.end());
        const auto [group, fresh] = known.try_emplace(nodes, 0);
        if (fresh) {
            group->second = make(nodes);
        }
        group_of_row_.resize(rows_.size());
        group_of_row_[row] = group->second;
    }
}

Packet TraceTraffic::packet_of(std::size_t number) {
    const TraceRow& row = rows_[number];
    Packet packet{
        row.source,
        row.destination,
        row.flits == 0 ? packet_flits_ : row.flits,
        static_cast<std::uint8_t>(row.message_class == TraceRow::kAnyClass ? 0 : row.message_class),
        row.created,
        row.created};
    if (!row.others.empty()) {
        packet.multicast = true;
        packet.destination = group_of_row_[number];
    }
    handed_out_.push_back(number);
    return packet;
}

Cycle TraceTraffic::extend(std::vector<Packet>& packets) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        if (rows_[row].after.empty()) {
            packets.push_back(packet_of(row));
        }
    }
    return kNever;
}

void TraceTraffic::react(const Delivery&, std::size_t number, Cycle cycle,
                         std::vector<Packet>& packets) {
    for (const std::size_t next : successors_[handed_out_[number]]) {
        if (--waiting_for_[next] == 0) {
            rows_[next].created =
                std::max(rows_[next].created, cycle + std::max<Cycle>(rows_[next].wait, 1));
            packets.push_back(packet_of(next));
        }
    }
}

}  // namespace spikeloom::noc
