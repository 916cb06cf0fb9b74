#include "noc/multicast.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace spikeloom::noc {

GroupId Multicast::add_group(std::span<const NodeId> nodes) {
    std::vector<NodeId> group(nodes.begin(), nodes.end());
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
    const std::uint32_t all = routes_.graph().nodes();
    if (group.empty() || group.back() >= all) {
        throw InputError("network: multicast group: found " +
                         (group.empty() ? "no node" : "node " + std::to_string(group.back())) +
                         "; allowed are one or more of the nodes 0 to " + std::to_string(all - 1));
    }
    groups_.push_back(std::move(group));
    return static_cast<GroupId>(groups_.size() - 1);
}

std::uint32_t Multicast::tree(NodeId source, GroupId group) {
    const auto [known, fresh] =
        trees_.try_emplace({source, group}, static_cast<std::uint32_t>(branches_.size()));
    if (!fresh) {
        return known->second;
    }
    constexpr std::size_t kMostPlaces = 65536;  // the destination field of a flit
    const Graph& graph = routes_.graph();
    struct Copy {
        RouterId at;
        std::vector<NodeId> ahead;
    };
    std::vector<Copy> copies = {{graph.attachment(source).router, groups_[group]}};
    std::vector<std::vector<NodeId>> by_port(kMostPorts);
    for (std::size_t place = 0; place < copies.size(); ++place) {
        const RouterId at = copies[place].at;
        Branch branch{0, static_cast<NodeId>(copies.size())};
        for (const NodeId node : copies[place].ahead) {
            const int port = routes_.branch_port(at, source, node);
            branch.ports |= std::uint64_t{1} << port;
            by_port[static_cast<std::size_t>(port)].push_back(node);
        }
        for (std::uint64_t left = branch.ports; left != 0; left &= left - 1) {
            const int port = std::countr_zero(left);
            const PortId next = graph.link(graph.port(at, port)).to;
            std::vector<NodeId>& ahead = by_port[static_cast<std::size_t>(port)];
            if (next != kNone) {
                copies.push_back({graph.router_of(next), std::move(ahead)});
            }
            ahead.clear();
        }
        branches_.push_back(branch);
    }
    if (copies.size() > kMostPlaces) {
        throw InputError("network: multicast: the tree from node " + std::to_string(source) +
                         " has " + std::to_string(copies.size()) + " branches; allowed are " +
                         std::to_string(kMostPlaces));
    }
    return known->second;
}

}  // namespace spikeloom::noc
