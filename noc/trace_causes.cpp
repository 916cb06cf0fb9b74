#include "noc/trace_causes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>

namespace spikeloom::noc {

namespace {

/// What a node received: when, and which packet.
using Arrivals = std::vector<std::pair<Cycle, std::uint64_t>>;

std::unordered_map<NodeId, Arrivals> arrivals_by_node(const std::vector<TraceRow>& rows) {
    std::unordered_map<NodeId, Arrivals> arrivals;
    for (const TraceRow& row : rows) {
        if (row.retired == kNever) {
            continue;
        }
        arrivals[row.destination].emplace_back(row.retired, row.id);
        for (const NodeId node : row.others) {
            arrivals[node].emplace_back(row.retired, row.id);
        }
    }
    for (auto& [node, list] : arrivals) {
        std::sort(list.begin(), list.end());
    }
    return arrivals;
}

}  // namespace

void infer_causes(std::vector<TraceRow>& rows) {
    const std::unordered_map<NodeId, Arrivals> arrivals = arrivals_by_node(rows);
    for (TraceRow& row : rows) {
        const auto at_source = arrivals.find(row.source);
        if (!row.after.empty() || at_source == arrivals.end()) {
            continue;
        }
        const Arrivals& list = at_source->second;
        const auto next =
            std::lower_bound(list.begin(), list.end(), std::pair{row.created, std::uint64_t{0}});
        if (next == list.begin()) {
            continue;
        }
        const auto& [retired, id] = *std::prev(next);
        const Cycle wait = row.created - retired;
        if (wait <= std::numeric_limits<std::uint32_t>::max()) {
            row.after = {id};
            row.wait = static_cast<std::uint32_t>(wait);
            row.created = 0;
        }
    }
}

void change_clock(std::vector<TraceRow>& rows, double from_hz, double to_hz) {
    if (from_hz == to_hz) {
        return;
    }
    const auto turned = [&](auto cycles) {
        return static_cast<decltype(cycles)>(
            std::ceil(static_cast<double>(cycles) * to_hz / from_hz));
    };
    for (TraceRow& row : rows) {
        row.created = turned(row.created);
        row.wait = turned(row.wait);
        row.retired = kNever;
    }
}

}  // namespace spikeloom::noc
