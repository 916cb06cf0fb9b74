// TLM-2.0 links: DRAM and SRAM as targets in both coding styles, under back-pressure on either
// side, with a protocol checker in every link; and the checker against those who break the rules.
#include "arch/dram.hpp"
#include "arch/payload_pool.hpp"
#include "arch/protocol_checker.hpp"
#include "arch/sram.hpp"
#include "base/random.hpp"
#include "tests/arch/link_initiator.hpp"
#include "tests/support/simulation_test.hpp"

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <tlm_utils/peq_with_cb_and_phase.h>
#include <tlm_utils/simple_initiator_socket.h>

using namespace spikeloom;
using namespace spikeloom::arch;
using namespace spikeloom::arch::tests;
using namespace spikeloom::tests;
using sc_core::sc_time;

namespace {

constexpr std::uint64_t kPeriod = 625;

DramConfig small_dram() {
    DramConfig config;
    config.rows = 64;
    config.refi = 0;
    return config;
}

template <class Target>
struct Bench : SimulationTest {
    template <class... Config>
    explicit Bench(const Config&... config)
        : initiator("initiator"), checker("checker"), target("target", config...) {
        initiator.socket.bind(checker.upstream);
        checker.downstream.bind(target.socket);
    }

    void run() {
        sc_core::sc_start();
        CHECK(checker.violations() == std::vector<std::string>{});
        CHECK(checker.under_way() == 0);
        REQUIRE(initiator.outcomes.size() == initiator.wishes.size());
    }

    /// A blocking access that starts in `start` ps; returns the time of its end.
    std::uint64_t access(std::uint64_t address, std::vector<unsigned char>& data, bool write,
                         std::uint64_t start) {
        tlm::tlm_generic_payload payload;
        payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        payload.set_address(address);
        payload.set_data_ptr(data.data());
        payload.set_data_length(static_cast<unsigned int>(data.size()));
        payload.set_streaming_width(static_cast<unsigned int>(data.size()));
        sc_time delay = picoseconds(start);
        initiator.socket->b_transport(payload, delay);
        status = payload.get_response_status();
        return delay.value();
    }

    Initiator initiator;
    ProtocolChecker checker;
    Target target;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
};

}  // namespace

TEST_CASE("an approximately timed DRAM access ends with its data", "[tlm]") {
    Bench<Dram> bench(small_dram());
    bench.initiator.wishes = {{64, 32, false, 100 * kPeriod + 1}, {96, 64, false, 400 * kPeriod}};
    bench.run();
    // In the next cycle of the DRAM's clock: activate's edge 3, RCD 29, RL 28, DQSCK 6, burst 8.
    CHECK(bench.initiator.outcomes[0].responded == (101 + 74) * kPeriod);
    CHECK(bench.initiator.outcomes[0].status == tlm::TLM_OK_RESPONSE);
    CHECK(bench.initiator.outcomes[1].responded == (400 + 3 + 28 + 6 + 2 * 8) * kPeriod);
    CHECK(bench.target.counts().read_bursts == 3);
    CHECK(bench.checker.completed() == 2);
}

TEST_CASE("END_REQ holds a request back while the DRAM's queue is full", "[tlm]") {
    DramConfig config = small_dram();
    config.queue = 2;
    Bench<Dram> bench(config);
    bench.initiator.wishes = {{0, 32, false, 0}, {32, 32, false, 0}, {64, 32, false, 0}};
    bench.run();
    const auto& outcomes = bench.initiator.outcomes;
    CHECK(outcomes[0].accepted == 0);
    CHECK(outcomes[1].accepted == 0);
    CHECK(outcomes[2].begun == 0);
    // A place is free when the first response has been taken.
    CHECK(outcomes[0].responded == 74 * kPeriod);
    CHECK(outcomes[2].accepted == 74 * kPeriod);
    CHECK(outcomes[1].responded == 82 * kPeriod);
    CHECK(outcomes[2].responded == (74 + 3 + 28 + 6 + 8) * kPeriod);
}

TEST_CASE("an initiator that is slow to take responses holds back the DRAM", "[tlm]") {
    DramConfig config = small_dram();
    config.queue = 1;
    Bench<Dram> bench(config);
    bench.initiator.response_delay = [] { return 1000 * kPeriod; };
    bench.initiator.wishes = {{0, 32, false, 0}, {32, 32, false, 0}};
    bench.run();
    CHECK(bench.initiator.outcomes[1].accepted == 1074 * kPeriod);
}

