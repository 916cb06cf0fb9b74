// Packets for several nodes: the trees they follow.
//
// A group is a set of nodes. A packet from a source to a group follows a tree: at every router the
// nodes still ahead are divided by the port that leads to each, and a copy leaves by every port
// that has some. So every node gets the packet once, whatever the routing. Trees are built once for
// each (source, group) that is used, as a chip's multicast tables are filled before it runs.
#pragma once

#include "noc/network.hpp"
#include "noc/routes.hpp"

#include <bit>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace spikeloom::noc {

class Multicast {
  public:
    explicit Multicast(const Routes& routes) : routes_(routes) {}

    /// InputError where the set is empty or a node does not exist. A node named twice counts once.
    GroupId add_group(std::span<const NodeId> nodes);
    std::size_t groups() const { return groups_.size(); }
    std::span<const NodeId> nodes_of(GroupId group) const { return groups_[group]; }

    /// The tree of a source and a group, built where it is not known. InputError where it has more
    /// branches than a flit can name.
    std::uint32_t tree(NodeId source, GroupId group);

    /// The ports by which a copy at a place of a tree leaves its router, a bit each.
    std::uint64_t ports(std::uint32_t tree, NodeId place) const {
        return branches_[tree + place].ports;
    }
    /// The place of the copy that leaves by a port.
    NodeId place_behind(std::uint32_t tree, NodeId place, int port) const {
        const Branch& branch = branches_[tree + place];
        const std::uint64_t before = branch.ports & ((std::uint64_t{1} << port) - 1);
        return branch.first_child + static_cast<NodeId>(std::popcount(before));
    }

  private:
    struct Branch {
        std::uint64_t ports;
        NodeId first_child;  // the places behind the ports that are links, in the ports' order
    };

    const Routes& routes_;
    std::vector<std::vector<NodeId>> groups_;
    std::vector<Branch> branches_;  // of all trees; the root of a tree is its first
    std::map<std::pair<NodeId, GroupId>, std::uint32_t> trees_;
};

}  // namespace spikeloom::noc
