// The network as an approximately timed interconnect: the phases on either side of it by the cycle,
// back-pressure both ways, and the base protocol under random load, with a checker in every link.
#include "arch/protocol_checker.hpp"
#include "arch/sram.hpp"
#include "base/random.hpp"
#include "noc/tlm_network.hpp"
#include "tests/arch/link_initiator.hpp"
#include "tests/support/simulation_test.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom::arch {
namespace {

using Initiator = arch::tests::Initiator;
using noc::NodeId;
using noc::TlmNetwork;
using sc_core::sc_time;

constexpr std::uint64_t kNanosecond = 1000;  // ps; the network's cycle

/// A router that does all in one cycle, on one-cycle links; flits of 32 bits, 1 GHz.
noc::NetworkConfig fast_mesh(int width, int height, const std::vector<int>& classes) {
    noc::NetworkConfig config;
    config.width = width;
    config.height = height;
    config.vcs = 2;
    config.message_classes = classes;
    config.vc_choice = noc::VcChoice::per_flow;  // a core's accesses to a memory stay in order
    config.buffer = 4;
    config.vc_allocation_delay = 0;
    config.forward_delay = 1;
    config.credit_delay = 1;
    config.injection_delay = 1;
    return config;
}

/// Takes a request `accept` after its beginning and answers `answer` later; notes both times.
struct SlowTarget : sc_core::sc_module {
    SlowTarget(const sc_core::sc_module_name& name, sc_time accept, sc_time answer)
        : sc_module(name),
          accept_after(accept),
          answer_after(answer),
          phases(this, &SlowTarget::due) {
        socket.register_nb_transport_fw(this, &SlowTarget::forward);
    }
    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_time&) {
        if (phase == tlm::BEGIN_REQ) {
            begun.push_back(sc_core::sc_time_stamp().value());
            addresses.push_back(payload.get_address());
            phases.notify(payload, tlm::END_REQ, accept_after);
        } else {
            ended.push_back(sc_core::sc_time_stamp().value());
            waiting = false;
            answer_next();
        }
        return tlm::TLM_ACCEPTED;
    }
    void due(tlm::tlm_generic_payload& payload, const tlm::tlm_phase& phase) {
        sc_time delay = sc_core::SC_ZERO_TIME;
        if (phase == tlm::END_REQ) {
            tlm::tlm_phase end = tlm::END_REQ;
            socket->nb_transport_bw(payload, end, delay);
            phases.notify(payload, tlm::BEGIN_RESP, answer_after);
        } else {
            answers.push_back(&payload);
            answer_next();
        }
    }
    void answer_next() {
        if (waiting || answers.empty()) {
            return;
        }
        tlm::tlm_generic_payload& payload = *answers.front();
        answers.pop_front();
        waiting = true;
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_time delay = sc_core::SC_ZERO_TIME;
        socket->nb_transport_bw(payload, phase, delay);
    }

    tlm_utils::simple_target_socket<SlowTarget> socket;
    sc_time accept_after;
    sc_time answer_after;
    tlm_utils::peq_with_cb_and_phase<SlowTarget> phases;
    std::deque<tlm::tlm_generic_payload*> answers;
    bool waiting = false;
    std::vector<std::uint64_t> begun, ended, addresses;
};

Initiator::Wish write_of(NodeId node, std::uint32_t local, unsigned int bytes,
                         std::uint64_t at = 0) {
    return {TlmNetwork::address(node, local), bytes, true, at};
}

