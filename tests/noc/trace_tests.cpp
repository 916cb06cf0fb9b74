// Reading recorded packets: what is taken, what is refused and how it is said.
#include "base/error.hpp"
#include "base/random.hpp"
#include "noc/trace.hpp"
#include "tests/support/refusal.hpp"

#include <catch2/catch.hpp>

namespace spikeloom::noc {
namespace {

std::string trace_refusal(const std::string& text) {
    return tests::refusal_of([&] { parse_trace(text, "t.txt", 16); });
}

TEST_CASE("rows of four columns are packets", "[noc]") {
    const auto rows =
        parse_trace("# id ctime src dst\n7 20 0 15\n\n  3\t5 1  2 \r\n#8 0 0 0\n4 20 2 2", "t", 16);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].id == 7);
    CHECK(rows[1].id == 3);
    CHECK(rows[1].created == 5);
    CHECK(rows[1].source == 1);
    CHECK(rows[1].destination == 2);
    CHECK(rows[1].retired == kNever);
    CHECK(creation_order(rows) == std::vector<std::size_t>{1, 0, 2});
    CHECK(parse_trace("", "t", 16).empty());
}

TEST_CASE("a fifth column is the cycle in which the packet retired", "[noc]") {
    const auto rows = parse_trace("0 1 2 3 44\n", "t", 16);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].retired == 44);
    CHECK(trace_text(rows) == "# id ctime src dst retire_cycle\n0 1 2 3 44\n");
}

TEST_CASE("a bad row is refused with its line, what was found and what is allowed", "[noc]") {
    CHECK(trace_refusal("0 0 0 0\n1 0 0\n") ==
          "t.txt:2: found 3 columns; allowed are 4, as named or as in the rows before");
    CHECK(trace_refusal("1 0 0\n").find(
              "t.txt:1: found 3 columns; allowed are rows 'id ctime src dst' "
              "or 'id ctime src dst retire_cycle'") == 0);
    CHECK(trace_refusal("0 0 0 0 9 9\n").find("t.txt:1: found 6 columns") == 0);
    CHECK(trace_refusal("0 0 0 0\n1 0 0 0 9\n") ==
          "t.txt:2: found 5 columns; allowed are 4, as named or as in the rows before");
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

constexpr const char* kDependent =
    "# id ctime src dst flits class wait after\n"
    "10 0 1 2 4 0 0 -\n11 5 2 3,7,1 1 1 20 10\n12 900 3 0 2 0 0 10,11\n";

TEST_CASE("a comment names the columns: lengths, classes, several destinations, dependencies",
          "[noc]") {
    const auto rows = parse_trace(kDependent, "t", 16);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].flits == 4);
    CHECK(rows[0].after.empty());
    CHECK(rows[1].destination == 3);
    CHECK(rows[1].others == std::vector<NodeId>{7, 1});
    CHECK(rows[1].message_class == 1);
    CHECK(rows[1].wait == 20);
    CHECK(rows[1].after == std::vector<std::uint64_t>{10});
    CHECK(rows[2].after == std::vector<std::uint64_t>{10, 11});
    CHECK(rows[2].retired == kNever);
    // What stands behind the names is the comment's business.
    CHECK(parse_trace("# id ctime src dst retire_cycle   (8x8 mesh flits=4)\n0 1 2 3 44\n", "t",
                      16)[0]
              .retired == 44);

    const auto error = [](const std::string& rows_text) {
        return trace_refusal("# id ctime src dst after\n" + rows_text);
    };
    CHECK(error("1 0 0 1 2\n") == "t.txt:2: after: found 2; allowed are ids of the trace");
    CHECK(error("1 0 0 1 2\n2 0 0 1 1\n").find("wait for one another in a circle") !=
          std::string::npos);
    CHECK(error("1 0 0 1 1\n").find("circle") != std::string::npos);
    CHECK(trace_refusal("# id ctime src dst id\n").find("found column 'id' twice") !=
          std::string::npos);
    CHECK(trace_refusal("# id ctime src dst flits\n0 0 0 0 16384\n").find("flits: found '16384'") !=
          std::string::npos);
    CHECK(trace_refusal("0 0 0 1,16\n").find("dst: found '16'") != std::string::npos);
}

TEST_CASE("a binary trace holds what the text holds", "[noc]") {
    std::vector<TraceRow> rows = parse_trace(kDependent, "t", 16);
    rows[0].retired = 77;
    const std::string bytes = trace_bytes(rows);
    // The head, 44 bytes a row, and 4 a destination and 8 an id.
    CHECK(bytes.size() == 16 + 3 * 44 + 5 * 4 + 3 * 8);
    CHECK(bytes.substr(0, 9) == std::string("SLTRACE1\x03"));
    const auto same = parse_binary_trace(bytes, "t", 16);
    REQUIRE(same.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(same[i].id == rows[i].id);
        CHECK(same[i].created == rows[i].created);
        CHECK(same[i].retired == rows[i].retired);
        CHECK(same[i].source == rows[i].source);
        CHECK(same[i].destination == rows[i].destination);
        CHECK(same[i].others == rows[i].others);
        CHECK(same[i].flits == rows[i].flits);
        CHECK(same[i].message_class == rows[i].message_class);
        CHECK(same[i].wait == rows[i].wait);
        CHECK(same[i].after == rows[i].after);
    }
    CHECK_THROWS_WITH(parse_binary_trace(bytes, "t", 7), Catch::Contains("t:2: dst: found 7"));
    CHECK_THROWS_WITH(parse_binary_trace(bytes + "x", "t", 16), Catch::Contains("behind the last"));
    CHECK_THROWS_AS(parse_binary_trace(bytes.substr(0, 100), "t", 16), InputError);
}

TEST_CASE("no damage to a binary trace does more than an InputError", "[noc][fuzz]") {
    const std::string good = trace_bytes(parse_trace(kDependent, "t", 16));
    Random random(2);
    for (int i = 0; i < 3000; ++i) {
        std::string bytes = good;
        for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
            bytes[8 + random.below(bytes.size() - 8)] = static_cast<char>(random.below(256));
        }
        bytes.resize(random.below(4) == 0 ? 8 + random.below(bytes.size() - 8) : bytes.size());
        try {
            for (const TraceRow& row : parse_binary_trace(bytes, "t", 16)) {
                CHECK(row.source < 16);
                CHECK(row.destination < 16);
            }
        } catch (const InputError&) {
        }
    }
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
            for (const TraceRow& row : parse_trace(text, "t", 16)) {
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
