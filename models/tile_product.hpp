// Matrix products of float32 on the processor's tile unit (Intel AMX), which multiplies bfloat16.
//
// A float32 is the exact sum of three bfloat16: the nearest one, the nearest to what is left, and
// the rest. Of the nine products of two such sums the six that reach a float32's last place are
// made, and summed in float32 (Henry, Tang, Heinecke: "Leveraging the bfloat16 Artificial
// Intelligence Datatype For Higher-Precision Computations", ARITH 2019). The error is that of a
// float32 product, for magnitudes between 1e-33 and 3e38; parts below 1e-38 count as zero.
//
// Both factors are first laid out in panels: 32 rows of the left one, or 32 columns of the right
// one, cut into blocks of 32 along the depth (the extent that is summed over), each block three
// parts of two 16 x 16 tiles of pairs. What does not fill a block is padded with zeros. An
// element's sum runs along the depth in one order, so its bits depend on its row, its column and
// nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spikeloom::models::tiles {

/// Rows, columns and depth of a block.
constexpr std::size_t kBlock = 32;
/// Numbers in a block: three parts of each element.
constexpr std::size_t kBlockSize = 3 * kBlock * kBlock;

/// Compiled in, there, and granted by the operating system. Nothing else here may be called
/// otherwise.
bool available();

/// A factor as it lies in memory. Element (i, k) of the left factor, or (k, j) of the right one, is
/// data[i * stride + k], or data[k * stride + i] where the depth lies across the rows of memory.
struct Factor {
    const float* data;
    std::size_t stride;
    bool depth_along_rows;
};

/// Numbers of a laid-out factor.
std::size_t packed_size(std::size_t extent, std::size_t depth);

/// Lays out the blocks first <= block < last along the depth of all panels of a right factor.
void pack_right(const Factor& right, std::size_t width, std::size_t depth, std::size_t first,
                std::size_t last, std::uint16_t* packed);

/// c = left * right, or c += that; c is [rows, width] with `stride` floats a row.
void multiply(const Factor& left, std::size_t rows, const std::uint16_t* right, std::size_t width,
              std::size_t depth, float* c, std::size_t stride, bool add);

}  // namespace spikeloom::models::tiles
