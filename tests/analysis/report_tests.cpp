#include "analysis/html.hpp"
#include "analysis/report.hpp"
#include "base/error.hpp"
#include "sample_run.hpp"

#include <cctype>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::analysis;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

/// The section with this id, from its tag to its end.
std::string section_of(const std::string& html, const std::string& id) {
    const std::size_t begin = html.find("<section id=\"" + id + "\">");
    return begin == std::string::npos ? std::string()
                                      : html.substr(begin, html.find("</section>", begin) - begin);
}

std::string sample_report() {
    return render_report({tests::sample_run()}, {}, {});
}

}  // namespace

TEST_CASE("a report has all its sections", "[analysis]") {
    const std::string html = sample_report();
    CHECK(html.starts_with("<!DOCTYPE html>"));
    for (const char* id : {"energy", "events", "firing", "traces", "chip", "memory", "power",
                           "training", "text", "making", "configuration"}) {
        CAPTURE(id);
        CHECK(section_of(html, id).size() > 100);
    }
    CHECK(occurrences(html, "<svg class=\"plot\"") == 2 + 1 + 1 + 2 + 2 + 1);
    CHECK(occurrences(html, "<svg class=\"map\"") ==
          2 * 4);  // two phases: three units and the links
    CHECK_FALSE(contains(html, "id=\"comparison\""));
    CHECK_FALSE(contains(html, "id=\"warnings\""));
}

TEST_CASE("power over time: its sum, its mean and its highest, and the table it is from",
          "[analysis]") {
    // 5, 6 and 7 nJ in 10 us each.
    const std::string power = section_of(sample_report(), "power");
    CHECK(contains(power, "18.0 nJ"));
    CHECK(contains(power, "600 \u00b5W on average"));
    CHECK(contains(power, "700 \u00b5W in the highest"));
    CHECK(contains(power, "3 stretches"));
    Run run = tests::sample_run();
    run.power[1].begin = 0.0;
    CHECK_THROWS_AS(render_report({run}, {}, {}), InputError);
    run.power.clear();
    CHECK(section_of(render_report({run}, {}, {}), "power").empty());
}

TEST_CASE("the figures at the top are those of the run", "[analysis]") {
    const Run run = tests::sample_run();
    const std::string html = sample_report();
    const std::string top = html.substr(0, html.find("<section"));
    for (const Phase& phase : run.phases) {
        const EnergyBreakdown energy =
            price(phase.counts, tests::sample_table(), phase.seconds, run.chip.units);
        const double tokens = static_cast<double>(phase.tokens);
        CHECK(contains(top, "<b>" + with_prefix(energy.joules / tokens, "J") +
                                "</b><span>energy per token, " + phase.name));
        CHECK(contains(top, "<b>" + significant(static_cast<double>(phase.cycles) / tokens) +
                                "</b><span>cycles per token, " + phase.name));
        CHECK(contains(top, "<b>" + significant(tokens / phase.seconds) +
                                "</b><span>tokens per simulated second, " + phase.name));
    }
    CHECK(contains(top, "<b class=\"good\">yes</b>"));
    CHECK(contains(top, "686,080 bits (30,720 spikes, 20,480 logits)"));
    CHECK(contains(top, "<b>2.357</b>"));
}

TEST_CASE("the report's tables give counts, prices and sources of all events", "[analysis]") {
    const Run run = tests::sample_run();
    const std::string events = section_of(sample_report(), "events");
    for (const auto& [name, count] : total(run.main_phase().counts)) {
        CAPTURE(name);
        CHECK(contains(events, "<code>" + name + "</code>"));
        CHECK(contains(events, ">" + with_commas(count) + "<"));
    }
    CHECK(contains(events, "2000 pJ"));
    CHECK(contains(events, "30 mW"));
    CHECK(contains(events, "NOBODY: made up"));
    CHECK(contains(events, "Numbers made up"));
}

