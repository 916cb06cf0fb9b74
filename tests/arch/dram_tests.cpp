// DRAM timing: every rule at its edge, by the numbers of the standards; latency and bandwidth of
// the shipped devices; what the controller does with a queue.
#include "arch/dram_channel.hpp"
#include "arch/dram_controller.hpp"
#include "base/random.hpp"
#include "base/schema.hpp"

#include <functional>
#include <map>
#include <string>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::arch;
using Command = DramChannel::Command;

namespace {

/// The defaults: LPDDR4-3200 x16, whose gaps between commands stand as one number each in DRAMSys'
/// checker. `start` below is the cycle in which a command begins, as there.
DramConfig lpddr4() {
    DramConfig config;
    config.refi = 0;
    return config;
}

DramConfig device(const std::string& name) {
    return schema::read_file<DramConfig>(std::string(SPIKELOOM_SOURCE_DIR) + "/configs/dram/" +
                                         name + ".yaml");
}

/// Not in cycle n - 1, yes in cycle n.
void check_edge(const DramChannel& channel, Command command, std::uint32_t bank, DramClock n) {
    CHECK(channel.earliest(command, bank) == n);
    DramChannel early = channel;
    CHECK_THROWS_AS(early.issue(command, bank, 0, n - 1), std::logic_error);
    DramChannel in_time = channel;
    CHECK_NOTHROW(in_time.issue(command, bank, 0, n));
}

constexpr DramClock kLater = 1000;  // everything before has worn off

/// A channel whose banks 0 to 3 have been open for long.
DramChannel opened(const DramConfig& config) {
    DramChannel channel(config);
    for (std::uint32_t bank = 0; bank < 4; ++bank) {
        channel.issue(Command::activate, bank, 0, 100 * bank);
    }
    return channel;
}

}  // namespace

