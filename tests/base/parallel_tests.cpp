#include "base/error.hpp"
#include "base/files.hpp"
#include "base/parallel.hpp"
#include "base/random.hpp"

#include <atomic>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom {
namespace {

TEST_CASE("every chunk runs exactly once, whatever the number of threads") {
    Workers workers(GENERATE(1, 2, 5));
    for (int round = 0; round < 200; ++round) {
        std::vector<std::atomic<int>> runs(37);
        workers.run(runs.size(), [&](std::size_t chunk) { ++runs[chunk]; });
        for (const auto& count : runs) {
            REQUIRE(count == 1);
        }
    }
}

TEST_CASE("a chunk's exception reaches the caller, and the workers go on") {
    Workers workers(3);
    CHECK_THROWS_AS(workers.run(8,
                                [](std::size_t chunk) {
                                    if (chunk == 5) {
                                        throw std::runtime_error("chunk 5");
                                    }
                                }),
                    std::runtime_error);
    std::atomic<int> runs = 0;
    workers.run(4, [&](std::size_t) { ++runs; });
    CHECK(runs == 4);
}

TEST_CASE("the generator gives the published stream of xoshiro256** for its state") {
    // First outputs for the state {1, 2, 3, 4}, worked by hand from the algorithm's definition:
    // rotl(2 * 5, 7) * 9 = 11520; the state then is {7, 0, 262146, 6 << 45}, and rotl(0) * 9 = 0.
    Random random(0);
    random.restore({{1, 2, 3, 4}});
    CHECK(random.next() == 11520);
    CHECK(random.next() == 0);
}

TEST_CASE("uniform, bounded and normal numbers have the moments of their distributions") {
    Random random(7);
    double sum = 0.0;
    double normal_sum = 0.0;
    double normal_squares = 0.0;
    std::vector<int> counts(6);
    constexpr int kDraws = 60000;
    for (int i = 0; i < kDraws; ++i) {
        const double u = random.uniform();
        REQUIRE((u >= 0.0 && u < 1.0));
        sum += u;
        ++counts[random.below(6)];
        const double n = random.normal();
        normal_sum += n;
        normal_squares += n * n;
    }
    // Five standard errors.
    CHECK(std::abs(sum / kDraws - 0.5) < 5 * 0.2887 / std::sqrt(kDraws));
    CHECK(std::abs(normal_sum / kDraws) < 5 / std::sqrt(kDraws));
    CHECK(std::abs(normal_squares / kDraws - 1.0) < 5 * 1.4142 / std::sqrt(kDraws));
    for (const int count : counts) {
        CHECK(std::abs(count - kDraws / 6) < 5 * std::sqrt(kDraws * 5.0 / 36.0));
    }
}

TEST_CASE("a file appears whole, and a folder in its place is an error that names it") {
    const auto folder = std::filesystem::temp_directory_path() / "spikeloom-files-test";
    std::filesystem::remove_all(folder);
    write_file(folder / "deep" / "a.txt", "abc");
    write_file(folder / "deep" / "a.txt", "abcd");
    CHECK(read_file(folder / "deep" / "a.txt") == "abcd");
    CHECK(std::distance(std::filesystem::directory_iterator(folder / "deep"), {}) == 1);
    CHECK_THROWS_AS(read_file(folder / "none"), InputError);
    CHECK_THROWS_AS(read_file(folder / "deep"), InputError);
    CHECK_THROWS_AS(write_file(folder / "deep" / "a.txt" / "b", "x"), InputError);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spikeloom
