#include "base/error.hpp"
#include "base/random.hpp"
#include "base/schema.hpp"
#include "tests/support/refusal.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace spikeloom {
namespace {

enum class Page { open, closed };

struct Bank {
    int rows = 1;
};

void describe(schema::Walk& walk, Bank& bank) {
    walk.required().integer("rows", bank.rows, {1, 100}, "rows of a bank");
}

struct Machine {
    int lanes = 8;
    double hertz = 1e9;
    bool spiking = true;
    std::string name = "machine";
    Page page = Page::open;
    std::vector<int> tiles{1, 2};
    std::vector<Bank> banks;
    std::map<std::string, Bank> named;
    int depth = 4;
};

void describe(schema::Walk& walk, Machine& m) {
    walk.integer("lanes", m.lanes, {1, 4096}, "accumulators that work in parallel");
    walk.number("hertz", m.hertz, {1.0, 1e12}, "clock in Hz");
    walk.flag("spiking", m.spiking, "whether it spikes");
    walk.text("name", m.name, "what it is called");
    walk.choice("page", m.page, {{"open", Page::open}, {"closed", Page::closed}}, "page policy");
    walk.integers("tiles", m.tiles, {0, 255}, "which tiles");
    walk.list("banks", m.banks, "the banks");
    walk.table("named", m.named, "banks by name");
    walk.section("queue", "the event queue", [&] {
        walk.integer("depth", m.depth, {1, 65536}, "events it holds");
    });
    if (m.depth > m.lanes * 1000) {
        walk.fail("queue", "deeper than a thousand events a lane");
    }
}

Machine read(const std::string& text) {
    return schema::read_string<Machine>(text, "machine.yaml");
}

std::string schema_refusal(const std::string& text) {
    return tests::refusal_of([&] { read(text); });
}

TEST_CASE("a configuration keeps the defaults of the keys it does not name") {
    const Machine m = read("lanes: 16\n");
    CHECK(m.lanes == 16);
    CHECK(m.hertz == 1e9);
    CHECK(m.tiles == std::vector<int>{1, 2});
}

TEST_CASE("every kind of value is read") {
    const Machine m = read(
        "lanes: 3\nhertz: 2.5e8\nspiking: false\nname: \"5\"\npage: closed\ntiles: [7, 9]\n"
        "banks:\n  - rows: 4\n  - {rows: 5}\nnamed:\n  left: {rows: 6}\nqueue:\n  depth: 12\n");
    CHECK(m.lanes == 3);
    CHECK(m.hertz == 2.5e8);
    CHECK_FALSE(m.spiking);
    CHECK(m.name == "5");
    CHECK(m.page == Page::closed);
    CHECK(m.tiles == std::vector<int>{7, 9});
    REQUIRE(m.banks.size() == 2);
    CHECK(m.banks[1].rows == 5);
    CHECK(m.named.at("left").rows == 6);
    CHECK(m.depth == 12);
}

TEST_CASE("a mistake is told in one line with its place, what was found and what is allowed") {
    CHECK(schema_refusal("lanse: 4\n") ==
          "machine.yaml:1:1: lanse: unknown key (did you mean 'lanes'?); allowed are lanes, hertz, "
          "spiking, name, page, tiles, banks, named, queue");
    CHECK(schema_refusal("hertz: 1e9\nlanes: 0\n") ==
          "machine.yaml:2:8: lanes: found '0'; allowed is a whole number from 1 to 4096");
    CHECK(schema_refusal("page: opne\n") ==
          "machine.yaml:1:7: page: found 'opne' (did you mean 'open'?); allowed is one of open, "
          "closed");
    CHECK(schema_refusal("queue:\n  depht: 3\n") ==
          "machine.yaml:2:3: queue.depht: unknown key (did you mean 'depth'?); allowed are depth");
    CHECK(schema_refusal("lanes: 4\nlanes: 5\n") ==
          "machine.yaml:2:1: lanes: duplicate key; a key may stand once");
    CHECK(schema_refusal("spiking: on\n") ==
          "machine.yaml:1:10: spiking: found 'on'; allowed is true or false");
    CHECK(schema_refusal("banks:\n  - rows: 1\n  - {}\n") ==
          "machine.yaml:3:5: banks[1].rows: this key is missing");
    CHECK(schema_refusal("banks:\n  - rosw: 1\n") ==
          "machine.yaml:2:5: banks[0].rows: this key is missing; did you mean it by 'rosw'?");
    CHECK(schema_refusal("lanes: 1\nqueue: {depth: 5000}\n") ==
          "machine.yaml:2:8: queue: deeper than a thousand events a lane");
}

TEST_CASE("what only looks like a number is refused") {
    const auto text = GENERATE(as<std::string>{}, "lanes: 010x", "lanes: 0x10", "lanes: 1.5",
                               "lanes: \"5\"", "lanes: ''", "lanes:", "lanes: [1]", "lanes: {a: 1}",
                               "lanes: 99999999999999999999", "hertz: .inf", "hertz: .nan",
                               "hertz: 1e999", "hertz: fast", "tiles: 3", "tiles: [a]",
                               "tiles: [-1]", "name: [a]", "banks: {rows: 1}", "queue: 3");
    INFO(text);
    CHECK_THAT(schema_refusal(text), Catch::StartsWith("machine.yaml:1:"));
}

TEST_CASE("a leading zero is decimal, not octal") {
    CHECK(read("lanes: 010\n").lanes == 10);
}

TEST_CASE("text that is no YAML mapping is refused with its place") {
    CHECK_THAT(schema_refusal("a: [1, 2\n"), Catch::Contains("no valid YAML"));
    CHECK_THAT(schema_refusal("- 1\n"), Catch::Contains("allowed is a mapping"));
    CHECK_THAT(schema_refusal(""), Catch::Contains("allowed is a mapping"));
    CHECK_THAT(schema_refusal(std::string(5000, '[')), Catch::Contains("nests deeper"));
    CHECK_THAT(schema_refusal("a: " + std::string(5000, '{')), Catch::Contains("nests deeper"));
}

TEST_CASE("what is written reads back the same") {
    Machine m;
    m.lanes = 17;
    m.hertz = 0.1 + 0.2 + 1e8;
    m.name = "quote \" and : colon # no comment\nnew line";
    m.page = Page::closed;
    m.banks = {{3}, {4}};
    m.named["a"] = {5};
    const std::string text = schema::write(m);
    const Machine back = read(text);
    CHECK(back.hertz == m.hertz);
    CHECK(back.name == m.name);
    CHECK(schema::write(back) == text);
}

TEST_CASE("the documentation names every key with its bounds and default") {
    const std::string table = schema::document<Machine>();
    CHECK_THAT(table, Catch::Contains("| `lanes` | integer, 1 to 4096 | 8 | accumulators"));
    CHECK_THAT(table, Catch::Contains("| `queue.depth` | integer, 1 to 65536 | 4 |"));
    CHECK_THAT(table, Catch::Contains("| `banks[].rows` | integer, 1 to 100 | required |"));
    CHECK_THAT(table, Catch::Contains("| `named.NAME.rows` |"));
    CHECK_THAT(table, Catch::Contains("| `page` | open, closed | open |"));
}

TEST_CASE("mutated configurations end in a configuration or an InputError") {
    const std::string good = schema::write(read("banks: [{rows: 4}]\nnamed: {x: {rows: 9}}\n"));
    const std::string alphabet = "{}[]:,-#&*!|>'\"%@` \n\t0aZ\xff\0";
    Random random(1);
    int refused = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text = good;
        for (std::uint64_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
            const std::size_t at = random.below(text.size());
            switch (random.below(3)) {
                case 0:
                    text[at] = alphabet[random.below(alphabet.size())];
                    break;
                case 1:
                    text.erase(at, 1 + random.below(8));
                    break;
                default:
                    text.insert(at, 1, alphabet[random.below(alphabet.size())]);
            }
        }
        try {
            read(text);
        } catch (const InputError&) {
            ++refused;
        }
    }
    CHECK(refused > 1000);
}

}  // namespace
}  // namespace spikeloom
