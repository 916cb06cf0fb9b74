#include "models/tile_product.hpp"

#include "models/aligned_vector.hpp"

#if defined(__AMX_BF16__) && defined(__AVX512BF16__) && defined(__linux__)
#define SPIKELOOM_HAS_TILES
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>

namespace spikeloom::models::tiles {

std::size_t packed_size(std::size_t extent, std::size_t depth) {
    const auto blocks = [](std::size_t n) { return (n + kBlock - 1) / kBlock; };
    return blocks(extent) * blocks(depth) * kBlockSize;
}

#ifdef SPIKELOOM_HAS_TILES

namespace {

constexpr std::size_t kTile = 16;                        // rows of a tile; pairs in each
constexpr std::size_t kTileSize = 2 * kTile * kTile;     // numbers of a tile
constexpr std::size_t kPartSize = kBlock * kBlock;       // numbers of one part of a block
constexpr std::size_t kLeftRows = 128;                   // laid out at a time, ...
constexpr std::size_t kLeftBlocks = 16;                  // ... so that both factors' panels ...
constexpr std::size_t kLeftPanels = kLeftRows / kBlock;  // ... stay in the second-level cache

/// The shapes of the eight tile registers, as the instruction set lays them out.
struct alignas(kCacheLine) TileShapes {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// While it lives, this thread's tile registers are on.
class TileRegisters {
  public:
    TileRegisters() { _tile_loadconfig(&kShapes); }
    ~TileRegisters() { _tile_release(); }
    TileRegisters(const TileRegisters&) = delete;
    TileRegisters& operator=(const TileRegisters&) = delete;

  private:
    static constexpr TileShapes kShapes{};
};

/// Rounded to a bfloat16, which is the upper half of the bits.
__m512i rounded(__m512 x) {
    constexpr int kHalfUnit = 0x8000;
    constexpr int kUpperHalf = -0x10000;
    return _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(kHalfUnit)),
                            _mm512_set1_epi32(kUpperHalf));
}

/// The three parts of 2 x 16 floats, in pairs of one of `a` and its neighbour of `b`.
struct Parts {
    __m512i part[3];
};

Parts split(__m512 a, __m512 b) {
    Parts result;
    for (__m512i& part : result.part) {
        const __m512i lower = rounded(a);
        const __m512i upper = rounded(b);
        part = _mm512_or_si512(_mm512_srli_epi32(lower, 16), upper);
        a = _mm512_sub_ps(a, _mm512_castsi512_ps(lower));
        b = _mm512_sub_ps(b, _mm512_castsi512_ps(upper));
    }
    return result;
}

/// 16 x 16 pairs, rows for columns.
void transpose(__m512i (&rows)[kTile]) {
    __m512i other[kTile];
    for (std::size_t i = 0; i < kTile; i += 2) {
        other[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        other[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (std::size_t i = 0; i < kTile; i += 4) {
        rows[i] = _mm512_unpacklo_epi64(other[i], other[i + 2]);
        rows[i + 1] = _mm512_unpackhi_epi64(other[i], other[i + 2]);
        rows[i + 2] = _mm512_unpacklo_epi64(other[i + 1], other[i + 3]);
        rows[i + 3] = _mm512_unpackhi_epi64(other[i + 1], other[i + 3]);
    }
    constexpr int kEven = 0x88;  // quarters 0 and 2 of either source
    constexpr int kOdd = 0xdd;
    for (std::size_t i = 0; i < 4; ++i) {
        other[i] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], kEven);
        other[i + 4] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], kOdd);
        other[i + 8] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], kEven);
        other[i + 12] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], kOdd);
    }
    for (std::size_t i = 0; i < 4; ++i) {
        rows[i] = _mm512_shuffle_i32x4(other[i], other[i + 8], kEven);
        rows[i + 4] = _mm512_shuffle_i32x4(other[i + 4], other[i + 12], kEven);
        rows[i + 8] = _mm512_shuffle_i32x4(other[i], other[i + 8], kOdd);
        rows[i + 12] = _mm512_shuffle_i32x4(other[i + 4], other[i + 12], kOdd);
    }
}