TEST_CASE("the four phases come in the cycles of the packets", "[tlm]") {
    const spikeloom::tests::SimulationTest fresh_kernel;
    noc::NetworkConfig config = fast_mesh(4, 1, {1, 1});
    config.buffer = 16;
    TlmNetwork network("network", config, 64, 0);
    Initiator initiator("initiator");
    ProtocolChecker near("near"), far("far");
    SlowTarget target("target", sc_core::SC_ZERO_TIME, sc_time(10, sc_core::SC_NS));
    initiator.socket.bind(near.upstream);
    near.downstream.bind(network.in[0]);
    network.out[3].bind(far.upstream);
    far.downstream.bind(target.socket);
    initiator.wishes = {write_of(3, 16, 8)};
    sc_core::sc_start();

    // Header and data are 4 flits, ready in cycle 1: the last is injected in 4. It is consumed
    // 1 + 4 + 3 cycles after 1, in 9. The response of 2 flits begins at 19 ns, is ready in cycle
    // 20, injected by 21, consumed in 20 + 1 + 4 + 1.
    REQUIRE(initiator.outcomes.size() == 1);
    CHECK(initiator.outcomes[0].begun == 0);
    CHECK(initiator.outcomes[0].accepted == 4 * kNanosecond);
    CHECK(target.begun == std::vector<std::uint64_t>{9 * kNanosecond});
    CHECK(target.addresses == std::vector<std::uint64_t>{16});
    CHECK(target.ended == std::vector<std::uint64_t>{21 * kNanosecond});
    CHECK(initiator.outcomes[0].responded == 26 * kNanosecond);
    CHECK(initiator.outcomes[0].status == tlm::TLM_OK_RESPONSE);
    CHECK(near.violations() == std::vector<std::string>{});
    CHECK(far.violations() == std::vector<std::string>{});
}

TEST_CASE("END_REQ holds an initiator back while its injection queue is full", "[tlm]") {
    const spikeloom::tests::SimulationTest fresh_kernel;
    // The first packet enters at a flit a cycle until the target, which takes one request in 100
    // ns, has closed the way behind it: 4 flits fit the interface's buffer and 4 that of the
    // router.
    TlmNetwork network("network", fast_mesh(2, 1, {1, 1}), 64, 2);
    Initiator initiator("initiator");
    ProtocolChecker near("near"), far("far");
    SlowTarget target("target", sc_time(100, sc_core::SC_NS), sc_core::SC_ZERO_TIME);
    initiator.socket.bind(near.upstream);
    near.downstream.bind(network.in[0]);
    network.out[1].bind(far.upstream);
    far.downstream.bind(target.socket);
    for (std::uint32_t i = 0; i < 12; ++i) {
        initiator.wishes.push_back(write_of(1, 8 * i, 8));  // 4 flits each
    }
    sc_core::sc_start();

    REQUIRE(initiator.outcomes.size() == 12);
    // Of the first packet 2 of its 4 flits still wait when 2 have been injected, in cycles 1 and 2.
    CHECK(initiator.outcomes[0].accepted == 2 * kNanosecond);
    // In the long run a request is accepted for each that the target takes: 100 ns, and 4 cycles
    // until the flits of the next have been consumed.
    for (std::size_t i = 6; i < 12; ++i) {
        const std::uint64_t apart =
            initiator.outcomes[i].accepted - initiator.outcomes[i - 1].accepted;
        CHECK(apart == 104 * kNanosecond);
    }
    // Between initiator and target lie at most: one packet at the target, 4 flits in each of three
    // buffers (interface, two routers), 2 flits and the packet that is accepted with them.
    for (std::size_t i = 0; i < 12; ++i) {
        const std::uint64_t now = initiator.outcomes[i].accepted;
        const auto taken = std::count_if(target.begun.begin(), target.begun.end(),
                                         [&](std::uint64_t begun) { return begun <= now; });
        CHECK(i + 1 <= static_cast<std::size_t>(taken) + 3 + 1);
    }
    CHECK(std::is_sorted(target.addresses.begin(), target.addresses.end()));
    CHECK(near.violations() == std::vector<std::string>{});
    CHECK(far.violations() == std::vector<std::string>{});
    CHECK(near.completed() == 12);
    CHECK(far.completed() == 12);
}

