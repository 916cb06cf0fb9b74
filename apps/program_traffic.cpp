#include "apps/program_traffic.hpp"

#include "apps/run_inputs.hpp"
#include "apps/simulation.hpp"
#include "arch/config.hpp"
#include "base/error.hpp"
#include "base/schema.hpp"
#include "noc/graph.hpp"
#include "noc/trace_causes.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace spikeloom::apps {

namespace {

void check_fits(const noc::NetworkConfig& network, const arch::ChipConfig& chip) {
    const std::uint32_t nodes = noc::Graph(network).nodes();
    if (nodes != chip.tiles()) {
        throw InputError("noc: the network has " + std::to_string(nodes) +
                         " nodes; allowed with --traffic program are those of the chip, " +
                         std::to_string(chip.tiles()));
    }
    if (network.classes() < arch::kMessageClasses) {
        throw InputError("noc: the network has " + std::to_string(network.classes()) +
                         " message classes; allowed with --traffic program are at least " +
                         std::to_string(arch::kMessageClasses) +
                         ": events, control, requests, responses");
    }
}

}  // namespace

ProgramTraffic record_program(const options::variables_map& values,
                              const noc::ExperimentConfig& config) {
    RunConfig wanted;
    wanted.chip = schema::read_file<arch::ChipConfig>(values["chip"].as<std::string>());
    wanted.seed = config.seed;
    check_fits(config.network, wanted.chip);
    const RunInputs inputs = read_run_inputs(values, std::move(wanted), "noc");
    Simulation asked = inputs.simulation();
    asked.keep_packets = true;
    Simulated simulated =
        simulate(inputs.program, inputs.config.chip, inputs.model, inputs.tables, asked);
    if (!simulated.first_mismatch.empty()) {
        throw CheckFailed("the fabric differs from the golden model: " + simulated.first_mismatch);
    }
    ProgramTraffic traffic;
    std::uint64_t cycles = 0;
    for (const analysis::Phase& phase : simulated.run.phases) {
        cycles += phase.cycles;
    }
    traffic.about = {{"name", inputs.program.name},
                     {"chip", inputs.config.chip.name},
                     {"tokens", inputs.config.prompt.size() + asked.generate},
                     {"core_cycles", cycles},
                     {"bit_exact", simulated.run.verification.bit_exact()}};
    traffic.packets = std::move(simulated.packets);
    if (config.traffic.infer_causes) {
        noc::infer_causes(traffic.packets);  // from when they arrived, in the chip's cycles
    }
    noc::change_clock(traffic.packets, inputs.config.chip.network.clock_hz,
                      config.network.clock_hz);
    return traffic;
}

}  // namespace spikeloom::apps
