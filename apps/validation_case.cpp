#include "apps/validation_case.hpp"

#include "base/error.hpp"
#include "base/schema.hpp"

namespace spikeloom::apps {

void describe(schema::Walk& walk, Expectation& expectation) {
    walk.choice("quantity", expectation.quantity,
                {{"seconds", Quantity::seconds},
                 {"dynamic_joules", Quantity::dynamic_joules},
                 {"joules", Quantity::joules},
                 {"watts", Quantity::watts}},
                "seconds: simulated time; dynamic_joules: energy of events; joules: with static "
                "power; watts: mean power");
    walk.required().number("published", expectation.published, {-1e30, 1e30},
                           "the published figure, in s, J or W");
    walk.number("tolerance_percent", expectation.tolerance_percent, {0.0, 1000.0},
                "largest error that passes, percent of the published figure; 0: exact to 1e-9");
    walk.required().text("source", expectation.source, "where it was published");
}

void describe(schema::Walk& walk, ValidationCase& one) {
    walk.required().text("name", one.name, "what the table calls it");
    walk.required().text("chip", one.chip, "chip, a file as seen from this one");
    walk.required().text("energy", one.energy, "energy table, likewise");
    walk.required().text("network", one.network, "spiking network, likewise");
    walk.text("baseline", one.baseline,
              "a second network: what is compared is the difference of the two runs");
    walk.integer("steps", one.steps, {1, 1000000000}, "steps to run");
    walk.required().list("expect", one.expect, "published figures");
}

ValidationCase read_validation_case(const std::filesystem::path& path) {
    auto one = schema::read_file<ValidationCase>(path);
    one.folder = path.parent_path();
    if (one.expect.empty()) {
        throw InputError(path.string() + ": expect: found none; allowed are one or more");
    }
    return one;
}

}  // namespace spikeloom::apps
