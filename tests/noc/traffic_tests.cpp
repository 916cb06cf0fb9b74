// Where synthetic packets go, and when.
#include "base/error.hpp"
#include "noc/packet_streams.hpp"

#include <cmath>
#include <set>

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

NodeGrid mesh(NodeId width, NodeId height) {
    return {width, height};
}

TrafficConfig traffic(Pattern pattern, double rate = 0.1, int packet_flits = 1) {
    TrafficConfig config;
    config.pattern = pattern;
    config.rate = rate;
    config.packet_flits = packet_flits;
    return config;
}

std::vector<Packet> all_packets(Traffic& source) {
    std::vector<Packet> packets;
    while (source.extend(packets) != kNever) {
    }
    return packets;
}

TEST_CASE("fixed patterns send where their definition says", "[noc]") {
    Random random(1);
    const auto to = [&](Pattern pattern, NodeId width, NodeId height, NodeId source) {
        return Destinations(traffic(pattern), mesh(width, height)).choose(source, random);
    };
    CHECK(to(Pattern::transpose, 8, 8, 1) == 8);         // (1,0) -> (0,1)
    CHECK(to(Pattern::transpose, 8, 8, 29) == 43);       // (5,3) -> (3,5)
    CHECK(to(Pattern::transpose, 8, 8, 27) == 27);       // (3,3)
    CHECK(to(Pattern::bit_complement, 8, 8, 0) == 63);   // all bits
    CHECK(to(Pattern::bit_complement, 8, 8, 21) == 42);  // 010101 -> 101010
    CHECK(to(Pattern::bit_complement, 3, 2, 1) == 4);
    CHECK(to(Pattern::neighbour, 8, 8, 0) == 9);   // (1,1)
    CHECK(to(Pattern::neighbour, 8, 8, 63) == 0);  // around both edges
    CHECK(to(Pattern::neighbour, 4, 2, 3) == 4);   // (3,0) -> (0,1)
    CHECK(to(Pattern::tornado, 8, 8, 0) == 27);    // + 3 in each dimension
    CHECK(to(Pattern::tornado, 8, 8, 63) == 18);   // (7,7) -> (2,2)
    CHECK(to(Pattern::tornado, 5, 1, 4) == 1);     // + 2
    CHECK(to(Pattern::tornado, 1, 1, 0) == 0);
}

TEST_CASE("every fixed pattern is a permutation of the nodes", "[noc]") {
    const Pattern pattern =
        GENERATE(Pattern::transpose, Pattern::bit_complement, Pattern::neighbour, Pattern::tornado);
    Random random(1);
    const Destinations destinations(traffic(pattern), mesh(6, 6));
    std::set<NodeId> reached;
    for (NodeId source = 0; source < 36; ++source) {
        reached.insert(destinations.choose(source, random));
    }
    CHECK(reached.size() == 36);
    CHECK(*reached.rbegin() == 35);
}

TEST_CASE("uniform choice reaches every node alike, the source too if it may", "[noc]") {
    const bool include_self = GENERATE(true, false);
    TrafficConfig config = traffic(Pattern::uniform);
    config.include_self = include_self;
    const Destinations destinations(config, mesh(4, 3));
    Random random(2);
    std::vector<int> counts(12);
    const int draws = 120'000;
    for (int i = 0; i < draws; ++i) {
        ++counts[destinations.choose(5, random)];
    }
    const double share = 1.0 / (include_self ? 12 : 11);
    const double sigma = std::sqrt(draws * share * (1 - share));
    for (NodeId node = 0; node < 12; ++node) {
        if (node == 5 && !include_self) {
            CHECK(counts[node] == 0);
        } else {
            CHECK(std::abs(counts[node] - draws * share) < 5 * sigma);
        }
    }
}

TEST_CASE("the hotspot gets its fraction beside its share of the uniform rest", "[noc]") {
    TrafficConfig config = traffic(Pattern::hotspot);
    config.hotspot_node = 9;
    config.hotspot_fraction = 0.3;
    const Destinations destinations(config, mesh(4, 4));
    Random random(3);
    int hits = 0;
    const int draws = 100'000;
    for (int i = 0; i < draws; ++i) {
        hits += destinations.choose(0, random) == 9 ? 1 : 0;
    }
    const double share = 0.3 + 0.7 / 16;
    CHECK(std::abs(hits - draws * share) < 5 * std::sqrt(draws * share * (1 - share)));
}

