// What is known of packets that were delivered, and of what carried them.
//
// A latency is the number of the cycle in which a packet's tail is consumed minus that of the cycle
// in which the packet was created. It has four parts:
//   source queue   until the head is injected
//   pipeline       what a head alone in the network takes from there
//   serialisation  what the other flits of the packet take behind it
//   blocking       the rest: waiting for channels, credits and the switch
#pragma once

#include "noc/network.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spikeloom::noc {

struct LatencyParts {
    double source_queue = 0.0;
    double pipeline = 0.0;
    double serialisation = 0.0;
    double blocking = 0.0;
};

/// Of one packet, cycles.
struct PacketTimes {
    Cycle latency;
    Cycle source_queue;
    Cycle pipeline;
    Cycle serialisation;
};

struct LatencySummary {
    std::uint64_t packets = 0;
    double average = 0.0;
    /// The least latencies that so many percent of the packets do not exceed.
    Cycle p50 = 0;
    Cycle p90 = 0;
    Cycle p95 = 0;
    Cycle p99 = 0;
    Cycle p999 = 0;
    Cycle max = 0;
    LatencyParts parts;  // means
};

/// Latencies of a set of packets. Memory follows the longest latency, not the number of packets.
class LatencyMeter {
  public:
    void add(const PacketTimes& times);
    std::uint64_t packets() const { return packets_; }
    /// None without packets.
    std::optional<LatencySummary> summary() const;
    /// Packets by latency, those that occur, rising.
    std::vector<std::pair<Cycle, std::uint64_t>> histogram() const;

  private:
    std::vector<std::uint64_t> counts_;    // packets by latency
    std::map<Cycle, std::uint64_t> long_;  // those that would make `counts_` large
    std::uint64_t packets_ = 0;
    std::uint64_t latency_ = 0;
    std::uint64_t source_queue_ = 0;
    std::uint64_t pipeline_ = 0;
    std::uint64_t serialisation_ = 0;
};

/// The network over some cycles.
struct Sample {
    Cycle end;                   // the first cycle behind them
    std::uint64_t flits = 0;     // consumed
    std::uint64_t packets = 0;   // delivered
    double latency = 0.0;        // their mean; 0 without packets
    std::uint64_t buffered = 0;  // flits in the routers' buffers at the end
};

struct PairSummary {
    NodeId source;
    NodeId destination;
    std::uint64_t packets;
    double latency;
    Cycle longest;
};

struct LinkSummary {
    std::string from;  // router and port
    std::string to;
    std::uint64_t flits;
    double utilisation;  // of the cycles in which it could have passed a flit
    double length_mm;
};

struct RouterSummary {
    std::string name;
    RouterCounters counters;
    double buffered;  // flits in its buffers, mean over the cycles
};

std::vector<LinkSummary> link_summaries(const Network& network, Cycle cycles);
std::vector<RouterSummary> router_summaries(const Network& network, Cycle cycles);

/// Tables with a first row of names.
std::string to_csv(const std::vector<LinkSummary>& links);
std::string to_csv(const std::vector<RouterSummary>& routers);
std::string to_csv(const std::vector<PairSummary>& pairs);
std::string to_csv(const std::vector<Sample>& samples);
std::string to_csv(const std::vector<std::pair<Cycle, std::uint64_t>>& histogram);

}  // namespace spikeloom::noc