TEST_CASE("an address where nobody is comes back as an error, the next access is served", "[tlm]") {
    const spikeloom::tests::SimulationTest fresh_kernel;
    TlmNetwork network("network", fast_mesh(2, 1, {1, 1}));
    Initiator initiator("initiator");
    ProtocolChecker near("near");
    SlowTarget target("target", sc_core::SC_ZERO_TIME, sc_core::SC_ZERO_TIME);
    initiator.socket.bind(near.upstream);
    near.downstream.bind(network.in[0]);
    network.out[1].bind(target.socket);
    initiator.wishes = {write_of(0, 0, 4), write_of(77, 0, 4), write_of(1, 0, 4)};
    sc_core::sc_start();
    REQUIRE(initiator.outcomes.size() == 3);
    CHECK(initiator.outcomes[0].status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(initiator.outcomes[1].status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(initiator.outcomes[2].status == tlm::TLM_OK_RESPONSE);
    CHECK(near.violations() == std::vector<std::string>{});
}

TEST_CASE("random accesses across the network: no byte lost, no rule broken", "[tlm]") {
    const spikeloom::tests::SimulationTest fresh_kernel;
    const std::uint64_t seed = GENERATE(1, 2, 3, 4);
    // Three cores, two memories, on the same nodes in part; one message class or two.
    TlmNetwork network(
        "network", fast_mesh(2, 2, seed % 2 == 0 ? std::vector<int>{2} : std::vector<int>{1, 1}));
    constexpr std::uint64_t kBytes = 3000;  // a memory; a third for each core
    SramConfig sram;
    sram.bytes = kBytes;
    sram.queue = 2;
    Sram first("first", sram, kNanosecond), second("second", sram, 3 * kNanosecond);
    sc_core::sc_vector<ProtocolChecker> far("far", 2);
    network.out[3].bind(far[0].upstream);
    far[0].downstream.bind(first.socket);
    network.out[1].bind(far[1].upstream);
    far[1].downstream.bind(second.socket);
    sc_core::sc_vector<Initiator> cores("core", 3);
    sc_core::sc_vector<ProtocolChecker> near("near", 3);
    Random random(seed);
    for (std::size_t c = 0; c < 3; ++c) {
        cores[c].socket.bind(near[c].upstream);
        near[c].downstream.bind(network.in[c]);
        std::uint64_t now = 0;
        for (int i = 0; i < 150; ++i) {
            now += random.below(4) == 0 ? random.below(200) * kNanosecond : 0;
            const auto length = static_cast<unsigned int>(1 + random.below(40));
            const auto local = static_cast<std::uint32_t>(1000 * c + random.below(1000 - length));
            cores[c].wishes.push_back({TlmNetwork::address(random.below(2) == 0 ? 1 : 3, local),
                                       length, random.below(2) == 0, now});
        }
        cores[c].response_delay = [delays = Random(seed + c)]() mutable {
            return delays.below(2) == 0 ? 0 : delays.below(100) * kNanosecond;
        };
    }
    sc_core::sc_start();

    for (std::size_t c = 0; c < 3; ++c) {
        CHECK(near[c].violations() == std::vector<std::string>{});
        CHECK(near[c].under_way() == 0);
        REQUIRE(cores[c].outcomes.size() == cores[c].wishes.size());
        // Accesses of one core to one memory arrive in order, so reads see the writes before them.
        std::vector<std::vector<unsigned char>> memory(2, std::vector<unsigned char>(kBytes));
        for (std::size_t i = 0; i < cores[c].wishes.size(); ++i) {
            const Initiator::Wish& wish = cores[c].wishes[i];
            auto& bytes = memory[wish.address >> TlmNetwork::kNodeShift == 3 ? 0 : 1];
            const auto begin =
                bytes.begin() + static_cast<std::ptrdiff_t>(wish.address & 0xffffffff);
            CHECK(cores[c].outcomes[i].status == tlm::TLM_OK_RESPONSE);
            if (wish.write) {
                std::fill_n(begin, wish.bytes, static_cast<unsigned char>(i + 1));
            } else {
                CHECK(std::equal(cores[c].outcomes[i].data.begin(), cores[c].outcomes[i].data.end(),
                                 begin));
            }
        }
    }
    for (const ProtocolChecker& checker : far) {
        CHECK(checker.violations() == std::vector<std::string>{});
        CHECK(checker.under_way() == 0);
    }
    CHECK(far[0].completed() + far[1].completed() == 450);
}

}  // namespace
}  // namespace spikeloom::arch
