#include "arch/dram_config.hpp"

#include "base/schema.hpp"

#include <string>

namespace spikeloom::arch {

namespace {

constexpr std::uint64_t kMostDramBytes = std::uint64_t{1} << 40;

void describe_geometry(schema::Walk& walk, DramConfig& dram) {
    walk.integer("clock_ps", dram.clock_ps, {1, 1000000}, "period of the command clock, ps");
    walk.integer("width_bits", dram.width_bits, {8, 1024}, "data pins of the channel");
    walk.integer("burst_length", dram.burst_length, {1, 64}, "transfers of a burst");
    walk.integer("data_rate", dram.data_rate, {1, 16}, "transfers a pin a cycle");
    walk.integer("bank_groups", dram.bank_groups, {1, 64}, "bank groups");
    walk.integer("banks", dram.banks, {1, 1024}, "banks of all groups");
    walk.integer("rows", dram.rows, {1, 1 << 20}, "rows of a bank");
    walk.integer("columns", dram.columns, {1, 1 << 16}, "columns of a row");
    walk.integer("activate_cycles", dram.activate_cycles, {1, 64},
                 "cycles an activate takes on the command bus");
    walk.integer("access_cycles", dram.access_cycles, {1, 64}, "the same of a read or write");
    walk.integer("precharge_cycles", dram.precharge_cycles, {1, 64}, "the same of a precharge");
    walk.integer("refresh_cycles", dram.refresh_cycles, {1, 64}, "the same of a refresh");
}

void describe_timings(schema::Walk& walk, DramConfig& dram) {
    const schema::Integers cycles = {1, 1000000};
    const schema::Integers or_none = {0, 1000000};
    walk.integer("rcd", dram.rcd, cycles, "activate to read or write (tRCD), clock cycles");
    walk.integer("rcd_write", dram.rcd_write, or_none, "activate to write; 0: as rcd");
    walk.integer("rp", dram.rp, cycles, "precharge of one bank (tRP, tRPpb)");
    walk.integer("rp_all", dram.rp_all, cycles, "precharge of all banks (tRPab)");
    walk.integer("ras", dram.ras, cycles, "activate to precharge (tRAS)");
    walk.integer("rrd", dram.rrd, cycles, "activate to activate of another bank (tRRD, tRRD_S)");
    walk.integer("rrd_l", dram.rrd_l, or_none, "the same in one bank group (tRRD_L); 0: as rrd");
    walk.integer("faw", dram.faw, cycles, "span of four activates (tFAW)");
    walk.integer("ccd", dram.ccd, cycles, "read to read, write to write (tCCD, tCCD_S)");
    walk.integer("ccd_l", dram.ccd_l, or_none, "the same in one bank group (tCCD_L); 0: as ccd");
    walk.integer("rl", dram.rl, cycles, "read to data (RL)");
    walk.integer("dqsck", dram.dqsck, or_none, "read strobe's delay on top of it (tDQSCK)");
    walk.integer("wl", dram.wl, cycles, "write to data (WL)");
    walk.integer("dqss", dram.dqss, or_none, "write strobe's delay on top of it (tDQSS)");
    walk.integer("turnaround", dram.turnaround, or_none,
                 "idle cycles of the data bus from read to write (tWPRE + tRPST)");
    walk.integer("rtp", dram.rtp, cycles, "read to precharge (tRTP)");
    walk.integer("wr", dram.wr, cycles, "end of written data to precharge (tWR)");
    walk.integer("wtr", dram.wtr, cycles, "end of written data to read (tWTR, tWTR_S)");
    walk.integer("wtr_l", dram.wtr_l, or_none, "the same in one bank group (tWTR_L); 0: as wtr");
    walk.integer("ppd", dram.ppd, cycles, "precharge to precharge (tPPD)");
    walk.choice("refresh", dram.refresh,
                {{"all_banks", DramRefresh::all_banks}, {"one_bank", DramRefresh::one_bank}},
                "all banks every refi, or the next bank every refi / banks");
    walk.integer("refi", dram.refi, {0, 100000000}, "refresh interval (tREFI); 0: no refresh");
    walk.integer("rfc", dram.rfc, cycles, "refresh of all banks (tRFC, tRFCab)");
    walk.integer("rfc_bank", dram.rfc_bank, cycles, "refresh of one bank (tRFCpb)");
    walk.integer("rrefd", dram.rrefd, cycles, "refresh of one bank to activate of another");
    walk.integer("power_down_after", dram.power_down_after, {0, 100000000},
                 "idle cycles until power-down; 0: never");
    walk.integer("self_refresh_after", dram.self_refresh_after, {0, 100000000},
                 "idle cycles until self-refresh; 0: never");
    walk.integer("cke", dram.cke, cycles, "shortest power-down or self-refresh (tCKE, tSR)");
    walk.integer("xp", dram.xp, cycles, "end of power-down to a command (tXP)");
    walk.integer("xs", dram.xs, cycles, "end of self-refresh to a command (tXS, tXSR)");
}

void check_geometry(schema::Walk& walk, const DramConfig& dram) {
    if (dram.width_bits % 8 != 0 || dram.burst_length % dram.data_rate != 0) {
        walk.fail("burst_length", "a burst is " + std::to_string(dram.width_bits) + " bits x " +
                                      std::to_string(dram.burst_length) + " transfers, " +
                                      std::to_string(dram.data_rate) +
                                      " a cycle; allowed are whole bytes and whole cycles");
        return;
    }
    if (dram.page_bytes() < dram.burst_bytes() || dram.page_bytes() % dram.burst_bytes() != 0) {
        walk.fail("columns", "a row of " + std::to_string(dram.page_bytes()) +
                                 " bytes; allowed is a multiple of a burst, " +
                                 std::to_string(dram.burst_bytes()) + " bytes");
    }
    if (dram.banks % dram.bank_groups != 0) {
        walk.fail("banks", std::to_string(dram.banks) + " banks in " +
                               std::to_string(dram.bank_groups) +
                               " groups; allowed are as many in each");
    }
    if (dram.bytes() > kMostDramBytes) {
        walk.fail("rows", "the channel holds " + std::to_string(dram.bytes()) +
                              " bytes; allowed are " + std::to_string(kMostDramBytes));
    }
}

void check_timings(schema::Walk& walk, const DramConfig& dram) {
    if (dram.refi != 0) {
        const bool all = dram.refresh == DramRefresh::all_banks;
        const std::uint64_t interval = all ? dram.refi : dram.refi / dram.banks;
        const std::uint64_t taken = all ? std::uint64_t{dram.rfc} + dram.rp_all + dram.ras
                                        : std::uint64_t{dram.rfc_bank} + dram.rp + dram.ras;
        if (interval < taken) {
            walk.fail("refi", "refreshes leave no time for anything else: every " +
                                  std::to_string(interval) + " cycles; allowed is more than " +
                                  (all ? "rfc + rp_all + ras, " : "rfc_bank + rp + ras, ") +
                                  std::to_string(taken));
        }
    }
    if (dram.ccd < dram.burst_cycles()) {
        walk.fail("ccd", "is shorter than a burst; allowed is at least burst_length / data_rate, " +
                             std::to_string(dram.burst_cycles()));
    }
    const auto at_least = [&](const char* key, std::uint32_t within, std::uint32_t across) {
        if (within != 0 && within < across) {
            walk.fail(key,
                      "is shorter in one bank group than between two; allowed are 0 or at "
                      "least " +
                          std::to_string(across));
        }
    };
    at_least("rrd_l", dram.rrd_l, dram.rrd);
    at_least("ccd_l", dram.ccd_l, dram.ccd);
    at_least("wtr_l", dram.wtr_l, dram.wtr);
    if (dram.ras < dram.rcd) {
        walk.fail("ras", "is shorter than rcd; allowed is at least " + std::to_string(dram.rcd));
    }
    if (dram.self_refresh_after != 0 && dram.self_refresh_after <= dram.power_down_after) {
        walk.fail("self_refresh_after",
                  "is not after power_down_after; allowed are 0 or more than " +
                      std::to_string(dram.power_down_after));
    }
}

}  // namespace

void describe(schema::Walk& walk, DramConfig& dram) {
    describe_geometry(walk, dram);
    describe_timings(walk, dram);
    walk.choice("page", dram.page, {{"open", PagePolicy::open}, {"closed", PagePolicy::closed}},
                "rows stay open, or are closed behind a request's last burst in them");
    walk.choice("scheduling", dram.scheduling,
                {{"fcfs", DramScheduling::fcfs}, {"fr_fcfs", DramScheduling::fr_fcfs}},
                "bursts in the order of their requests, or those to open rows first");
    walk.integer("queue", dram.queue, {1, 1024},
                 "requests the controller holds, from acceptance to response");
    walk.integer("bypass_limit", dram.bypass_limit, {1, 1000000},
                 "bursts that may overtake the oldest request (fr_fcfs)");
    check_geometry(walk, dram);
    check_timings(walk, dram);
}

DramAddress dram_address(const DramConfig& config, std::uint64_t burst) {
    const std::uint32_t banks_per_group = config.banks / config.bank_groups;
    const std::uint64_t group = burst % config.bank_groups;
    const std::uint64_t page = burst / config.bank_groups / config.bursts_per_page();
    return {static_cast<std::uint32_t>(group * banks_per_group + page % banks_per_group),
            static_cast<std::uint32_t>(page / banks_per_group)};
}

}  // namespace spikeloom::arch