TEST_CASE("an access outside the memory is answered with an error, the next is served", "[tlm]") {
    Bench<Dram> bench(small_dram());
    bench.initiator.wishes = {{small_dram().bytes() - 16, 32, false, 0}, {0, 32, false, 0}};
    bench.run();
    CHECK(bench.initiator.outcomes[0].status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(bench.initiator.outcomes[1].status == tlm::TLM_OK_RESPONSE);
    Bench<Sram> sram(SramConfig{}, std::uint64_t{1000});
    sram.initiator.wishes = {{SramConfig{}.bytes - 16, 32, false, 0}, {0, 32, false, 0}};
    sram.run();
    CHECK(sram.initiator.outcomes[0].status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(sram.initiator.outcomes[1].status == tlm::TLM_OK_RESPONSE);
}

TEST_CASE("a blocking DRAM access returns the delay to the end of its data", "[tlm]") {
    Bench<Dram> bench(small_dram());
    std::vector<unsigned char> burst(32);
    CHECK(bench.access(0, burst, false, 100 * kPeriod) == (100 + 74) * kPeriod);
    CHECK(bench.access(64, burst, false, 300 * kPeriod) == (300 + 3 + 42) * kPeriod);
    CHECK(bench.access(2048 * 8, burst, false, 500 * kPeriod) ==
          (500 + 1 + 29 + 29 + 42) * kPeriod);
    std::vector<unsigned char> row(2048);
    CHECK(bench.access(2048, row, false, 1000 * kPeriod) == (1000 + 74 + 63 * 8) * kPeriod);
    CHECK(bench.checker.violations().empty());
}

TEST_CASE("what was written comes back by every way in", "[tlm]") {
    Bench<Dram> dram(small_dram());
    std::vector<unsigned char> written = {1, 2, 3, 4, 5, 6, 7, 8};
    dram.access(1000, written, true, 0);
    dram.initiator.wishes = {{998, 12, false, 0}};
    dram.run();
    CHECK(dram.initiator.outcomes[0].data ==
          std::vector<unsigned char>{0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0});
    std::vector<unsigned char> seen(4);
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(1002);
    payload.set_data_ptr(seen.data());
    payload.set_data_length(4);
    CHECK(dram.initiator.socket->transport_dbg(payload) == 4);
    CHECK(seen == std::vector<unsigned char>{3, 4, 5, 6});
    payload.set_address(small_dram().bytes() - 2);
    CHECK(dram.initiator.socket->transport_dbg(payload) == 2);
    tlm::tlm_dmi memory;
    REQUIRE(dram.initiator.socket->get_direct_mem_ptr(payload, memory));
    CHECK(memory.get_dmi_ptr()[1007] == 8);
    CHECK(memory.is_read_write_allowed());
    // 8 cycles of 625 ps for 32 bytes.
    CHECK(memory.get_read_latency() == picoseconds(156));
}

TEST_CASE("an SRAM's port takes a word every interval and answers after its latency", "[tlm]") {
    SramConfig config;
    config.port_bits = 64;
    config.interval = 2;
    config.latency = 5;
    SECTION("approximately timed: the next access follows without a gap") {
        Bench<Sram> bench(config, std::uint64_t{1000});
        bench.initiator.wishes = {{4, 16, false, 0}, {64, 8, false, 0}, {128, 8, false, 999001}};
        bench.run();
        const auto& outcomes = bench.initiator.outcomes;
        CHECK(outcomes[0].accepted == 6000);  // bytes 4 to 19 lie in three words
        CHECK(outcomes[0].responded == 11000);
        CHECK(outcomes[1].begun == 6000);
        CHECK(outcomes[1].accepted == 8000);
        CHECK(outcomes[1].responded == 13000);
        CHECK(outcomes[2].responded == 1000000 + 7000);  // from the next edge on
        CHECK(bench.target.read_bits() == 5 * 64);
    }
    SECTION("at most `queue` accesses are under way") {
        config.queue = 2;
        config.latency = 20;
        Bench<Sram> bench(config, std::uint64_t{1000});
        bench.initiator.wishes = {{0, 8, false, 0}, {8, 8, false, 0}, {16, 8, false, 0}};
        bench.run();
        CHECK(bench.initiator.outcomes[1].accepted == 4000);
        CHECK(bench.initiator.outcomes[0].responded == 22000);
        CHECK(bench.initiator.outcomes[2].accepted == 24000);
    }
    SECTION("loosely timed") {
        Bench<Sram> bench(config, std::uint64_t{1000});
        std::vector<unsigned char> data(16);
        CHECK(bench.access(4, data, false, 0) == 11000);
    }
}

TEST_CASE("random accesses under random back-pressure: no byte lost, no rule broken", "[tlm]") {
    const std::uint64_t seed = GENERATE(1, 2, 3);
    const auto fill = [&](Initiator& initiator, std::uint64_t bytes) {
        Random random(seed);
        std::uint64_t now = 0;
        for (int i = 0; i < 200; ++i) {
            now += random.below(4) == 0 ? random.below(200000) : 0;
            const auto length = static_cast<unsigned int>(1 + random.below(100));
            initiator.wishes.push_back(
                {random.below(bytes - length), length, random.below(2) == 0, now});
        }
        initiator.response_delay = [delays = Random(seed + 1)]() mutable {
            return delays.below(2) == 0 ? 0 : delays.below(100000);
        };
    };
    /// Reads see the writes that began before them.
    const auto check = [](const Initiator& initiator, std::uint64_t bytes) {
        std::vector<unsigned char> memory(bytes);
        for (std::size_t i = 0; i < initiator.wishes.size(); ++i) {
            const Initiator::Wish& wish = initiator.wishes[i];
            const auto first = memory.begin() + static_cast<std::ptrdiff_t>(wish.address);
            if (wish.write) {
                std::fill_n(first, wish.bytes, static_cast<unsigned char>(i + 1));
            } else {
                CHECK(std::equal(initiator.outcomes[i].data.begin(),
                                 initiator.outcomes[i].data.end(), first));
            }
        }
    };
    SECTION("DRAM") {
        DramConfig config = small_dram();
        config.rows = 2;
        config.columns = 64;
        config.banks = 4;
        config.refi = 6246;
        config.queue = 4;
        config.page = seed == 2 ? PagePolicy::closed : PagePolicy::open;
        Bench<Dram> bench(config);
        fill(bench.initiator, config.bytes());
        bench.run();
        check(bench.initiator, config.bytes());
    }
    SECTION("SRAM") {
        SramConfig config;
        config.bytes = 1000;
        Bench<Sram> bench(config, std::uint64_t{1000});
        fill(bench.initiator, config.bytes);
        bench.run();
        check(bench.initiator, config.bytes);
    }
}

namespace {

/// A link whose two ends say whatever a test has them say.
struct Outlaws : sc_core::sc_module {
    explicit Outlaws(const sc_core::sc_module_name& name)
        : sc_module(name), checker("checker"), initiator("initiator"), target("target") {
        initiator.register_nb_transport_bw(this, &Outlaws::backward);
        target.register_nb_transport_fw(this, &Outlaws::forward);
        target.register_b_transport(this, &Outlaws::blocking);
        initiator.bind(checker.upstream);
        checker.downstream.bind(target);
    }

    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload&, tlm::tlm_phase& phase, sc_time& delay) {
        phase = answer_phase == tlm::UNINITIALIZED_PHASE ? phase : answer_phase;
        delay += answer_delay;
        return answer;
    }
    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_time&) {
        return tlm::TLM_ACCEPTED;
    }
    void blocking(tlm::tlm_generic_payload&, sc_time&) {}

    tlm::tlm_generic_payload& payload() {
        auto& made = pool.get();
        made.set_command(tlm::TLM_READ_COMMAND);
        made.set_data_ptr(bytes);
        made.set_data_length(4);
        made.set_streaming_width(4);
        made.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        return made;
    }
    void say(tlm::tlm_generic_payload& access, tlm::tlm_phase phase, std::uint64_t delay = 0) {
        sc_time time = picoseconds(delay);
        if (phase == tlm::BEGIN_REQ || phase == tlm::END_RESP) {
            initiator->nb_transport_fw(access, phase, time);
        } else {
            target->nb_transport_bw(access, phase, time);
        }
    }
    bool noted(const std::string& what) const {
        return checker.violations().size() == 1 &&
               checker.violations()[0].find(what) != std::string::npos;
    }

    ProtocolChecker checker;
    tlm_utils::simple_initiator_socket<Outlaws> initiator;
    tlm_utils::simple_target_socket<Outlaws> target;
    PayloadPool<int> pool;
    unsigned char bytes[4] = {};
    tlm::tlm_sync_enum answer = tlm::TLM_ACCEPTED;
    tlm::tlm_phase answer_phase;
    sc_time answer_delay;
};

}  // namespace

