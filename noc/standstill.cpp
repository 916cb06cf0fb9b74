#include "noc/standstill.hpp"

#include <bit>
#include <map>
#include <utility>

namespace spikeloom::noc {

namespace {

std::string flits_wait(unsigned flits) {
    return std::to_string(flits) + (flits == 1 ? " flit waits" : " flits wait");
}

std::string line_of(const WaitingVc& vc, const Graph& graph) {
    const RouterId router = graph.router_of(vc.input);
    const std::string output = "output " + graph.name_of_port(router, graph.number_of(vc.output));
    return graph.name_of_router(router) + ", input " +
           graph.name_of_port(router, graph.number_of(vc.input)) + ", virtual channel " +
           std::to_string(vc.vc) + ": " + flits_wait(vc.flits) +
           (vc.owns ? " for a credit of " + output + ", virtual channel " +
                          std::to_string(std::countr_zero(vc.vcs))
                    : " for a virtual channel of " + output);
}

/// "node 3 (3, 0)" where a router is a node, else "node 3".
std::string name_of_node(NodeId node, const Fabric& fabric) {
    const Graph& graph = fabric.graph;
    const std::string name = "node " + std::to_string(node);
    const std::string router = graph.name_of_router(graph.attachment(node).router);
    const std::size_t place = router.find(" (");
    return graph.nodes() == graph.routers() && place != std::string::npos
               ? name + router.substr(place)
               : name;
}

using Key = std::pair<PortId, int>;  // an input channel

/// The input channels that one waits for.
std::vector<Key> waits_for(const WaitingVc& waiting, const Fabric& fabric, const Routers& routers) {
    std::vector<Key> result;
    const PortId behind = fabric.graph.link(waiting.output).to;
    for (std::uint32_t left = waiting.vcs; left != 0; left &= left - 1) {
        const int vc = std::countr_zero(left);
        const std::optional<InputVcName> owner = routers.owner(waiting.output, vc);
        if (!waiting.owns && owner) {
            result.emplace_back(owner->input, owner->vc);
        } else if (behind != kNone) {
            result.emplace_back(behind, vc);
        }
    }
    return result;
}

}  // namespace

std::optional<Blockage> find_blockage(const Fabric& fabric, const Routers& routers,
                                      const Interfaces& interfaces, const Sources& sources) {
    if (const std::vector<WaitingVc> waiting = routers.waiting(); !waiting.empty()) {
        const WaitingVc& first = waiting.front();
        return Blockage{fabric.graph.router_of(first.input), line_of(first, fabric.graph)};
    }
    for (NodeId node = 0; node < fabric.graph.nodes(); ++node) {
        if (const std::uint32_t shut = interfaces.shut(node); shut != 0) {
            const int vc = std::countr_zero(shut);
            return Blockage{node, name_of_node(node, fabric) + ", interface, virtual channel " +
                                      std::to_string(vc) + ": " +
                                      flits_wait(interfaces.ring(node, vc).visible) +
                                      " behind a closed gate"};
        }
    }
    for (NodeId node = 0; node < fabric.graph.nodes(); ++node) {
        if (const std::optional<int> blocked = sources.blocked_class(node)) {
            return Blockage{node, name_of_node(node, fabric) + ", source, class " +
                                      std::to_string(*blocked) + ": " +
                                      flits_wait(sources.waiting_flits(node, *blocked)) +
                                      " for a credit of input local"};
        }
    }
    return std::nullopt;
}

std::vector<std::string> find_wait_circle(const Fabric& fabric, const Routers& routers) {
    const std::vector<WaitingVc> waiting = routers.waiting();
    std::multimap<Key, std::size_t> by_channel;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        by_channel.emplace(Key{waiting[i].input, waiting[i].vc}, i);
    }
    const auto successors = [&](std::size_t at) {
        std::vector<std::size_t> result;
        for (const Key& next : waits_for(waiting[at], fabric, routers)) {
            const auto [first, last] = by_channel.equal_range(next);
            for (auto entry = first; entry != last; ++entry) {
                result.push_back(entry->second);
            }
        }
        return result;
    };
    // Depth first; the path is a chain of waits, each with those it has still to follow.
    enum class State { fresh, open, done };
    std::vector<State> state(waiting.size(), State::fresh);
    std::vector<std::pair<std::size_t, std::vector<std::size_t>>> path;
    for (std::size_t start = 0; start < waiting.size(); ++start) {
        for (bool fresh = state[start] == State::fresh; fresh || !path.empty(); fresh = false) {
            if (fresh) {
                state[start] = State::open;
                path.emplace_back(start, successors(start));
            }
            std::vector<std::size_t>& left = path.back().second;
            if (left.empty()) {
                state[path.back().first] = State::done;
                path.pop_back();
                continue;
            }
            const std::size_t next = left.back();
            left.pop_back();
            if (state[next] == State::fresh) {
                state[next] = State::open;
                path.emplace_back(next, successors(next));
            } else if (state[next] == State::open) {
                std::vector<std::string> lines;
                bool within = false;
                for (const auto& [at, unused] : path) {
                    within = within || at == next;
                    if (within) {
                        lines.push_back(line_of(waiting[at], fabric.graph));
                    }
                }
                return lines;
            }
        }
    }
    return {};
}

}  // namespace spikeloom::noc
