// The encoder's passes against windows worked out by hand and a twin stepped cycle by cycle.
#include "arch/encoder.hpp"
#include "base/random.hpp"
#include "tests/arch/small_chip.hpp"

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::tests;

namespace {

const noc::PacketFormat kFormat = {64, 64, 4};  // flit, header, longest packet

struct Encoded {
    Pass pass;
    std::uint64_t scans = 0;
    std::uint64_t truncations = 0;
};

Encoded encoded(Encoding encoding, std::uint32_t value_bits,
                const std::vector<std::int32_t>& values, std::uint32_t scan_width = 8,
                const noc::PacketFormat& format = kFormat) {
    Encoded result;
    const Output output =
        send(1, static_cast<std::uint32_t>(values.size()), encoding, value_bits, {{0, 0}});
    result.pass = encode(output, values, format, scan_width, result.scans, result.truncations);
    return result;
}

std::vector<std::int32_t> spikes_at(std::size_t length, const std::vector<std::size_t>& where) {
    std::vector<std::int32_t> values(length);
    for (const std::size_t i : where) {
        values[i] = 1;
    }
    return values;
}

using Cycles = std::vector<Cycle>;

/// The packer as a machine: in each cycle it moves events of the present window into the flit until
/// the flit is full or the window is empty.
Cycles packer_twin(const std::vector<std::int32_t>& values, std::uint32_t scan_width,
                   std::uint64_t event_bits, const noc::PacketFormat& format, Cycle& cycles) {
    std::vector<std::size_t> events;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] != 0) {
            events.push_back(i);
        }
    }
    const auto flit_bits = static_cast<std::uint64_t>(format.flit_bits);
    const std::uint64_t packet_bits =
        flit_bits * static_cast<std::uint64_t>(format.max_packet_flits);
    const std::size_t windows = (values.size() + scan_width - 1) / scan_width;
    Cycles written;
    std::size_t next = 0;             // event
    std::uint64_t in_packet = 0;      // bits packed of the open packet, header included; 0: none
    std::uint64_t flits_written = 0;  // of it
    std::size_t window = 0;
    Cycle cycle = 0;
    const auto full_flit = [&] { return in_packet / flit_bits > flits_written; };
    const auto close_if_full = [&] {
        if (in_packet + event_bits > packet_bits) {
            // Padding to the packet's end: what is left of its last flit is written as it is.
            in_packet = (in_packet + flit_bits - 1) / flit_bits * flit_bits;
        }
    };
    for (;; ++cycle) {
        bool wrote = false;
        while (true) {
            if (in_packet > 0 && full_flit()) {
                if (wrote) {
                    break;  // one flit a cycle: the rest waits for the next
                }
                written.push_back(cycle);
                wrote = true;
                ++flits_written;
                if (in_packet == flits_written * flit_bits &&
                    in_packet + event_bits > packet_bits) {
                    in_packet = flits_written = 0;
                }
                continue;
            }
            if (next < events.size() && events[next] / scan_width == window) {
                if (wrote) {
                    break;  // a flit went out: the next event belongs to the next cycle
                }
                in_packet =
                    (in_packet == 0 ? static_cast<std::uint64_t>(format.header_bits) : in_packet) +
                    event_bits;
                ++next;
                close_if_full();
                continue;
            }
            break;
        }
        const bool exhausted = (next == events.size() || events[next] / scan_width != window) &&
                               !(in_packet > 0 && full_flit());
        if (!exhausted) {
            continue;
        }
        if (window + 1 < windows) {
            ++window;
            continue;
        }
        if (in_packet > flits_written * flit_bits) {  // the last, unfilled flit
            if (wrote) {
                ++cycle;
            }
            written.push_back(cycle);
        }
        cycles = cycle + 1;
        return written;
    }
}

}  // namespace

TEST_CASE("a dense output is a flit a cycle, zeroes included", "[encoder]") {
    // 5 values of 16 bits and a header of 64: 144 bits, 3 flits.
    const Encoded dense = encoded(Encoding::dense, 16, {0, 1, -2, 0, 30000});
    CHECK(dense.pass.flits == Cycles{0, 1, 2});
    CHECK(dense.pass.cycles == 3);
    CHECK(dense.pass.burst->events() == 5);
    CHECK(dense.scans == 0);
    CHECK(dense.pass.burst->value(2) == -2);
    // A packet of 4 flits has room for 12 values; 13 need a second one of header and value.
    const Encoded two = encoded(Encoding::dense, 16, std::vector<std::int32_t>(13, 7));
    CHECK(two.pass.burst->layout.packets() == 2);
    CHECK(two.pass.cycles == 4 + 2);
}

