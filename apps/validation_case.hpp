// A validation case: a network, a chip and an energy table, and what was published for them.
// docs/validation.md shows the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom::schema {
class Walk;
}

namespace spikeloom::apps {

/// What is compared with the published figure. Of the difference to a baseline run, where there is
/// one.
enum class Quantity {
    seconds,         // simulated time
    dynamic_joules,  // of events, without static power
    joules,
    watts,  // mean power, static power included
};

struct Expectation {
    Quantity quantity = Quantity::watts;
    double published = 0.0;
    double tolerance_percent = 0.0;
    std::string source;
};

struct ValidationCase {
    std::string name;
    std::string chip;  // files, as seen from the case's folder
    std::string energy;
    std::string network;
    std::string baseline;  // a network to be subtracted; empty: none
    std::uint64_t steps = 1;
    std::vector<Expectation> expect;
    std::filesystem::path folder;
};

void describe(schema::Walk& walk, Expectation& expectation);
void describe(schema::Walk& walk, ValidationCase& one);

ValidationCase read_validation_case(const std::filesystem::path& path);

}  // namespace spikeloom::apps