TEST_CASE("a node creates rate / length packets a cycle, independently of the cycles before",
          "[noc]") {
    const double rate = GENERATE(0.02, 0.3, 1.0);
    const int packet_flits = GENERATE(1, 4);
    const Cycle cycles = 20'000;
    const double p = rate / packet_flits;
    SyntheticTraffic source(traffic(Pattern::uniform, rate, packet_flits), mesh(4, 4), 1, cycles,
                            5);
    const std::vector<Packet> packets = all_packets(source);
    const double trials = 16.0 * static_cast<double>(cycles);
    CHECK(std::abs(static_cast<double>(packets.size()) - trials * p) <=
          5 * std::sqrt(trials * p * (1 - p)));
    std::vector<Cycle> last(16, kNever);
    double followed = 0;  // packets directly behind one of the cycle before
    for (const Packet& packet : packets) {
        CHECK(packet.flits == packet_flits);
        CHECK(packet.ready < cycles);
        CHECK(packet.tag == packet.ready);
        if (last[packet.source] != kNever) {
            CHECK(packet.ready > last[packet.source]);
            followed += packet.ready == last[packet.source] + 1 ? 1 : 0;
        }
        last[packet.source] = packet.ready;
    }
    const auto behind = static_cast<double>(packets.size() - 16);
    CHECK(std::abs(followed - behind * p) <= 5 * std::sqrt(behind * p * (1 - p)) + 16);
}

TEST_CASE("the first cycle creates packets like any other", "[noc]") {
    int first = 0;
    int second = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        SyntheticTraffic source(traffic(Pattern::uniform, 0.25), mesh(4, 4), 1, 2, seed);
        for (const Packet& packet : all_packets(source)) {
            ++(packet.ready == 0 ? first : second);
        }
    }
    const double expected = 400 * 16 * 0.25;
    const double sigma = std::sqrt(expected * 0.75);
    CHECK(std::abs(first - expected) < 5 * sigma);
    CHECK(std::abs(second - expected) < 5 * sigma);
}

TEST_CASE("a seed gives the same packets, another seed others, rate 0 none", "[noc]") {
    const auto packets = [](double rate, std::uint64_t seed) {
        SyntheticTraffic source(traffic(Pattern::uniform, rate), mesh(4, 4), 1, 3000, seed);
        std::vector<std::tuple<Cycle, NodeId, NodeId>> result;
        for (const Packet& packet : all_packets(source)) {
            result.emplace_back(packet.ready, packet.source, packet.destination);
        }
        return result;
    };
    CHECK(packets(0.1, 1) == packets(0.1, 1));
    CHECK(packets(0.1, 1) != packets(0.1, 2));
    CHECK(packets(0.0, 1).empty());
}

TEST_CASE("a span's end is a promise: later spans bring later packets only", "[noc]") {
    SyntheticTraffic source(traffic(Pattern::uniform, 1.0, 1), mesh(16, 16), 1, 1000, 1);
    Cycle covered = 0;
    int spans = 0;
    while (covered != kNever) {
        std::vector<Packet> packets;
        const Cycle end = source.extend(packets);
        CHECK(packets.size() == 256 * (std::min<Cycle>(end, 1000) - covered));
        for (const Packet& packet : packets) {
            CHECK(packet.ready >= covered);
            CHECK(packet.ready < end);
        }
        covered = end;
        ++spans;
    }
    CHECK(spans > 1);
}

TEST_CASE("packets of a node take the message classes in turn", "[noc]") {
    SyntheticTraffic source(traffic(Pattern::uniform, 0.5), mesh(2, 1), 3, 200, 1);
    std::vector<int> next(2);
    for (const Packet& packet : all_packets(source)) {
        CHECK(packet.message_class == next[packet.source]);
        next[packet.source] = (next[packet.source] + 1) % 3;
    }
}