TEST_CASE("LPDDR4: every gap between two commands at its edge", "[dram]") {
    DramChannel channel = opened(lpddr4());
    SECTION("activate to read: RCD 29") {
        channel.issue(Command::activate, 5, 0, kLater);
        check_edge(channel, Command::read, 5, kLater + 29);
        check_edge(channel, Command::write, 5, kLater + 29);
    }
    SECTION("activate to precharge: RAS 68, and the activate is two cycles longer") {
        channel.issue(Command::activate, 5, 0, kLater);
        check_edge(channel, Command::precharge, 5, kLater + 70);
    }
    SECTION("activate to activate of another bank: RRD 16") {
        channel.issue(Command::activate, 5, 0, kLater);
        check_edge(channel, Command::activate, 6, kLater + 16);
    }
    SECTION("activate to activate of the same bank: RC 97") {
        channel.issue(Command::activate, 5, 0, kLater);
        channel.issue(Command::precharge, 5, 0, kLater + 70);
        check_edge(channel, Command::activate, 5, kLater + 97);
    }
    SECTION("a fifth activate waits for FAW") {
        DramConfig config = lpddr4();
        config.faw = 100;
        DramChannel fresh(config);
        for (std::uint32_t bank = 0; bank < 4; ++bank) {
            fresh.issue(Command::activate, bank, 0, 16 * bank);
        }
        check_edge(fresh, Command::activate, 4, 100);
        fresh.issue(Command::activate, 4, 0, 100);
        check_edge(fresh, Command::activate, 5, 116);
    }
    SECTION("read to read and write to write: CCD 8") {
        channel.issue(Command::read, 0, 0, kLater);
        check_edge(channel, Command::read, 1, kLater + 8);
        DramChannel other = opened(lpddr4());
        other.issue(Command::write, 0, 0, kLater);
        check_edge(other, Command::write, 1, kLater + 8);
    }
    SECTION("read to write: RL 28 + DQSCK 6 + burst 8 - WL 14 + WPRE 2 + RPST 0") {
        channel.issue(Command::read, 0, 0, kLater);
        check_edge(channel, Command::write, 1, kLater + 30);
    }
    SECTION("write to read: WL 14 + 1 + burst 8 + WTR 16") {
        channel.issue(Command::write, 0, 0, kLater);
        check_edge(channel, Command::read, 1, kLater + 39);
    }
    SECTION("read to precharge: RTP 12 + burst 8 - 6") {
        channel.issue(Command::read, 0, 0, kLater);
        check_edge(channel, Command::precharge, 0, kLater + 14);
    }
    SECTION("write to precharge: WL 14 + 3 + burst 8 + WR 29") {
        channel.issue(Command::write, 0, 0, kLater);
        check_edge(channel, Command::precharge, 0, kLater + 54);
    }
    SECTION("read with auto-precharge to activate: RTP 12 + RPpb 29 + burst 8 - 8") {
        channel.issue(Command::read, 0, 0, kLater, true);
        check_edge(channel, Command::activate, 0, kLater + 41);
    }
    SECTION("write with auto-precharge to activate: WL 14 + burst 8 + WR 29 + 1 + RPpb 29") {
        channel.issue(Command::write, 0, 0, kLater, true);
        check_edge(channel, Command::activate, 0, kLater + 81);
    }
    SECTION("precharge to activate: RPpb 29 - 2; to another precharge: PPD 4") {
        channel.issue(Command::precharge, 0, 0, kLater);
        check_edge(channel, Command::activate, 0, kLater + 27);
        check_edge(channel, Command::precharge, 1, kLater + 4);
    }
    SECTION("precharge of all banks to activate: RPab 34 - 2, to refresh: RPab 34") {
        channel.issue(Command::precharge_all, 0, 0, kLater);
        check_edge(channel, Command::activate, 7, kLater + 32);
        check_edge(channel, Command::refresh_all, 0, kLater + 34);
    }
    SECTION("refresh of all banks to activate: RFCab 448 - 2, to the next: RFCab 448") {
        channel.issue(Command::precharge_all, 0, 0, kLater);
        channel.issue(Command::refresh_all, 0, 0, kLater + 34);
        check_edge(channel, Command::activate, 3, kLater + 34 + 446);
        check_edge(channel, Command::refresh_all, 0, kLater + 34 + 448);
    }
    SECTION("refresh of one bank to its activate: RFCpb 224 - 2, to another's: RRD 16 - 2") {
        channel.issue(Command::refresh_bank, 5, 0, kLater);
        check_edge(channel, Command::activate, 5, kLater + 222);
        check_edge(channel, Command::activate, 6, kLater + 14);
        check_edge(channel, Command::refresh_bank, 6, kLater + 224);
    }
    SECTION("the command bus is taken for four cycles") {
        channel.issue(Command::activate, 5, 0, kLater);
        check_edge(channel, Command::read, 0, kLater + 4);
        check_edge(channel, Command::precharge, 0, kLater + 4);
    }
    SECTION("clock enable: CKE 12 low at least, commands XP 12 or XSR 460 after it") {
        channel.sleep(kLater, false);
        channel.wake(kLater + 5);  // comes too early
        check_edge(channel, Command::read, 0, kLater + 12 + 12);
        DramChannel empty(lpddr4());
        empty.sleep(kLater, true);
        empty.wake(2 * kLater);
        check_edge(empty, Command::activate, 0, 2 * kLater + 460);
    }
}

TEST_CASE("bank groups: the long gap within one, the short one between two", "[dram]") {
    DramConfig config = device("ddr4-2400");
    config.refi = 0;
    const std::uint32_t same = 1;   // 4 banks a group
    const std::uint32_t other = 4;  // the first of the next group
    DramChannel channel(config);
    channel.issue(Command::activate, 0, 0, 0);
    check_edge(channel, Command::activate, same, 5);   // RRD_L
    check_edge(channel, Command::activate, other, 4);  // RRD_S
    channel.issue(Command::activate, other, 0, 4);
    channel.issue(Command::activate, same, 0, 20);
    SECTION("reads: CCD_L 6 and CCD_S 4") {
        channel.issue(Command::read, 0, 0, kLater);
        check_edge(channel, Command::read, same, kLater + 6);
        check_edge(channel, Command::read, other, kLater + 4);
    }
    SECTION("a read after a write: WL 16 + burst 4 + WTR_L 9 or WTR_S 3") {
        channel.issue(Command::write, 0, 0, kLater);
        check_edge(channel, Command::read, same, kLater + 29);
        check_edge(channel, Command::read, other, kLater + 23);
    }
    SECTION("a write after a read: RL 16 + burst 4 + 2 - WL 16") {
        channel.issue(Command::read, 0, 0, kLater);
        check_edge(channel, Command::write, other, kLater + 6);
    }
}

