// The way of one packet, told cycle by cycle.
#pragma once

#include "noc/fabric.hpp"
#include "noc/interfaces.hpp"
#include "noc/network.hpp"
#include "noc/routers.hpp"
#include "noc/sources.hpp"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::noc {

/// See Network::whereabouts.
std::vector<std::string> whereabouts(const Fabric& fabric, const Routers& routers,
                                     const Interfaces& interfaces, const Sources& sources,
                                     PacketId packet);

/// Follows the packet that is the `number`th to be admitted.
class Watch {
  public:
    explicit Watch(std::size_t number) : number_(number) {}

    /// A packet has been admitted.
    void admitted(std::size_t number, PacketId id);
    /// After every cycle while the packet is there: appends a line for each flit that is elsewhere,
    /// or waits for something else, than before.
    void look(const Network& network, Cycle cycle, std::span<const Delivery> deliveries);
    bool following() const { return following_; }
    const std::vector<std::string>& lines() const { return lines_; }

  private:
    std::size_t number_;
    PacketId id_ = kNone;
    bool following_ = false;
    std::vector<std::string> before_;  // by flit
    std::set<std::size_t> consumed_;   // flits of which a copy was
    std::vector<std::string> lines_;
};

}  // namespace spikeloom::noc
