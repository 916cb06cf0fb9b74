#include "workloads/placement.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "workloads/ways.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace spikeloom::workloads {

namespace {

using arch::TileId;

constexpr TileId kNowhere = std::numeric_limits<TileId>::max();

/// The traffic between cores, and of each core with the host and with memory, flits a token.
struct CoreTraffic {
    struct Edge {
        std::uint32_t other;
        double flits;
    };
    std::vector<std::vector<Edge>> with_cores;
    std::vector<double> with_host;
    std::vector<double> with_memory;
};

CoreTraffic core_traffic(const arch::Program& program, const CoreOfStage& core_of,
                         const arch::ChipConfig& chip, const Activity& activity) {
    const std::uint32_t cores = *std::max_element(core_of.begin(), core_of.end()) + 1;
    const auto host = static_cast<Node>(program.stages.size());
    CoreTraffic traffic{std::vector<std::vector<CoreTraffic::Edge>>(cores),
                        std::vector<double>(cores, 0.0), std::vector<double>(cores, 0.0)};
    std::map<std::pair<std::uint32_t, std::uint32_t>, double> between;
    for (const Flow& flow : expected_traffic(program, chip, activity)) {
        if (flow.from < host && flow.to < host) {
            const std::uint32_t a = core_of[flow.from];
            const std::uint32_t b = core_of[flow.to];
            if (a != b) {
                between[std::minmax(a, b)] += flow.flits;
            }
            continue;
        }
        const Node stage = std::min(flow.from, flow.to);
        const bool to_host = std::max(flow.from, flow.to) == host;
        (to_host ? traffic.with_host : traffic.with_memory)[core_of[stage]] += flow.flits;
    }
    for (const auto& [pair, flits] : between) {
        traffic.with_cores[pair.first].push_back({pair.second, flits});
        traffic.with_cores[pair.second].push_back({pair.first, flits});
    }
    return traffic;
}

std::vector<TileId> core_tiles(const arch::ChipConfig& chip) {
    std::vector<TileId> tiles;
    for (TileId tile = 0; tile < chip.tiles(); ++tile) {
        if (chip.is_core(tile)) {
            tiles.push_back(tile);
        }
    }
    return tiles;
}

class Placer {
  public:
    Placer(CoreTraffic traffic, const arch::ChipConfig& chip)
        : traffic_(std::move(traffic)),
          host_(chip.host_tile),
          ways_(chip),
          tiles_(core_tiles(chip)),
          tile_of_(traffic_.with_cores.size(), kNowhere) {
        for (TileId tile = 0; tile < chip.tiles(); ++tile) {
            to_memory_.push_back(ways_.hops(tile, ways_.nearest_memory(tile)));
        }
    }

    void linear() { std::copy_n(tiles_.begin(), tile_of_.size(), tile_of_.begin()); }

    void greedy() {
        std::vector<TileId> free = tiles_;
        for (std::uint32_t core = 0; core < tile_of_.size(); ++core) {
            // Of tiles that cost the same the first, so that the result is one.
            const auto best = std::min_element(free.begin(), free.end(), [&](TileId a, TileId b) {
                return cost(core, a) < cost(core, b);
            });
            tile_of_[core] = *best;
            free.erase(best);
        }
    }

    /// Swaps the contents of two tiles at a time, one of which may be free; takes every swap that
    /// costs less, and one that costs more with the probability e^(-difference / temperature)
    /// (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983). Keeps the best placement it has seen.
    void anneal(std::uint64_t seed) {
        constexpr std::uint64_t kTriesPerTile = 400;
        constexpr double kColdest = 1e-3;  // of the first temperature
        Random random(seed);
        std::map<TileId, std::uint32_t> at;
        for (std::uint32_t core = 0; core < tile_of_.size(); ++core) {
            at[tile_of_[core]] = core;
        }
        std::vector<TileId> best = tile_of_;
        double change = 0.0;
        double best_change = 0.0;
        const std::uint64_t tries = kTriesPerTile * tiles_.size();
        const double hottest = mean_cost();
        for (std::uint64_t i = 0; i < tries; ++i) {
            const double temperature =
                hottest * std::pow(kColdest, static_cast<double>(i) / static_cast<double>(tries));
            const auto core = static_cast<std::uint32_t>(random.below(tile_of_.size()));
            const TileId from = tile_of_[core];
            const TileId to = tiles_[random.below(tiles_.size())];
            const double chance = random.uniform();
            if (to == from) {
                continue;
            }
            const auto there = at.find(to);
            const std::uint32_t other = there == at.end() ? core : there->second;
            const double before = cost(core, from) + (other == core ? 0.0 : cost(other, to));
            swap(core, other, from, to);
            // Both sums count the flow between the two, whose distance stays the same.
            const double after = cost(core, to) + (other == core ? 0.0 : cost(other, from));
            const double difference = after - before;
            if (difference > 0.0 && chance >= std::exp(-difference / temperature)) {
                swap(core, other, to, from);
                continue;
            }
            at.erase(from);
            at[to] = core;
            if (other != core) {
                at[from] = other;
            }
            change += difference;
            if (change < best_change) {
                best_change = change;
                best = tile_of_;
            }
        }
        tile_of_ = std::move(best);
    }

    std::vector<TileId> result() { return std::move(tile_of_); }

  private:
    /// Flits times links of all that a core on that tile exchanges with what has been placed.
    double cost(std::uint32_t core, TileId tile) const {
        double sum = traffic_.with_host[core] * ways_.hops(tile, host_) +
                     traffic_.with_memory[core] * to_memory_[tile];
        for (const CoreTraffic::Edge& edge : traffic_.with_cores[core]) {
            if (tile_of_[edge.other] != kNowhere) {
                sum += edge.flits * ways_.hops(tile, tile_of_[edge.other]);
            }
        }
        return sum;
    }

    double mean_cost() const {
        double sum = 0.0;
        for (std::uint32_t core = 0; core < tile_of_.size(); ++core) {
            sum += cost(core, tile_of_[core]);
        }
        return sum / static_cast<double>(tile_of_.size());
    }

    void swap(std::uint32_t core, std::uint32_t other, TileId from, TileId to) {
        if (other != core) {
            tile_of_[other] = from;
        }
        tile_of_[core] = to;
    }

    CoreTraffic traffic_;
    TileId host_;
    Ways ways_;
    std::vector<TileId> tiles_;
    std::vector<std::uint32_t> to_memory_;  // links from each tile to its nearest memory tile
    std::vector<TileId> tile_of_;           // of each core
};

constexpr Strategy kStrategies[] = {Strategy::linear, Strategy::greedy, Strategy::anneal};

}  // namespace

const char* name_of(Strategy strategy) {
    constexpr const char* kNames[] = {"linear", "greedy", "anneal"};
    return kNames[static_cast<std::size_t>(strategy)];
}

Strategy strategy_named(const std::string& name) {
    for (const Strategy strategy : kStrategies) {
        if (name == name_of(strategy)) {
            return strategy;
        }
    }
    throw InputError("strategy '" + name + "'; allowed are linear, greedy and anneal");
}

std::vector<TileId> place(const arch::Program& program, const CoreOfStage& cores,
                          const arch::ChipConfig& chip, const Activity& activity, Strategy strategy,
                          std::uint64_t seed) {
    Placer placer(core_traffic(program, cores, chip, activity), chip);
    if (strategy == Strategy::linear) {
        placer.linear();
    } else {
        placer.greedy();
    }
    if (strategy == Strategy::anneal) {
        placer.anneal(seed);
    }
    return placer.result();
}

}  // namespace spikeloom::workloads