TEST_CASE("HBM2: a write may follow its activate sooner than a read", "[dram]") {
    DramConfig config = device("hbm2");
    config.refi = 0;
    DramChannel channel(config);
    channel.issue(Command::activate, 0, 0, kLater);
    check_edge(channel, Command::write, 0, kLater + 6);
    check_edge(channel, Command::read, 0, kLater + 12);
    channel.issue(Command::read, 0, 0, kLater + 12);
    check_edge(channel, Command::write, 0, kLater + 12 + 18);  // RTW
}

namespace {

/// A controller that is fed as fast as it takes requests; keeps when each was served.
struct Feeder {
    explicit Feeder(const DramConfig& configured) : config(configured), controller(configured) {}

    void ask(std::uint64_t address, std::uint32_t bytes, DramClock now, bool write = false) {
        REQUIRE(controller.has_room());
        controller.accept({asked++, address, bytes, write}, now);
    }
    /// Gives commands until nothing waits; responses are taken at once.
    void drain() {
        while (controller.next_command() != kNoClock) {
            step();
        }
    }
    void step() {
        const DramClock now = controller.next_command();
        if (const auto served = controller.give()) {
            order.push_back(served->id);
            end[served->id] = served->end;
            controller.release(served->id);
        }
        if (controller.next_command() <= now) {
            FAIL("two commands in one cycle");
        }
    }

    DramConfig config;
    DramController controller;
    std::uint64_t asked = 0;
    std::vector<std::uint64_t> order;
    std::map<std::uint64_t, DramClock> end;
};

constexpr std::uint64_t kRow = 2048;                // LPDDR4: bytes of a row
constexpr std::uint64_t kSameBank = 8 * kRow;       // the next row of the same bank
constexpr DramClock kClosed = 3 + 29 + 28 + 6 + 8;  // command's length, RCD, RL, DQSCK, burst

}  // namespace

TEST_CASE("the latency of a single burst is the formula's, on every shipped device", "[dram]") {
    const std::string name = GENERATE("lpddr4-3200", "ddr4-2400", "lpddr5-6400", "hbm2");
    CAPTURE(name);
    DramConfig config = device(name);
    config.refi = 0;
    const DramClock data = config.rl + config.dqsck + config.burst_cycles();
    Random random(1);
    for (int i = 0; i < 50; ++i) {
        Feeder feeder(config);
        const std::uint64_t address = random.below(config.bytes() / 64) * 64;
        const DramClock start = random.below(5000);
        feeder.ask(address, config.burst_bytes(), start);
        feeder.drain();
        // Bank closed: the activate's edge, tRCD, the read's data.
        CHECK(feeder.end[0] == start + config.activate_cycles - 1 + config.rcd + data);
        feeder.ask(address, config.burst_bytes(), start + 1000);
        feeder.drain();
        // Row open: the read's edge and its data.
        CHECK(feeder.end[1] == start + 1000 + config.access_cycles - 1 + data);
        const std::uint64_t row = config.page_bytes() * config.banks;
        feeder.ask(address < row ? address + row : address - row, config.burst_bytes(),
                   start + 2000);
        feeder.drain();
        // Another row of the bank: the precharge's edge, tRP, tRCD, the read's data.
        CHECK(feeder.end[2] ==
              start + 2000 + config.precharge_cycles - 1 + config.rp + config.rcd + data);
    }
}

