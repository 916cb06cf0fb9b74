// events.csv: the counts of every phase, tile and event, a row each.
#include "analysis/run_files.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace spikeloom::analysis {

namespace {

constexpr std::string_view kHeader = "phase,tile,event,count";

template <class T>
bool parse_whole(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> cells;
    for (;;) {
        const std::size_t comma = line.find(',');
        cells.push_back(line.substr(0, comma));
        if (comma == std::string_view::npos) {
            return cells;
        }
        line.remove_prefix(comma + 1);
    }
}

}  // namespace

std::string events_csv(const Run& run) {
    std::string text = std::string(kHeader) + "\n";
    for (const Phase& phase : run.phases) {
        for (const auto& [tile, events] : phase.counts) {
            for (const auto& [name, count] : events) {
                if (count != 0) {
                    text += phase.name + "," + std::to_string(tile) + "," + name + "," +
                            std::to_string(count) + "\n";
                }
            }
        }
    }
    return text;
}

void read_events_csv(std::string_view text, const std::string& origin, std::vector<Phase>& phases) {
    std::size_t number = 0;
    const auto fail = [&](const std::string& message) {
        throw InputError(origin + ":" + std::to_string(number) + ": " + message);
    };
    while (!text.empty()) {
        ++number;
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            fail("the last line does not end; the file is cut short");
        }
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (number == 1) {
            if (line != kHeader) {
                fail("found '" + std::string(line.substr(0, 60)) + "'; allowed is the header '" +
                     std::string(kHeader) + "'");
            }
            continue;
        }
        const std::vector<std::string_view> cells = split(line);
        std::uint32_t tile = 0;
        std::uint64_t count = 0;
        if (cells.size() != 4 || !parse_whole(cells[1], tile) || cells[2].empty() ||
            !parse_whole(cells[3], count)) {
            fail("found '" + std::string(line.substr(0, 60)) +
                 "'; allowed is phase,tile,event,count");
        }
        const auto phase = std::find_if(phases.begin(), phases.end(),
                                        [&](const Phase& p) { return p.name == cells[0]; });
        if (phase == phases.end()) {
            fail("found phase '" + std::string(cells[0]) + "', which result.json does not have");
        }
        if (!phase->counts[tile].emplace(cells[2], count).second) {
            fail("the count of " + std::string(cells[2]) + " on tile " + std::string(cells[1]) +
                 " stands twice");
        }
    }
    if (number == 0) {
        fail("the file is empty");
    }
}

}  // namespace spikeloom::analysis
