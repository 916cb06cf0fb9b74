// How a burst of equal units, opaque to the network, is laid into packets and flits.
//
// A packet is a stream of bits cut into flits: the header first, then unit after unit without gaps.
// The head flit carries payload in what the header leaves free, and a unit may straddle flits; it
// has arrived with the flit that holds its last bit.
#pragma once

#include <cstdint>

namespace spikeloom::noc {

struct PacketFormat {
    int flit_bits = 32;
    int header_bits = 32;
    int max_packet_flits = 16;

    /// Flits of a packet without payload.
    int header_flits() const;
};

/// The layout of a burst of `units` units of `unit_bits` each: packets as long as the format
/// allows, the last as short as the rest needs. A burst of no units has no packets.
class Burst {
  public:
    /// A range of the burst's units.
    struct Units {
        std::uint64_t first;
        std::uint64_t count;
    };

    /// Throws InputError where not even one unit fits a packet of the format, or the format makes
    /// no sense.
    Burst(const PacketFormat& format, int unit_bits, std::uint64_t units);

    std::uint64_t packets() const { return packets_; }
    /// Flits of packet `packet`, in [0, packets()).
    std::uint16_t flits(std::uint64_t packet) const;
    /// Flits of all packets.
    std::uint64_t total_flits() const;
    Units units_of_packet(std::uint64_t packet) const;
    /// The units that are complete with flit `flit` of packet `packet`, and were not before.
    Units units_in_flit(std::uint64_t packet, std::uint16_t flit) const;

  private:
    std::uint64_t complete_after(std::uint64_t packet, std::uint64_t flits) const;

    std::uint64_t flit_bits_;
    std::uint64_t header_bits_;
    std::uint64_t unit_bits_;
    std::uint64_t units_;
    std::uint64_t units_per_packet_;
    std::uint64_t packets_;
};

}  // namespace spikeloom::noc