TEST_CASE("a stream reaches nine tenths of the pins' bandwidth, refresh included", "[dram]") {
    const std::string name = GENERATE("lpddr4-3200", "ddr4-2400", "lpddr5-6400", "hbm2");
    const bool write = GENERATE(false, true);
    const auto scheduling = GENERATE(DramScheduling::fcfs, DramScheduling::fr_fcfs);
    CAPTURE(name, write);
    DramConfig config = device(name);
    config.scheduling = scheduling;
    Feeder feeder(config);
    constexpr std::uint32_t kBytes = 256;
    constexpr std::uint64_t kRequests = 8000;
    DramClock now = 0;
    while (feeder.asked < kRequests) {
        while (feeder.controller.has_room() && feeder.asked < kRequests) {
            feeder.ask(feeder.asked * kBytes, kBytes, now, write);
        }
        now = feeder.controller.next_command();
        feeder.step();
    }
    feeder.drain();
    const DramCounts counts = feeder.controller.counts(feeder.end[kRequests - 1]);
    CHECK(counts.refreshes >= 5);
    const double seconds = static_cast<double>(feeder.end[kRequests - 1]) * config.clock_ps * 1e-12;
    CHECK(kRequests * kBytes / seconds > 0.9 * config.peak_bandwidth());
    CHECK(kRequests * kBytes / seconds < config.peak_bandwidth());
}

TEST_CASE("refresh of one bank at a time costs a stream less than one of all", "[dram]") {
    DramConfig config = device("lpddr4-3200");
    const auto last_end = [&](DramRefresh refresh) {
        config.refresh = refresh;
        Feeder feeder(config);
        DramClock now = 0;
        while (feeder.asked < 1500) {
            while (feeder.controller.has_room() && feeder.asked < 1500) {
                feeder.ask(feeder.asked * 256, 256, now);
            }
            now = feeder.controller.next_command();
            feeder.step();
        }
        feeder.drain();
        return feeder.end.at(1499);
    };
    const DramClock all = last_end(DramRefresh::all_banks);
    const DramClock one = last_end(DramRefresh::one_bank);
    CHECK(one < all * 97 / 100);
}

TEST_CASE("fcfs serves in order, fr_fcfs the open row first", "[dram]") {
    DramConfig config = lpddr4();
    SECTION("fcfs") {
        config.scheduling = DramScheduling::fcfs;
        Feeder feeder(config);
        feeder.ask(0, 32, 0);
        feeder.ask(kSameBank, 32, 0);
        feeder.ask(64, 32, 0);
        feeder.drain();
        CHECK(feeder.order == std::vector<std::uint64_t>{0, 1, 2});
        CHECK(feeder.controller.counts(0).activates == 3);
    }
    SECTION("fr_fcfs") {
        Feeder feeder(config);
        feeder.ask(0, 32, 0);
        feeder.ask(kSameBank, 32, 0);
        feeder.ask(64, 32, 0);
        feeder.drain();
        CHECK(feeder.order == std::vector<std::uint64_t>{0, 2, 1});
        CHECK(feeder.end[2] == kClosed + 8);
        // The row is closed 14 cycles after the last read, at 29 + 8, but not before 70.
        CHECK(feeder.end[1] == 70 + 1 + 29 + 29 + 28 + 6 + 8);
        CHECK(feeder.controller.counts(0).activates == 2);
    }
    SECTION("fr_fcfs does not let the oldest starve") {
        config.bypass_limit = 3;
        Feeder feeder(config);
        feeder.ask(0, 32, 0);
        feeder.ask(kSameBank, 32, 0);
        for (std::uint64_t i = 0; i < 6; ++i) {
            feeder.ask(64 + 32 * i, 32, 0);
        }
        feeder.drain();
        CHECK(feeder.order == std::vector<std::uint64_t>{0, 2, 3, 4, 1, 5, 6, 7});
    }
}

TEST_CASE("both schedulers open the rows of later requests in other banks ahead", "[dram]") {
    DramConfig config = lpddr4();
    config.scheduling = GENERATE(DramScheduling::fcfs, DramScheduling::fr_fcfs);
    Feeder feeder(config);
    feeder.ask(0, 32, 0);
    feeder.ask(kRow, 32, 0);
    feeder.drain();
    CHECK(feeder.end[0] == kClosed);
    CHECK(feeder.end[1] == 16 + kClosed);  // RRD, not a whole latency more
}

