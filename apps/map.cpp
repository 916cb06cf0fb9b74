// map: an integer model is compiled onto a chip; the Program is a file, its quality a few figures.
#include "analysis/pricing.hpp"
#include "apps/command.hpp"
#include "apps/configs.hpp"
#include "base/error.hpp"
#include "base/schema.hpp"
#include "workloads/compiler.hpp"
#include "workloads/mapping_metrics.hpp"
#include "workloads/program_file.hpp"

#include <cmath>
#include <iostream>

namespace spikeloom::apps {

namespace {

/// What the network is expected to spend on a token: the counts that the simulator would book for
/// this traffic, priced by a table. The network's static power is no part of it.
double interconnect_joules(const workloads::MappingMetrics& metrics, const arch::ChipConfig& chip,
                           const analysis::EnergyTable& table) {
    const auto bits = [&](double flits) {
        return static_cast<std::uint64_t>(std::llround(flits * chip.network.flit_bits));
    };
    const analysis::TileCounts counts = {
        {0,
         {{"noc_buffer_write_bits", bits(metrics.flit_routers)},
          {"noc_buffer_read_bits", bits(metrics.flit_routers)},
          {"noc_crossbar_bits", bits(metrics.flit_routers)},
          {"noc_arbitrations",
           static_cast<std::uint64_t>(std::llround(metrics.flit_routers + metrics.packet_routers))},
          {"noc_routes", static_cast<std::uint64_t>(std::llround(metrics.packet_routers))},
          {"noc_link_bits", bits(metrics.flit_links)},
          {"noc_link_bit_mm", bits(metrics.flit_mm)},
          {"noc_interface_bits", bits(2 * metrics.flits)}}}};
    analysis::Units units;
    units.flit_bits = static_cast<std::uint64_t>(chip.network.flit_bits);
    return analysis::price(counts, table, 0.0, units).joules;
}

}  // namespace

int run_map(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                    //
        ("model", options::value<std::string>()->value_name("Q"), "the integer model")         //
        ("chip", options::value<std::string>()->value_name("YAML"), "the chip")                //
        ("out", options::value<std::string>()->value_name("P"),                                //
         "the Program (P.yaml; its memory images in P.safetensors beside it)")                 //
        ("strategy", options::value<std::string>()->value_name("S")->default_value("greedy"),  //
         "placement: linear (row by row), greedy (near what it exchanges flits with), anneal "
         "(greedy, improved by simulated annealing)")  //
        ("head", options::value<std::string>()->value_name("HOME")->default_value("dram"),
         "where the head's weights live: dram (streamed for every token) or cores (if they fit)")  //
        ("rows", options::value<std::string>()->value_name("KIND")->default_value("shorter"),
         "shorter: sparse rows for the parts where they take less room, if the chip has them; "
         "dense: none")(
            "energy", options::value<std::string>()->value_name("YAML"),                   //
            "table that prices the interconnect (default configs/energy/cmos-45nm.yaml)")  //
        ("seed", options::value<std::uint64_t>()->value_name("N")->default_value(1), "of anneal");
    add_json_option(described);
    options::variables_map values;
    if (!parse("map",
               "Compiles an integer model onto a chip. The Program is a file to read and edit; "
               "`simulate --program` checks and runs it. The figures are expected ones, a token; "
               "docs/mapping.md has their formulas.",
               described, arguments, values)) {
        return 0;
    }
    const auto model = models::QuantisedModel::load(required<std::string>(values, "model"));
    const auto chip = schema::read_file<arch::ChipConfig>(required<std::string>(values, "chip"));
    const auto out = required<std::string>(values, "out");
    const analysis::EnergyTable table = analysis::load_energy_table(
        values.count("energy") != 0 ? std::filesystem::path(values["energy"].as<std::string>())
                                    : find_config("energy/cmos-45nm.yaml"));
    workloads::CompilerOptions compiler;
    compiler.strategy = workloads::strategy_named(values["strategy"].as<std::string>());
    compiler.head = workloads::head_home_named(values["head"].as<std::string>());
    compiler.rows = workloads::row_kind_named(values["rows"].as<std::string>());
    compiler.seed = values["seed"].as<std::uint64_t>();
    const workloads::Compiled compiled = workloads::compile(model, chip, compiler);
    const std::string about = workloads::describe_mapping(compiled, model.config, chip);
    workloads::save_program(compiled.program, out, about);

    const workloads::MappingMetrics metrics =
        workloads::mapping_metrics(compiled.program, chip, compiler.activity);
    if (!json_on_stdout(values)) {
        std::cout << about;
    }
    write_json(values, {{"program", out},
                        {"strategy", workloads::name_of(compiler.strategy)},
                        {"stages", compiled.program.stages.size()},
                        {"cores_used", metrics.cores_used},
                        {"memory_utilisation", metrics.memory_utilisation},
                        {"hops_average", metrics.hops_average},
                        {"hops_max", metrics.hops_max},
                        {"congestion_max", metrics.congestion_max},
                        {"interconnect_energy_j", interconnect_joules(metrics, chip, table)},
                        {"energy_table", table.name},
                        {"accumulator_bits_needed", compiled.accumulator_bits},
                        {"cycles_per_token_estimated", compiled.interval},
                        {"latency_cycles_estimated", compiled.latency}});
    return 0;
}

}  // namespace spikeloom::apps
