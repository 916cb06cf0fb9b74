#include "apps/run_config.hpp"

#include "base/schema.hpp"

namespace spikeloom::apps {

void describe(schema::Walk& walk, EnergyFile& file) {
    walk.required().text("table", file.table, "path of an energy table");
}

void describe(schema::Walk& walk, RunConfig& config) {
    walk.text("model", config.model, "path of the integer model");
    walk.text("program", config.program, "path of a Program; empty: compile the model");
    walk.integers("prompt", config.prompt, {0, 1 << 24}, "the prompt's tokens");
    walk.choice("mode", config.mode, {{"prefill", Mode::prefill}, {"generate", Mode::generate}},
                "prompt only, or prompt and generation");
    walk.integer("tokens", config.tokens, {0, 1 << 30}, "tokens to generate");
    walk.number("temperature", config.temperature, {0.0, 1e6}, "of sampling; 0: the likeliest");
    walk.number("top_p", config.top_p, {1e-9, 1.0}, "sample among the likeliest of this mass");
    walk.integer("seed", config.seed, {0}, "of sampling and placement");
    walk.text("strategy", config.strategy, "placement: linear, greedy or anneal");
    walk.text("head", config.head, "where the head's weights live: dram or cores");
    walk.text("rows", config.rows, "shorter: sparse rows where they take less room; or dense");
    walk.list("energy", config.energy, "energy tables to price the run with");
    walk.section("chip", "the chip", [&] { describe(walk, config.chip); });
}

}  // namespace spikeloom::apps