TEST_CASE("a request waits for an older one that it overlaps, if one of them writes", "[dram]") {
    Feeder feeder(lpddr4());
    feeder.ask(kSameBank, 32, 0);       // opens the other row
    feeder.ask(0, 64, 0, true);         // a write behind it
    feeder.ask(kSameBank + 64, 32, 0);  // row hit: may overtake
    feeder.ask(32, 32, 0);              // reads what is to be written
    feeder.drain();
    CHECK(feeder.order == std::vector<std::uint64_t>{0, 2, 1, 3});
    CHECK(feeder.end[3] > feeder.end[1]);
}

TEST_CASE("closed page: no precharge in the way, but an activate every time", "[dram]") {
    DramConfig config = lpddr4();
    config.page = PagePolicy::closed;
    Feeder feeder(config);
    feeder.ask(0, 128, 0);
    feeder.drain();
    CHECK(feeder.end[0] == kClosed + 3 * 8);
    feeder.ask(0, 32, 1000);
    feeder.drain();
    CHECK(feeder.end[1] == 1000 + kClosed);
    feeder.ask(kSameBank, 32, 2000);
    feeder.drain();
    CHECK(feeder.end[2] == 2000 + kClosed);
    const DramCounts counts = feeder.controller.counts(3000);
    CHECK(counts.activates == 3);
    CHECK(counts.precharges == 3);
    CHECK(counts.read_bursts == 6);
    // Active from an activate's edge until the precharge: RAS 68, or RTP 12 after the last read,
    // whose edge is 29 + 24 after the activate's.
    CHECK(counts.cycles_in(DramState::active) == 68 + 68 + 68);
    CHECK(counts.cycles_in(DramState::precharged) == 3000 - 3 * 68);
}

TEST_CASE("a refresh closes all banks and holds the next command", "[dram]") {
    DramConfig config = lpddr4();
    config.refi = 6246;
    Feeder feeder(config);
    feeder.ask(0, 32, 6000);
    feeder.drain();
    // In the cycle before it is due, a read goes first; its edge is 6248.
    feeder.ask(32, 32, 6245);
    feeder.drain();
    CHECK(feeder.end[1] == 6245 + 3 + 28 + 6 + 8);
    // Precharge: RTP 12 after that edge, in 6259 and 6260; RPab 34, refresh edge 6294, RFC 448.
    feeder.ask(64, 32, 6246);
    feeder.drain();
    CHECK(feeder.end[2] == 6260 + 34 + 448 + 29 + 28 + 6 + 8);
    CHECK(feeder.controller.counts(7000).refreshes == 1);
    // Five refreshes on, the last (due in 6 * 6246, its edge one later) is still under way.
    feeder.ask(64, 32, 6 * 6246 + 10);
    feeder.drain();
    CHECK(feeder.end[3] == 6 * 6246 + 1 + 448 + 29 + 28 + 6 + 8);
    CHECK(feeder.controller.counts(6 * 6246 + 1000).refreshes == 6);
}

TEST_CASE("a refresh of one bank leaves the others alone", "[dram]") {
    DramConfig config = lpddr4();
    config.refi = 6240;
    config.refresh = DramRefresh::one_bank;  // bank 0 in 780, bank 1 in 1560
    Feeder feeder(config);
    feeder.ask(0, 32, 700);
    feeder.ask(kRow, 32, 700);
    feeder.drain();
    feeder.ask(kRow + 32, 32, 790);  // bank 1, open
    feeder.ask(64, 32, 790);         // bank 0, precharged in 780, refreshed from 780 + 29 on
    feeder.drain();
    CHECK(feeder.end[2] == 790 + 3 + 28 + 6 + 8);
    CHECK(feeder.end[3] == 781 + 29 + 224 + 29 + 28 + 6 + 8);
    const DramCounts counts = feeder.controller.counts(1500);
    CHECK(counts.bank_refreshes == 1);
    CHECK(counts.refreshes == 0);
}

