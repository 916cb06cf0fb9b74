// A list of every packet a network is given, and of when each was delivered.
#pragma once

#include "noc/network.hpp"
#include "noc/trace.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace spikeloom::noc {

/// Rows in the order in which the packets were admitted; a row's id is its place. A packet for
/// several nodes is retired when the last of them has it.
class PacketLog {
  public:
    void admitted(PacketId id, const Packet& packet, std::span<const NodeId> destinations);
    void delivered(Cycle cycle, std::span<const Delivery> deliveries);

    /// The place of a packet that has been admitted and is not delivered yet, or in this cycle.
    std::size_t number_of(PacketId id) const { return number_of_packet_[id]; }
    const std::vector<TraceRow>& rows() const { return rows_; }

  private:
    std::vector<TraceRow> rows_;
    std::vector<std::size_t> number_of_packet_;
};

}  // namespace spikeloom::noc
