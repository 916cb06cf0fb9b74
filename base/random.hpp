// A small, fast generator whose bits are the same on every machine and standard library.
#pragma once

#include <cmath>
#include <cstdint>

namespace spikeloom {

/// xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018),
/// seeded by splitmix64. The distributions are part of the class because the standard library's
/// differ between implementations, and a seed must give the same bits everywhere.
class Random {
  public:
    /// Streams of one seed are independent: give each source or worker its own.
    explicit Random(std::uint64_t seed, std::uint64_t stream = 0) {
        std::uint64_t x = seed + 0x632be59bd9b4e019ULL * (stream + 1);
        for (std::uint64_t& word : state_) {
            x += 0x9e3779b97f4a7c15ULL;
            std::uint64_t z = x;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
            word = z ^ (z >> 31);
        }
    }

    std::uint64_t next() {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    /// Uniform in [0, 1), 53 bits.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

    /// Uniform in {0, ..., bound - 1}; bound must not be 0. Unbiased by rejection.
    std::uint64_t below(std::uint64_t bound) {
        const std::uint64_t limit = -bound % bound;  // 2^64 mod bound
        std::uint64_t x = next();
        while (x < limit) {
            x = next();
        }
        return x % bound;
    }

    /// Standard normal, by Box and Muller's transform (one value a call, the sine half is not kept,
    /// so that the stream's position depends on the number of calls alone).
    double normal() {
        const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return radius * std::cos(6.283185307179586 * uniform());
    }

    struct State {
        std::uint64_t words[4];
    };
    State state() const { return {{state_[0], state_[1], state_[2], state_[3]}}; }
    void restore(const State& saved) {
        for (int i = 0; i < 4; ++i) {
            state_[i] = saved.words[i];
        }
    }

  private:
    static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
    std::uint64_t state_[4];
};

}  // namespace spikeloom