TEST_CASE("an idle channel powers down, and pays for it when it wakes", "[dram]") {
    DramConfig config = lpddr4();
    config.power_down_after = 100;
    config.self_refresh_after = 5000;
    Feeder feeder(config);
    feeder.ask(0, 32, 0);
    feeder.drain();  // data until 74: power-down, row open, in 174
    DramCounts counts = feeder.controller.counts(1174);
    CHECK(counts.cycles_in(DramState::active_power_down) == 1000);
    CHECK(counts.cycles_in(DramState::precharged) == 3);  // before the first activate's edge
    CHECK(counts.cycles_in(DramState::active) == 171);
    feeder.ask(32, 32, 1174);
    feeder.drain();
    CHECK(feeder.end[1] == 1174 + 12 + 3 + 28 + 6 + 8);  // XP first
    // Idle from 1231: power-down in 1331; awake in 6231, the row is closed (precharge in 6243 and
    // 6244, after XP), and self-refresh is entered RPab 34 after it, by a command of two cycles.
    counts = feeder.controller.counts(20000);
    CHECK(counts.cycles_in(DramState::self_refresh) == 20000 - (6244 + 34 - 1));
    CHECK(counts.cycles_in(DramState::active_power_down) == 1000 + 6231 - 1331);
    feeder.ask(0, 32, 20000);
    feeder.drain();
    CHECK(feeder.end[2] == 20000 + 460 + kClosed);
    std::uint64_t all = 0;
    counts = feeder.controller.counts(30000);
    for (const std::uint64_t cycles : counts.cycles) {
        all += cycles;
    }
    CHECK(all == 30000);
}

TEST_CASE("refreshes of an idle channel wake it and let it sleep again", "[dram]") {
    DramConfig config = lpddr4();
    config.refi = 6246;
    config.power_down_after = 100;
    DramController controller(config);
    const DramCounts counts = controller.counts(10 * 6246 + 20);
    CHECK(counts.refreshes == 10);
    // Every period but the first: awake in time for the refresh, XP 12, the command 2, RFC 448 from
    // its edge (447 more), 100 idle cycles.
    const std::uint64_t awake = 12 + 2 - 1 + 448 + 100;
    CHECK(counts.cycles_in(DramState::precharged_power_down) == (6246 - 100) + 9 * (6246 - awake));
}

TEST_CASE("random requests under every policy are served once each, by the rules", "[dram]") {
    // The channel itself refuses a command that comes too early.
    const std::string name = GENERATE("lpddr4-3200", "ddr4-2400", "lpddr5-6400", "hbm2");
    const auto page = GENERATE(PagePolicy::open, PagePolicy::closed);
    const auto scheduling = GENERATE(DramScheduling::fcfs, DramScheduling::fr_fcfs);
    const auto refresh = GENERATE(DramRefresh::all_banks, DramRefresh::one_bank);
    DramConfig config = device(name);
    config.page = page;
    config.scheduling = scheduling;
    config.refresh = refresh;
    config.rows = 4;
    config.queue = 5;
    config.bypass_limit = 7;
    config.power_down_after = 60;
    config.self_refresh_after = 4000;
    Feeder feeder(config);
    Random random(7);
    DramClock now = 0;
    std::uint64_t bursts = 0;
    while (feeder.asked < 150) {
        now += random.below(10) == 0 ? random.below(9000) : random.below(40);
        while (feeder.controller.next_command() <= now) {
            feeder.step();
        }
        if (feeder.controller.has_room()) {
            const auto bytes = static_cast<std::uint32_t>(1 + random.below(500));
            const std::uint64_t address = random.below(config.bytes() - bytes);
            bursts +=
                (address + bytes - 1) / config.burst_bytes() - address / config.burst_bytes() + 1;
            feeder.ask(address, bytes, now, random.below(3) == 0);
        }
    }
    feeder.drain();
    CHECK(feeder.end.size() == 150);
    CHECK(feeder.order.size() == 150);
    const DramCounts counts = feeder.controller.counts(now + 100000);
    CHECK(counts.read_bursts + counts.write_bursts == bursts);
    CHECK(counts.activates >= counts.precharges);
    CHECK(counts.activates - counts.precharges <= config.banks);
}