TEST_CASE("a sparse output without events takes its scan and no flits", "[encoder]") {
    const Encoded none = encoded(Encoding::binary, 1, std::vector<std::int32_t>(17), 8);
    CHECK(none.pass.flits.empty());
    CHECK(none.pass.cycles == 3);  // windows of 8, 8 and 1
    CHECK(none.scans == 3);
}

TEST_CASE("flits of a sparse output are written when their window fills them", "[encoder]") {
    // The header takes flit 0, which is complete with the first event.
    SECTION("one event in the second of four windows") {
        const Encoded one = encoded(Encoding::binary, 1, spikes_at(32, {9}));
        CHECK(one.pass.flits == Cycles{1, 3});  // the header at once, the rest at the end
        CHECK(one.pass.cycles == 4);
    }
    SECTION("the last flit fills exactly in the first window") {
        // 4 addresses of 16 bits fill flit 1.
        const Encoded four = encoded(Encoding::binary, 1, spikes_at(32, {0, 1, 2, 3}));
        CHECK(four.pass.flits == Cycles{0, 1});
        CHECK(four.pass.cycles == 1 + 1 + 3);  // the window took two cycles, three follow
    }
    SECTION("a dense window takes as many cycles as it has flits") {
        const Encoded all = encoded(Encoding::binary, 1, spikes_at(8, {0, 1, 2, 3, 4, 5, 6, 7}));
        CHECK(all.pass.flits == Cycles{0, 1, 2});
        CHECK(all.pass.cycles == 3);
    }
    SECTION("graded events carry address and value") {
        const Encoded graded = encoded(Encoding::graded, 16, {0, -5, 0, 7, 9, 0, 0, 0});
        CHECK(graded.pass.burst->events() == 3);
        CHECK(graded.pass.burst->element(1) == 3);
        CHECK(graded.pass.burst->value(0) == -5);
        // 32 bits an event: flit 1 is full with the second, the third's half flit follows.
        CHECK(graded.pass.flits == Cycles{0, 1, 2});
    }
}

TEST_CASE("values that do not fit are cut to their bits, and counted", "[encoder]") {
    const Encoded cut = encoded(Encoding::dense, 8, {127, 128, -128, -129, 0});
    CHECK(cut.truncations == 2);
    CHECK(cut.pass.burst->value(0) == 127);
    CHECK(cut.pass.burst->value(1) == -128);
    CHECK(cut.pass.burst->value(2) == -128);
    CHECK(cut.pass.burst->value(3) == 127);
    const Encoded bits = encoded(Encoding::binary, 1, {0, 1, 2, 3});
    CHECK(bits.truncations == 2);
    CHECK(bits.pass.burst->events() == 2);
}

TEST_CASE("the encoder keeps the cycles of a packer stepped cycle by cycle", "[encoder]") {
    const auto seed = GENERATE(range(1, 120));
    Random random(static_cast<std::uint64_t>(seed));
    const auto length = 1 + static_cast<std::size_t>(random.below(200));
    const auto scan_width = 1 + static_cast<std::uint32_t>(random.below(40));
    const noc::PacketFormat format = {random.below(2) == 0 ? 64 : 32, 64,
                                      6 + static_cast<int>(random.below(8))};
    const std::uint64_t density = 1 + random.below(20);
    std::vector<std::int32_t> values(length);
    for (std::int32_t& value : values) {
        value = random.below(density) == 0 ? 1 : 0;
    }
    const bool graded = random.below(2) == 0;
    const std::uint32_t value_bits = graded ? 2 + static_cast<std::uint32_t>(random.below(15)) : 1;
    const Encoded result = encoded(graded ? Encoding::graded : Encoding::binary, value_bits, values,
                                   scan_width, format);
    Cycle cycles = 0;
    const std::uint32_t bits = event_bits(graded ? Encoding::graded : Encoding::binary, value_bits);
    CHECK(result.pass.flits == packer_twin(values, scan_width, bits, format, cycles));
    CHECK(result.pass.cycles == cycles);
    CHECK(result.pass.flits.size() == result.pass.burst->layout.total_flits());
}
