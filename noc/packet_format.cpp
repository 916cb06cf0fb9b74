#include "noc/packet_format.hpp"

#include "base/error.hpp"
#include "noc/network.hpp"

#include <algorithm>
#include <string>

namespace spikeloom::noc {

namespace {

std::uint64_t quotient_up(std::uint64_t a, std::uint64_t b) {
    return (a + b - 1) / b;
}

}  // namespace

int PacketFormat::header_flits() const {
    return std::max(1, (header_bits + flit_bits - 1) / flit_bits);
}

Burst::Burst(const PacketFormat& format, int unit_bits, std::uint64_t units)
    : flit_bits_(static_cast<std::uint64_t>(format.flit_bits)),
      header_bits_(static_cast<std::uint64_t>(format.header_bits)),
      unit_bits_(static_cast<std::uint64_t>(unit_bits)),
      units_(units),
      units_per_packet_(0),
      packets_(0) {
    if (format.flit_bits < 1 || format.header_bits < 0 || unit_bits < 1 ||
        format.max_packet_flits < 1 || format.max_packet_flits > kLongestPacket) {
        throw InputError("packet format: found flits of " + std::to_string(format.flit_bits) +
                         " bits, a header of " + std::to_string(format.header_bits) +
                         ", units of " + std::to_string(unit_bits) + ", packets of " +
                         std::to_string(format.max_packet_flits) +
                         " flits; allowed are at least 1, 0 and 1 bits, and 1 to " +
                         std::to_string(kLongestPacket) + " flits");
    }
    const std::uint64_t packet_bits =
        flit_bits_ * static_cast<std::uint64_t>(format.max_packet_flits);
    if (packet_bits < header_bits_ + unit_bits_) {
        throw InputError("packet format: a packet of " + std::to_string(packet_bits) +
                         " bits does not hold its header of " + std::to_string(header_bits_) +
                         " bits and one unit of " + std::to_string(unit_bits_));
    }
    units_per_packet_ = (packet_bits - header_bits_) / unit_bits_;
    packets_ = quotient_up(units_, units_per_packet_);
}

Burst::Units Burst::units_of_packet(std::uint64_t packet) const {
    const std::uint64_t first = packet * units_per_packet_;
    return {first, std::min(units_per_packet_, units_ - first)};
}

std::uint16_t Burst::flits(std::uint64_t packet) const {
    const std::uint64_t bits = header_bits_ + units_of_packet(packet).count * unit_bits_;
    return static_cast<std::uint16_t>(quotient_up(bits, flit_bits_));
}

std::uint64_t Burst::total_flits() const {
    return packets_ == 0 ? 0 : (packets_ - 1) * flits(0) + flits(packets_ - 1);
}

/// Units of a packet whose last bit lies in its first `flits` flits.
std::uint64_t Burst::complete_after(std::uint64_t packet, std::uint64_t flits) const {
    const std::uint64_t bits = flits * flit_bits_;
    const std::uint64_t complete = bits < header_bits_ ? 0 : (bits - header_bits_) / unit_bits_;
    return std::min(complete, units_of_packet(packet).count);
}

Burst::Units Burst::units_in_flit(std::uint64_t packet, std::uint16_t flit) const {
    const std::uint64_t before = complete_after(packet, flit);
    return {units_of_packet(packet).first + before,
            complete_after(packet, std::uint64_t{flit} + 1) - before};
}

}  // namespace spikeloom::noc