TEST_CASE("bits are reversed and rotated as the patterns say", "[noc]") {
    Random random(1);
    const auto to = [&](Pattern pattern, NodeId source) {
        return Destinations(traffic(pattern), mesh(8, 8)).choose(source, random);
    };
    CHECK(to(Pattern::bit_reversal, 0b000001) == 0b100000);
    CHECK(to(Pattern::bit_reversal, 0b110100) == 0b001011);
    CHECK(to(Pattern::shuffle, 0b000001) == 0b000010);
    CHECK(to(Pattern::shuffle, 0b100101) == 0b001011);
    for (const Pattern pattern : {Pattern::bit_reversal, Pattern::shuffle}) {
        std::set<NodeId> reached;
        for (NodeId source = 0; source < 64; ++source) {
            reached.insert(to(pattern, source));
        }
        CHECK(reached.size() == 64);
        CHECK_THROWS_WITH(validate(traffic(pattern), mesh(6, 6)), Catch::Contains("power of two"));
    }
}

TEST_CASE("a share of the packets goes to the node's group", "[noc]") {
    TrafficConfig config = traffic(Pattern::uniform, 0.2);
    config.multicast_fraction = 0.25;
    config.multicast_nodes = 5;
    SyntheticTraffic source(config, mesh(4, 4), 1, 5000, 3);
    std::vector<std::set<NodeId>> groups;
    source.make_groups([&](std::span<const NodeId> nodes) {
        groups.emplace_back(nodes.begin(), nodes.end());
        return static_cast<GroupId>(groups.size() - 1);
    });
    REQUIRE(groups.size() == 16);
    for (const std::set<NodeId>& group : groups) {
        CHECK(group.size() == 5);
        CHECK(*group.rbegin() < 16);
    }
    double several = 0;
    const std::vector<Packet> packets = all_packets(source);
    for (const Packet& packet : packets) {
        CHECK((!packet.multicast || packet.destination == packet.source));  // its own group
        several += packet.multicast ? 1 : 0;
    }
    const auto all = static_cast<double>(packets.size());
    CHECK(std::abs(several - all * 0.25) < 5 * std::sqrt(all * 0.25 * 0.75));
}

TEST_CASE("a packet of a trace is created when those it waits for are done", "[noc]") {
    std::vector<TraceRow> rows(3);
    rows[0].id = 5;
    rows[0].created = 10;
    rows[1].id = 6;
    rows[1].created = 20;
    rows[1].flits = 3;
    rows[2].id = 7;
    rows[2].created = 30;
    rows[2].after = {5, 6};
    rows[2].wait = 4;
    TraceTraffic source(rows, 2);
    std::vector<Packet> packets = all_packets(source);
    REQUIRE(packets.size() == 2);
    CHECK(packets[0].flits == 2);
    CHECK(packets[1].flits == 3);
    REQUIRE(source.reacts());
    packets.clear();
    source.react({}, 1, 25, packets);
    CHECK(packets.empty());
    source.react({}, 0, 60, packets);
    REQUIRE(packets.size() == 1);
    CHECK(packets[0].ready == 64);
    CHECK(packets[0].tag == 64);
    CHECK(source.row_of(2) == 2);
}

TEST_CASE("traffic that does not fit the network is refused", "[noc]") {
    CHECK_THROWS_WITH(validate(traffic(Pattern::transpose), mesh(4, 3)),
                      Catch::Contains("transpose") && Catch::Contains("4x3"));
    TrafficConfig hotspot = traffic(Pattern::hotspot);
    hotspot.hotspot_node = 12;
    CHECK_THROWS_WITH(validate(hotspot, mesh(4, 3)),
                      Catch::Contains("hotspot_node") && Catch::Contains("11"));
    TrafficConfig alone = traffic(Pattern::uniform);
    alone.include_self = false;
    CHECK_THROWS_AS(validate(alone, mesh(1, 1)), InputError);
    CHECK_THROWS_WITH(validate(traffic(Pattern::trace), mesh(1, 1)),
                      Catch::Contains("needs a file"));
}

}  // namespace
}  // namespace spikeloom::noc
