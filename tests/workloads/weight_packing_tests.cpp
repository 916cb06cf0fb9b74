#include "workloads/weight_packing.hpp"

#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

TEST_CASE("weights are packed from bit 0 upwards, least significant bit first") {
    // 3-bit weights 1, -1, 2, -4 = 001, 111, 010, 100 -> bits 001 111 010 100, from the low end:
    // byte 0 = 10 111 001, byte 1 = 1000 0 -> 0b10111001, 0b1000.
    const std::vector<std::int16_t> weights = {1, -1, 2, -4};
    std::vector<std::uint8_t> row(2);
    pack(weights, 3, row);
    CHECK(row == std::vector<std::uint8_t>{0b10111001, 0b1000});
}

TEST_CASE("a wide weight straddles three bytes") {
    // 15-bit weights: the second begins at bit 15 and ends at bit 29.
    const std::vector<std::int16_t> weights = {0, -1};
    std::vector<std::uint8_t> row(4);
    pack(weights, 15, row);
    CHECK(row == std::vector<std::uint8_t>{0x00, 0x80, 0xff, 0x3f});
}

TEST_CASE("an axon's row holds the weights of its column for a run of the matrix's rows") {
    models::QuantisedMatrix matrix;
    matrix.rows = 4;
    matrix.columns = 2;
    matrix.weight_bits = 4;
    matrix.weights = {0,  1,  // row 0
                      2,  3,  // row 1
                      -8, 7,  // row 2
                      5,  -1};
    const PackedRows packed = pack_axon_major(matrix, 1, 3);
    CHECK(packed.stride == 2);
    // axon 0: 2, -8, 5; axon 1: 3, 7, -1
    CHECK(packed.bytes == std::vector<std::uint8_t>{0x82, 0x05, 0x73, 0x0f});
}

TEST_CASE("bits are packed eight to a byte, each row from a whole byte on") {
    const std::vector<std::int16_t> table = {1, 0, 0, 0, 0, 0, 0, 0, 1,  //
                                             0, 1, 1, 0, 0, 0, 0, 1, 0};
    const PackedRows packed = pack_table(table, 9, 1);
    CHECK(packed.stride == 2);
    CHECK(packed.bytes == std::vector<std::uint8_t>{0x01, 0x01, 0x86, 0x00});
}

TEST_CASE("a graded embedding's rows are bytes in two's complement") {
    const std::vector<std::int16_t> table = {1, -1, -128, 127, 0, 5};
    const PackedRows packed = pack_table(table, 3, 8);
    CHECK(packed.stride == 3);
    CHECK(packed.bytes == std::vector<std::uint8_t>{0x01, 0xff, 0x80, 0x7f, 0x00, 0x05});
}

}  // namespace
}  // namespace spikeloom::workloads