/// 16 floats, those from `count` on zero.
__m512 load(const float* from, std::size_t count) {
    if (count >= kTile) {
        return _mm512_loadu_ps(from);
    }
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1U), from);
}

std::size_t left_of(std::size_t extent, std::size_t used) {
    return extent > used ? extent - used : 0;
}

/// One tile of each part: 16 of the factor's `extent` rows (left) or columns (right), 32 along its
/// depth; what lies beyond `extent` and `depth` is zero. A pair is 16 apart along the depth. A tile
/// of the left factor holds a row of pairs for each of its rows; one of the right factor, for each
/// pair, a row of its columns.
void pack_tile(const Factor& factor, bool left, std::size_t extent, std::size_t depth,
               std::uint16_t* to) {
    __m512i rows[3][kTile];
    for (std::size_t i = 0; i < kTile; ++i) {
        const float* const from = factor.data + i * factor.stride;
        const bool along = factor.depth_along_rows;
        const Parts parts =
            along ? split(load(from, i < extent ? depth : 0),
                          load(from + kTile, i < extent ? left_of(depth, kTile) : 0))
                  : split(load(from, i < depth ? extent : 0),
                          load(from + kTile * factor.stride, i + kTile < depth ? extent : 0));
        for (std::size_t p = 0; p < 3; ++p) {
            rows[p][i] = parts.part[p];
        }
    }
    for (std::size_t p = 0; p < 3; ++p) {
        if (factor.depth_along_rows != left) {
            transpose(rows[p]);
        }
        for (std::size_t i = 0; i < kTile; ++i) {
            _mm512_store_si512(to + p * kPartSize + i * kBlock, rows[p][i]);
        }
    }
}

/// One block: `first` is the first row or column, `first_depth` the first along the depth.
void pack_block(const Factor& factor, bool left, std::size_t first, std::size_t extent,
                std::size_t first_depth, std::size_t depth, std::uint16_t* to) {
    const std::size_t step = factor.depth_along_rows ? factor.stride : 1;
    const std::size_t depth_step = factor.depth_along_rows ? 1 : factor.stride;
    for (std::size_t tile = 0; tile < 2; ++tile) {
        const std::size_t at = first + tile * kTile;
        const Factor here{factor.data + at * step + first_depth * depth_step, factor.stride,
                          factor.depth_along_rows};
        pack_tile(here, left, left_of(extent, at), left_of(depth, first_depth),
                  to + tile * kTileSize);
    }
}

/// Tile registers 0 to 3 += a block of the left factor times one of the right, `count` times. The
/// order of the six products lets three of each factor's four changes of part be one load.
void multiply_blocks(const std::uint16_t* left, const std::uint16_t* right, std::size_t count) {
    const auto load_left = [&](std::size_t part) {
        _tile_loadd(4, left + part * kPartSize, 64);
        _tile_loadd(5, left + part * kPartSize + kTileSize, 64);
    };
    const auto load_right = [&](std::size_t part) {
        _tile_loadd(6, right + part * kPartSize, 64);
        _tile_loadd(7, right + part * kPartSize + kTileSize, 64);
    };
    const auto multiply_tiles = [] {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    };
    for (std::size_t k = 0; k < count; ++k, left += kBlockSize, right += kBlockSize) {
        load_left(2);
        load_right(0);
        multiply_tiles();  // the smallest terms first
        load_left(1);
        multiply_tiles();
        load_right(1);
        multiply_tiles();
        load_left(0);
        multiply_tiles();
        load_right(2);
        multiply_tiles();
        load_right(0);
        multiply_tiles();
    }
}

