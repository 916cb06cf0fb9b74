// What is due in which cycle, against a plain multimap.
#include "base/random.hpp"
#include "noc/wakes.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

TEST_CASE("everything wakes in its cycle, near or far, and the next cycle is known", "[noc]") {
    Random random(11);
    Wakes wakes;
    std::multimap<Cycle, std::uint32_t> expected;
    Cycle now = 0;
    for (std::uint32_t what = 0; what < 4000; ++what) {
        // Around the 64 cycles that are near, and far beyond.
        const Cycle ahead = 1 + random.below(what % 3 == 0 ? 1000 : 130);
        wakes.add(now + ahead, now, what);
        expected.emplace(now + ahead, what);
        const Cycle next = expected.begin()->first;
        REQUIRE(wakes.next(now) == next);
        now = random.below(4) == 0 ? next : std::min(next, now + random.below(3));
        std::vector<std::uint32_t> woken;
        wakes.turn(now, [&](std::uint32_t who) { woken.push_back(who); });
        std::vector<std::uint32_t> due;
        for (auto it = expected.begin(); it != expected.end() && it->first == now;) {
            due.push_back(it->second);
            it = expected.erase(it);
        }
        std::sort(woken.begin(), woken.end());
        std::sort(due.begin(), due.end());
        REQUIRE(woken == due);
    }
}

TEST_CASE("who wakes may name a later cycle, and where nothing is due there is none", "[noc]") {
    Wakes wakes;
    CHECK(wakes.next(5) == kNever);
    wakes.add(6, 5, 1);
    int woken = 0;
    for (Cycle now = 6; now <= 6 + 3 * 64; now += 64) {
        REQUIRE(wakes.next(now) == now);
        wakes.turn(now, [&](std::uint32_t who) {
            ++woken;
            wakes.add(now + 64, now, who);  // the same place of the ring, a turn later
        });
    }
    CHECK(woken == 4);
}

}  // namespace
}  // namespace spikeloom::noc