TEST_CASE("the maps show busy cycles and link loads of the run", "[analysis]") {
    Run run = tests::sample_run();
    run.phases.resize(1);
    Phase& phase = run.phases[0];
    phase.cycles = 2000;
    phase.seconds = 2000 / run.chip.core_hertz;  // 4000 cycles of the network
    phase.counts = {{5, {{"vector_busy_cycles", 500}}}, {6, {{"encoder_busy_cycles", 14}}}};
    phase.links = {{5, 0, 1000}, {6, 1, 100}};
    const std::string chip = section_of(render_report({run}, {}, {}), "chip");
    CHECK(contains(chip, "tile 5 (column 1, row 1), core: 25.0 %"));
    CHECK(contains(chip, "tile 6 (column 2, row 1), core: 0.7 %"));
    CHECK(contains(chip, "tile 5 to tile 6: 1,000 flits, 0.250 per cycle"));
    CHECK(contains(chip, "tile 6 to tile 5: 100 flits, 0.0250 per cycle"));
    CHECK(contains(chip, "0 to 0.250 flits per cycle"));
    CHECK(contains(chip, "at most 25.0 %"));
}

TEST_CASE("an event without a price is a warning with its count", "[analysis]") {
    EnergyTable table = tests::sample_table();
    table.events.erase("noc_link_bit_mm");
    table.static_powers.erase("routers");
    const Run run = tests::sample_run();
    const std::string html = render_report({run}, {table}, {});
    const std::size_t begin = html.find("id=\"warnings\"");
    REQUIRE(begin != std::string::npos);
    const std::string warning = html.substr(begin, html.find("</div>", begin) - begin);
    for (const Phase& phase : run.phases) {
        CHECK(contains(warning, "noc_link_bit_mm</code> (" +
                                    with_commas(total(phase.counts).at("noc_link_bit_mm")) + ")"));
    }
    CHECK(contains(warning, "16 routers"));
    CHECK(contains(section_of(html, "events"), "not priced"));
}

TEST_CASE("a run that is not bit-exact says so at the top and warns", "[analysis]") {
    Run run = tests::sample_run();
    run.verification.mismatches = 1234;
    const std::string html = render_report({run}, {}, {});
    CHECK(contains(html, "<b class=\"bad\">1,234 differ</b>"));
    CHECK(contains(html, "not shown to be bit-exact"));
    run.verification = {};
    CHECK(contains(render_report({run}, {}, {}), "nothing compared"));
}

TEST_CASE("several runs stand side by side, each labelled for what it is", "[analysis]") {
    const std::string html =
        render_report({tests::sample_run(), tests::dense_sample_run()}, {}, {});
    const std::string comparison = section_of(html, "comparison");
    CHECK(contains(comparison, "spiking model, simulated"));
    CHECK(contains(comparison, "dense ANN twin, simulated"));
    CHECK(occurrences(comparison, "<tr>") == 1 + 4);  // the heading; two runs of two phases
    const std::string energy = section_of(html, "energy");
    CHECK(contains(energy, "dense twin, generate"));
    CHECK(contains(energy, "Formula: SpikeGPT, measured rates"));
    CHECK(contains(energy, "Formula: as built, all multiply"));
    CHECK(contains(energy, "Formula: vanilla GPT"));
    // The twin does not fire: it has no rates, rasters or membranes to show.
    CHECK(occurrences(section_of(html, "firing"), "<svg") == 1);
    CHECK(occurrences(section_of(html, "traces"), "<svg") == 4);
}

TEST_CASE("one run is priced with many tables", "[analysis]") {
    EnergyTable other = tests::sample_table();
    other.name = "twice-the-price";
    for (auto& event : other.events) {
        event.second.picojoules *= 2.0;
    }
    const std::string html =
        render_report({tests::sample_run()}, {tests::sample_table(), other}, {});
    CHECK(contains(section_of(html, "energy"), "Table sample-table"));
    CHECK(contains(section_of(html, "energy"), "Table twice-the-price"));
    CHECK_THROWS_WITH(render_report({tests::sample_run()}, {other, other}, {}),
                      Catch::Contains("twice-the-price"));
}