/// c[32, 32] = or += the product of two panels.
void multiply_panels(const std::uint16_t* left, const std::uint16_t* right, std::size_t count,
                     float* c, std::size_t stride, bool add) {
    // The compiler does not know that tile loads read memory: what was written comes before them.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    float* const low = c + kTile * stride;
    const std::size_t bytes = stride * sizeof(float);
    if (add) {
        _tile_loadd(0, c, bytes);
        _tile_loadd(1, c + kTile, bytes);
        _tile_loadd(2, low, bytes);
        _tile_loadd(3, low + kTile, bytes);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    multiply_blocks(left, right, count);
    _tile_stored(0, c, bytes);
    _tile_stored(1, c + kTile, bytes);
    _tile_stored(2, low, bytes);
    _tile_stored(3, low + kTile, bytes);
}

/// The same where c has fewer rows or columns.
void multiply_edge(const std::uint16_t* left, const std::uint16_t* right, std::size_t count,
                   std::size_t rows, std::size_t columns, float* c, std::size_t stride, bool add) {
    alignas(kCacheLine) float whole[kBlock * kBlock] = {};
    for (std::size_t i = 0; add && i < rows; ++i) {
        std::copy_n(c + i * stride, columns, whole + i * kBlock);
    }
    multiply_panels(left, right, count, whole, kBlock, add);
    for (std::size_t i = 0; i < rows; ++i) {
        std::copy_n(whole + i * kBlock, columns, c + i * stride);
    }
}

/// Asks Linux for the tile registers' state (arch_prctl, since 5.16).
bool request_tiles() {
    constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool available() {
    static const bool granted = request_tiles();
    return granted;
}

void pack_right(const Factor& right, std::size_t width, std::size_t depth, std::size_t first,
                std::size_t last, std::uint16_t* packed) {
    const std::size_t blocks = (depth + kBlock - 1) / kBlock;
    for (std::size_t block = first; block < last; ++block) {
        for (std::size_t panel = 0; panel * kBlock < width; ++panel) {
            pack_block(right, false, panel * kBlock, width, block * kBlock, depth,
                       packed + (panel * blocks + block) * kBlockSize);
        }
    }
}

void multiply(const Factor& left, std::size_t rows, const std::uint16_t* right, std::size_t width,
              std::size_t depth, float* c, std::size_t stride, bool add) {
    thread_local AlignedVector<std::uint16_t> packed(kLeftPanels * kLeftBlocks * kBlockSize);
    const TileRegisters on;
    const std::size_t blocks = (depth + kBlock - 1) / kBlock;
    for (std::size_t top = 0; top < rows; top += kLeftRows) {
        const std::size_t end = std::min(rows, top + kLeftRows);
        for (std::size_t block = 0; block < blocks; block += kLeftBlocks) {
            const std::size_t count = std::min(kLeftBlocks, blocks - block);
            for (std::size_t b = 0; b < count; ++b) {
                std::uint16_t* to = packed.data() + b * kBlockSize;
                for (std::size_t row = top; row < end; row += kBlock, to += count * kBlockSize) {
                    pack_block(left, true, row, rows, (block + b) * kBlock, depth, to);
                }
            }
            const bool add_here = add || block > 0;
            for (std::size_t column = 0; column < width; column += kBlock) {
                const std::uint16_t* const panel =
                    right + (column / kBlock * blocks + block) * kBlockSize;
                const std::uint16_t* from = packed.data();
                for (std::size_t row = top; row < end; row += kBlock, from += count * kBlockSize) {
                    float* const to_c = c + row * stride + column;
                    if (row + kBlock <= rows && column + kBlock <= width) {
                        multiply_panels(from, panel, count, to_c, stride, add_here);
                    } else {
                        multiply_edge(from, panel, count, std::min(kBlock, rows - row),
                                      std::min(kBlock, width - column), to_c, stride, add_here);
                    }
                }
            }
        }
    }
}

#else

bool available() {
    return false;
}

void pack_right(const Factor&, std::size_t, std::size_t, std::size_t, std::size_t, std::uint16_t*) {
}

void multiply(const Factor&, std::size_t, const std::uint16_t*, std::size_t, std::size_t, float*,
              std::size_t, bool) {}

#endif

}  // namespace spikeloom::models::tiles
