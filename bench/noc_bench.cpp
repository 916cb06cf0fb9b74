// Speed of the network: flit hops and cycles a second, over load, size and router,
// plain steps beside the SystemC module. Traffic generation is part of what is timed, building is
// not.
#include "noc/experiment.hpp"

#include <algorithm>
#include <cstdlib>

#include <benchmark/benchmark.h>
#include <systemc>

namespace spikeloom::noc {
namespace {

/// BookSim2's four-stage router, one virtual channel of 4 flits, packets of one flit.
ExperimentConfig four_stage() {
    ExperimentConfig config;
    config.network.vcs = 1;
    return config;
}

/// The single-cycle router, two virtual channels of 4 flits, packets of four flits.
ExperimentConfig single_cycle() {
    ExperimentConfig config;
    config.network.vc_allocation_delay = 0;
    config.network.forward_delay = 1;
    config.network.credit_delay = 1;
    config.network.injection_delay = 1;
    config.network.vc_choice = VcChoice::per_flow;
    config.traffic.packet_flits = 4;
    return config;
}

/// Arguments: routers in a row and a column; load in flits a node a cycle, in millionths.
void uniform(benchmark::State& state, ExperimentConfig config, Host host) {
    constexpr double kFlitsOfARun = 500'000.0;
    const auto side = static_cast<int>(state.range(0));
    config.network.width = side;
    config.network.height = side;
    config.traffic.rate = static_cast<double>(state.range(1)) * 1e-6;
    config.measure = std::clamp<Cycle>(
        static_cast<Cycle>(kFlitsOfARun / (config.traffic.rate * side * side)), 500, 4'000'000);
    double flit_hops = 0;
    double cycles = 0;
    for (auto _ : state) {
        // SystemC elaborates once in a context; the old one cannot be destroyed and is left.
        sc_core::sc_curr_simcontext = new sc_core::sc_simcontext();
        sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
        const ExperimentResult result = run_experiment(config, host, false);
        flit_hops += static_cast<double>(result.flit_hops);
        cycles += static_cast<double>(result.cycles);
    }
    state.counters["flit_hops"] = benchmark::Counter(flit_hops, benchmark::Counter::kIsRate);
    state.counters["cycles"] = benchmark::Counter(cycles, benchmark::Counter::kIsRate);
}

void register_all() {
    const auto add = [](const char* name, const ExperimentConfig& config, Host host) {
        benchmark::RegisterBenchmark(name, uniform, config, host)
            ->ArgNames({"side", "load"})
            ->ArgsProduct({{8}, {100, 10'000, 50'000, 100'000}})
            ->Args({16, 50'000})
            ->Args({64, 100})
            ->Args({64, 20'000})
            ->Unit(benchmark::kMillisecond);
    };
    add("four_stage/plain", four_stage(), Host::plain);
    add("four_stage/systemc", four_stage(), Host::systemc);
    add("single_cycle/plain", single_cycle(), Host::plain);
    add("single_cycle/systemc", single_cycle(), Host::systemc);
}

}  // namespace
}  // namespace spikeloom::noc

int sc_main(int argc, char* argv[]) {
    spikeloom::noc::register_all();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

int main(int argc, char* argv[]) {
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
