// Bursts into packets and flits, and back.
#include "base/error.hpp"
#include "noc/packet_format.hpp"

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

TEST_CASE("a burst fills packets to the brim and the last as far as it goes", "[noc]") {
    // 4 flits of 32 bits, 32 of them header: 96 bits of payload, twelve units of 8 bits a packet.
    const PacketFormat format{32, 32, 4};
    const Burst burst(format, 8, 30);
    REQUIRE(burst.packets() == 3);
    CHECK(burst.flits(0) == 4);
    CHECK(burst.flits(1) == 4);
    CHECK(burst.flits(2) == 3);  // 6 units: 48 bits behind the header
    CHECK(burst.total_flits() == 11);
    CHECK(burst.units_of_packet(1).first == 12);
    CHECK(burst.units_of_packet(2).count == 6);
    // The header fills the head flit; then four units a flit.
    CHECK(burst.units_in_flit(0, 0).count == 0);
    CHECK(burst.units_in_flit(0, 1).first == 0);
    CHECK(burst.units_in_flit(0, 1).count == 4);
    CHECK(burst.units_in_flit(1, 3).first == 20);
    CHECK(burst.units_in_flit(1, 3).count == 4);
    CHECK(burst.units_in_flit(2, 2).first == 28);
    CHECK(burst.units_in_flit(2, 2).count == 2);
}

TEST_CASE("the head flit carries what its header leaves free", "[noc]") {
    const PacketFormat format{64, 32, 16};
    CHECK(format.header_flits() == 1);
    const Burst two(format, 16, 2);
    CHECK(two.packets() == 1);
    CHECK(two.flits(0) == 1);
    CHECK(two.units_in_flit(0, 0).count == 2);
    const Burst three(format, 16, 3);
    CHECK(three.flits(0) == 2);
    CHECK(three.units_in_flit(0, 1).first == 2);
    CHECK(three.units_in_flit(0, 1).count == 1);
}

TEST_CASE("a unit that straddles flits has arrived with the flit of its last bit", "[noc]") {
    // 12-bit units behind a 32-bit header in 32-bit flits: bits 0-11, 12-23, 24-35 of the payload
    // ...
    const Burst burst({32, 32, 8}, 12, 5);
    CHECK(burst.flits(0) == 3);  // 60 bits
    CHECK(burst.units_in_flit(0, 1).count == 2);
    CHECK(burst.units_in_flit(0, 2).first == 2);
    CHECK(burst.units_in_flit(0, 2).count == 3);
}

TEST_CASE("a header or a unit may be wider than a flit", "[noc]") {
    CHECK(PacketFormat{16, 32, 8}.header_flits() == 2);
    const Burst burst({16, 40, 8}, 24, 3);  // 128 bits: three units of 24 behind 40
    CHECK(burst.packets() == 1);
    CHECK(burst.flits(0) == 7);
    CHECK(burst.units_in_flit(0, 2).count == 0);
    CHECK(burst.units_in_flit(0, 3).count == 1);  // bit 63 is its last
    CHECK(burst.units_in_flit(0, 5).count == 1);  // bit 87
    CHECK(burst.units_in_flit(0, 6).count == 1);  // bit 111
}

TEST_CASE("nothing to send needs no packet", "[noc]") {
    const Burst burst({32, 32, 4}, 8, 0);
    CHECK(burst.packets() == 0);
    CHECK(burst.total_flits() == 0);
    CHECK(PacketFormat{32, 0, 4}.header_flits() == 1);  // a packet is a flit at the least
}

TEST_CASE("the flits of a burst bring every unit once and in order", "[noc]") {
    const int flit_bits = GENERATE(8, 32, 33, 128);
    const int header_bits = GENERATE(0, 20, 32, 64);
    const int longest = GENERATE(12, 100);
    const int unit_bits = GENERATE(1, 7, 8, 32, 31);
    const std::uint64_t units = GENERATE(1, 63, 1000);
    const Burst burst({flit_bits, header_bits, longest}, unit_bits, units);
    std::uint64_t next = 0;
    std::uint64_t flits = 0;
    bool in_order = true;
    for (std::uint64_t packet = 0; packet < burst.packets(); ++packet) {
        REQUIRE(burst.units_of_packet(packet).first == next);
        REQUIRE(burst.flits(packet) <= longest);
        REQUIRE(burst.flits(packet) >= 1);
        for (std::uint16_t flit = 0; flit < burst.flits(packet); ++flit) {
            const Burst::Units units_here = burst.units_in_flit(packet, flit);
            in_order = in_order && units_here.first == next;
            next += units_here.count;
            ++flits;
        }
        // No flit too many: the last one completes a unit.
        REQUIRE(
            burst.units_in_flit(packet, static_cast<std::uint16_t>(burst.flits(packet) - 1)).count >
            0);
    }
    CHECK(in_order);
    CHECK(next == units);
    CHECK(flits == burst.total_flits());
}

TEST_CASE("a format in which nothing fits is refused", "[noc]") {
    CHECK_THROWS_WITH(Burst({32, 32, 1}, 8, 1), Catch::Contains("does not hold"));
    CHECK_NOTHROW(Burst({40, 32, 1}, 8, 1));
    CHECK_THROWS_AS(Burst({0, 32, 1}, 8, 1), InputError);
    CHECK_THROWS_AS(Burst({32, 32, 40000}, 8, 1), InputError);
    CHECK_THROWS_AS(Burst({32, 32, 4}, 0, 1), InputError);
}

}  // namespace
}  // namespace spikeloom::noc