TEST_CASE("the protocol checker notes every breach", "[tlm]") {
    const SimulationTest fresh;
    Outlaws link("link");
    sc_core::sc_start(picoseconds(1));  // elaborated: the sockets are bound
    tlm::tlm_generic_payload& first = link.payload();
    SECTION("none where there is none") {
        link.say(first, tlm::BEGIN_REQ);
        link.say(first, tlm::END_REQ);
        first.set_response_status(tlm::TLM_OK_RESPONSE);
        link.say(first, tlm::BEGIN_RESP);
        link.say(first, tlm::END_RESP);
        CHECK(link.checker.violations().empty());
        CHECK(link.checker.completed() == 1);
    }
    SECTION("two requests at once") {
        link.say(first, tlm::BEGIN_REQ);
        link.say(link.payload(), tlm::BEGIN_REQ);
        CHECK(link.noted("BEGIN_REQ while another request has not ended"));
    }
    SECTION("two responses at once") {
        tlm::tlm_generic_payload& second = link.payload();
        for (tlm::tlm_generic_payload* access : {&first, &second}) {
            link.say(*access, tlm::BEGIN_REQ);
            link.say(*access, tlm::END_REQ);
            access->set_response_status(tlm::TLM_OK_RESPONSE);
            link.say(*access, tlm::BEGIN_RESP);
        }
        CHECK(link.noted("BEGIN_RESP while another response has not ended"));
    }
    SECTION("phases out of order") {
        link.say(first, tlm::BEGIN_REQ);
        link.say(first, tlm::END_RESP);
        CHECK(link.noted("END_RESP after BEGIN_REQ"));
    }
    SECTION("a phase twice") {
        link.say(first, tlm::BEGIN_REQ);
        link.say(first, tlm::END_REQ);
        link.say(first, tlm::END_REQ);
        CHECK(link.noted("END_REQ after END_REQ"));
    }
    SECTION("a phase of nothing") {
        link.say(first, tlm::END_REQ);
        CHECK(link.noted("not under way"));
    }
    SECTION("a phase from the wrong side") {
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_time delay;
        link.initiator->nb_transport_fw(first, phase, delay);
        CHECK(link.noted("BEGIN_RESP came from the initiator"));
    }
    SECTION("a response without a status") {
        link.say(first, tlm::BEGIN_REQ);
        link.say(first, tlm::BEGIN_RESP);
        CHECK(link.noted("without a response status"));
    }
    SECTION("a payload changed on the way") {
        link.say(first, tlm::BEGIN_REQ);
        first.set_data_length(3);
        link.say(first, tlm::END_REQ);
        CHECK(link.noted("the payload was changed before END_REQ"));
    }
    SECTION("time that goes back") {
        link.say(first, tlm::BEGIN_REQ, 500);
        link.say(first, tlm::END_REQ, 400);
        CHECK(link.noted("END_REQ is earlier than BEGIN_REQ"));
    }
    SECTION("answers that are none") {
        link.answer = tlm::TLM_UPDATED;
        link.answer_phase = tlm::END_RESP;
        link.say(first, tlm::BEGIN_REQ);
        CHECK(link.noted("TLM_UPDATED with END_RESP as the answer to BEGIN_REQ"));
    }
    SECTION("accepted, and yet another phase") {
        link.answer_phase = tlm::END_REQ;
        link.say(first, tlm::BEGIN_REQ);
        CHECK(link.noted("TLM_ACCEPTED with another phase"));
    }
    SECTION("completed without a status") {
        link.answer = tlm::TLM_COMPLETED;
        link.say(first, tlm::BEGIN_REQ);
        CHECK(link.noted("TLM_COMPLETED without a response status"));
    }
    SECTION("no data, no streaming width, a status, a DMI hint") {
        first.set_data_ptr(nullptr);
        first.set_streaming_width(0);
        first.set_response_status(tlm::TLM_OK_RESPONSE);
        first.set_dmi_allowed(true);
        link.say(first, tlm::BEGIN_REQ);
        CHECK(link.checker.violations().size() == 4);
    }
    SECTION("no memory manager") {
        tlm::tlm_generic_payload loose;
        loose.set_command(tlm::TLM_READ_COMMAND);
        loose.set_data_ptr(link.bytes);
        loose.set_data_length(4);
        loose.set_streaming_width(4);
        link.say(loose, tlm::BEGIN_REQ);
        CHECK(link.noted("without a memory manager"));
    }
    SECTION("a blocking access that returns unfinished") {
        sc_time delay;
        link.initiator->b_transport(first, delay);
        CHECK(link.noted("a blocking access without a response status"));
    }
}
