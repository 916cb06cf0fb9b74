// Reading recorded packets: what is taken, what is refused and how it is said.
#include "base/error.hpp"
#include "base/random.hpp"
#include "noc/trace.hpp"
#include "tests/support/refusal.hpp"

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

NetworkConfig mesh_4x4() {
    NetworkConfig config;
    config.width = 4;
    config.height = 4;
    return config;
}

std::string trace_refusal(const std::string& text) {
    return tests::refusal_of([&] { parse_trace(text, "t.txt", mesh_4x4()); });
}

TEST_CASE("rows of four columns are packets", "[noc]") {
    const auto rows = parse_trace(
        "# id ctime src dst\n7 20 0 15\n\n  3\t5 1  2 \r\n#8 0 0 0\n4 20 2 2", "t", mesh_4x4());
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].id == 7);
    CHECK(rows[1].id == 3);
    CHECK(rows[1].created == 5);
    CHECK(rows[1].source == 1);
    CHECK(rows[1].destination == 2);
    CHECK(rows[1].retired == kNever);
    CHECK(creation_order(rows) == std::vector<std::size_t>{1, 0, 2});
    CHECK(parse_trace("", "t", mesh_4x4()).empty());
}

TEST_CASE("a fifth column is the cycle in which the packet retired", "[noc]") {
    const auto rows = parse_trace("0 1 2 3 44\n", "t", mesh_4x4());
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].retired == 44);
    CHECK(trace_text(rows) == "# id ctime src dst retire_cycle\n0 1 2 3 44\n");
}

TEST_CASE("a bad row is refused with its line, what was found and what is allowed", "[noc]") {
    CHECK(trace_refusal("0 0 0 0\n1 0 0\n") ==
          "t.txt:2: found 3 columns; allowed are rows 'id ctime src dst' or 'id ctime src dst "
          "retire_cycle'");
    CHECK(trace_refusal("0 0 0 0 9 9\n").find("t.txt:1: found 6 columns") == 0);
    CHECK(trace_refusal("0 0 0 0\n1 0 0 0 9\n") ==
          "t.txt:2: found 5 columns; allowed are 4, as in the rows before");
    CHECK(trace_refusal("#\n0 0 16 0\n") ==
          "t.txt:2: src: found '16'; allowed is a whole number from 0 to 15");
    CHECK(trace_refusal("0 0 0 -1\n") ==
          "t.txt:1: dst: found '-1'; allowed is a whole number from 0 to 15");
    CHECK(trace_refusal("0 -5 0 0\n").find("t.txt:1: ctime: found '-5'") == 0);
    CHECK(trace_refusal("0 1e3 0 0\n").find("ctime: found '1e3'") != std::string::npos);
    CHECK(trace_refusal("0 +1 0 0\n").find("ctime: found '+1'") != std::string::npos);
    CHECK(trace_refusal("x 0 0 0\n").find("id: found 'x'") != std::string::npos);
    CHECK(trace_refusal("99999999999999999999 0 0 0\n").find("id: found") != std::string::npos);
    CHECK(trace_refusal("0 1000000000001 0 0\n")
              .find("allowed is a whole number from 0 to 1000000000000") != std::string::npos);
    CHECK(trace_refusal("5 0 0 0\n6 0 0 0\n5 1 0 0\n") ==
          "t.txt:3: id: found 5, which stands in line 1 already; an id may stand once");
    CHECK(trace_refusal("0 9 0 0 8\n") ==
          "t.txt:1: retire_cycle: found 8; allowed is a cycle not before ctime, 9");
}

TEST_CASE("what an error shows of the file is short and printable", "[noc]") {
    const std::string error = trace_refusal("0 " + std::string(5000, '\x01') + " 0 0\n");
    CHECK(error.size() < 200);
    for (const char c : error) {
        CHECK(c >= 0x20);
    }
}

TEST_CASE("no damage to a trace does more than an InputError of one line", "[noc]") {
    const std::string good =
        "# id ctime src dst retire_cycle\n0 0 3 8 26\n1 0 5 11 28\n2 17 6 11 44\n";
    const std::string alphabet("0123456789 \t\n#-+.ex\0\xff\r", 22);
    Random random(1);
    int taken = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string text = good;
        for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
            const std::size_t at = random.below(text.size());
            const char c = alphabet[random.below(alphabet.size())];
            switch (random.below(4)) {
                case 0:
                    text[at] = c;
                    break;
                case 1:
                    text.insert(at, 1 + random.below(30), c);
                    break;
                case 2:
                    text.erase(at, 1 + random.below(8));
                    text += ' ';
                    break;
                default:
                    text.insert(at, text.substr(0, random.below(text.size())));
            }
        }
        try {
            for (const TraceRow& row : parse_trace(text, "t", mesh_4x4())) {
                CHECK(row.source < 16);
                CHECK(row.destination < 16);
                CHECK(row.retired >= row.created);
            }
            ++taken;
        } catch (const InputError& error) {
            CHECK(std::string(error.what()).find('\n') == std::string::npos);
        }
    }
    CHECK(taken > 100);
    CHECK(taken < 4500);
}

}  // namespace
}  // namespace spikeloom::noc
