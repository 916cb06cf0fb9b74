// The network against a second, naive statement of BookSim2's machine: first that this one too
// retires recorded packets as BookSim2 did, then that the two agree where nothing is recorded.
#include "base/random.hpp"
#include "noc/trace.hpp"
#include "tests/noc/booksim_machine.hpp"
#include "tests/noc/network_runs.hpp"
#include "tests/support/shared_files.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

using Job = BookSimMachine::Job;

/// How many packets of the network retire in another cycle than those of the naive machine.
std::size_t disagreements(const BookSimMachine::Shape& shape, const std::vector<Job>& jobs) {
    NetworkConfig config = four_stage(shape.width, shape.height);
    config.vcs = shape.vcs;
    config.buffer = shape.buffer;
    config.routing_delay = shape.routing_delay;
    config.speculative = shape.speculative;
    config.vc_allocation_delay = shape.speculative ? 0 : 1;
    Network network(config);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        network.send({static_cast<NodeId>(jobs[i].source), static_cast<NodeId>(jobs[i].destination),
                      static_cast<std::uint16_t>(jobs[i].flits), 0, jobs[i].created, i});
    }
    std::vector<Cycle> retired(jobs.size(), kNever);
    for (const Delivered& each : drain(network)) {
        if (each.flit.tail) {
            retired[each.flit.tag] = each.cycle;
        }
    }
    BookSimMachine machine(shape, jobs);
    const std::vector<Job>& expected = machine.run(1'000'000);
    std::size_t differ = 0;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        differ += expected[i].retired != retired[i] ? 1U : 0U;
    }
    return differ;
}

/// Where a node's packets go, besides anywhere: places that load some links and routers far more
/// than others.
int destination(const BookSimMachine::Shape& shape, int pattern, int source, Random& random) {
    const int w = shape.width;
    const int h = shape.height;
    const int x = source % w;
    const int y = source / w;
    const int nodes = w * h;
    switch (pattern) {
        case 0:
            return nodes - 1 - source;  // bit complement
        case 1:
            return x % h * w + y % w;  // transpose
        case 2:
            return (y + (h + 1) / 2 - 1) % h * w + (x + (w + 1) / 2 - 1) % w;  // tornado
        case 3:
            return (y + 1) % h * w + (x + 1) % w;  // neighbour
        case 4:
            if (random.below(2) == 0) {  // hotspot
                return nodes / 2;
            }
            break;
        default:
            break;
    }
    return static_cast<int>(random.below(static_cast<std::uint64_t>(nodes)));
}

/// Packets of `flits`, or of 1 to -flits.
std::vector<Job> traffic(const BookSimMachine::Shape& shape, int pattern, double rate, int flits,
                         BookSimMachine::Time cycles, Random& random) {
    std::vector<Job> jobs;
    for (BookSimMachine::Time now = 0; now < cycles; ++now) {
        for (int source = 0; source < shape.width * shape.height; ++source) {
            if (random.uniform() < rate / std::abs(flits)) {
                const int length =
                    flits > 0 ? flits
                              : 1 + static_cast<int>(random.below(static_cast<unsigned>(-flits)));
                jobs.push_back({now, source, destination(shape, pattern, source, random), length});
            }
        }
    }
    return jobs;
}

/// A recorded run of BookSim2 and what the naive machine, or one with a pointer that does not move,
/// makes of it.
struct Recorded {
    const char* name;
    BookSimMachine::Shape shape;
    int flits;
};

/// The share of a recorded run's packets that retire in the recorded cycle.
double exact_share(const Recorded& recorded, const std::string& text) {
    const auto nodes = static_cast<std::uint32_t>(recorded.shape.width * recorded.shape.height);
    const std::vector<TraceRow> rows = parse_trace(text, recorded.name, nodes);
    std::vector<Job> jobs;
    for (const TraceRow& row : rows) {
        jobs.push_back({row.created, static_cast<int>(row.source),
                        static_cast<int>(row.destination), recorded.flits});
    }
    BookSimMachine machine(recorded.shape, jobs);
    const std::vector<Job>& retired = machine.run(100'000);
    std::size_t exact = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        exact += retired[i].retired == rows[i].retired ? 1U : 0U;
    }
    return static_cast<double>(exact) / static_cast<double>(rows.size());
}

TEST_CASE("the naive statement of BookSim2's machine retires as BookSim2 did", "[noc]") {
    const Recorded recorded = GENERATE(Recorded{"k4_rd0_v1_b4_L1_r0.3", {4, 4, 1, 4, 0}, 1},
                                       Recorded{"rd1_v2_b4_L4_r0.2", {8, 8, 2, 4, 1}, 4});
    SPIKELOOM_NEED_SHARED(path, "golden/noc/" + std::string(recorded.name) + ".txt.xz");
    CHECK(exact_share(recorded, tests::unpacked(path)) == 1.0);
}

TEST_CASE("each kind of pointer that does not advance shows in BookSim2's recorded runs", "[noc]") {
    using Frozen = BookSimMachine::Frozen;
    Recorded recorded{"rd0_v2_b4_L4_r0.2", {8, 8, 2, 4, 0}, 4};
    SPIKELOOM_NEED_SHARED(path, "golden/noc/" + std::string(recorded.name) + ".txt.xz");
    recorded.shape.frozen = GENERATE(Frozen::vc_output, Frozen::vc_input, Frozen::switch_output,
                                     Frozen::switch_input, Frozen::switch_vc);
    CAPTURE(static_cast<int>(recorded.shape.frozen));
    CHECK(exact_share(recorded, tests::unpacked(path)) < 0.75);
}

TEST_CASE("every packet retires as in BookSim2's machine: random shapes, patterns and loads",
          "[noc]") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 100)));
    Random random(seed);
    const auto between = [&](int least, int most) {
        return least + static_cast<int>(random.below(static_cast<unsigned>(most - least + 1)));
    };
    const BookSimMachine::Shape shape = {
        between(1, 6), between(1, 6), seed % 4 == 0 ? between(5, 16) : between(1, 4),
        between(1, 9), between(0, 1), seed % 5 == 0};
    const int pattern = between(0, 6);
    const int flits = seed % 3 == 0 ? -between(2, 9) : between(1, 9);
    const double rate = random.uniform();
    CAPTURE(shape.width, shape.height, shape.vcs, shape.buffer, shape.routing_delay,
            shape.speculative, pattern, flits, rate);
    CHECK(disagreements(shape, traffic(shape, pattern, rate, flits, 150, random)) == 0);
}

TEST_CASE("every packet retires as in BookSim2's machine on 16x16, below and above saturation",
          "[noc]") {
    struct Run {
        BookSimMachine::Shape shape;
        int pattern;
        double rate;
        int flits;
    };
    const Run run = GENERATE(Run{{16, 16, 8, 4, 0}, 6, 0.2, 4}, Run{{16, 16, 2, 8, 1}, 1, 0.3, 1},
                             Run{{16, 16, 4, 4, 0}, 2, 0.5, 5}, Run{{16, 16, 1, 4, 0}, 0, 0.1, 2});
    Random random(9);
    CHECK(disagreements(run.shape,
                        traffic(run.shape, run.pattern, run.rate, run.flits, 60, random)) == 0);
}

}  // namespace
}  // namespace spikeloom::noc