TEST_CASE("text of a run cannot become markup", "[analysis]") {
    const std::string hostile =
        "</pre><script>alert(1)</script><img src=\"http://x\" onerror='y'>`date`";
    Run run = tests::sample_run();
    run.label = run.kind = run.prompt = run.generated = run.config_yaml = hostile;
    run.chip.name = run.model.name = run.model.variant = run.version = hostile;
    run.commands = {hostile};
    run.rasters[0].name = run.membranes[0].block = hostile;
    run.model.macs_per_token[0].first = hostile;
    run.phases[0].counts[5][hostile] = 3;
    run.energy_tables[0].name = run.energy_tables[0].technology = hostile;
    run.energy_tables[0].events["accumulates"].source = hostile;
    run.energy_tables[0].citations = {{hostile, {hostile}}};
    ReportOptions options;
    options.title = hostile;
    options.commands = {hostile};
    const std::string html = render_report({run, tests::dense_sample_run()}, {}, options);
    CHECK_FALSE(contains(html, "<script"));
    CHECK_FALSE(contains(html, "<img"));
    CHECK(occurrences(html, "<pre>") == occurrences(html, "</pre>"));
    CHECK(contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST_CASE("a report refers to nothing outside itself", "[analysis]") {
    const std::filesystem::path configs =
        std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "configs/energy";
    const std::string html = render_report({tests::sample_run()},
                                           {load_energy_table(configs / "cmos-45nm.yaml"),
                                            load_energy_table(configs / "cmos-7nm.yaml")},
                                           {});
    for (const char* reference : {"src=", "href=", "@import", "url(", "<link", "<script", "<iframe",
                                  "http://", "https://"}) {
        CAPTURE(reference);
        CHECK_FALSE(contains(html, reference));
    }
    for (const char* tag :
         {"section", "figure", "table", "div", "details", "svg", "g", "p", "span"}) {
        CAPTURE(tag);
        const std::string open = std::string("<") + tag;
        CHECK(occurrences(html, open + " ") + occurrences(html, open + ">") ==
              occurrences(html, std::string("</") + tag + ">"));
    }
}

TEST_CASE("the report is the same bytes every time", "[analysis]") {
    CHECK(sample_report() == sample_report());
}

TEST_CASE("a report without runs, tables or with a broken run is refused", "[analysis]") {
    CHECK_THROWS_AS(render_report({}, {tests::sample_table()}, {}), InputError);
    Run run = tests::sample_run();
    run.energy_tables.clear();
    CHECK_THROWS_WITH(render_report({run}, {}, {}), Catch::Contains("no energy table"));
    run.chip.tiles.pop_back();
    CHECK_THROWS_WITH(render_report({run}, {tests::sample_table()}, {}), Catch::Contains("tiles"));
}

TEST_CASE("runs without traffic, spikes or tokens can be reported", "[analysis]") {
    Run run = tests::sample_run();
    run.phases.resize(1);
    run.phases[0] = Phase{};
    run.phases[0].name = "generate";
    run.rasters = {{"silent", 16, std::vector<std::vector<std::uint32_t>>(8)}};
    run.membranes.clear();
    run.learning_curve.clear();
    run.prompt.clear();
    run.generated.clear();
    for (FiringRate& rate : run.firing_rates) {
        rate.rate = 0.0;
    }
    const std::string html = render_report({run}, {}, {});
    CHECK(contains(html, "<b>0 J</b>"));
    for (const char* number : {">nan", " nan", "-nan", ">inf", " inf"}) {
        CAPTURE(number);
        CHECK_FALSE(contains(html, number));
    }
    CHECK(section_of(html, "training").empty());
    CHECK(section_of(html, "text").empty());
}
